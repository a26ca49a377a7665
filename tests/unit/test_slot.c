#include "agent/store/slot.h"

#include "tests/support/cmocka.h"

#include <string.h>

static const struct slot_header some_header = {
    .stream = STREAM_READINGS,
    .clock = CLOCK_FREE,
    .table_log2 = 9,
    .incarnation = UINT64_C(0xfedcba9876543210),
    .first_sequence = UINT64_C(1) << 40,
    .t0_ns = -1,
    .boot_id = {1, 2, 3},
};

/** A slot with `batches` batches of 100 records and 50 bytes each; the place after the last. */
static size_t make_slot(uint8_t bytes[SLOT_BYTES], uint64_t incarnation, uint64_t first,
                        unsigned batches)
{
    struct slot_header header = some_header;
    struct slot_batch batch = {.payload_bytes = 50, .count = 100, .first_sequence = first};
    size_t at = SLOT_HEADER_BYTES;
    uint32_t chain;

    header.incarnation = incarnation;
    header.first_sequence = first;
    chain = slot_write_header(&header, bytes);
    for (unsigned i = 0; i < batches; i++) {
        memset(bytes + at + SLOT_BATCH_HEADER_BYTES, (int)(first + i), 50);
        batch.fresh = i == 0;
        chain = slot_seal_batch(bytes + at, &batch, chain);
        batch.first_sequence += 100;
        at += SLOT_BATCH_HEADER_BYTES + 50;
    }
    return at;
}

/** How many batches count; how it ended and the first number after them. */
static unsigned walk(const uint8_t bytes[SLOT_BYTES], enum slot_step *end,
                     struct slot_cursor *cursor)
{
    struct slot_header header;
    struct slot_batch batch;
    unsigned count = 0;
    uint32_t chain;

    assert_true(slot_read_header(bytes, &header, &chain));
    slot_cursor_init(cursor, bytes, &header, chain);
    for (;;) {
        *end = slot_cursor_next(cursor, &batch);
        if (*end != SLOT_STEP_BATCH) {
            return count;
        }
        assert_int_equal(batch.count, 100);
        assert_int_equal(batch.payload_bytes, 50);
        assert_int_equal(batch.fresh, count == 0);
        count++;
    }
}

