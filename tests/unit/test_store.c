#include "agent/store/store.h"
#include "base/event.h"
#include "tests/support/cmocka.h"
#include "tests/support/store_room.h"

#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

static void records_come_back_in_order_and_bit_for_bit(void **state)
{
    struct room *room = *state;
    struct sample samples[300];
    uint64_t seed = 5;

    room_open(room);
    for (unsigned round = 0; round < 50; round++) {
        for (size_t i = 0; i < 300; i++) {
            samples[i] = room_sample(&seed);
        }
        room_append(room, STREAM_READINGS, samples, 300);
        if (round % 3 == 0) {
            room_commit(room);
        }
    }
    room_commit(room);
    seed = 5;
    room_expect_from(room, STREAM_READINGS, 1, 50 * 300, &seed);
}

static void a_read_begins_where_it_is_told_and_stops_when_it_is_told(void **state)
{
    struct room *room = *state;
    uint64_t seed = 1;

    room_open(room);
    room_fill(room, STREAM_LOGS, 5000, &seed);
    room_commit(room);
    assert_int_equal(room_count_from(room, STREAM_LOGS, 4990), 11);
    assert_int_equal(room_count_from(room, STREAM_LOGS, 5001), 0);
    room->stop_after = 7;
    assert_int_equal(room_count_from(room, STREAM_LOGS, 0), 7);
}

static void only_what_is_committed_is_read(void **state)
{
    struct room *room = *state;
    struct store_stream_state now;
    uint64_t seed = 1;

    room_open(room);
    room_fill(room, STREAM_READINGS, 10, &seed);
    assert_int_equal(room_count_from(room, STREAM_READINGS, 1), 0);
    store_state(room->store, STREAM_READINGS, &now);
    assert_int_equal(now.next_sequence, 11);
    assert_int_equal(now.committed_sequence, 0);
    assert_int_equal(now.waiting_count, 0);
    room_commit(room);
    assert_int_equal(room_count_from(room, STREAM_READINGS, 1), 10);
    store_state(room->store, STREAM_READINGS, &now);
    assert_int_equal(now.committed_sequence, 10);
    assert_int_equal(now.waiting_count, 10);
    assert_int_equal(now.oldest_sequence, 1);
    assert_true(now.oldest_received_ns > 0);
    assert_true(now.waiting_bytes > 0);
}

struct growing {
    struct room *room;
    uint64_t seen, until;
    size_t per_visit;
};

/** Commits more behind every record that is the last one on disk. */
static bool commit_more(void *context, uint64_t sequence, const struct sample *sample,
                        const struct store_regime *regime)
{
    struct growing *growing = context;
    struct store_stream_state now;
    uint64_t seed = sequence;

    (void)regime;
    (void)sample;
    assert_int_equal(sequence, growing->seen + 1);
    growing->seen = sequence;
    store_state(growing->room->store, STREAM_READINGS, &now);
    if (sequence == now.committed_sequence && sequence < growing->until) {
        room_fill_noise(growing->room, growing->per_visit, &seed);
        room_commit(growing->room);
    }
    return true;
}

static void what_is_committed_while_the_end_is_read_is_no_gap(void **state)
{
    static const size_t per_visit[] = {3, 2000}; /* within the slot that is read; beyond it */
    struct room *room = *state;
    uint64_t seed = 1;

    room_open(room);
    room_fill_noise(room, 1, &seed);
    room_commit(room);
    for (size_t i = 0; i < 2; i++) {
        struct growing growing = {.room = room, .until = 20000 * i, .per_visit = per_visit[i]};
        struct store_stream_state now;
        struct error error = {0};

        growing.until = growing.until > 0 ? growing.until : 30;
        assert_int_equal(store_read(room->store, STREAM_READINGS, 1, commit_more, &growing, &error),
                         ERROR_OK);
        store_state(room->store, STREAM_READINGS, &now);
        assert_int_equal(growing.seen, now.committed_sequence);
        assert_int_equal(now.lost_count, 0);
        store_state(room->store, STREAM_EVENTS, &now);
        assert_int_equal(now.next_sequence, 2); /* the identity alone */
    }
}

