/* store_check_ring() finds what is damaged, and nothing else (agent/store/check.h). */
#include "agent/store/check.h"
#include "agent/store/slot.h"
#include "tests/support/cmocka.h"
#include "tests/support/store_room.h"

#include <sqlite3.h>
#include <string.h>

enum { FINDINGS_MAX = 8 };

struct found {
    struct store_finding list[FINDINGS_MAX];
    struct store_check check;
};

static void note(void *context, const struct store_finding *finding)
{
    struct found *found = context;

    assert_true(found->check.findings <= FINDINGS_MAX);
    found->list[found->check.findings - 1] = *finding;
}

static void check_readings(struct room *room, struct found *found)
{
    struct error error;

    *found = (struct found){.check = {.found = note}};
    found->check.context = found;
    assert_int_equal(store_check_ring(room->store, STREAM_READINGS, &found->check, &error),
                     ERROR_OK);
}

/** Flip one byte of a slot of readings, behind the store's back. */
static void damage(struct room *room, sqlite3_int64 slot, int at)
{
    sqlite3 *handle;
    sqlite3_blob *blob = NULL;
    uint8_t byte;

    store_close(room->store);
    room->store = NULL;
    handle = room_open_raw(room->path);
    assert_int_equal(sqlite3_blob_open(handle, "main", "slot", "data",
                                       (sqlite3_int64)STREAM_READINGS << 32 | slot, 1, &blob),
                     SQLITE_OK);
    assert_int_equal(sqlite3_blob_read(blob, &byte, 1, at), SQLITE_OK);
    byte ^= 0x10;
    assert_int_equal(sqlite3_blob_write(blob, &byte, 1, at), SQLITE_OK);
    assert_int_equal(sqlite3_blob_close(blob), SQLITE_OK);
    assert_int_equal(sqlite3_close(handle), SQLITE_OK);
    room_open(room);
}

/** Readings of known points in several slots. */
static void fill(struct room *room)
{
    const struct definition definition = {.point_id = "boiler-1/flow",
                                          .device = "boiler-1",
                                          .name = "flow",
                                          .type = "int16",
                                          .unit = "",
                                          .role = "sensor",
                                          .address = "",
                                          .labels = ""};
    struct sample sample = {.type = SAMPLE_INT};
    struct error error;
    uint64_t seed = 3;

    room_open(room);
    assert_int_equal(store_define(room->store, &definition, &sample.point_id, &error), ERROR_OK);
    for (unsigned i = 0; i < 40000; i++) {
        sample.time_ns = sample.received_ns = room->settings.clock->utc_ns(room->settings.clock);
        sample.value.integer = (int64_t)room_random(&seed);
        room_append(room, STREAM_READINGS, &sample, 1);
        if (i % 500 == 499) {
            room_commit(room);
        }
    }
}

static void a_whole_ring_has_no_findings(void **state)
{
    struct room *room = *state;
    struct found found;

    fill(room);
    check_readings(room, &found);
    assert_int_equal(found.check.findings, 0);
    assert_int_equal(found.check.records, 40000);
    assert_int_equal(found.check.batches, 80);
    assert_true(found.check.slots > 3);
}

static void a_flipped_byte_names_slot_and_numbers(void **state)
{
    struct room *room = *state;
    struct found found;

    fill(room);
    damage(room, 1, SLOT_BYTES / 2);
    check_readings(room, &found);
    assert_int_equal(found.check.findings, 1);
    assert_int_equal(found.list[0].slot, 1);
    assert_int_equal(found.list[0].stream, STREAM_READINGS);
    assert_non_null(strstr(found.list[0].what, "wrong checksum"));
    assert_int_equal(found.check.records + found.list[0].last - found.list[0].first + 1, 40000);
    assert_false(found.list[0].told);
    assert_int_equal(room_count_from(room, STREAM_READINGS, 1), found.check.records);
    check_readings(room, &found); /* the reader has met it */
    assert_int_equal(found.check.findings, 1);
    assert_true(found.list[0].told);
}

static void a_damaged_header_costs_its_slot(void **state)
{
    struct room *room = *state;
    struct found found;

    fill(room);
    damage(room, 2, 24);
    check_readings(room, &found);
    assert_int_equal(found.check.findings, 1);
    assert_int_equal(found.list[0].slot, 3); /* where numbers go on */
    assert_non_null(strstr(found.list[0].what, "header"));
    assert_int_equal(found.check.records + found.list[0].last - found.list[0].first + 1, 40000);
}

static void a_reading_without_a_definition_is_found(void **state)
{
    struct room *room = *state;
    struct sample sample = {.type = SAMPLE_INT, .point_id = 7};
    struct found found;

    fill(room);
    room_append(room, STREAM_READINGS, &sample, 1);
    room_commit(room);
    check_readings(room, &found);
    assert_int_equal(found.check.findings, 1);
    assert_int_equal(found.list[0].first, 40001);
    assert_non_null(strstr(found.list[0].what, "no known point"));
}

static void an_empty_ring_is_whole(void **state)
{
    struct room *room = *state;
    struct error error;
    struct found found;

    room_open(room);
    check_readings(room, &found);
    assert_int_equal(found.check.findings + found.check.slots, 0);
    assert_int_equal(store_check_ring(room->store, STREAM_CATALOGUE, &found.check, &error),
                     ERROR_BUG);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test_setup_teardown(a_whole_ring_has_no_findings, room_set_up, room_tear_down),
        cmocka_unit_test_setup_teardown(a_flipped_byte_names_slot_and_numbers, room_set_up,
                                        room_tear_down),
        cmocka_unit_test_setup_teardown(a_damaged_header_costs_its_slot, room_set_up,
                                        room_tear_down),
        cmocka_unit_test_setup_teardown(a_reading_without_a_definition_is_found, room_set_up,
                                        room_tear_down),
        cmocka_unit_test_setup_teardown(an_empty_ring_is_whole, room_set_up, room_tear_down),
    };

    return cmocka_run_group_tests_name("queue_check", cases, NULL, NULL);
}
