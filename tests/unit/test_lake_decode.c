#include "lake/parquet/decode.h"
#include "tests/support/cmocka.h"

#include <string.h>

static struct byte_span span_of(const uint8_t *bytes, size_t size)
{
    return (struct byte_span){bytes, bytes + size};
}

static void expect_rle(const uint8_t *bytes, size_t size, unsigned width, const uint32_t *expected,
                       size_t count)
{
    struct rle_decoder rle;
    uint32_t value;

    rle_init(&rle, span_of(bytes, size), width);
    for (size_t i = 0; i < count; i++) {
        assert_true(rle_next(&rle, &value));
        assert_int_equal(value, expected[i]);
    }
    assert_false(rle_next(&rle, &value));
}

static void the_example_of_the_format_is_unpacked(void **unused)
{
    (void)unused;
    /* Encodings.md, "Run Length Encoding / Bit-Packing Hybrid": 0 to 7 in three bits each. */
    const uint8_t packed[] = {0x03, 0x88, 0xc6, 0xfa};
    const uint32_t expected[] = {0, 1, 2, 3, 4, 5, 6, 7};

    expect_rle(packed, sizeof(packed), 3, expected, 8);
}

static void runs_and_packed_groups_alternate(void **unused)
{
    (void)unused;
    const uint8_t bytes[] = {0x06, 0x2c, 0x01, 0x03, 0xff, 0x01, 0x00, 0x00,
                             0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x05, 0x00};
    const uint32_t expected[] = {300, 300, 300, 511, 0, 0, 0, 0, 0, 0, 0, 5};

    expect_rle(bytes, sizeof(bytes), 9, expected, 12);
}

static void values_of_no_bits_are_zero(void **unused)
{
    (void)unused;
    const uint8_t bytes[] = {0x04, 0x03};
    const uint32_t expected[10] = {0};

    expect_rle(bytes, sizeof(bytes), 0, expected, 10);
}

static void a_packed_run_that_is_cut_off_gives_nothing(void **unused)
{
    (void)unused;
    const uint8_t bytes[] = {0x03, 0x88, 0xc6};
    struct rle_decoder rle;
    uint32_t value;

    rle_init(&rle, span_of(bytes, sizeof(bytes)), 3);
    assert_false(rle_next(&rle, &value));
}

static void a_run_longer_than_any_file_is_refused(void **unused)
{
    (void)unused;
    const uint8_t bytes[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0x00};
    struct rle_decoder rle;
    uint32_t value;

    rle_init(&rle, span_of(bytes, sizeof(bytes)), 32);
    assert_false(rle_next(&rle, &value));
}

static void deltas_of_the_format_are_summed(void **unused)
{
    (void)unused;
    /* Encodings.md, example 2: 7, 5, 3, 1, 2, 3, 4, 5; a block of 128, 4 miniblocks, 2-bit deltas
     * above -2. */
    const uint8_t bytes[] = {0x80, 0x01, 0x04, 0x08, 0x0e, 0x03, 0x02, 0x00, 0x00,
                             0x00, 0xc0, 0x3f, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00};
    const int64_t expected[] = {7, 5, 3, 1, 2, 3, 4, 5};
    struct delta_decoder delta;
    int64_t value;

    assert_true(delta_init(&delta, span_of(bytes, sizeof(bytes))));
    assert_int_equal(delta.count, 8);
    for (size_t i = 0; i < 8; i++) {
        assert_true(delta_next(&delta, &value));
        assert_int_equal(value, expected[i]);
    }
    assert_false(delta_next(&delta, &value));
}

static void deltas_wrap_around_as_the_format_says(void **unused)
{
    (void)unused;
    /* INT64_MAX, then a least delta of 1 in no bits. */
    const uint8_t bytes[] = {0x80, 0x01, 0x04, 0x02, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff,
                             0xff, 0xff, 0xff, 0x01, 0x02, 0x00, 0x00, 0x00, 0x00};
    struct delta_decoder delta;
    int64_t value;

    assert_true(delta_init(&delta, span_of(bytes, sizeof(bytes))));
    assert_true(delta_next(&delta, &value));
    assert_int_equal(value, INT64_MAX);
    assert_true(delta_next(&delta, &value));
    assert_int_equal(value, INT64_MIN);
}

static void impossible_heads_of_deltas_are_refused(void **unused)
{
    (void)unused;
    const uint8_t heads[][4] = {
        {0x00, 0x04, 0x01, 0x00}, /* a block of no values */
        {0x7f, 0x04, 0x01, 0x00}, /* a block that its miniblocks do not fill */
        {0x20, 0x00, 0x01, 0x00}, /* no miniblocks */
        {0x20, 0x08, 0x01, 0x00}, /* miniblocks of 4 values end inside a byte */
        {0x80, 0x80, 0x80, 0x80}, /* cut off */
    };
    struct delta_decoder delta;

    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        assert_false(delta_init(&delta, span_of(heads[i], sizeof(heads[i]))));
    }
}

static void a_miniblock_wider_than_64_bits_or_cut_off_ends_the_deltas(void **unused)
{
    (void)unused;
    const uint8_t wide[] = {0x80, 0x01, 0x04, 0x02, 0x00, 0x00, 0x41, 0x00, 0x00, 0x00, 0xff, 0xff};
    const uint8_t cut[] = {0x80, 0x01, 0x04, 0x02, 0x00, 0x00, 0x08, 0x00, 0x00, 0x00, 0xff, 0xff};
    const uint8_t *const pages[] = {wide, cut};
    struct delta_decoder delta;
    int64_t value;

    for (size_t i = 0; i < 2; i++) {
        assert_true(delta_init(&delta, span_of(pages[i], sizeof(wide))));
        assert_true(delta_next(&delta, &value));
        assert_false(delta_next(&delta, &value));
    }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(the_example_of_the_format_is_unpacked),
        cmocka_unit_test(runs_and_packed_groups_alternate),
        cmocka_unit_test(values_of_no_bits_are_zero),
        cmocka_unit_test(a_packed_run_that_is_cut_off_gives_nothing),
        cmocka_unit_test(a_run_longer_than_any_file_is_refused),
        cmocka_unit_test(deltas_of_the_format_are_summed),
        cmocka_unit_test(deltas_wrap_around_as_the_format_says),
        cmocka_unit_test(impossible_heads_of_deltas_are_refused),
        cmocka_unit_test(a_miniblock_wider_than_64_bits_or_cut_off_ends_the_deltas),
    };

    return cmocka_run_group_tests_name("lake decode", cases, NULL, NULL);
}