static void reopening_goes_on_with_the_sequence_in_the_same_slot(void **state)
{
    struct room *room = *state;
    struct store_stream_state now;
    char incarnation[STORE_INCARNATION_SIZE];
    uint64_t seed = 9, expected = 9;

    room_open(room);
    memcpy(incarnation, store_incarnation(room->store), sizeof(incarnation));
    for (unsigned life = 0; life < 20; life++) {
        room_fill(room, STREAM_READINGS, 57, &seed);
        room_commit(room);
        room_fill(room, STREAM_READINGS, 3, &(uint64_t){seed}); /* lost, and their numbers free */
        room_reopen(room);
    }
    assert_string_equal(store_incarnation(room->store), incarnation);
    room_expect_from(room, STREAM_READINGS, 1, 20 * 57, &expected);
    store_state(room->store, STREAM_READINGS, &now);
    assert_int_equal(now.next_sequence, 20 * 57 + 1);
    assert_true(now.waiting_bytes < 64 << 10);
}

static void a_new_queue_begins_with_its_identity(void **state)
{
    struct room *room = *state;
    char copy[EVENT_TEXT_MAX];
    struct event event;

    room_open(room);
    assert_true(room_find_event(room, 1, copy, &event));
    assert_string_equal(event.kind, "identity");
    assert_string_equal(event.subject, store_incarnation(room->store));
    assert_string_equal(event.detail, "");
    assert_int_equal(strlen(event.subject), 16);
    room_reopen(room);
    assert_false(room_find_event(room, 2, copy, &event));
}

static void a_full_ring_overwrites_the_oldest_and_says_what_was_lost(void **state)
{
    struct room *room = *state;
    struct store_stream_state now;
    char copy[EVENT_TEXT_MAX];
    struct event event;
    uint64_t lost_through = 0;
    uint64_t seed = 3;

    room_open(room);
    while (lost_through < 20000) {
        room_fill_noise(room, 2000, &seed);
        room_commit(room);
        for (uint64_t at = 2; room_find_event(room, at, copy, &event); at++) {
            lost_through = event.last;
        }
    }
    lost_through = 0;
    for (uint64_t at = 2; room_find_event(room, at, copy, &event); at++) {
        assert_string_equal(event.kind, "gap");
        assert_string_equal(event.subject, "readings");
        assert_int_equal(event.first, lost_through + 1); /* nothing lost is left unsaid */
        assert_int_equal(event.count, event.last - event.first + 1);
        assert_true(event.from_ns > 0 && event.to_ns >= event.from_ns);
        lost_through = event.last;
    }
    store_state(room->store, STREAM_READINGS, &now);
    assert_int_equal(now.lost_count, lost_through);
    assert_int_equal(now.oldest_sequence, lost_through + 1);
    assert_int_equal(now.waiting_count, now.committed_sequence - lost_through);
    assert_int_equal(room_count_from(room, STREAM_READINGS, 1), now.waiting_count);
    assert_int_equal(room->first_seen, lost_through + 1);
    assert_true(now.waiting_bytes <= now.ring_bytes);
    room_reopen(room);
    assert_int_equal(room_count_from(room, STREAM_READINGS, 1), now.waiting_count);
}

