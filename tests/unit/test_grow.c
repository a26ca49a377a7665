/* Rings that may not grow, rings that are made smaller; on file systems of their own where it takes
 * one. */
#include "agent/store/store.h"
#include "base/event.h"
#include "tests/support/cmocka.h"
#include "tests/support/store_room.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MIB = 1 << 20, ROUND = 2000 };

static struct store_stream_state state_of(struct room *room, enum stream stream)
{
    struct store_stream_state now;

    store_state(room->store, stream, &now);
    return now;
}

/** Readings enough to fill `mib` MiB, commit by commit: noise, a little over 32 bytes each. */
static void fill_mib(struct room *room, unsigned mib, uint64_t *seed)
{
    for (unsigned i = 0; i < mib * 15; i++) {
        room_fill_noise(room, ROUND, seed);
        room_commit(room);
    }
}

static void acknowledge(struct room *room, uint64_t last)
{
    const struct store_cut cut = {.first = 1, .last = last};
    struct error error = {0};

    assert_int_equal(store_cut_save(room->store, STREAM_READINGS, &cut, &error), ERROR_OK);
    assert_int_equal(store_cut_finish(room->store, STREAM_READINGS, &error), ERROR_OK);
    room_commit(room);
}

/** Every number up to `committed` is there, or in a gap, or in the lake. */
static void assert_accounted(struct room *room)
{
    struct store_stream_state now = state_of(room, STREAM_READINGS);
    uint64_t count = room_count_from(room, STREAM_READINGS, 1);

    assert_int_equal(count, now.committed_sequence - room->first_seen + 1);
    assert_true(room->first_seen <= now.acknowledged + now.lost_count + 1);
    assert_true(now.waiting_count + now.lost_count + now.acknowledged >= now.committed_sequence);
}

static struct stat file_of(struct room *room)
{
    struct stat about;

    assert_int_equal(stat(room->path, &about), 0);
    return about;
}

/** A file system of 16 MiB in the room's folder; false: no right to mount one. */
static bool mount_small(struct room *room)
{
    return mount("leat", room->folder, "tmpfs", 0, "size=24m") == 0;
}

static int tear_down_mounted(void **state)
{
    struct room *room = *state;

    store_close(room->store);
    room->store = NULL;
    (void)umount2(room->folder, MNT_DETACH); /* mounted or not */
    return room_tear_down(state);
}

static void set_ballast(struct room *room, off_t bytes)
{
    char path[128];
    int descriptor;

    (void)snprintf(path, sizeof(path), "%s/ballast", room->folder);
    (void)unlink(path);
    descriptor = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    assert_true(descriptor >= 0);
    assert_int_equal(bytes > 0 ? posix_fallocate(descriptor, 0, bytes) : 0, 0);
    assert_int_equal(close(descriptor), 0);
}

static void below_the_floor_a_ring_turns_within_its_first_slots(void **state) /* W2 */
{
    struct room *room = *state;
    struct store_stream_state now;
    uint64_t seed = 1;

    room->settings.ring_bytes[STREAM_READINGS] = 8 * MIB;
    room->settings.keep_free_bytes = UINT64_MAX / 2;
    room_open(room);
    fill_mib(room, 3, &seed);
    now = state_of(room, STREAM_READINGS);
    assert_int_equal(now.made_bytes, MIB);
    assert_int_equal(now.ring_bytes, 8 * MIB);
    assert_int_equal(now.growth, STORE_GROWTH_FLOOR);
    assert_true(now.lost_count > 0);
    assert_int_equal(now.waiting_count + now.lost_count, now.committed_sequence);
    assert_accounted(room);
    assert_int_equal(state_of(room, STREAM_EVENTS).growth, STORE_GROWTH_FREE);
    room->settings.keep_free_bytes = 0;
    room_reopen(room);
    fill_mib(room, 3, &seed);
    now = state_of(room, STREAM_READINGS);
    assert_int_equal(now.growth, STORE_GROWTH_FREE);
    assert_true(now.made_bytes > MIB);
    assert_accounted(room);
}

