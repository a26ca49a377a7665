/* The random work between two cuts. */
#include "tests/torture/power_hooks.h"
#include "tests/torture/power_run.h"

#include <stdio.h>
#include <string.h>

uint64_t power_dice(struct power_run *run, uint64_t limit)
{
    run->dice = power_mix(run->dice, 3);
    return run->dice % limit;
}

/** Did it go well? If not, it was the cut, or something is wrong and this life ends. */
static bool went_well(struct power_run *run, enum error_code code, const struct error *error)
{
    if (code != ERROR_OK && !run->disk.off) {
        power_complain(run, "it stops: %s", error->text);
        run->stopped++;
        run->over = true;
    }
    return code == ERROR_OK && !run->disk.off;
}

static void commit(struct power_run *run)
{
    struct error error;
    enum error_code code = store_commit(run->store, &error);

    power_expect_own(run);
    if (went_well(run, code, &error)) {
        power_expect_committed(run);
    }
}

static void finish_cut(struct power_run *run, enum stream stream)
{
    struct power_stream *expected = &run->streams[stream];
    struct power_cut_state state = expected->cuts[expected->cut_count - 1];
    struct error error;

    if (!state.active) {
        return;
    }
    if (!went_well(run, store_cut_finish(run->store, stream, &error), &error)) {
        return;
    }
    if (state.cut.last > expected->uploaded) {
        expected->uploaded = state.cut.last;
    }
    if (state.cut.last > expected->finished_most) {
        expected->finished_most = state.cut.last;
    }
    state.active = false;
    memcpy(state.cut.previous_digest, state.cut.digest, STORE_DIGEST_SIZE);
    state.uploaded = expected->finished_most;
    power_expect_cut(expected, &state);
}

static void save_cut(struct power_run *run, enum stream stream, uint64_t most)
{
    struct power_stream *expected = &run->streams[stream];
    struct power_cut_state state = {.active = true};
    struct store_stream_state now;
    struct error error;
    bool found;

    store_state(run->store, stream, &now);
    if (expected->cuts[expected->cut_count - 1].active || now.oldest_sequence == 0 ||
        !went_well(run, store_cut_load(run->store, stream, &state.cut, &found, &error), &error)) {
        return;
    }
    state.cut.first = now.oldest_sequence;
    state.cut.last = now.oldest_sequence + power_dice(run, most);
    if (state.cut.last > now.committed_sequence) {
        state.cut.last = now.committed_sequence;
    }
    state.cut.day = (int64_t)power_dice(run, 40000);
    state.cut.encoder_version = (uint32_t)power_dice(run, 9);
    state.cut.correction_ns = (int64_t)power_dice(run, 3) * NS_PER_S;
    state.cut.time_quality = (uint32_t)power_dice(run, 4);
    (void)snprintf(state.cut.digest, STORE_DIGEST_SIZE, "%012llx",
                   (unsigned long long)power_dice(run, UINT64_C(1) << 48)); /* 12 digits */
    if (stream != STREAM_CATALOGUE) {
        power_check_part(run, stream, state.cut.first, state.cut.last - state.cut.first + 1);
    }
    power_expect_cut(expected, &state);
    run->phase = POWER_PHASE_SAVE;
    if (went_well(run, store_cut_save(run->store, stream, &state.cut, &error), &error)) {
        power_expect_cut_durable(expected);
    }
    run->phase = POWER_PHASE_WORK;
}

/** Make samples first .. first + count - 1; returns how many fit into one call. */
static size_t make_samples(struct power_run *run, enum stream stream, uint64_t first, size_t count)
{
    size_t text_bytes = 0, made = 0;

    while (made < count && text_bytes + POWER_TEXT_MAX <= STORE_APPEND_TEXT_MAX) {
        run->samples[made] = power_record(run->life_seed, stream, first + made, run->attempt,
                                          run->texts + made * POWER_TEXT_MAX);
        text_bytes +=
            run->samples[made].type == SAMPLE_TEXT ? run->samples[made].value.text.size_bytes : 0;
        made++;
    }
    return made;
}

static void append(struct power_run *run, enum stream stream, size_t count)
{
    struct power_stream *expected = &run->streams[stream];
    uint64_t first = expected->given + 1;
    struct store_stream_state now;
    struct error error;
    enum error_code code;

    count = make_samples(run, stream, first, count);
    code = store_append(run->store, stream, run->samples, count, &error);
    if (stream != STREAM_EVENTS) {
        power_expect_own(run); /* it may have committed, and evicted */
    }
    if (code == ERROR_NO_SPACE && run->settings.when_full[stream] == STORE_HOLD) {
        save_cut(run, stream, 30000); /* upload, then there is room again */
        finish_cut(run, stream);
        commit(run);
        return;
    }
    if (went_well(run, code, &error)) {
        store_state(run->store, stream, &now);
        if (now.next_sequence != first + count) {
            power_complain(run, "%s: %llu follows %llu and %zu records", stream_name(stream),
                           (unsigned long long)now.next_sequence, (unsigned long long)first, count);
        }
        power_expect_given(run, stream, first, now.next_sequence - 1, run->attempt);
    }
}