static void a_holding_ring_refuses_whole_calls_until_the_lake_has_some(void **state)
{
    struct room *room = *state;
    struct store_stream_state now, later;
    struct store_cut cut = {.first = 1};
    struct error error;
    bool found;
    uint64_t seed = 3;

    room->settings.when_full[STREAM_READINGS] = STORE_HOLD;
    room_open(room);
    while (room_try_fill_noise(room, 500, &seed, &error) == ERROR_OK) {
        room_commit(room);
    }
    assert_int_equal(error.code, ERROR_NO_SPACE);
    room_commit(room);
    store_state(room->store, STREAM_READINGS, &now);
    assert_int_equal(now.next_sequence % 500, 1);
    assert_int_equal(room_count_from(room, STREAM_READINGS, 1), now.next_sequence - 1);
    cut.last = now.committed_sequence / 2;
    assert_int_equal(store_cut_save(room->store, STREAM_READINGS, &cut, &error), ERROR_OK);
    assert_int_equal(store_cut_finish(room->store, STREAM_READINGS, &error), ERROR_OK);
    assert_int_equal(room_try_fill_noise(room, 500, &seed, &error), ERROR_OK);
    room_commit(room);
    store_state(room->store, STREAM_READINGS, &later);
    assert_int_equal(later.acknowledged, cut.last);
    assert_int_equal(later.lost_count, 0);
    assert_int_equal(later.next_sequence, now.next_sequence + 500);
    assert_int_equal(store_cut_load(room->store, STREAM_READINGS, &cut, &found, &error), ERROR_OK);
    assert_false(found);
}

static void a_full_ring_of_events_that_holds_still_takes_our_own_gaps(void **state)
{
    struct room *room = *state;
    struct store_stream_state now;
    uint64_t seed = 3, before;

    room->settings.when_full[STREAM_EVENTS] = STORE_HOLD;
    room_open(room);
    room_fill_events(room);
    room_reopen(room); /* nothing was appended to it since */
    store_state(room->store, STREAM_EVENTS, &now);
    before = now.next_sequence;
    do {
        room_fill_noise(room, 2000, &seed);
        room_commit(room);
        store_state(room->store, STREAM_READINGS, &now);
    } while (now.lost_count == 0);
    store_state(room->store, STREAM_EVENTS, &now);
    assert_true(now.committed_sequence >= before);
}

static void events_that_were_refused_are_told_when_there_is_room(void **state) /* S7 */
{
    struct room *room = *state;
    struct store_stream_state now;
    struct store_cut cut = {.first = 1};
    struct error error = {0};
    char text[EVENT_TEXT_MAX], copy[EVENT_TEXT_MAX];
    struct event event = {.kind = "unread", .subject = "press", .reason = "", .detail = ""};
    struct sample sample = {.type = SAMPLE_TEXT, .value.text.bytes = text};
    uint64_t refused;

    room->settings.when_full[STREAM_EVENTS] = STORE_HOLD;
    room_open(room);
    room_fill_events(room);
    refused = store_refused_events(room->store); /* those that found it full */
    assert_true(refused > 0);
    sample.value.text.size_bytes = (uint32_t)event_encode(&event, text);
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(store_append(room->store, STREAM_EVENTS, &sample, 1, &error),
                         ERROR_NO_SPACE);
    }
    assert_int_equal(store_refused_events(room->store), refused + 100);
    store_state(room->store, STREAM_EVENTS, &now);
    cut.last = now.committed_sequence;
    assert_int_equal(store_cut_save(room->store, STREAM_EVENTS, &cut, &error), ERROR_OK);
    assert_int_equal(store_cut_finish(room->store, STREAM_EVENTS, &error), ERROR_OK);
    room_commit(room);
    room_append(room, STREAM_EVENTS, &sample, 1);
    room_append(room, STREAM_EVENTS, &sample, 1);
    room_commit(room);
    assert_int_equal(store_refused_events(room->store), 0);
    assert_true(room_find_event(room, now.next_sequence, copy, &event));
    assert_string_equal(event.kind, "rejected");
    assert_string_equal(event.subject, "events");
    assert_int_equal(event.count, refused + 100);
    assert_string_equal(event.detail, "rejected "); /* one that filled it, without a subject */
    assert_true(event.from_ns > 0 && event.to_ns >= event.from_ns);
    assert_true(room_find_event(room, now.next_sequence + 1, copy, &event));
    assert_string_equal(event.kind, "unread");
}