static void a_ring_grows_again_when_the_disk_has_room_again(void **state) /* W2 */
{
    struct room *room = *state;
    struct store_stream_state now;
    uint64_t seed = 1, lost;

    if (!mount_small(room)) {
        skip();
    }
    room->settings.ring_bytes[STREAM_READINGS] = 8 * MIB;
    room->settings.keep_free_bytes = 4 * MIB;
    room_open(room);
    set_ballast(room, 12 * MIB); /* 4 for the journal, 1 for the events and the first slots each */
    fill_mib(room, 6, &seed);
    now = state_of(room, STREAM_READINGS);
    assert_int_equal(now.growth, STORE_GROWTH_FLOOR);
    assert_true(now.made_bytes < 4 * MIB);
    lost = now.lost_count;
    assert_true(lost > 0);
    set_ballast(room, 0);
    room_commit(room); /* nothing waits, and it looks all the same */
    assert_int_equal(state_of(room, STREAM_READINGS).growth, STORE_GROWTH_FREE);
    fill_mib(room, 10, &seed);
    now = state_of(room, STREAM_READINGS);
    assert_int_equal(now.made_bytes, 8 * MIB);
    assert_int_equal(now.growth, STORE_GROWTH_FREE);
    assert_accounted(room);
    room_reopen(room);
    assert_accounted(room);
}

/** Until the ring holds back; what it took can be committed. */
static void fill_until_held(struct room *room, uint64_t *seed)
{
    struct error error = {0};

    while (room_try_fill_noise(room, ROUND, seed, &error) == ERROR_OK) {
        room_commit(room);
    }
    assert_int_equal(error.code, ERROR_NO_SPACE);
}

static void a_holding_ring_that_may_not_grow_holds_and_takes_again(void **state) /* W2, S3 */
{
    struct room *room = *state;
    struct store_stream_state now;
    uint64_t seed = 1, refused_at;

    if (!mount_small(room)) {
        skip();
    }
    room->settings.ring_bytes[STREAM_READINGS] = 8 * MIB;
    room->settings.when_full[STREAM_READINGS] = STORE_HOLD;
    room->settings.keep_free_bytes = 4 * MIB;
    room_open(room);
    set_ballast(room, 12 * MIB);
    fill_until_held(room, &seed);
    now = state_of(room, STREAM_READINGS);
    refused_at = now.next_sequence;
    acknowledge(room, now.committed_sequence / 2);
    fill_until_held(room, &seed); /* its head is before its tail now */
    set_ballast(room, 0);
    room_commit(room);
    assert_int_equal(state_of(room, STREAM_READINGS).growth, STORE_GROWTH_FREE);
    for (unsigned round = 0; round < 20; round++) { /* round and round, held and let go */
        fill_until_held(room, &seed);
        now = state_of(room, STREAM_READINGS);
        set_ballast(room, round % 2 == 0 ? 8 * MIB : 0);
        acknowledge(room, now.acknowledged + now.waiting_count / 2);
    }
    now = state_of(room, STREAM_READINGS);
    assert_true(now.next_sequence > refused_at);
    assert_int_equal(now.lost_count, 0);
    assert_accounted(room);
}

static void assert_resized_event(struct room *room, uint64_t number, const char *sizes)
{
    char copy[EVENT_TEXT_MAX];
    struct event event;

    assert_true(room_find_event(room, number, copy, &event));
    assert_string_equal(event.kind, "queue");
    assert_string_equal(event.subject, "resized");
    assert_string_equal(event.detail, "readings");
    assert_non_null(strstr(event.reason, sizes));
}

static void a_smaller_ring_gives_its_room_to_the_others(void **state) /* W3 */
{
    struct room *room = *state;
    uint64_t seed = 1;
    off_t before;

    room->settings.ring_bytes[STREAM_READINGS] = 8 * MIB;
    room->settings.ring_bytes[STREAM_LOGS] = 8 * MIB;
    room_open(room);
    fill_mib(room, 7, &seed);
    acknowledge(room, state_of(room, STREAM_READINGS).committed_sequence);
    fill_mib(room, 3, &seed); /* over the end, and to the front again */
    before = file_of(room).st_size;
    room->settings.ring_bytes[STREAM_READINGS] = 4 * MIB;
    room_reopen(room);
    assert_resized_event(room, 2, "from 8.00 MiB to 4.00 MiB");
    acknowledge(room, state_of(room, STREAM_READINGS).committed_sequence);
    for (unsigned i = 0; i < 5; i++) {
        room_commit(room);
    }
    assert_int_equal(state_of(room, STREAM_READINGS).ring_bytes, 4 * MIB);
    assert_int_equal(state_of(room, STREAM_READINGS).made_bytes, 4 * MIB);
    room->settings.keep_free_bytes = UINT64_MAX / 2; /* now only the file's own pages serve */
    room_reopen(room);
    for (unsigned i = 0; i < 250; i++) {
        struct sample samples[500];

        for (size_t k = 0; k < 500; k++) {
            samples[k] = room_sample(&seed);
            samples[k].type = SAMPLE_INT;
            samples[k].value.integer = (int64_t)room_random(&seed);
        }
        room_append(room, STREAM_LOGS, samples, 500);
        room_commit(room);
    }
    assert_true(state_of(room, STREAM_LOGS).made_bytes > 2 * MIB);
    assert_true(file_of(room).st_size <= before);
    assert_false(room_find_event(room, 3, (char[EVENT_TEXT_MAX]){0}, &(struct event){0}));
    assert_accounted(room);
}

