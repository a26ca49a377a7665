/* Notes ride in a commit and outlive a restart (store_note_set() of agent/store/store.h). */
#include "agent/store/store.h"
#include "tests/support/cmocka.h"
#include "tests/support/store_room.h"

#include <stdio.h>
#include <string.h>

static void set(struct room *room, const char *key, const char *value)
{
    struct error error;

    assert_int_equal(store_note_set(room->store, key, value, &error), ERROR_OK);
}

static void a_committed_note_is_there_after_a_restart(void **state)
{
    struct room *room = *state;
    char value[STORE_NOTE_SIZE];

    room_open(room);
    assert_false(store_note_get(room->store, "lamp", value));
    assert_string_equal(value, "");
    set(room, "lamp", "on");
    set(room, "door", "open");
    set(room, "lamp", "off");
    room_commit(room);
    set(room, "door", "closed"); /* not committed */
    room_reopen(room);
    assert_true(store_note_get(room->store, "lamp", value));
    assert_string_equal(value, "off");
    assert_true(store_note_get(room->store, "door", value));
    assert_string_equal(value, "open");
}

static void a_note_that_did_not_change_costs_no_commit(void **state)
{
    struct room *room = *state;
    struct store_totals before, after;

    room_open(room);
    set(room, "lamp", "on");
    room_commit(room);
    store_totals(room->store, &before);
    set(room, "lamp", "on");
    room_commit(room);
    store_totals(room->store, &after);
    assert_int_equal(before.commits, after.commits);
    assert_int_equal(before.bytes_written, after.bytes_written);
}

static void a_note_that_is_left_waits_for_a_commit_that_happens_anyway(void **state)
{
    struct room *room = *state;
    struct store_totals before, after;
    char value[STORE_NOTE_SIZE];
    struct error error;

    room_open(room);
    store_totals(room->store, &before);
    assert_int_equal(store_note_leave(room->store, "lamp", "on", &error), ERROR_OK);
    room_commit(room);
    store_totals(room->store, &after);
    assert_int_equal(before.commits, after.commits);
    set(room, "door", "open");
    room_commit(room);
    room_reopen(room);
    assert_true(store_note_get(room->store, "lamp", value));
    assert_string_equal(value, "on");
}

static void what_is_too_long_or_too_many_is_refused(void **state)
{
    struct room *room = *state;
    char text[STORE_NOTE_SIZE + 1], value[STORE_NOTE_SIZE];
    struct error error;
    unsigned taken = 0;

    room_open(room);
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(store_note_set(room->store, "lamp", text, &error), ERROR_BUG);
    assert_int_equal(store_note_set(room->store, text, "on", &error), ERROR_BUG);
    assert_false(store_note_get(room->store, "lamp", value));
    for (unsigned i = 0; i < STORE_NOTES_MAX; i++) {
        char key[STORE_NOTE_KEY_SIZE];

        (void)snprintf(key, sizeof(key), "key-%u", i); /* fits */
        taken += store_note_set(room->store, key, "on", &error) == ERROR_OK;
    }
    assert_true(taken >= STORE_NOTES_MAX - 8); /* the store keeps a few of its own */
    assert_int_equal(store_note_set(room->store, "one-more", "on", &error), ERROR_BUG);
    room_commit(room);
    room_reopen(room);
    assert_true(store_note_get(room->store, "key-0", value));
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test_setup_teardown(a_committed_note_is_there_after_a_restart, room_set_up,
                                        room_tear_down),
        cmocka_unit_test_setup_teardown(a_note_that_did_not_change_costs_no_commit, room_set_up,
                                        room_tear_down),
        cmocka_unit_test_setup_teardown(a_note_that_is_left_waits_for_a_commit_that_happens_anyway,
                                        room_set_up, room_tear_down),
        cmocka_unit_test_setup_teardown(what_is_too_long_or_too_many_is_refused, room_set_up,
                                        room_tear_down),
    };

    return cmocka_run_group_tests_name("note", cases, NULL, NULL);
}
