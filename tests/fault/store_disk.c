/* A disk that is full, or fails, below SQLite: what waits is written later, once, and in order. */
#include "agent/store/store.h"
#include "agent/store/store_aside.h"
#include "tests/support/cmocka.h"
#include "tests/support/store_room.h"

#include <sqlite3.h>
#include <string.h>

/** The process's default VFS with a fault in it; SQLite lets us change its methods in a copy. */
static struct {
    sqlite3_vfs vfs;
    sqlite3_vfs *real;
    const sqlite3_io_methods *real_methods;   /* of any file, for what does not lock */
    sqlite3_io_methods methods[2];            /* the database locks, its journal does not */
    unsigned write_countdown, sync_countdown; /* the n-th fails, once; 0: none */
    bool unreadable;                          /* the database, once it is large; a new one is not */
    bool full;                                /* nothing may grow */
    bool fired;
} disk;

static bool fires(unsigned *countdown)
{
    if (*countdown == 0 || --*countdown > 0) {
        return false;
    }
    disk.fired = true;
    return true;
}

static int faulty_write(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 offset)
{
    sqlite3_int64 now = 0;

    if (fires(&disk.write_countdown)) {
        return SQLITE_IOERR_WRITE;
    }
    if (disk.full && disk.real_methods->xFileSize(file, &now) == SQLITE_OK && offset + size > now) {
        return SQLITE_FULL;
    }
    return disk.real_methods->xWrite(file, bytes, size, offset);
}

static int faulty_read(sqlite3_file *file, void *bytes, int size, sqlite3_int64 offset)
{
    sqlite3_int64 now = 0;

    if (disk.unreadable && disk.real_methods->xFileSize(file, &now) == SQLITE_OK && now > 3 << 20) {
        return SQLITE_IOERR_READ;
    }
    return disk.real_methods->xRead(file, bytes, size, offset);
}

static int faulty_sync(sqlite3_file *file, int flags)
{
    return fires(&disk.sync_countdown) ? SQLITE_IOERR_FSYNC : disk.real_methods->xSync(file, flags);
}

static int faulty_control(sqlite3_file *file, int operation, void *argument)
{
    if (disk.full && operation == SQLITE_FCNTL_SIZE_HINT) {
        return SQLITE_FULL;
    }
    return disk.real_methods->xFileControl(file, operation, argument);
}

static int faulty_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                       int *out_flags)
{
    int code = disk.real->xOpen(disk.real, name, file, flags, out_flags);

    (void)vfs;
    if (code == SQLITE_OK) {
        sqlite3_io_methods *methods = &disk.methods[(flags & SQLITE_OPEN_MAIN_DB) != 0];

        disk.real_methods = file->pMethods;
        *methods = *file->pMethods;
        methods->xWrite = faulty_write;
        methods->xRead = (flags & SQLITE_OPEN_MAIN_DB) != 0 ? faulty_read : file->pMethods->xRead;
        methods->xSync = faulty_sync;
        methods->xFileControl = faulty_control;
        file->pMethods = methods;
    }
    return code;
}

static int set_up(void **state)
{
    memset(&disk, 0, sizeof(disk));
    disk.real = sqlite3_vfs_find(NULL);
    disk.vfs = *disk.real;
    disk.vfs.zName = "faulty";
    disk.vfs.pNext = NULL;
    disk.vfs.xOpen = faulty_open;
    assert_int_equal(sqlite3_vfs_register(&disk.vfs, 1), SQLITE_OK);
    return room_set_up(state);
}

static int tear_down(void **state)
{
    int code;

    disk.full = disk.unreadable = false;
    disk.write_countdown = disk.sync_countdown = 0;
    code = room_tear_down(state);
    assert_int_equal(sqlite3_vfs_unregister(&disk.vfs), SQLITE_OK);
    assert_int_equal(sqlite3_vfs_register(disk.real, 1), SQLITE_OK);
    return code;
}

