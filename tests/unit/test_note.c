/* Notes ride in a commit and outlive a restart (store_note_set() of agent/store/store.h). */
#include "agent/store/store_noted.h"
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

static struct sample a_line(void)
{
    struct sample sample = {.type = SAMPLE_TEXT, .status = STATUS_GOOD};

    sample.value.text.bytes = "1";
    sample.value.text.size_bytes = 1;
    return sample;
}

/** With the note `at`; `line` may be NULL. */
static enum error_code append_noted(struct room *room, enum stream stream,
                                    const struct sample *line, const char *at)
{
    const struct store_remark remark = {"at", at};
    struct error error;

    return store_append_noted(room->store, stream, line, line == NULL ? 0 : 1, &remark, &error);
}

static void samples_and_their_note_are_on_disk_together(void **state)
{
    struct room *room = *state;
    const struct sample line = a_line();
    char value[STORE_NOTE_SIZE];

    room_open(room);
    assert_int_equal(append_noted(room, STREAM_LOGS, &line, "one"), ERROR_OK);
    assert_true(store_note_get(room->store, "at", value));
    assert_string_equal(value, "one");
    room_reopen(room); /* without a commit: neither */
    assert_false(store_note_get(room->store, "at", value));
    assert_int_equal(room_count_from(room, STREAM_LOGS, 1), 0);
    assert_int_equal(append_noted(room, STREAM_LOGS, &line, "two"), ERROR_OK);
    room_commit(room);
    assert_int_equal(append_noted(room, STREAM_LOGS, NULL, "three"), ERROR_OK);
    room_commit(room);
    room_reopen(room);
    assert_true(store_note_get(room->store, "at", value));
    assert_string_equal(value, "three");
    assert_int_equal(room_count_from(room, STREAM_LOGS, 1), 1);
}

static void where_the_note_is_refused_no_sample_is_taken(void **state)
{
    struct room *room = *state;
    const struct sample line = a_line();
    char text[STORE_NOTE_SIZE + 1];

    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    room_open(room);
    assert_int_equal(append_noted(room, STREAM_LOGS, &line, text), ERROR_BUG);
    room_commit(room);
    assert_int_equal(room_count_from(room, STREAM_LOGS, 1), 0);
}

/** A holding ring that is full refuses the line; then its note must not be kept either. */
static void where_the_sample_is_refused_the_note_stays_as_it_was(void **state)
{
    struct room *room = *state;
    const struct sample line = a_line();
    uint64_t seed = 7;
    char value[STORE_NOTE_SIZE];
    struct error error;

    room->settings.when_full[STREAM_READINGS] = STORE_HOLD;
    room_open(room);
    set(room, "at", "one");
    while (room_try_fill_noise(room, 500, &seed, &error) == ERROR_OK) {
        room_commit(room);
    }
    while (append_noted(room, STREAM_READINGS, &line, "one") == ERROR_OK) {
        room_commit(room);
    }
    assert_int_equal(append_noted(room, STREAM_READINGS, &line, "two"), ERROR_NO_SPACE);
    assert_true(store_note_get(room->store, "at", value));
    assert_string_equal(value, "one");
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
        cmocka_unit_test_setup_teardown(samples_and_their_note_are_on_disk_together, room_set_up,
                                        room_tear_down),
        cmocka_unit_test_setup_teardown(where_the_note_is_refused_no_sample_is_taken, room_set_up,
                                        room_tear_down),
        cmocka_unit_test_setup_teardown(where_the_sample_is_refused_the_note_stays_as_it_was,
                                        room_set_up, room_tear_down),
        cmocka_unit_test_setup_teardown(what_is_too_long_or_too_many_is_refused, room_set_up,
                                        room_tear_down),
    };

    return cmocka_run_group_tests_name("note", cases, NULL, NULL);
}
