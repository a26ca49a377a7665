/* What a cut has left, against what was promised. */
#include "agent/store/inside.h"
#include "base/event.h"
#include "tests/torture/power_run.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COMPLAINTS_MAX = 20 };

void power_complain(struct power_run *run, const char *format, ...)
{
    va_list arguments;

    run->wrong++;
    if (run->normal || run->lying || run->wrong > COMPLAINTS_MAX) {
        return;
    }
    (void)fprintf(stderr, "round %llu: ", (unsigned long long)run->round);
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fputc('\n', stderr);
}

/** Records seen in order. */
struct view {
    struct power_run *run;
    struct power_tally *tally;
    enum stream stream;
    uint64_t previous, last; /* stop after `last`; 0: never */
    bool whole;              /* from the first one on: what is missing counts */
};

static const struct power_range *gap_with(const struct power_stream *expected, uint64_t number)
{
    for (size_t i = expected->gap_count; i > 0; i--) { /* the newest are asked for most */
        const struct power_range *gap = &expected->gaps[i - 1];

        if (gap->first <= number && number <= gap->last) {
            return gap;
        }
    }
    return NULL;
}

static void lose(struct view *view, uint64_t number, const char *how)
{
    uint32_t *attempt = &view->run->streams[view->stream].attempts[number];

    if (*attempt != POWER_UNKNOWN) {
        view->tally->lost++;
        if (view->tally->lost < 4) {
            power_complain(view->run, "%s: record %llu is %s", stream_name(view->stream),
                           (unsigned long long)number, how);
        }
    }
    *attempt = POWER_UNKNOWN;
}

/** How many of first..last were acknowledged since the last check. */
static uint64_t new_among(const struct power_stream *expected, uint64_t first, uint64_t last)
{
    first = first > expected->checked ? first : expected->checked + 1;
    last = last < expected->committed ? last : expected->committed;
    return first <= last ? last - first + 1 : 0;
}

/** first..last are not there: uploaded, overwritten and told, or lost. */
static void account_missing(struct view *view, uint64_t first, uint64_t last)
{
    struct power_stream *expected = &view->run->streams[view->stream];
    uint64_t number = first > expected->accounted ? first : expected->accounted + 1;

    while (number <= last) {
        const struct power_range *gap = gap_with(expected, number);
        uint64_t next = number + 1;

        if (number <= expected->uploaded) {
            next = expected->uploaded < last ? expected->uploaded + 1 : last + 1;
            view->tally->uploaded += new_among(expected, number, next - 1);
        } else if (gap != NULL) {
            next = gap->last < last ? gap->last + 1 : last + 1;
            view->tally->overwritten += new_among(expected, number, next - 1);
        } else if (number <= expected->given) {
            lose(view, number, "missing");
        }
        number = next;
    }
}

static void judge_gap(struct power_run *run, const struct event *event)
{
    for (size_t i = 0; i < STREAM_COUNT; i++) {
        struct power_stream *expected = &run->streams[i];
        uint64_t before =
            expected->gap_count > 0 ? expected->gaps[expected->gap_count - 1].last : 0;

        if (strcmp(event->subject, stream_name((enum stream)i)) != 0) {
            continue;
        }
        if (strncmp(event->reason, "the queue was full", 18) != 0 || event->first <= before ||
            event->last < event->first || event->last > expected->given ||
            event->count != event->last - event->first + 1 ||
            event->first <= expected->finished_before) {
            power_complain(run, "%s: a false gap event, %llu to %llu: %s", event->subject,
                           (unsigned long long)event->first, (unsigned long long)event->last,
                           event->reason);
            if (strncmp(event->reason, "the queue was full", 18) != 0) {
                return; /* damage excuses nothing */
            }
        }
        if (expected->gap_count == expected->gap_capacity) {
            expected->gap_capacity = expected->gap_capacity > 0 ? 2 * expected->gap_capacity : 16;
            expected->gaps =
                power_reallocate(expected->gaps, expected->gap_capacity * sizeof(*expected->gaps));
        }
        expected->gaps[expected->gap_count++] = (struct power_range){event->first, event->last};
    }
}

/** An event that the store appended by itself; false: it is none. */
static bool judge_own(struct power_run *run, const struct sample *sample, bool is_new)
{
    char copy[EVENT_TEXT_MAX];
    struct event event;
    struct error error;

    if (sample->type != SAMPLE_TEXT ||
        event_decode(sample->value.text.bytes, sample->value.text.size_bytes, copy, &event,
                     &error) != ERROR_OK) {
        return false;
    }
    if (is_new && strcmp(event.kind, "gap") == 0) {
        judge_gap(run, &event);
    }
    return true;
}