/** Ten commits, of which one fails at the n-th write or sync; then all must be there. */
static void fail_once(struct room *room, unsigned *countdown, unsigned nth)
{
    char journal[128];
    struct error error;
    uint64_t seed = nth, expected = nth;
    unsigned failures = 0;

    room_open(room);
    disk.fired = false;
    *countdown = nth;
    for (unsigned i = 0; i < 10; i++) {
        room_fill(room, STREAM_READINGS, 150, &seed);
        if (store_commit(room->store, &error) != ERROR_OK) {
            failures++;
            assert_int_equal(error.code, ERROR_IO);
            assert_non_null(strstr(error.text, room->path));
        }
    }
    *countdown = 0;
    room_commit(room);
    assert_true(failures <= 1);
    room_expect_from(room, STREAM_READINGS, 1, 1500, &expected);
    room_reopen(room);
    expected = nth;
    room_expect_from(room, STREAM_READINGS, 1, 1500, &expected);
    assert_int_equal(room_count_from(room, STREAM_EVENTS, 1), 1);
    store_close(room->store);
    room->store = NULL;
    (void)snprintf(journal, sizeof(journal), "%s-wal", room->path);
    assert_int_equal(remove(room->path), 0);
    assert_int_equal(remove(journal), 0);
}

static void a_commit_whose_write_failed_is_written_again(void **state)
{
    unsigned nth = 1;

    do {
        fail_once(*state, &disk.write_countdown, nth);
        nth = nth < 40 ? nth + 1 : nth + 97; /* growing alone is a thousand writes */
    } while (disk.fired);
    assert_true(nth > 40);
}

static void a_commit_whose_sync_failed_is_written_again(void **state)
{
    unsigned nth = 1;

    do {
        fail_once(*state, &disk.sync_countdown, nth++);
    } while (disk.fired);
    assert_true(nth > 10);
}

static void on_a_full_disk_rings_go_on_in_the_slots_they_have(void **state)
{
    struct room *room = *state;
    struct store_stream_state now;
    uint64_t seed = 1;

    room->settings.ring_bytes[STREAM_READINGS] = 16 << 20;
    room_open(room);
    room_fill_noise(room, 100, &seed); /* the first sixteen slots */
    room_commit(room);
    disk.full = true;
    for (unsigned i = 0; i < 100; i++) { /* twice as much as they hold */
        room_fill_noise(room, 1500, &seed);
        room_commit(room);
    }
    store_state(room->store, STREAM_READINGS, &now);
    assert_int_equal(now.committed_sequence, 150100);
    assert_true(now.lost_count > 0);
    assert_int_equal(now.waiting_count + now.lost_count, 150100);
    assert_int_equal(room_count_from(room, STREAM_READINGS, 1), now.waiting_count);
    assert_true(room_count_from(room, STREAM_EVENTS, 1) > 1);
    disk.full = false;
    room_reopen(room);
    assert_int_equal(room_count_from(room, STREAM_READINGS, 1), now.waiting_count);
    for (unsigned i = 0; i < 40; i++) { /* and with room again, the ring grows */
        room_fill_noise(room, 1500, &seed);
        room_commit(room);
    }
    assert_true(room_count_from(room, STREAM_READINGS, 1) > now.waiting_count);
}

static void a_queue_that_the_disk_cannot_read_is_put_aside(void **state)
{
    struct room *room = *state;
    uint64_t seed = 1;

    room->settings.ring_bytes[STREAM_READINGS] = 16 << 20;
    room_open(room);
    for (unsigned i = 0; i < 150; i++) {
        room_fill_noise(room, 1500, &seed);
        room_commit(room);
    }
    store_close(room->store);
    room->store = NULL;
    disk.unreadable = true;
    room_open(room);
    assert_non_null(strstr(store_kept_as(room->store), ".damaged-1"));
    room_fill_noise(room, 100, &seed);
    room_commit(room);
    assert_int_equal(room_count_from(room, STREAM_READINGS, 1), 100);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        CASE(a_commit_whose_write_failed_is_written_again),
        CASE(a_commit_whose_sync_failed_is_written_again),
        CASE(a_queue_that_the_disk_cannot_read_is_put_aside),
        CASE(on_a_full_disk_rings_go_on_in_the_slots_they_have),
    };

    return cmocka_run_group_tests_name("store_disk", cases, NULL, NULL);
}
