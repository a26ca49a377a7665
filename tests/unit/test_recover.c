#include "agent/store/slot.h"
#include "agent/store/store.h"
#include "agent/store/store_aside.h"
#include "base/event.h"
#include "tests/support/cmocka.h"
#include "tests/support/store_room.h"

#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

static uint8_t slot[SLOT_BYTES];

/** Copy a slot of the readings' ring out of the closed queue, or back into it. */
static void copy_slot(struct room *room, unsigned index, bool back)
{
    sqlite3 *database = room_open_raw(room->path);
    sqlite3_int64 id = (sqlite3_int64)STREAM_READINGS << 32 | index;
    sqlite3_blob *blob = NULL;

    assert_int_equal(sqlite3_blob_open(database, "main", "slot", "data", id, back, &blob), 0);
    assert_int_equal(back ? sqlite3_blob_write(blob, slot, SLOT_BYTES, 0)
                          : sqlite3_blob_read(blob, slot, SLOT_BYTES, 0),
                     SQLITE_OK);
    assert_int_equal(sqlite3_blob_close(blob), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

/** Where the last batch in `slot` begins, and where it ends. */
static size_t last_batch(size_t *end, struct slot_batch *batch)
{
    struct slot_header header;
    struct slot_cursor cursor;
    uint32_t chain;
    size_t at = 0;

    assert_true(slot_read_header(slot, &header, &chain));
    slot_cursor_init(&cursor, slot, &header, chain);
    *end = cursor.at;
    while (slot_cursor_next(&cursor, batch) == SLOT_STEP_BATCH) {
        at = *end;
        *end = cursor.at;
    }
    return at;
}

static void close_room(struct room *room)
{
    store_close(room->store);
    room->store = NULL;
}

static void assert_gap(struct room *room, uint64_t number, uint64_t first, uint64_t last)
{
    char copy[EVENT_TEXT_MAX];
    struct event event;

    assert_true(room_find_event(room, number, copy, &event));
    assert_string_equal(event.kind, "gap");
    assert_string_equal(event.subject, "readings");
    assert_int_equal(event.first, first);
    assert_int_equal(event.last, last);
    assert_int_equal(event.count, last - first + 1);
    assert_false(room_find_event(room, number + 1, copy, &event));
}

static void garbage_behind_the_tail_changes_nothing(void **state)
{
    struct room *room = *state;
    struct slot_batch batch;
    char copy[EVENT_TEXT_MAX];
    struct event event;
    size_t end;
    uint64_t seed = 11, expected = 11;

    room_open(room);
    room_fill(room, STREAM_READINGS, 100, &seed);
    room_commit(room);
    close_room(room);
    copy_slot(room, 0, false);
    (void)last_batch(&end, &batch);
    memset(slot + end, 0xa5, SLOT_BYTES - end);
    copy_slot(room, 0, true);
    room_open(room);
    assert_false(room_find_event(room, 2, copy, &event));
    room_fill(room, STREAM_READINGS, 100, &seed);
    room_commit(room);
    room_expect_from(room, STREAM_READINGS, 1, 200, &expected);
}

static void recovery_cuts_a_torn_tail_and_keeps_the_rest(void **state)
{
    struct room *room = *state;
    struct store_stream_state now;
    struct slot_batch batch;
    size_t end, at;
    uint64_t seed = 11, expected = 11, first;

    room_open(room);
    for (unsigned i = 0; i < 10; i++) {
        room_fill(room, STREAM_READINGS, 100, &seed);
        room_commit(room);
    }
    close_room(room);
    copy_slot(room, 0, false);
    at = last_batch(&end, &batch);
    memset(slot + (at + end) / 2, 0xa5, SLOT_BYTES - (at + end) / 2);
    copy_slot(room, 0, true);
    room_open(room);
    store_state(room->store, STREAM_READINGS, &now);
    first = now.next_sequence;
    assert_true(first > 1000); /* S2: numbers on disk are not given again */
    assert_gap(room, 2, 901, first - 1);
    assert_int_equal(now.lost_count, first - 901);
    room_expect_from(room, STREAM_READINGS, 1, 900, &expected);
    expected = seed;
    room_fill(room, STREAM_READINGS, 100, &seed);
    room_commit(room);
    room_expect_from(room, STREAM_READINGS, first, 100, &expected);
    room_reopen(room);
    assert_gap(room, 2, 901, first - 1); /* said once */
}

/** Fill some slots; the first number of slot `index` and of the one after it. */
static void fill_slots(struct room *room, uint32_t index, uint64_t *first, uint64_t *next)
{
    struct slot_header header;
    uint32_t chain;
    uint64_t seed = 5;

    room_open(room);
    for (unsigned i = 0; i < 10; i++) {
        room_fill_noise(room, 1500, &seed);
        room_commit(room);
    }
    close_room(room);
    copy_slot(room, index + 1, false);
    assert_true(slot_read_header(slot, &header, &chain));
    *next = header.first_sequence;
    copy_slot(room, index, false);
    assert_true(slot_read_header(slot, &header, &chain));
    *first = header.first_sequence;
}

static void a_damaged_old_slot_costs_itself_alone(void **state)
{
    struct room *room = *state;
    uint64_t first, next;

    fill_slots(room, 1, &first, &next);
    slot[20] ^= 0x10;
    copy_slot(room, 1, true);
    room_open(room);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(room_count_from(room, STREAM_READINGS, 1), 15000 - (next - first));
    }
    room_commit(room);
    assert_gap(room, 2, first, next - 1);
    room_reopen(room);
    assert_int_equal(room_count_from(room, STREAM_READINGS, 1), 15000 - (next - first));
    room_commit(room);
    assert_gap(room, 2, first, next - 1); /* said once, even across lives */
}

/** Its row has another key now, as after a flipped bit. */
static void misplace_slot(struct room *room, uint32_t index)
{
    sqlite3 *database = room_open_raw(room->path);
    char text[100];

    (void)snprintf(text, sizeof(text), "UPDATE slot SET id = id + 999 WHERE id = %llu",
                   (unsigned long long)STREAM_READINGS << 32 | index); /* fits */
    assert_int_equal(sqlite3_exec(database, text, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_changes(database), 1);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

static bool visit_none(void *context, uint64_t sequence, const struct sample *sample,
                       const struct store_regime *regime)
{
    (void)context, (void)sequence, (void)sample, (void)regime;
    return true;
}

static void a_slot_that_is_not_found_is_salvaged_and_not_given_up(void **state)
{
    struct room *room = *state;
    char copy[EVENT_TEXT_MAX];
    struct event event;
    struct error error = {0};
    uint64_t first, next;

    fill_slots(room, 1, &first, &next);
    misplace_slot(room, 1);
    room_open(room);
    assert_string_equal(store_kept_as(room->store), "");
    assert_int_equal(store_read(room->store, STREAM_READINGS, 1, visit_none, NULL, &error),
                     ERROR_BAD_DATA);
    assert_int_equal(store_commit(room->store, &error), ERROR_BAD_DATA);
    assert_false(room_find_event(room, 2, copy, &event)); /* it may still be found: no gap */
    close_room(room);
    misplace_slot(room, 0); /* the opening itself looks for the oldest */
    room_open(room);
    assert_string_not_equal(store_kept_as(room->store), "");
}

static void damage_is_said_even_when_events_are_held_back(void **state)
{
    struct room *room = *state;
    struct store_stream_state now;
    uint64_t first, next;

    room->settings.when_full[STREAM_EVENTS] = STORE_HOLD;
    fill_slots(room, 1, &first, &next);
    room_open(room);
    room_fill_events(room);
    close_room(room);
    slot[20] ^= 0x10;
    copy_slot(room, 1, true);
    room_open(room);
    assert_int_equal(room_count_from(room, STREAM_READINGS, 1), 15000 - (next - first));
    room_commit(room);
    store_state(room->store, STREAM_EVENTS, &now);
    assert_gap(room, now.committed_sequence, first, next - 1);
}

static void a_damaged_batch_costs_the_rest_of_its_slot(void **state)
{
    struct room *room = *state;
    struct slot_batch batch;
    size_t end;
    uint64_t first, next;

    fill_slots(room, 2, &first, &next);
    (void)last_batch(&end, &batch);
    slot[end - 1] ^= 1;
    copy_slot(room, 2, true);
    room_open(room);
    assert_int_equal(room_count_from(room, STREAM_READINGS, 1),
                     15000 - (next - batch.first_sequence));
    room_commit(room);
    assert_gap(room, 2, batch.first_sequence, next - 1);
}

static void a_lost_newest_slot_gives_no_number_again(void **state)
{
    struct room *room = *state;
    struct store_stream_state before, after;
    struct slot_header header;
    uint32_t chain;
    unsigned index = 0;
    uint64_t seed = 5;

    room_open(room);
    for (unsigned i = 0; i < 5; i++) {
        room_fill_noise(room, 1500, &seed);
        room_commit(room);
    }
    store_state(room->store, STREAM_READINGS, &before);
    close_room(room);
    for (copy_slot(room, 0, false); slot_read_header(slot, &header, &chain); index++) {
        copy_slot(room, index + 1, false);
    }
    copy_slot(room, index - 1, false);
    assert_true(slot_read_header(slot, &header, &chain));
    memset(slot, 0, 4096);
    copy_slot(room, index - 1, true);
    room_open(room);
    store_state(room->store, STREAM_READINGS, &after);
    assert_true(after.next_sequence > before.committed_sequence);
    assert_int_equal(room_count_from(room, STREAM_READINGS, 1), header.first_sequence - 1);
    assert_gap(room, 2, header.first_sequence, after.next_sequence - 1);
    room_fill_noise(room, 10, &seed);
    room_commit(room);
    assert_int_equal(room_count_from(room, STREAM_READINGS, after.next_sequence), 10);
    room_reopen(room);
    assert_int_equal(room_count_from(room, STREAM_READINGS, after.next_sequence), 10);
}

/** Commit; a file that is damaged where it must be written is given up, and the next one takes it.
 */
static void commit_or_begin_anew(struct room *room, uint64_t fill)
{
    struct error error;

    if (store_commit(room->store, &error) != ERROR_OK) {
        assert_int_equal(error.code, ERROR_BAD_DATA);
        assert_int_equal(store_condemn(room->store, error.text, &error), ERROR_OK);
        room_reopen(room);
        assert_non_null(strstr(store_kept_as(room->store), ".damaged-"));
        assert_non_null(strstr(store_kept_because(room->store), "cannot"));
        room_fill(room, STREAM_READINGS, 200, &fill);
        room_commit(room);
        room_reopen(room);
        assert_string_equal(store_kept_as(room->store), ""); /* once */
    }
}

static void garbage_anywhere_in_the_file_never_stops_the_opening(void **state)
{
    struct room *room = *state;
    uint64_t seed = 77;

    for (unsigned round = 0; round < 60; round++) {
        uint64_t fill = round;
        struct stat entry;
        FILE *file;

        room_open(room);
        room_fill(room, STREAM_READINGS, 200, &fill);
        commit_or_begin_anew(room, round);
        (void)room_count_from(room, STREAM_READINGS, 1);
        (void)room_count_from(room, STREAM_EVENTS, 1);
        close_room(room);
        assert_int_equal(stat(room->path, &entry), 0);
        file = fopen(room->path, "r+");
        assert_non_null(file);
        for (unsigned i = 0; i < 20; i++) {
            uint64_t at = room_random(&seed) % (round % 3 == 0 ? 20000 : (uint64_t)entry.st_size);

            assert_int_equal(fseek(file, (long)at, SEEK_SET), 0);
            assert_int_equal(fputc((int)(room_random(&seed) & 0xff), file) >= 0, 1);
        }
        assert_int_equal(fclose(file), 0);
    }
}
int main(void)
{
    const struct CMUnitTest cases[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, room_set_up, room_tear_down)
        CASE(garbage_behind_the_tail_changes_nothing),
        CASE(recovery_cuts_a_torn_tail_and_keeps_the_rest),
        CASE(a_damaged_old_slot_costs_itself_alone),
        CASE(a_slot_that_is_not_found_is_salvaged_and_not_given_up),
        CASE(damage_is_said_even_when_events_are_held_back),
        CASE(a_damaged_batch_costs_the_rest_of_its_slot),
        CASE(a_lost_newest_slot_gives_no_number_again),
        CASE(garbage_anywhere_in_the_file_never_stops_the_opening),
    };

    return cmocka_run_group_tests_name("recover", cases, NULL, NULL);
}