static void a_header_comes_back_and_any_changed_bit_is_noticed(void **state)
{
    (void)state;
    uint8_t bytes[SLOT_HEADER_BYTES];
    struct slot_header header;
    uint32_t written = slot_write_header(&some_header, bytes), chain = 0;

    assert_true(slot_read_header(bytes, &header, &chain));
    assert_int_equal(chain, written);
    assert_int_equal(header.stream, some_header.stream);
    assert_int_equal(header.clock, some_header.clock);
    assert_int_equal(header.table_log2, some_header.table_log2);
    assert_true(header.incarnation == some_header.incarnation);
    assert_true(header.first_sequence == some_header.first_sequence);
    assert_true(header.t0_ns == some_header.t0_ns);
    assert_memory_equal(header.boot_id, some_header.boot_id, SLOT_BOOT_ID_BYTES);
    for (unsigned bit = 0; bit < SLOT_HEADER_BYTES * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_false(slot_read_header(bytes, &header, &chain));
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    memset(bytes, 0, sizeof(bytes));
    assert_false(slot_read_header(bytes, &header, &chain));
}

static void what_an_earlier_lap_left_does_not_count(void **state)
{
    (void)state;
    static uint8_t bytes[SLOT_BYTES];
    struct slot_cursor cursor;
    enum slot_step end;

    make_slot(bytes, 7, 1, 20); /* every batch of the next lap ends where one of these begins */
    make_slot(bytes, 7, 100001, 3);
    assert_int_equal(walk(bytes, &end, &cursor), 3);
    assert_int_equal(end, SLOT_STEP_END);
    assert_true(cursor.next_sequence == 100301);
}

static void what_another_incarnation_left_does_not_count(void **state)
{
    (void)state;
    static uint8_t bytes[SLOT_BYTES];
    struct slot_cursor cursor;
    enum slot_step end;

    make_slot(bytes, 7, 1, 20);
    make_slot(bytes, 8, 1, 3); /* the same numbers in the same places */
    assert_int_equal(walk(bytes, &end, &cursor), 3);
    assert_int_equal(end, SLOT_STEP_DAMAGED);
}

static void a_batch_that_was_taken_back_cannot_return(void **state)
{
    (void)state;
    static uint8_t bytes[SLOT_BYTES], again[SLOT_BYTES];
    struct slot_cursor cursor;
    enum slot_step end;
    size_t third = SLOT_HEADER_BYTES + 2 * (SLOT_BATCH_HEADER_BYTES + 50);

    make_slot(bytes, 7, 1, 3);
    memcpy(again, bytes, SLOT_BYTES);
    memset(again + third - 50, 0xee, 50); /* another second batch of the same size */
    struct slot_batch batch = {.payload_bytes = 50, .count = 100, .first_sequence = 101};
    struct slot_header header;
    struct slot_batch first;
    uint32_t chain;

    assert_true(slot_read_header(again, &header, &chain));
    slot_cursor_init(&cursor, again, &header, chain);
    assert_int_equal(slot_cursor_next(&cursor, &first), SLOT_STEP_BATCH);
    (void)slot_seal_batch(again + cursor.at, &batch, cursor.chain);
    assert_int_equal(walk(again, &end, &cursor), 2); /* the third still has the next number */
    assert_int_equal(end, SLOT_STEP_DAMAGED);
}

static void damage_ends_the_slot_and_tells_how_far_it_went(void **state)
{
    (void)state;
    static uint8_t bytes[SLOT_BYTES];
    struct slot_cursor cursor;
    enum slot_step end;
    bool certain = false;
    size_t at = make_slot(bytes, 7, 1, 10);
    size_t size = SLOT_BATCH_HEADER_BYTES + 50;

    bytes[at - 3 * size + SLOT_BATCH_HEADER_BYTES + 20] ^= 1;
    assert_int_equal(walk(bytes, &end, &cursor), 7);
    assert_int_equal(end, SLOT_STEP_DAMAGED);
    assert_int_equal(cursor.next_sequence, 701);
    assert_int_equal(slot_cursor_last_seen(&cursor, &certain), 1000);
    assert_true(certain);
    bytes[at - 3 * size + 4] = 0xff; /* and now its size */
    bytes[at - 3 * size + 5] = 0xff;
    assert_int_equal(walk(bytes, &end, &cursor), 7);
    assert_int_equal(end, SLOT_STEP_DAMAGED);
    assert_int_equal(slot_cursor_last_seen(&cursor, &certain), 701);
    assert_false(certain);
}

static void a_batch_whose_number_alone_is_damaged_counts(void **state) /* L5 */
{
    (void)state;
    static uint8_t bytes[SLOT_BYTES];
    struct slot_cursor cursor;
    enum slot_step end;
    size_t at = make_slot(bytes, 7, 1, 10);
    size_t size = SLOT_BATCH_HEADER_BYTES + 50;

    bytes[at - 3 * size + 9] ^= 0x20;
    bytes[at - size + 8] ^= 1;
    assert_int_equal(walk(bytes, &end, &cursor), 10);
    assert_int_equal(end, SLOT_STEP_END);
    assert_int_equal(cursor.next_sequence, 1001);
}

static void behind_a_last_batch_that_is_damaged_nothing_is_certain(void **state)
{
    (void)state;
    static uint8_t bytes[SLOT_BYTES];
    struct slot_cursor cursor;
    enum slot_step end;
    bool certain = true;
    size_t at = make_slot(bytes, 7, 1, 10);

    bytes[at - 10] ^= 1;
    assert_int_equal(walk(bytes, &end, &cursor), 9);
    assert_int_equal(end, SLOT_STEP_DAMAGED);
    assert_int_equal(slot_cursor_last_seen(&cursor, &certain), 1000);
    assert_false(certain);
}

static void no_bytes_lead_outside_of_the_slot(void **state)
{
    (void)state;
    static uint8_t bytes[SLOT_BYTES];
    struct slot_cursor cursor;
    enum slot_step end;

    for (unsigned batches = 0; batches < 900; batches++) { /* the last ones touch the end */
        size_t at = make_slot(bytes, 7, 1, batches);

        if (at + SLOT_BATCH_HEADER_BYTES < SLOT_BYTES) {
            memset(bytes + at, 0xff, SLOT_BYTES - at);
            bytes[at + 8] = (uint8_t)(batches * 100 + 1);
            bytes[at + 9] = (uint8_t)((batches * 100 + 1) >> 8);
            bytes[at + 10] = (uint8_t)((batches * 100 + 1) >> 16);
            memset(bytes + at + 11, 0, 5);
        }
        assert_int_equal(walk(bytes, &end, &cursor), batches);
        assert_true(slot_cursor_last_seen(&cursor, NULL) >= batches * 100);
    }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(a_header_comes_back_and_any_changed_bit_is_noticed),
        cmocka_unit_test(what_an_earlier_lap_left_does_not_count),
        cmocka_unit_test(what_another_incarnation_left_does_not_count),
        cmocka_unit_test(a_batch_that_was_taken_back_cannot_return),
        cmocka_unit_test(damage_ends_the_slot_and_tells_how_far_it_went),
        cmocka_unit_test(a_batch_whose_number_alone_is_damaged_counts),
        cmocka_unit_test(behind_a_last_batch_that_is_damaged_nothing_is_certain),
        cmocka_unit_test(no_bytes_lead_outside_of_the_slot),
    };

    return cmocka_run_group_tests_name("slot", cases, NULL, NULL);
}