static void a_ring_that_is_in_use_above_its_new_size_waits(void **state) /* W3 */
{
    struct room *room = *state;
    struct store_stream_state before, now;
    uint64_t seed = 1;

    room->settings.ring_bytes[STREAM_READINGS] = 4 * MIB;
    room_open(room);
    fill_mib(room, 3, &seed);
    before = state_of(room, STREAM_READINGS);
    assert_int_equal(before.lost_count, 0);
    room->settings.ring_bytes[STREAM_READINGS] = 2 * MIB;
    room_reopen(room);
    now = state_of(room, STREAM_READINGS);
    assert_int_equal(now.made_bytes, before.made_bytes);
    assert_int_equal(now.waiting_count, before.waiting_count);
    assert_int_equal(room_count_from(room, STREAM_READINGS, 1), before.waiting_count);
    acknowledge(room, before.committed_sequence);
    fill_mib(room, 2, &seed); /* over the end, and to the front again */
    assert_int_equal(state_of(room, STREAM_READINGS).made_bytes, before.made_bytes);
    acknowledge(room, state_of(room, STREAM_READINGS).committed_sequence);
    room_commit(room); /* now the run lies below */
    now = state_of(room, STREAM_READINGS);
    assert_int_equal(now.made_bytes, 2 * MIB);
    assert_int_equal(now.ring_bytes, 2 * MIB);
    assert_int_equal(now.lost_count, 0);
    assert_accounted(room);
    fill_mib(room, 4, &seed);
    assert_int_equal(state_of(room, STREAM_READINGS).made_bytes, 2 * MIB);
    assert_accounted(room);
    assert_resized_event(room, 2, "made smaller");
}

static void a_larger_ring_is_told_and_grows(void **state)
{
    struct room *room = *state;
    uint64_t seed = 1;

    room_open(room);
    fill_mib(room, 2, &seed);
    room->settings.ring_bytes[STREAM_READINGS] = 4 * MIB;
    room_reopen(room);
    fill_mib(room, 4, &seed);
    assert_int_equal(state_of(room, STREAM_READINGS).made_bytes, 4 * MIB);
    assert_accounted(room);
}

/** How many slots the closed queue's file has of the readings' ring. */
static int64_t slots_in_file(struct room *room)
{
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    int64_t count;

    database = room_open_raw(room->path);
    assert_int_equal(sqlite3_prepare_v2(database, "SELECT count(*) FROM slot WHERE id >> 32 = 1",
                                        -1, &statement, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    count = sqlite3_column_int64(statement, 0);
    assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
    return count;
}

static void slots_that_an_early_end_left_behind_are_deleted_later(void **state) /* W3 */
{
    struct room *room = *state;
    uint64_t seed = 1;

    room->settings.ring_bytes[STREAM_READINGS] = 8 * MIB;
    room_open(room);
    fill_mib(room, 7, &seed);
    acknowledge(room, state_of(room, STREAM_READINGS).committed_sequence);
    fill_mib(room, 2, &seed);
    room->settings.ring_bytes[STREAM_READINGS] = 2 * MIB;
    acknowledge(room, state_of(room, STREAM_READINGS).committed_sequence);
    room_reopen(room);
    store_close(room->store);
    room->store = NULL;
    assert_true(slots_in_file(room) > 32);
    room_open(room);
    for (unsigned i = 0; i < 5; i++) {
        room_commit(room);
    }
    store_close(room->store);
    room->store = NULL;
    assert_int_equal(slots_in_file(room), 32);
    room_open(room);
    fill_mib(room, 1, &seed);
    assert_accounted(room);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, room_set_up, tear_down_mounted)
        CASE(below_the_floor_a_ring_turns_within_its_first_slots),
        CASE(a_ring_grows_again_when_the_disk_has_room_again),
        CASE(a_holding_ring_that_may_not_grow_holds_and_takes_again),
        CASE(a_smaller_ring_gives_its_room_to_the_others),
        CASE(a_ring_that_is_in_use_above_its_new_size_waits),
        CASE(a_larger_ring_is_told_and_grows),
        CASE(slots_that_an_early_end_left_behind_are_deleted_later),
    };

    return cmocka_run_group_tests_name("grow", cases, NULL, NULL);
}