static void a_cut_stays_until_it_is_finished_whatever_happens(void **state)
{
    struct room *room = *state;
    struct store_cut cut = {1, 77, 20779, 3, "0123456789ab", "", -5 * NS_PER_S, 1}, loaded;
    struct error error;
    struct store_stream_state now;
    bool found = true;
    uint64_t seed = 1;

    room_open(room);
    assert_int_equal(store_cut_load(room->store, STREAM_READINGS, &loaded, &found, &error), 0);
    assert_false(found);
    assert_string_equal(loaded.previous_digest, "");
    assert_int_equal(store_cut_finish(room->store, STREAM_READINGS, &error), ERROR_BUG);
    room_fill(room, STREAM_READINGS, 100, &seed);
    room_commit(room);
    assert_int_equal(store_cut_save(room->store, STREAM_READINGS, &cut, &error), ERROR_OK);
    room_reopen(room);
    assert_int_equal(store_cut_load(room->store, STREAM_READINGS, &loaded, &found, &error), 0);
    assert_true(found);
    assert_memory_equal(&loaded.first, &cut.first, 2 * sizeof(uint64_t));
    assert_int_equal(loaded.day, cut.day);
    assert_int_equal(loaded.encoder_version, 3);
    assert_string_equal(loaded.digest, "0123456789ab");
    assert_int_equal(store_cut_finish(room->store, STREAM_READINGS, &error), ERROR_OK);
    room_reopen(room); /* the finish was not committed: the upload is repeated */
    assert_int_equal(store_cut_load(room->store, STREAM_READINGS, &loaded, &found, &error), 0);
    assert_true(found);
    assert_int_equal(store_cut_finish(room->store, STREAM_READINGS, &error), ERROR_OK);
    room_commit(room);
    room_reopen(room);
    assert_int_equal(store_cut_load(room->store, STREAM_READINGS, &loaded, &found, &error), 0);
    assert_false(found);
    assert_string_equal(loaded.previous_digest, "0123456789ab");
    store_state(room->store, STREAM_READINGS, &now);
    assert_int_equal(now.acknowledged, 77);
    assert_int_equal(now.oldest_sequence, 78);
    assert_int_equal(now.waiting_count, 23);
}

static void a_call_that_is_too_large_is_refused_whole(void **state)
{
    struct room *room = *state;
    static struct sample samples[STORE_APPEND_MAX + 1];
    static char text[STORE_TEXT_MAX + 1];
    struct sample one = {.type = SAMPLE_TEXT, .value.text = {text, sizeof(text)}};
    struct store_stream_state now;
    struct error error;

    room_open(room);
    assert_int_equal(
        store_append(room->store, STREAM_READINGS, samples, STORE_APPEND_MAX + 1, &error),
        ERROR_BUG);
    assert_int_equal(store_append(room->store, STREAM_CATALOGUE, samples, 1, &error), ERROR_BUG);
    assert_int_equal(store_append(room->store, STREAM_LOGS, &one, 1, &error), ERROR_BAD_DATA);
    one.value.text.size_bytes = STORE_TEXT_MAX;
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(store_append(room->store, STREAM_LOGS, &one, 1, &error), ERROR_OK);
    }
    room_commit(room);
    assert_int_equal(room_count_from(room, STREAM_LOGS, 1), 20);
    store_state(room->store, STREAM_READINGS, &now);
    assert_int_equal(now.next_sequence, 1);
}

static void more_than_memory_holds_commits_by_itself(void **state)
{
    struct room *room = *state;
    struct store_totals totals;
    uint64_t seed = 4;

    room_open(room);
    store_totals(room->store, &totals);
    assert_int_equal(totals.commits, 1);
    for (unsigned i = 0; i < 40; i++) {
        room_fill_noise(room, 2000, &seed);
    }
    store_totals(room->store, &totals);
    assert_true(totals.commits > 1);
    assert_true(totals.bytes_written > 0);
    assert_true(totals.syncs >= totals.commits);
}

