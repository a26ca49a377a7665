#include "base/varint.h"
#include "sync/parquet/encodings.h"
#include "tests/support/cmocka.h"

#include <string.h>

static struct buffer out;

static int set_up(void **unused)
{
    (void)unused;
    buffer_init(&out, 1 << 20);
    return 0;
}

static int tear_down(void **unused)
{
    (void)unused;
    buffer_deinit(&out);
    return 0;
}

static void expect_bytes(const void *bytes, size_t size)
{
    assert_false(out.failed);
    assert_int_equal(out.size, size);
    assert_memory_equal(out.bytes, bytes, size);
}

static void delta(bool narrow, const int64_t *values, size_t count)
{
    struct delta_encoder encoder;

    delta_begin(&encoder, &out, narrow, count);
    for (size_t i = 0; i < count; i++) {
        delta_put(&encoder, values[i]);
    }
    delta_end(&encoder);
}

/** The value of `width` bits at bit `position` of `bytes`, lowest bit first. */
static uint64_t bits_at(const uint8_t *bytes, size_t position, unsigned width)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < width; i++) {
        value |= (uint64_t)(bytes[(position + i) / 8] >> ((position + i) % 8) & 1) << i;
    }
    return value;
}

/** A decoder by the book (Encodings.md), for what was written; as slow as it is plain. */
static void expect_delta_gives(const int64_t *values, size_t count, bool narrow)
{
    const uint8_t *at = out.bytes;
    const uint8_t *end = out.bytes + out.size;
    uint64_t block = 0;
    uint64_t miniblocks = 0;
    uint64_t total = 0;
    uint64_t number = 0;
    int64_t value;
    size_t done = 1;

    assert_true(varint_read(&at, end, &block) && varint_read(&at, end, &miniblocks) &&
                varint_read(&at, end, &total) && varint_read(&at, end, &number));
    assert_int_equal(block, 128);
    assert_int_equal(miniblocks, 4);
    assert_int_equal(total, count);
    value = zigzag_decode(number);
    assert_true(count == 0 || value == values[0]);
    while (done < count) {
        const uint8_t *widths;
        int64_t least;

        assert_true(varint_read(&at, end, &number));
        least = zigzag_decode(number);
        widths = at;
        at += 4;
        for (size_t i = 0; i < 128 && done < count; i++, done++) {
            unsigned width = widths[i / 32];

            assert_true(!narrow || width <= 32);
            value =
                (int64_t)((uint64_t)value + (uint64_t)least + bits_at(at, i % 32 * width, width));
            value = narrow ? (int32_t)(uint32_t)(uint64_t)value : value;
            assert_true(value == values[done]);
            at += i % 32 == 31 || done + 1 == count ? 4 * (size_t)width : 0;
        }
    }
    assert_true(at == end);
}

static void a_steady_sequence_costs_no_bits_per_value(void **unused)
{
    (void)unused;
    static const uint8_t expected[] = {
        0x80, 0x01, 0x04, 0x05, 0x0e, /* blocks of 128 in 4 miniblocks, 5 values, the first 7 */
        0x02, 0x00, 0x00, 0x00, 0x00, /* the least difference is 1, nothing above it */
    };

    delta(false, (const int64_t[]){7, 8, 9, 10, 11}, 5);
    expect_bytes(expected, sizeof(expected));
}

static void distances_are_packed_in_whole_bytes(void **unused)
{
    (void)unused;
    /* The example of the format, 7, 5, 3, 1, 2, 3, 4, 5: differences -2, -2, -2, 1, 1, 1, 1; above
     * the least 0, 0, 0, 3, 3, 3, 3. Two bits would do; we take eight, padded to 32 values. */
    static const uint8_t expected[10 + 32] = {0x80, 0x01, 0x04, 0x08, 0x0e, 0x03, 0x08, 0x00, 0x00,
                                              0x00, 0x00, 0x00, 0x00, 0x03, 0x03, 0x03, 0x03};

    delta(false, (const int64_t[]){7, 5, 3, 1, 2, 3, 4, 5}, 8);
    expect_bytes(expected, sizeof(expected));
}

static void no_values_are_still_a_header(void **unused)
{
    (void)unused;
    static const uint8_t expected[] = {0x80, 0x01, 0x04, 0x00, 0x00};

    delta(false, NULL, 0);
    expect_bytes(expected, sizeof(expected));
}

static void the_ends_of_64_bits_come_back(void **unused)
{
    (void)unused;
    static const int64_t values[] = {INT64_MIN, INT64_MAX, INT64_MIN, 0, -1, INT64_MAX, 1};

    delta(false, values, 7);
    expect_delta_gives(values, 7, false);
}