static void add_points(struct power_run *run)
{
    struct power_stream *expected = &run->streams[STREAM_CATALOGUE];
    size_t count = 1 + (size_t)power_dice(run, 4);

    if (run->has_settled) { /* a table that grows is what a lying disk breaks, slots are not */
        return;
    }
    for (size_t i = 0; i < count; i++) {
        char text[POWER_TEXT_MAX];
        struct definition point = power_point(expected->given + 1, run->attempt, text);
        struct error error;
        uint32_t handle = 0;
        enum error_code code = store_define(run->store, &point, &handle, &error);

        if (!went_well(run, code, &error)) {
            return;
        }
        if (handle != expected->given + 1) {
            power_complain(run, "point %llu was given the handle %u",
                           (unsigned long long)expected->given + 1, (unsigned)handle);
        }
        power_expect_given(run, STREAM_CATALOGUE, handle, handle, run->attempt);
    }
}

static void set_note(struct power_run *run)
{
    char text[STORE_NOTE_SIZE];
    struct error error;

    (void)snprintf(text, sizeof(text), "%llu", (unsigned long long)run->note_most + 1); /* fits */
    if (went_well(run, store_note_set(run->store, "power", text, &error), &error)) {
        run->note_most++;
    }
}

static void read_some(struct power_run *run)
{
    enum stream stream = (enum stream)power_dice(run, STREAM_RING_COUNT);
    struct store_stream_state now;

    store_state(run->store, stream, &now);
    if (now.oldest_sequence > 0) {
        power_check_part(run, stream, now.oldest_sequence + power_dice(run, now.waiting_count),
                         1 + power_dice(run, 2000));
    }
}

/** Stopping as the agent does: commit, close. */
static void stop(struct power_run *run)
{
    commit(run);
    if (!run->disk.off) {
        run->phase = POWER_PHASE_CLOSE;
        store_close(run->store);
        run->store = NULL;
        run->phase = POWER_PHASE_WORK;
    }
}

/** What this round is after is done more often. */
static bool do_wanted(struct power_run *run)
{
    enum stream stream = (enum stream)power_dice(run, STREAM_COUNT);

    if (power_dice(run, 3) == 0) {
        return false;
    }
    switch (run->wanted) {
    case POWER_SAVING:
        finish_cut(run, stream);
        save_cut(run, stream, 3000);
        return true;
    case POWER_FINISHING:
        save_cut(run, stream, 3000);
        finish_cut(run, stream);
        commit(run);
        return true;
    case POWER_POINTS:
        add_points(run);
        commit(run);
        return true;
    case POWER_CLOSING:
        stop(run);
        return true;
    default:
        return false;
    }
}

static void append_some(struct power_run *run)
{
    static const size_t sizes[] = {1, 10, 100, 1000, 2000, 2000};
    size_t most = sizes[power_dice(run, sizeof(sizes) / sizeof(sizes[0]))];

    if (power_dice(run, 4) > 0) {
        append(run, STREAM_READINGS, 1 + (size_t)power_dice(run, most));
    }
    if (!run->disk.off && power_dice(run, 3) == 0) {
        append(run, STREAM_LOGS, 1 + (size_t)power_dice(run, most < 500 ? most : 500));
    }
    if (!run->disk.off && power_dice(run, 4) == 0) {
        commit(run); /* so that appending events needs none, and their numbers are known */
    }
    if (!run->disk.off && power_dice(run, 4) == 0 &&
        run->streams[STREAM_EVENTS].given == run->streams[STREAM_EVENTS].committed) {
        append(run, STREAM_EVENTS, 1 + (size_t)power_dice(run, 100));
    }
}

void power_work_step(struct power_run *run)
{
    uint64_t dice = power_dice(run, 100);
    enum stream stream = (enum stream)power_dice(run, STREAM_COUNT);

    fixed_clock_advance(&run->clock, NS_PER_S);
    if (do_wanted(run)) {
        return;
    }
    if (dice < 75) {
        append_some(run);
    } else if (dice < 80) {
        add_points(run);
    } else if (dice < 85) {
        save_cut(run, stream, 6000);
    } else if (dice < 91) {
        finish_cut(run, stream);
    } else if (dice < 94) {
        set_note(run);
    } else {
        read_some(run);
    }
    if (!run->disk.off && dice % 5 > 0) {
        commit(run);
    }
}