static void compare(struct view *view, uint64_t number, const struct sample *sample)
{
    struct power_run *run = view->run;
    struct power_stream *expected = &run->streams[view->stream];
    uint32_t *attempt = &expected->attempts[number];
    char text[POWER_TEXT_MAX];
    struct sample made;
    bool is_new = view->stream == STREAM_EVENTS && number > run->events_judged &&
                  (view->whole || number == run->events_judged + 1);

    if (is_new) {
        run->events_judged = number;
    }
    made = power_record(run->life_seed, view->stream, number, *attempt, text);
    if (*attempt == POWER_OWN || (view->stream == STREAM_EVENTS && number > expected->committed &&
                                  !power_record_is(sample, &made))) {
        *attempt = POWER_OWN; /* an opening may take a number that was taken back */
        if (!judge_own(run, sample, is_new)) {
            lose(view, number, "none that the store makes");
            return;
        }
    } else if (*attempt != POWER_UNKNOWN && !power_record_is(sample, &made)) {
        lose(view, number, "another");
        return;
    }
    view->tally->found += view->whole ? new_among(expected, number, number) : 0;
}

static bool see(void *context, uint64_t number, const struct sample *sample,
                const struct store_regime *regime)
{
    struct view *view = context;
    struct power_run *run = view->run;
    struct power_stream *expected = &run->streams[view->stream];

    (void)regime;
    if (number <= view->previous) {
        view->tally->twice++;
        power_complain(run, "%s: record %llu comes after %llu", stream_name(view->stream),
                       (unsigned long long)number, (unsigned long long)view->previous);
    } else if (number > expected->given) {
        power_complain(run, "%s: nobody gave the number %llu", stream_name(view->stream),
                       (unsigned long long)number);
        return false;
    } else {
        if (view->whole && number > view->previous + 1) {
            account_missing(view, view->previous + 1, number - 1);
        } else if (view->previous > 0 && number > view->previous + 1) {
            power_complain(run, "%s: reading from %llu on goes on with %llu",
                           stream_name(view->stream), (unsigned long long)view->previous,
                           (unsigned long long)number);
        }
        if (gap_with(expected, number) != NULL) {
            power_complain(run, "%s: a gap event names %llu, which is there",
                           stream_name(view->stream), (unsigned long long)number);
        }
        compare(view, number, sample);
        view->previous = number;
    }
    return view->last == 0 || number < view->last;
}

static bool see_point(void *context, uint64_t number, int64_t received_ns,
                      const struct definition *definition)
{
    struct view *view = context;
    struct power_stream *expected = &view->run->streams[STREAM_CATALOGUE];
    char text[POWER_TEXT_MAX];
    struct definition made;

    (void)received_ns;
    if (number != view->previous + 1 || number > expected->given) {
        power_complain(view->run, "catalogue: %llu comes after %llu", (unsigned long long)number,
                       (unsigned long long)view->previous);
        view->tally->twice += number <= view->previous;
        return false;
    }
    view->previous = number;
    made = power_point(number, expected->attempts[number], text);
    if (expected->attempts[number] != POWER_UNKNOWN &&
        (strcmp(made.point_id, definition->point_id) != 0 ||
         strcmp(made.address, definition->address) != 0)) {
        lose(view, number, "another");
    } else {
        view->tally->found += new_among(expected, number, number);
    }
    return true;
}

static void check_stream(struct power_run *run, enum stream stream)
{
    struct power_stream *expected = &run->streams[stream];
    struct view view = {
        .run = run, .tally = &run->tallies[run->fell], .stream = stream, .whole = true};
    struct store_stream_state now;
    struct error error;
    uint64_t last;
    enum error_code code = stream == STREAM_CATALOGUE
                               ? store_read_catalogue(run->store, 1, see_point, &view, &error)
                               : store_read(run->store, stream, 1, see, &view, &error);

    if (code != ERROR_OK) {
        power_complain(run, "%s: %s", stream_name(stream), error.text);
    }
    store_state(run->store, stream, &now);
    last = now.next_sequence - 1;
    view.tally->acknowledged += new_among(expected, 1, expected->committed);
    account_missing(&view, view.previous + 1, expected->committed);
    if (last > expected->given) {
        power_complain(run, "%s: numbers go on with %llu, given were %llu", stream_name(stream),
                       (unsigned long long)last + 1, (unsigned long long)expected->given);
        power_expect_given(run, stream, expected->given + 1, last, POWER_UNKNOWN);
    }
    if (last > view.previous && last > expected->accounted && last > expected->uploaded &&
        gap_with(expected, last) == NULL) {
        power_complain(run, "%s: numbers go on with %llu, the last record is %llu",
                       stream_name(stream), (unsigned long long)last + 1,
                       (unsigned long long)view.previous);
    }
    expected->given = expected->committed = expected->checked = last;
    expected->accounted = expected->accounted < last ? expected->accounted : last;
}

