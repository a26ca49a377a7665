/* A queue that was copied, or is to go on under another name, begins anew (agent/store/identity.h).
 */
#include "agent/store/store.h"
#include "agent/store/store_aside.h"
#include "base/fs.h"
#include "tests/support/cmocka.h"
#include "tests/support/store_room.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static struct store_identity identity_here(void)
{
    return (struct store_identity){"machine-a", "tree:board-a", "works", "gw-1"};
}

static void close_room(struct room *room)
{
    store_close(room->store);
    room->store = NULL;
}

/** Open as `identity`, append; did it go on with the numbers it had? */
static bool goes_on_as(struct room *room, const struct store_identity *identity)
{
    struct store_stream_state now;
    uint64_t seed = 4;
    bool goes_on;

    room->settings.identity = identity;
    room_open(room);
    store_state(room->store, STREAM_READINGS, &now);
    goes_on = now.next_sequence > 1;
    assert_false(goes_on && store_kept_as(room->store)[0] != '\0');
    room_fill(room, STREAM_READINGS, 10, &seed);
    room_commit(room);
    close_room(room);
    return goes_on;
}

static void the_same_machine_goes_on(void **state)
{
    struct store_identity here = identity_here();

    (void)goes_on_as(*state, &here);
    assert_true(goes_on_as(*state, &here));
    assert_true(goes_on_as(*state, NULL));
    assert_true(goes_on_as(*state, &here));
}

static void each_known_part_that_differs_begins_anew_once(void **state)
{
    struct room *room = *state;
    struct store_identity here = identity_here();
    struct store_identity others[4] = {here, here, here, here};
    char kept[128];

    others[0].machine = "machine-b";
    others[1].hardware = "tree:board-b";
    others[2].site = "mill";
    others[3].gateway = "gw-2";
    for (unsigned i = 0; i < 4; i++) {
        (void)remove(room->path);
        (void)snprintf(kept, sizeof(kept), "%s-wal", room->path);
        (void)remove(kept);
        room->settings.identity = &here;
        room_open(room);
        close_room(room);
        room->settings.identity = &others[i];
        room_open(room);
        (void)snprintf(kept, sizeof(kept), "%s.other-host-%u", room->path, i + 1);
        assert_string_equal(store_kept_as(room->store), kept);
        close_room(room);
        room_open(room);
        assert_string_equal(store_kept_as(room->store), "");
        close_room(room);
    }
}

static void what_is_not_known_says_nothing_and_is_noted_later(void **state)
{
    struct store_identity here = identity_here(), unknown = {NULL, "", NULL, NULL}, other = here;

    (void)goes_on_as(*state, &unknown);
    assert_true(goes_on_as(*state, &unknown));
    assert_true(goes_on_as(*state, &here));
    assert_true(goes_on_as(*state, &unknown)); /* as a user who may not read the serial number */
    assert_true(goes_on_as(*state, &here));
    other.hardware = "soc:board-b"; /* the new kernel tells another number */
    assert_true(goes_on_as(*state, &other));
    other.hardware = "soc:board-c";
    assert_false(goes_on_as(*state, &other));
}

static void the_new_incarnation_names_the_one_before(void **state)
{
    struct room *room = *state;
    struct store_identity here = identity_here(), other = here;
    char before[STORE_INCARNATION_SIZE], copy[EVENT_TEXT_MAX];
    struct event event;

    other.hardware = "tree:board-b";
    room->settings.identity = &here;
    room_open(room);
    memcpy(before, store_incarnation(room->store), sizeof(before));
    close_room(room);
    room->settings.identity = &other;
    room_open(room);
    assert_true(room_find_event(room, 1, copy, &event));
    assert_string_equal(event.kind, "identity");
    assert_string_equal(event.subject, store_incarnation(room->store));
    assert_string_equal(event.detail, before);
    assert_non_null(strstr(event.reason, "another machine"));
    assert_true(room_find_event(room, 2, copy, &event));
    assert_string_equal(event.kind, "queue");
    assert_string_equal(event.detail, store_kept_as(room->store));
}