static void the_ends_of_32_bits_stay_within_32_bits(void **unused)
{
    (void)unused;
    static const int64_t values[] = {INT32_MIN, INT32_MAX, INT32_MIN, 0, -1, INT32_MAX, 1};

    delta(true, values, 7);
    expect_delta_gives(values, 7, true);
}

static void every_count_around_a_block_and_every_width_come_back(void **unused)
{
    (void)unused;
    static const size_t counts[] = {1, 2, 32, 33, 34, 128, 129, 130, 161, 257, 300};
    static int64_t values[300];
    uint64_t random = 42;

    for (unsigned width = 0; width < 64; width++) {
        for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
            for (size_t i = 0; i < counts[c]; i++) {
                random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
                values[i] = (int64_t)(random >> width);
            }
            buffer_clear(&out);
            delta(false, values, counts[c]);
            expect_delta_gives(values, counts[c], false);
        }
    }
}

static void eight_and_more_of_one_value_are_a_run(void **unused)
{
    (void)unused;
    static const uint32_t values[8] = {5, 5, 5, 5, 5, 5, 5, 5};
    static const uint8_t expected[] = {0x10, 0x05};

    hybrid_append(&out, values, 8, 3);
    expect_bytes(expected, sizeof(expected));
}

static void others_are_packed_in_eights_lowest_bit_first(void **unused)
{
    (void)unused;
    /* The example of Encodings.md: 0 to 7 in three bits. */
    static const uint32_t values[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    static const uint8_t expected[] = {0x03, 0x88, 0xc6, 0xfa};

    hybrid_append(&out, values, 8, 3);
    expect_bytes(expected, sizeof(expected));
}

static void runs_and_packed_eights_follow_each_other(void **unused)
{
    (void)unused;
    uint32_t values[8 + 301 + 2];
    static const uint8_t expected[] = {
        0x03, 0x55,       /* one packed eight: 1, 0, 1, 0, ... */
        0xda, 0x04, 0x01, /* 301 times 1 */
        0x03, 0x02,       /* the last eight, short: 0, 1 */
    };

    for (size_t i = 0; i < 8 + 301; i++) {
        values[i] = i >= 8 || i % 2 == 0;
    }
    values[309] = 0;
    values[310] = 1;
    hybrid_append(&out, values, 8 + 301 + 2, 1);
    expect_bytes(expected, sizeof(expected));
}

static void a_wide_value_takes_whole_bytes_in_a_run(void **unused)
{
    (void)unused;
    uint32_t values[9];
    static const uint8_t expected[] = {0x12, 0x34, 0x12};

    for (size_t i = 0; i < 9; i++) {
        values[i] = 0x1234;
    }
    hybrid_append(&out, values, 9, 13);
    expect_bytes(expected, sizeof(expected));
}

static void a_buffer_that_is_full_is_marked_and_nothing_is_written_past_it(void **unused)
{
    (void)unused;
    int64_t values[300];
    struct buffer small;
    struct delta_encoder encoder;

    buffer_init(&small, 100);
    delta_begin(&encoder, &small, false, 300);
    for (size_t i = 0; i < 300; i++) {
        values[i] = (int64_t)i * (int64_t)i;
        delta_put(&encoder, values[i]);
    }
    delta_end(&encoder);
    assert_true(small.failed);
    assert_true(small.size <= 100);
    buffer_deinit(&small);
}

static void the_width_of_a_number_is_its_bits(void **unused)
{
    (void)unused;
    assert_int_equal(bit_width_of(0), 0);
    assert_int_equal(bit_width_of(1), 1);
    assert_int_equal(bit_width_of(255), 8);
    assert_int_equal(bit_width_of(256), 9);
    assert_int_equal(bit_width_of(UINT64_MAX), 64);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test_setup_teardown(a_steady_sequence_costs_no_bits_per_value, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(distances_are_packed_in_whole_bytes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_values_are_still_a_header, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_ends_of_64_bits_come_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_ends_of_32_bits_stay_within_32_bits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_count_around_a_block_and_every_width_come_back,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(eight_and_more_of_one_value_are_a_run, set_up, tear_down),
        cmocka_unit_test_setup_teardown(others_are_packed_in_eights_lowest_bit_first, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(runs_and_packed_eights_follow_each_other, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_wide_value_takes_whole_bytes_in_a_run, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_buffer_that_is_full_is_marked_and_nothing_is_written_past_it, set_up, tear_down),
        cmocka_unit_test(the_width_of_a_number_is_its_bits),
    };

    return cmocka_run_group_tests_name("encodings", cases, NULL, NULL);
}
