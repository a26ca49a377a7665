#include "agent/store/salvage.h"
#include "agent/store/slot.h"
#include "agent/store/store.h"
#include "agent/store/store_aside.h"
#include "base/fs.h"
#include "tests/support/cmocka.h"
#include "tests/support/store_room.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COMMITS = 40, EACH = 1500 };

static void close_room(struct room *room)
{
    store_close(room->store);
    room->store = NULL;
}

static uint32_t define(struct room *room, const char *point_id)
{
    const struct definition definition = {.point_id = point_id,
                                          .device = "boiler",
                                          .name = point_id,
                                          .type = "int16",
                                          .unit = "",
                                          .role = "sensor",
                                          .address = "",
                                          .labels = "",
                                          .scale = 1};
    uint32_t handle = 0;

    assert_int_equal(store_define(room->store, &definition, &handle, NULL), ERROR_OK);
    return handle;
}

/** A queue of several slots and 120 points, some of it acknowledged. */
static void fill_queue(struct room *room, char incarnation[STORE_INCARNATION_SIZE])
{
    struct store_cut cut = {.first = 1, .last = 2000, .digest = "0123456789ab"};
    char point_id[32];
    uint64_t seed = 9;

    room->settings.ring_bytes[STREAM_READINGS] = 8 << 20;
    room_open(room);
    memcpy(incarnation, store_incarnation(room->store), STORE_INCARNATION_SIZE);
    for (unsigned i = 0; i < 120; i++) {
        (void)snprintf(point_id, sizeof(point_id), "boiler/p%u", i);
        assert_int_equal(define(room, point_id), i + 1);
    }
    for (unsigned i = 0; i < COMMITS; i++) {
        room_fill_noise(room, EACH, &seed);
        room_commit(room);
    }
    assert_int_equal(store_cut_save(room->store, STREAM_READINGS, &cut, NULL), ERROR_OK);
    assert_int_equal(store_cut_finish(room->store, STREAM_READINGS, NULL), ERROR_OK);
    assert_int_equal(store_note_set(room->store, "site", "works", NULL), ERROR_OK);
    room_commit(room);
}

/** Salvage the closed queue into <path>.salvaged-1 and open that. */
static void salvage_and_open(struct room *room, struct salvage_report *report)
{
    static char to[160];
    struct stat before, after;
    struct error error = {0};

    (void)snprintf(to, sizeof(to), "%s.salvaged-1", room->path);
    assert_int_equal(stat(room->path, &before), 0);
    if (salvage_queue(room->path, to, report, &error) != ERROR_OK) {
        fail_msg("%s", error.text);
    }
    assert_int_equal(stat(room->path, &after), 0);
    assert_true(before.st_mtim.tv_sec == after.st_mtim.tv_sec &&
                before.st_mtim.tv_nsec == after.st_mtim.tv_nsec);
    room->settings.path = to;
    room->settings.is_aside = true;
    room_open(room);
}

static void a_whole_queue_is_salvaged_whole(void **state)
{
    struct room *room = *state;
    struct salvage_report report;
    struct store_stream_state now;
    struct store_cut cut;
    char incarnation[STORE_INCARNATION_SIZE], value[STORE_NOTE_SIZE], copy[EVENT_TEXT_MAX];
    struct event event;
    bool active;

    fill_queue(room, incarnation);
    close_room(room);
    salvage_and_open(room, &report);
    assert_string_equal(store_incarnation(room->store), incarnation);
    assert_false(report.is_guessed);
    assert_int_equal(report.points, 120);
    assert_int_equal(report.made_points, 0);
    store_state(room->store, STREAM_READINGS, &now);
    assert_int_equal(now.acknowledged, 2000);
    assert_int_equal(now.next_sequence, COMMITS * EACH + 1);
    assert_int_equal(room_count_from(room, STREAM_READINGS, 2001), COMMITS * EACH - 2000);
    assert_int_equal(store_cut_load(room->store, STREAM_READINGS, &cut, &active, NULL), ERROR_OK);
    assert_false(active);
    assert_string_equal(cut.previous_digest, "0123456789ab");
    assert_true(store_note_get(room->store, "site", value));
    assert_string_equal(value, "works");
    assert_true(room_find_event(room, 1, copy, &event));
    assert_string_equal(event.kind, "identity");
    assert_false(room_find_event(room, 2, copy, &event));
}