static void an_idle_commit_writes_nothing(void **state)
{
    struct room *room = *state;
    struct store_totals before, after;

    room_open(room);
    store_totals(room->store, &before);
    room_commit(room);
    room_commit(room);
    store_totals(room->store, &after);
    assert_int_equal(after.commits, before.commits);
    assert_int_equal(after.syncs, before.syncs);
}

static void a_second_process_is_told_that_the_queue_is_taken(void **state)
{
    struct room *room = *state;
    struct store *second = NULL;
    struct error error;

    room_open(room);
    assert_int_equal(store_open(&room->settings, &second, &error), ERROR_BAD_CONFIG);
    assert_null(second);
    assert_non_null(strstr(error.text, "another process"));
}

static struct definition some_definition(const char *point_id)
{
    return (struct definition){.point_id = point_id,
                               .device = "boiler-1",
                               .name = "flow",
                               .type = "int16",
                               .unit = "Cel",
                               .role = "sensor",
                               .address = "holding:100",
                               .labels = "",
                               .scale = 0.1,
                               .range_low = (double)__builtin_nanf(""),
                               .range_high = 120,
                               .interval_ns = NS_PER_S};
}

struct visited {
    unsigned count;
    uint64_t last;
    char unit[16];
    uint32_t revision;
};

static bool note_definition(void *context, uint64_t sequence, int64_t received_ns,
                            const struct definition *definition)
{
    struct visited *visited = context;

    assert_true(received_ns > 0);
    visited->count++;
    visited->last = sequence;
    visited->revision = definition->revision;
    (void)snprintf(visited->unit, sizeof(visited->unit), "%s", definition->unit);
    return true;
}

static void a_changed_definition_becomes_the_next_revision(void **state)
{
    struct room *room = *state;
    struct definition definition = some_definition("boiler-1/flow");
    struct visited visited = {0};
    struct store_stream_state now;
    struct error error;
    uint32_t first = 0, again = 0, changed = 0;

    room_open(room);
    assert_int_equal(store_define(room->store, &definition, &first, &error), ERROR_OK);
    assert_int_equal(store_define(room->store, &definition, &again, &error), ERROR_OK);
    assert_int_equal(first, again);
    assert_int_equal(store_read_catalogue(room->store, 1, note_definition, &visited, &error), 0);
    assert_int_equal(visited.count, 0); /* not committed yet */
    room_commit(room);
    room_reopen(room);
    assert_int_equal(store_define(room->store, &definition, &again, &error), ERROR_OK);
    assert_int_equal(first, again);
    definition.unit = "K";
    assert_int_equal(store_define(room->store, &definition, &changed, &error), ERROR_OK);
    assert_int_equal(changed, first + 1);
    room_commit(room);
    assert_int_equal(store_read_catalogue(room->store, 1, note_definition, &visited, &error), 0);
    assert_int_equal(visited.count, 2);
    assert_int_equal(visited.last, 2);
    assert_int_equal(visited.revision, 2);
    assert_string_equal(visited.unit, "K");
    assert_string_equal(store_definition(room->store, first)->unit, "Cel");
    assert_null(store_definition(room->store, 3));
    assert_null(store_definition(room->store, 0));
    store_state(room->store, STREAM_CATALOGUE, &now);
    assert_int_equal(now.next_sequence, 3);
    assert_int_equal(now.waiting_count, 2);
    assert_int_equal(now.oldest_sequence, 1);
}

