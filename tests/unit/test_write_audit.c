/* The record of a write: on disk when write_audit() says so, and readable. */
#include "agent/local/write_audit.h"
#include "base/cleanup.h"
#include "tests/support/cmocka.h"
#include "tests/support/store_room.h"

#include <cjson/cJSON.h>
#include <string.h>

static struct write_record record_of(const char *outcome)
{
    return (struct write_record){.point = "press-3/speed",
                                 .asked = "12.34",
                                 .unit = "m/s",
                                 .old = "11",
                                 .written = "12.3",
                                 .outcome = outcome,
                                 .why = "",
                                 .who = {.uid = 1000, .pid = 42}};
}

static void expect(const char *json, const char *key, const char *text)
{
    cJSON *object = cJSON_Parse(json);
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

    assert_non_null(object);
    if (text == NULL) {
        assert_null(item);
    } else {
        assert_true(cJSON_IsString(item));
        assert_string_equal(item->valuestring, text);
    }
    cJSON_Delete(object);
}

static void a_record_is_on_disk_before_it_counts(void **state)
{
    struct room *room = *state;
    struct write_record record = record_of("asked");
    struct store_stream_state before;
    struct store_stream_state committed;
    struct event event;
    char copy[EVENT_TEXT_MAX];

    room_open(room);
    store_state(room->store, STREAM_EVENTS, &before);
    assert_int_equal(write_audit(room->store, &clock_system, &record, NULL), ERROR_OK);
    store_state(room->store, STREAM_EVENTS, &committed);
    assert_int_equal(committed.committed_sequence, before.committed_sequence + 1);
    assert_true(room_find_event(room, committed.committed_sequence, copy, &event));
    assert_string_equal(event.kind, "write");
    assert_string_equal(event.subject, "press-3/speed");
    assert_string_equal(event.reason, "asked");
    expect(event.detail, "uid", "1000");
    expect(event.detail, "pid", "42");
    expect(event.detail, "asked", "12.34");
    expect(event.detail, "written", "12.3");
    expect(event.detail, "read_back", NULL); /* there is none yet */
}

static void without_room_for_it_the_record_fails(void **state)
{
    struct room *room = *state;
    struct write_record record = record_of("asked");
    struct error error = {0};

    room->settings.when_full[STREAM_EVENTS] = STORE_HOLD;
    room_open(room);
    room_fill_events(room);
    assert_true(write_audit(room->store, &clock_system, &record, &error) != ERROR_OK);
    assert_true(strlen(error.text) > 0);
}

/** Quotes, control characters and an umlaut at the cut: still JSON, and whole characters. */
static void any_text_becomes_json_and_is_cut_between_characters(void **unused)
{
    (void)unused;
    struct write_record record = record_of("refused");
    CLEANUP(cleanup_free) char *json = NULL;

    (void)snprintf(record.asked, sizeof(record.asked),
                   "a\"\\\x01"
                   "cdefg\xc3\xb6h");
    json = write_record_json(&record, 10);
    assert_non_null(json);
    expect(json, "asked",
           "a\"\\\x01"
           "cdefg");
    expect(json, "outcome", "refused");
}

static void the_longest_record_is_kept(void **state)
{
    struct room *room = *state;
    struct write_record record = record_of("differs");
    struct event event;
    char copy[EVENT_TEXT_MAX];
    struct store_stream_state committed;

    memset(record.asked, 'a', sizeof(record.asked) - 1);
    memset(record.old, '\x01', sizeof(record.old) - 1);
    memset(record.written, '"', sizeof(record.written) - 1);
    memset(record.read_back, 'r', sizeof(record.read_back) - 1);
    memset(record.why, 'y', sizeof(record.why) - 1);
    room_open(room);
    assert_int_equal(write_audit(room->store, &clock_system, &record, NULL), ERROR_OK);
    store_state(room->store, STREAM_EVENTS, &committed);
    assert_true(room_find_event(room, committed.committed_sequence, copy, &event));
    assert_string_equal(event.reason, "differs");
    expect(event.detail, "uid", "1000"); /* so it is whole JSON */
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test_setup_teardown(a_record_is_on_disk_before_it_counts, room_set_up,
                                        room_tear_down),
        cmocka_unit_test_setup_teardown(without_room_for_it_the_record_fails, room_set_up,
                                        room_tear_down),
        cmocka_unit_test(any_text_becomes_json_and_is_cut_between_characters),
        cmocka_unit_test_setup_teardown(the_longest_record_is_kept, room_set_up, room_tear_down),
    };

    return cmocka_run_group_tests_name("write_audit", cases, NULL, NULL);
}
