/* What cannot go on under its name is kept beside it, and what only looks so goes on (inspect.h).
 */
#include "agent/store/store.h"
#include "agent/store/store_aside.h"
#include "agent/store/wal_file.h"
#include "base/event.h"
#include "tests/support/cmocka.h"
#include "tests/support/store_room.h"

#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

static void run_raw(struct room *room, const char *text)
{
    sqlite3 *database = room_open_raw(room->path);

    assert_int_equal(sqlite3_exec(database, text, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

static void close_room(struct room *room)
{
    store_close(room->store);
    room->store = NULL;
}

/** Open what is there; it must have been put aside as <path>.<word>-<number>. */
static void assert_kept(struct room *room, const char *word, unsigned number,
                        const char *predecessor)
{
    char kept[160], copy[EVENT_TEXT_MAX];
    struct event event;
    uint64_t seed = 1, expected = 1;

    room_open(room);
    (void)snprintf(kept, sizeof(kept), "%s.%s-%u", room->path, word, number);
    assert_string_equal(store_kept_as(room->store), kept);
    assert_true(room_find_event(room, 1, copy, &event));
    assert_string_equal(event.kind, "identity");
    assert_string_equal(event.detail, predecessor);
    assert_string_equal(event.reason, store_kept_because(room->store));
    assert_true(room_find_event(room, 2, copy, &event));
    assert_string_equal(event.kind, "queue");
    assert_string_equal(event.subject, "set-aside");
    assert_string_equal(event.detail, kept);
    room_fill(room, STREAM_READINGS, 10, &seed);
    room_commit(room);
    room_reopen(room); /* once is enough */
    assert_string_equal(store_kept_as(room->store), "");
    room_expect_from(room, STREAM_READINGS, 1, 10, &expected);
    assert_false(room_find_event(room, 3, copy, &event));
    close_room(room);
}

static void journal_path(const struct room *room, char journal[128])
{
    (void)snprintf(journal, 128, "%s-wal", room->path);
}

/** A child commits 20 times and dies without closing, as in a power cut. */
static void commit_and_die(struct room *room, char incarnation[STORE_INCARNATION_SIZE])
{
    int status = 0, ends[2];
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        uint64_t seed = 21;

        room_open(room);
        for (unsigned i = 0; i < 20; i++) {
            uint64_t other = i;

            room_fill(room, STREAM_READINGS, 50, &seed);
            room_fill(room, STREAM_LOGS, 5, &other); /* so that it is more than one page */
            room_commit(room);
        }
        _exit(write(ends[1], store_incarnation(room->store), STORE_INCARNATION_SIZE) !=
              STORE_INCARNATION_SIZE);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(read(ends[0], incarnation, STORE_INCARNATION_SIZE), STORE_INCARNATION_SIZE);
    assert_int_equal(close(ends[0]) | close(ends[1]), 0);
}

static void a_journal_that_is_cut_off_or_gone_means_a_new_incarnation(void **state)
{
    struct room *room = *state;
    char journal[128], incarnation[STORE_INCARNATION_SIZE];
    unsigned number = 0;

    journal_path(room, journal);
    for (off_t cut = 1; cut <= 5 << 20; cut = cut * 4 + 977) {
        struct stat entry;

        (void)remove(room->path);
        (void)remove(journal);
        commit_and_die(room, incarnation);
        assert_int_equal(stat(journal, &entry), 0);
        if (cut <= entry.st_size) {
            assert_int_equal(truncate(journal, entry.st_size - cut), 0);
        } else {
            assert_int_equal(remove(journal), 0);
        }
        assert_kept(room, "damaged", ++number, incarnation);
    }
    assert_true(number > 5);
}

/** Flip a bit of frame `index` of the journal, `at` bytes into it. */
static void flip_frame(const struct room *room, unsigned index, int at)
{
    char journal[128];
    FILE *file;
    int byte;
    long place = 32 + (long)index * (24 + 1024) + at;

    journal_path(room, journal);
    file = fopen(journal, "r+");
    assert_non_null(file);
    assert_int_equal(fseek(file, place, SEEK_SET), 0);
    byte = fgetc(file);
    assert_true(byte != EOF);
    assert_int_equal(fseek(file, place, SEEK_SET), 0);
    assert_int_equal(fputc(byte ^ 4, file), byte ^ 4);
    assert_int_equal(fclose(file), 0);
}

static void a_flipped_bit_in_the_journal_never_takes_commits_back(void **state)
{
    static const int places[] = {1, 5, 9, 15, 18, 22, 24, 500};
    struct room *room = *state;
    char journal[128], incarnation[STORE_INCARNATION_SIZE];
    unsigned number = 0;

    journal_path(room, journal);
    for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        for (unsigned frame = 0; frame < 8; frame += 3) {
            (void)remove(room->path);
            (void)remove(journal);
            commit_and_die(room, incarnation);
            flip_frame(room, frame, places[i]);
            assert_kept(room, "damaged", ++number, incarnation);
        }
    }
}

/** The frames that end the last two transactions; each may be repeated. */
static void find_ends(const struct room *room, uint32_t *before, uint32_t *last)
{
    struct raw_file file;
    struct wal_file wal;
    struct wal_scan scan;
    struct wal_frame frame;
    char journal[128];
    bool inside = true;

    journal_path(room, journal);
    assert_true(raw_file_open(&file, sqlite3_vfs_find(NULL), journal,
                              SQLITE_OPEN_WAL | SQLITE_OPEN_READONLY));
    assert_true(wal_open(&wal, &file, 1024));
    wal_scan(&wal, &scan);
    *before = *last = 0;
    for (uint32_t i = 0; i < scan.ranges[0].end; i++) {
        assert_true(wal_read(&wal, i, &frame));
        if (frame.commit_pages > 0 && inside) {
            *before = *last;
            *last = i;
        }
        inside = frame.commit_pages == 0;
    }
    wal_close(&wal);
    raw_file_close(&file);
}

static void bits_in_both_of_the_last_transactions_are_no_torn_commit(void **state)
{
    struct room *room = *state;
    char incarnation[STORE_INCARNATION_SIZE];
    uint32_t before, last;

    commit_and_die(room, incarnation);
    find_ends(room, &before, &last);
    assert_true(last - before > 1 && before > 1);
    flip_frame(room, before, 500);
    flip_frame(room, last, 500);
    assert_kept(room, "damaged", 1, incarnation);
}

static void a_journal_without_its_beginning_is_damage_only_if_something_is_lost(void **state)
{
    struct room *room = *state;
    char journal[128], incarnation[STORE_INCARNATION_SIZE];
    uint64_t expected = 21;

    journal_path(room, journal);
    commit_and_die(room, incarnation);
    room_open(room);
    close_room(room);        /* copies all of it into the database */
    flip_frame(room, 0, -9); /* its header */
    room_open(room);
    room_expect_from(room, STREAM_READINGS, 1, 1000, &expected);
    assert_string_equal(store_incarnation(room->store), incarnation);
    close_room(room);
    (void)remove(room->path);
    (void)remove(journal);
    commit_and_die(room, incarnation);
    flip_frame(room, 0, -9);
    assert_kept(room, "damaged", 1, incarnation);
}

/** Drop or cut frames of the last transaction, as a power cut may: all else must be there. */
static void a_torn_last_transaction_is_no_damage(void **state)
{
    struct room *room = *state;
    char journal[128], incarnation[STORE_INCARNATION_SIZE];
    uint64_t seed = 3;

    journal_path(room, journal);
    for (unsigned round = 0; round < 6; round++) {
        struct raw_file file;
        struct wal_file wal;
        struct wal_scan scan;
        uint64_t expected = 21, found;
        struct stat before;

        (void)remove(room->path);
        (void)remove(journal);
        commit_and_die(room, incarnation);
        assert_int_equal(stat(journal, &before), 0);
        assert_true(raw_file_open(&file, sqlite3_vfs_find(NULL), journal,
                                  SQLITE_OPEN_WAL | SQLITE_OPEN_READONLY));
        assert_true(wal_open(&wal, &file, 1024));
        wal_scan(&wal, &scan);
        assert_int_equal(scan.range_count, 1);
        assert_false(scan.damaged);
        flip_frame(room, scan.ranges[0].end - 1 - round % 2, 4 + (int)(room_random(&seed) % 900));
        wal_close(&wal);
        raw_file_close(&file);
        room_open(room);
        assert_string_equal(store_kept_as(room->store), "");
        assert_string_equal(store_incarnation(room->store), incarnation);
        found = room_count_from(room, STREAM_READINGS, 1);
        assert_true(found == 950 || found == 1000);
        room_expect_from(room, STREAM_READINGS, 1, found, &expected);
        close_room(room);
    }
}

static void a_database_that_is_gone_or_cut_off_is_kept_with_its_journal(void **state)
{
    struct room *room = *state;
    char incarnation[STORE_INCARNATION_SIZE];
    uint64_t seed = 2;
    struct stat entry;

    commit_and_die(room, incarnation);
    assert_int_equal(truncate(room->path, 0), 0);
    assert_kept(room, "damaged", 1, incarnation);
    assert_int_equal(remove(room->path), 0);
    assert_kept(room, "damaged", 2, "");
    room->settings.ring_bytes[STREAM_READINGS] = 8 << 20;
    room_open(room);
    memcpy(incarnation, store_incarnation(room->store), sizeof(incarnation));
    for (unsigned i = 0; i < 60; i++) { /* more than the journal holds */
        room_fill_noise(room, 1500, &seed);
        room_commit(room);
    }
    close_room(room);
    assert_int_equal(stat(room->path, &entry), 0);
    assert_int_equal(truncate(room->path, entry.st_size / 2), 0);
    assert_kept(room, "damaged", 3, incarnation);
}

static void what_is_no_queue_is_put_aside_and_said(void **state)
{
    struct room *room = *state;
    char predecessor[STORE_INCARNATION_SIZE];
    FILE *file = fopen(room->path, "w");

    assert_non_null(file);
    for (unsigned i = 0; i < 1000; i++) {
        assert_true(fputs("this is no database, ", file) >= 0);
    }
    assert_int_equal(fclose(file), 0);
    assert_kept(room, "damaged", 1, "");
    assert_int_equal(remove(room->path), 0);
    run_raw(room, "CREATE TABLE another(program)");
    assert_kept(room, "damaged", 2, "");
    room_open(room);
    memcpy(predecessor, store_incarnation(room->store), sizeof(predecessor));
    close_room(room);
    run_raw(room, "DROP TABLE ring");
    assert_kept(room, "damaged", 3, predecessor);
}

static void a_queue_of_a_newer_version_is_kept_and_left_alone(void **state)
{
    struct room *room = *state;
    char kept[128], predecessor[STORE_INCARNATION_SIZE];
    uint64_t seed = 6, expected = 6;

    room_open(room);
    memcpy(predecessor, store_incarnation(room->store), sizeof(predecessor));
    room_fill(room, STREAM_READINGS, 100, &seed);
    room_commit(room);
    close_room(room);
    run_raw(room, "PRAGMA user_version=99");
    assert_kept(room, "newer", 1, predecessor);
    (void)snprintf(kept, sizeof(kept), "%s.newer-1", room->path);
    room->settings.path = kept;
    (void)memcpy(room->path, kept, sizeof(room->path));
    run_raw(room, "PRAGMA user_version=2");
    room_open(room);
    room_expect_from(room, STREAM_READINGS, 1, 100, &expected);
}

static void room_that_was_claimed_and_lost_again_is_no_damage(void **state)
{
    struct room *room = *state;
    char before[STORE_INCARNATION_SIZE];
    sqlite3 *database = NULL;
    char journal[128];
    struct stat about;
    uint64_t seed = 1;

    room_open(room);
    room_fill(room, STREAM_READINGS, 10, &seed);
    room_commit(room);
    memcpy(before, store_incarnation(room->store), sizeof(before));
    close_room(room);
    (void)snprintf(journal, sizeof(journal), "%s-wal", room->path);
    assert_int_equal(stat(journal, &about), 0);
    assert_int_equal(truncate(journal, 0), 0); /* all of it is in the database */
    assert_int_equal(truncate(journal, about.st_size), 0);
    assert_int_equal(stat(room->path, &about), 0);
    assert_int_equal(truncate(room->path, about.st_size + (1 << 20)), 0);
    assert_int_equal(sqlite3_open(room->path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_db_config(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, "INSERT INTO meta VALUES('a', 'b')", NULL, NULL, NULL),
                     SQLITE_OK); /* a frame that counts the pages of the larger file */
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
    assert_int_equal(truncate(room->path, about.st_size), 0);
    room_open(room);
    assert_string_equal(store_incarnation(room->store), before);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, room_set_up, room_tear_down)
        CASE(a_journal_that_is_cut_off_or_gone_means_a_new_incarnation),
        CASE(a_flipped_bit_in_the_journal_never_takes_commits_back),
        CASE(bits_in_both_of_the_last_transactions_are_no_torn_commit),
        CASE(a_journal_without_its_beginning_is_damage_only_if_something_is_lost),
        CASE(a_torn_last_transaction_is_no_damage),
        CASE(a_database_that_is_gone_or_cut_off_is_kept_with_its_journal),
        CASE(what_is_no_queue_is_put_aside_and_said),
        CASE(a_queue_of_a_newer_version_is_kept_and_left_alone),
        CASE(room_that_was_claimed_and_lost_again_is_no_damage),
    };

    return cmocka_run_group_tests_name("set_aside", cases, NULL, NULL);
}