static void copy_file(const char *from, const char *to)
{
    struct error error;

    assert_int_equal(fs_copy_file(from, to, &error), ERROR_OK);
}

static void a_copied_file_begins_anew_where_files_know_when_they_were_made(void **state)
{
    struct room *room = *state;
    struct store_identity here = identity_here();
    char from[128], to[128], value[STORE_NOTE_SIZE];
    bool known;

    (void)goes_on_as(room, &here);
    room_open(room);
    known = store_note_get(room->store, "file", value);
    close_room(room);
    (void)snprintf(from, sizeof(from), "%s.copy", room->path);
    assert_int_equal(rename(room->path, from), 0);
    assert_int_equal(rename(from, room->path), 0);
    assert_true(goes_on_as(room, &here)); /* the same file, renamed */
    copy_file(room->path, from);
    (void)snprintf(from, sizeof(from), "%s-wal", room->path);
    (void)snprintf(to, sizeof(to), "%s.copy-wal", room->path);
    copy_file(from, to);
    assert_int_equal(rename(to, from), 0);
    (void)snprintf(from, sizeof(from), "%s.copy", room->path);
    assert_int_equal(rename(from, room->path), 0);
    assert_int_equal(goes_on_as(room, &here), !known);
}

static void a_queue_of_form_1_goes_on_and_learns_where_it_is(void **state)
{
    struct room *room = *state;
    struct store_identity here = identity_here(), other = here;
    sqlite3 *raw;

    (void)goes_on_as(room, NULL);
    raw = room_open_raw(room->path);
    assert_int_equal(sqlite3_exec(raw,
                                  "ALTER TABLE cut DROP COLUMN correction_ns;"
                                  "ALTER TABLE cut DROP COLUMN time_quality;"
                                  "DELETE FROM meta WHERE key <> 'incarnation';"
                                  "PRAGMA user_version=1;",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_close(raw), SQLITE_OK);
    assert_true(goes_on_as(room, &here));
    other.machine = "machine-b";
    assert_false(goes_on_as(room, &other));
}

static void a_queue_that_was_set_aside_is_read_as_it_is(void **state)
{
    struct room *room = *state;
    struct store_identity here = identity_here(), other = here;
    char kept[128], copy[EVENT_TEXT_MAX], incarnation[STORE_INCARNATION_SIZE];
    uint64_t expected = 4;
    struct event event;
    struct store *store = NULL;
    struct error error;

    other.machine = "machine-b";
    (void)goes_on_as(room, &here);
    room_open(room);
    memcpy(incarnation, store_incarnation(room->store), sizeof(incarnation));
    close_room(room);
    assert_false(goes_on_as(room, &other));
    (void)snprintf(kept, sizeof(kept), "%s.other-host-1", room->path);
    room->settings.path = kept;
    room->settings.identity = NULL;
    room->settings.is_aside = true;
    room_open(room);
    assert_string_equal(store_incarnation(room->store), incarnation);
    room_expect_from(room, STREAM_READINGS, 1, 10, &expected);
    assert_false(room_find_event(room, 2, copy, &event));
    close_room(room);
    assert_int_equal(truncate(kept, 5000), 0);
    assert_int_equal(store_open(&room->settings, &store, &error), ERROR_BAD_DATA);
    assert_non_null(strstr(error.text, kept));
    assert_int_equal(access(kept, F_OK), 0); /* nothing was renamed */
}

int main(void)
{
    const struct CMUnitTest cases[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, room_set_up, room_tear_down)
        CASE(the_same_machine_goes_on),
        CASE(each_known_part_that_differs_begins_anew_once),
        CASE(what_is_not_known_says_nothing_and_is_noted_later),
        CASE(the_new_incarnation_names_the_one_before),
        CASE(a_copied_file_begins_anew_where_files_know_when_they_were_made),
        CASE(a_queue_of_form_1_goes_on_and_learns_where_it_is),
        CASE(a_queue_that_was_set_aside_is_read_as_it_is),
    };

    return cmocka_run_group_tests_name("identity", cases, NULL, NULL);
}