static void run_raw(struct room *room, const char *text)
{
    sqlite3 *raw = room_open_raw(room->path);

    assert_int_equal(sqlite3_exec(raw, text, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(raw), SQLITE_OK);
}

static void without_its_tables_a_queue_is_made_from_its_slots(void **state)
{
    struct room *room = *state;
    struct salvage_report report;
    struct store_stream_state now;
    char incarnation[STORE_INCARNATION_SIZE];

    fill_queue(room, incarnation);
    close_room(room);
    run_raw(room,
            "DROP TABLE ring; DROP TABLE cut; DROP TABLE meta; DELETE FROM point WHERE handle "
            "BETWEEN 30 AND 40; PRAGMA wal_checkpoint");
    salvage_and_open(room, &report);
    assert_string_equal(store_incarnation(room->store), incarnation);
    assert_int_equal(report.points, 109);
    assert_int_equal(report.made_points, 11);
    assert_string_equal(store_definition(room->store, 29)->point_id, "boiler/p28");
    assert_string_equal(store_definition(room->store, 30)->point_id, "unknown/30");
    store_state(room->store, STREAM_READINGS, &now);
    assert_int_equal(now.acknowledged, 0);
    assert_int_equal(room_count_from(room, STREAM_READINGS, 1), COMMITS * EACH);
}

static void of_a_file_cut_off_what_is_whole_is_there_and_the_rest_is_told(void **state)
{
    struct room *room = *state;
    struct salvage_report report;
    struct store_stream_state now;
    char incarnation[STORE_INCARNATION_SIZE], journal[160];
    struct stat entry;
    uint64_t found;

    fill_queue(room, incarnation);
    close_room(room);
    assert_int_equal(stat(room->path, &entry), 0);
    assert_int_equal(truncate(room->path, entry.st_size / 2), 0);
    (void)snprintf(journal, sizeof(journal), "%s-wal", room->path);
    assert_int_equal(remove(journal), 0);
    salvage_and_open(room, &report);
    assert_true(report.is_guessed);
    assert_string_equal(store_incarnation(room->store), incarnation);
    found = room_count_from(room, STREAM_READINGS, 2001);
    assert_true(found > 1000 && found < COMMITS * EACH - 2000);
    room_commit(room);
    store_state(room->store, STREAM_READINGS, &now);
    assert_true(now.next_sequence > COMMITS * EACH); /* no number is given twice */
    assert_true(now.lost_count + found + 2000 >= COMMITS * EACH);
    store_state(room->store, STREAM_EVENTS, &now);
    assert_true(now.next_sequence > 65536);
}

static void commits_behind_a_bad_frame_of_the_journal_come_back(void **state)
{
    struct room *room = *state;
    struct salvage_report report;
    char incarnation[STORE_INCARNATION_SIZE], from[160], journal[170], copied_journal[170];
    struct error error;
    FILE *file;
    uint64_t found;

    fill_queue(room, incarnation); /* and while it is open, as in a crash: */
    (void)snprintf(from, sizeof(from), "%s.crash", room->path);
    (void)snprintf(journal, sizeof(journal), "%s-wal", room->path);
    (void)snprintf(copied_journal, sizeof(copied_journal), "%s-wal", from);
    assert_int_equal(fs_copy_file(room->path, from, &error), ERROR_OK);
    assert_int_equal(fs_copy_file(journal, copied_journal, &error), ERROR_OK);
    close_room(room);
    file = fopen(copied_journal, "r+");
    assert_non_null(file);
    assert_int_equal(fseek(file, 32 + 3 * 1048 + 100, SEEK_SET), 0);
    assert_int_equal(fputs("damage", file) >= 0, 1);
    assert_int_equal(fclose(file), 0);
    memcpy(room->path, from, sizeof(room->path));
    salvage_and_open(room, &report);
    assert_true(report.is_guessed);
    found = room_count_from(room, STREAM_READINGS, 1);
    assert_true(found >= COMMITS * EACH - 2 * 4096 && found <= COMMITS * EACH);
}

static void what_is_no_queue_says_so_and_leaves_nothing(void **state)
{
    struct room *room = *state;
    struct salvage_report report;
    char to[160];
    struct error error;
    uint64_t seed = 1;
    FILE *file = fopen(room->path, "w");

    assert_non_null(file);
    for (unsigned i = 0; i < 100000; i++) {
        assert_true(fputc((int)(room_random(&seed) & 0xff), file) != EOF);
    }
    assert_int_equal(fclose(file), 0);
    (void)snprintf(to, sizeof(to), "%s.salvaged-1", room->path);
    assert_int_equal(salvage_queue(room->path, to, &report, &error), ERROR_BAD_DATA);
    assert_non_null(strstr(error.text, room->path));
    assert_int_not_equal(access(to, F_OK), 0);
    (void)snprintf(to, sizeof(to), "%s.not-there", room->path);
    assert_int_equal(salvage_queue(to, room->path, &report, &error), ERROR_IO);
}

static void garbage_anywhere_never_stops_salvaging(void **state)
{
    struct room *room = *state;
    char incarnation[STORE_INCARNATION_SIZE], to[160], journal[200];
    uint64_t seed = 5;
    struct stat entry;

    fill_queue(room, incarnation);
    close_room(room);
    assert_int_equal(stat(room->path, &entry), 0);
    (void)snprintf(to, sizeof(to), "%s.salvaged-1", room->path);
    (void)snprintf(journal, sizeof(journal), "%s-wal", to);
    for (unsigned round = 0; round < 12; round++) {
        struct salvage_report report;
        struct store *store = NULL;
        struct error error = {0};
        FILE *file = fopen(room->path, "r+");

        assert_non_null(file);
        for (unsigned i = 0; i < 40; i++) {
            uint64_t at = room_random(&seed) % (round % 2 == 0 ? 60000 : (uint64_t)entry.st_size);

            assert_int_equal(fseek(file, (long)at, SEEK_SET), 0);
            assert_true(fputc((int)(room_random(&seed) & 0xff), file) != EOF);
        }
        assert_int_equal(fclose(file), 0);
        if (salvage_queue(room->path, to, &report, &error) != ERROR_OK) {
            fail_msg("%s", error.text);
        }
        assert_true(report.records > 1000);
        room->settings.path = to;
        room->settings.is_aside = true;
        if (store_open(&room->settings, &store, &error) != ERROR_OK) {
            fail_msg("%s", error.text);
        }
        store_close(store);
        assert_int_equal(remove(to) | remove(journal), 0);
    }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, room_set_up, room_tear_down)
        CASE(a_whole_queue_is_salvaged_whole),
        CASE(without_its_tables_a_queue_is_made_from_its_slots),
        CASE(of_a_file_cut_off_what_is_whole_is_there_and_the_rest_is_told),
        CASE(commits_behind_a_bad_frame_of_the_journal_come_back),
        CASE(what_is_no_queue_says_so_and_leaves_nothing),
        CASE(garbage_anywhere_never_stops_salvaging),
    };

    return cmocka_run_group_tests_name("salvage", cases, NULL, NULL);
}