static void a_thousand_points_keep_their_handles(void **state)
{
    struct room *room = *state;
    struct error error;
    char name[32];
    uint32_t handle;
    uint64_t seed = 2, expected = 2;

    room_open(room);
    for (unsigned life = 0; life < 2; life++) {
        for (uint32_t i = 1; i <= 1000; i++) {
            struct definition definition = some_definition(name);

            (void)snprintf(name, sizeof(name), "plant/%u", i);
            assert_int_equal(store_define(room->store, &definition, &handle, &error), ERROR_OK);
            assert_int_equal(handle, i);
        }
        room_fill(room, STREAM_READINGS, 3000, &seed);
        room_commit(room);
        room_reopen(room);
    }
    room_expect_from(room, STREAM_READINGS, 1, 6000, &expected);
}

static void a_queue_that_can_only_be_read_is_put_aside(void **state)
{
    struct room *room = *state;
    char kept[160], before[STORE_INCARNATION_SIZE];
    sqlite3 *database;
    uint64_t seed = 1;

    room_open(room);
    room_fill(room, STREAM_READINGS, 10, &seed);
    room_commit(room);
    memcpy(before, store_incarnation(room->store), sizeof(before));
    store_close(room->store);
    room->store = NULL;
    database = room_open_raw(room->path);
    assert_int_equal(sqlite3_exec(database,
                                  "UPDATE slot SET data = zeroblob(65536);" /* a gap to be told */
                                  "CREATE TRIGGER broken BEFORE INSERT ON ring"
                                  " BEGIN SELECT RAISE(ABORT, 'as a malformed page would'); END",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
    room_open(room);
    assert_string_not_equal(store_incarnation(room->store), before);
    (void)snprintf(kept, sizeof(kept), "%s.damaged-1", room->path);
    assert_int_equal(access(kept, F_OK), 0);
    room_fill(room, STREAM_READINGS, 10, &seed);
    room_commit(room);
}

static void what_keeps_the_queue_from_opening_is_said(void **state)
{
    struct room *room = *state;
    struct store_settings settings = room->settings;
    struct error error = {0};
    char path[160];

    (void)snprintf(path, sizeof(path), "%s/none/queue.db", room->folder);
    settings.path = path;
    assert_int_equal(store_open(&settings, &room->store, &error), ERROR_REFUSED);
    assert_non_null(strstr(error.text, "/none of the queue is not there; make it"));
    settings.path = room->folder;
    assert_int_equal(store_open(&settings, &room->store, &error), ERROR_REFUSED);
    assert_non_null(strstr(error.text, "is a folder; write a file in it"));
    assert_null(room->store);
    store_close(NULL);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, room_set_up, room_tear_down)
        CASE(records_come_back_in_order_and_bit_for_bit),
        CASE(a_read_begins_where_it_is_told_and_stops_when_it_is_told),
        CASE(only_what_is_committed_is_read),
        CASE(what_is_committed_while_the_end_is_read_is_no_gap),
        CASE(reopening_goes_on_with_the_sequence_in_the_same_slot),
        CASE(a_new_queue_begins_with_its_identity),
        CASE(a_full_ring_overwrites_the_oldest_and_says_what_was_lost),
        CASE(a_holding_ring_refuses_whole_calls_until_the_lake_has_some),
        CASE(a_full_ring_of_events_that_holds_still_takes_our_own_gaps),
        CASE(events_that_were_refused_are_told_when_there_is_room),
        CASE(a_cut_stays_until_it_is_finished_whatever_happens),
        CASE(a_call_that_is_too_large_is_refused_whole),
        CASE(more_than_memory_holds_commits_by_itself),
        CASE(an_idle_commit_writes_nothing),
        CASE(a_second_process_is_told_that_the_queue_is_taken),
        CASE(a_queue_that_can_only_be_read_is_put_aside),
        CASE(what_keeps_the_queue_from_opening_is_said),
        CASE(a_changed_definition_becomes_the_next_revision),
        CASE(a_thousand_points_keep_their_handles),
    };

    return cmocka_run_group_tests_name("store", cases, NULL, NULL);
}