static bool same_cut(const struct power_cut_state *left, const struct power_cut_state *right)
{
    if (left->active != right->active) {
        return false;
    }
    if (!left->active) {
        return strcmp(left->cut.previous_digest, right->cut.previous_digest) == 0 &&
               left->uploaded <= right->uploaded;
    }
    return left->cut.first == right->cut.first && left->cut.last == right->cut.last &&
           left->cut.day == right->cut.day &&
           left->cut.encoder_version == right->cut.encoder_version &&
           strcmp(left->cut.digest, right->cut.digest) == 0 &&
           strcmp(left->cut.previous_digest, right->cut.previous_digest) == 0 &&
           left->cut.correction_ns == right->cut.correction_ns &&
           left->cut.time_quality == right->cut.time_quality;
}

static void check_cut(struct power_run *run, enum stream stream)
{
    struct power_stream *expected = &run->streams[stream];
    struct power_cut_state found = {0};
    struct store_stream_state now;
    struct error error;
    bool known = false;

    store_state(run->store, stream, &now);
    found.uploaded = now.acknowledged;
    if (store_cut_load(run->store, stream, &found.cut, &found.active, &error) != ERROR_OK) {
        power_complain(run, "%s: %s", stream_name(stream), error.text);
    }
    for (size_t i = 0; i < expected->cut_count; i++) {
        known = known || same_cut(&expected->cuts[i], &found);
    }
    if (!known) {
        power_complain(run, "%s: the cut %llu to %llu (%s) is none that was saved or finished last",
                       stream_name(stream), (unsigned long long)found.cut.first,
                       (unsigned long long)found.cut.last, found.active ? "active" : "finished");
    }
    if (found.uploaded < expected->finished_least || found.uploaded > expected->finished_most) {
        power_complain(run, "%s: acknowledged up to %llu, not between %llu and %llu",
                       stream_name(stream), (unsigned long long)found.uploaded,
                       (unsigned long long)expected->finished_least,
                       (unsigned long long)expected->finished_most);
    }
    expected->finished_least = expected->finished_most = expected->finished_before = found.uploaded;
    expected->cuts[0] = found;
    expected->cut_count = 1;
}

static void check_note(struct power_run *run)
{
    char text[STORE_NOTE_SIZE];
    uint64_t found = store_note_get(run->store, "power", text) ? strtoull(text, NULL, 10) : 0;

    if (found < run->note_least || found > run->note_most) {
        power_complain(run, "the note says %llu, not between %llu and %llu",
                       (unsigned long long)found, (unsigned long long)run->note_least,
                       (unsigned long long)run->note_most);
    }
    run->note_least = run->note_most = found;
}

/** The queue was set aside and a new one begun: all that it held is lost. */
static void count_as_lost(struct power_run *run)
{
    struct power_tally *tally = &run->tallies[run->fell];

    run->set_aside++;
    run->spoiled += run->has_settled;
    run->over = true;
    power_complain(run, "the queue was set aside: %s", run->store->kept_because);
    for (size_t i = 0; i < STREAM_COUNT; i++) {
        const struct power_stream *expected = &run->streams[i];
        uint64_t safe =
            expected->uploaded > expected->accounted ? expected->uploaded : expected->accounted;

        tally->acknowledged += new_among(expected, 1, expected->committed);
        tally->lost += expected->committed > safe ? expected->committed - safe : 0;
    }
}

void power_check(struct power_run *run)
{
    if (run->incarnation[0] != '\0' &&
        strcmp(run->incarnation, store_incarnation(run->store)) != 0) {
        count_as_lost(run);
        return;
    }
    memcpy(run->incarnation, store_incarnation(run->store), STORE_INCARNATION_SIZE);
    power_expect_own(run);            /* what a commit that was cut short left, or the opening */
    check_stream(run, STREAM_EVENTS); /* tells the gaps of the others */
    if (run->events_judged > run->streams[STREAM_EVENTS].given) {
        run->events_judged = run->streams[STREAM_EVENTS].given;
    }
    check_stream(run, STREAM_READINGS);
    check_stream(run, STREAM_LOGS);
    check_stream(run, STREAM_CATALOGUE);
    for (size_t i = 0; i < STREAM_COUNT; i++) {
        check_cut(run, (enum stream)i);
    }
    check_note(run);
}

void power_check_part(struct power_run *run, enum stream stream, uint64_t first, uint64_t count)
{
    struct view view = {
        .run = run, .tally = &run->tallies[run->fell], .stream = stream, .last = first + count - 1};
    struct error error;

    if (store_read(run->store, stream, first, see, &view, &error) != ERROR_OK && !run->disk.off) {
        power_complain(run, "%s: %s", stream_name(stream), error.text);
    }
}
