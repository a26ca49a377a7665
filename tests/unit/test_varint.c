#include "base/varint.h"
#include "tests/support/cmocka.h"

static const struct {
    uint64_t value;
    size_t size;
} known[] = {
    {0, 1},
    {127, 1},
    {128, 2},
    {16383, 2},
    {16384, 3},
    {UINT64_C(0x7fffffffffffffff), 9},
    {UINT64_C(0x8000000000000000), 10},
    {UINT64_MAX, 10},
};

static void every_length_survives_the_round_trip(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        uint8_t bytes[VARINT_MAX_BYTES];
        const uint8_t *position = bytes;
        uint64_t value = 1;

        assert_int_equal(varint_write(bytes, known[i].value), known[i].size);
        assert_true(varint_read(&position, bytes + known[i].size, &value));
        assert_true(value == known[i].value);
        assert_ptr_equal(position, bytes + known[i].size);
    }
}

static void one_that_is_cut_off_is_refused_and_changes_nothing(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        uint8_t bytes[VARINT_MAX_BYTES];
        size_t size = varint_write(bytes, known[i].value);

        for (size_t cut = 0; cut < size; cut++) {
            const uint8_t *position = bytes;
            uint64_t value = 42;

            assert_false(varint_read(&position, bytes + cut, &value));
            assert_true(value == 42);
            assert_ptr_equal(position, bytes);
        }
    }
}

static void more_than_64_bits_are_refused(void **unused)
{
    (void)unused;
    const uint8_t two_to_the_64[] = {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02};
    const uint8_t endless[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01};
    const uint8_t *position = two_to_the_64;
    uint64_t value;

    assert_false(varint_read(&position, two_to_the_64 + sizeof(two_to_the_64), &value));
    position = endless;
    assert_false(varint_read(&position, endless + sizeof(endless), &value));
}

static void zigzag_puts_small_magnitudes_first(void **unused)
{
    (void)unused;
    const int64_t signed_values[] = {0, -1, 1, -2, 2, INT64_MAX, INT64_MIN};
    const uint64_t codes[] = {0, 1, 2, 3, 4, UINT64_MAX - 1, UINT64_MAX};

    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        assert_true(zigzag_encode(signed_values[i]) == codes[i]);
        assert_true(zigzag_decode(codes[i]) == signed_values[i]);
    }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(every_length_survives_the_round_trip),
        cmocka_unit_test(one_that_is_cut_off_is_refused_and_changes_nothing),
        cmocka_unit_test(more_than_64_bits_are_refused),
        cmocka_unit_test(zigzag_puts_small_magnitudes_first),
    };

    return cmocka_run_group_tests_name("varint", cases, NULL, NULL);
}
