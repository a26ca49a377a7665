#include "drivers/modbus/invalid.h"
#include "drivers/modbus/value.h"
#include "tests/support/cmocka.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One value of each size, as its bytes in each order. */
struct wire {
    enum value_order order;
    const char *two, *four, *eight;
};

static const struct wire wires[] = {
    {ORDER_ABCD, "fedc", "89abcdef", "fedcba9876543210"},
    {ORDER_CDAB, "fedc", "cdef89ab", "32107654ba98fedc"},
    {ORDER_BADC, "dcfe", "ab89efcd", "dcfe98ba54761032"},
    {ORDER_DCBA, "dcfe", "efcdab89", "1032547698badcfe"},
};

/** Hexadecimal digits, four a register. */
static uint16_t parse_registers(const char *digits, uint16_t *registers)
{
    uint16_t count = 0;

    for (; digits[4 * count] != '\0'; count++) {
        char one[5] = {0};

        memcpy(one, digits + (size_t)4 * count, 4);
        registers[count] = (uint16_t)strtoul(one, NULL, 16);
    }
    return count;
}

static struct sample decode(enum value_type type, enum value_order order, const char *digits)
{
    static char text[VALUE_TEXT_SIZE];
    uint16_t registers[VALUE_REGISTERS_MAX];
    struct sample sample = {0};
    struct value_format format = {.type = type, .order = order};

    format.registers = parse_registers(digits, registers);
    if (type != VALUE_STRING) {
        assert_int_equal(format.registers, value_type_registers(type));
    }
    value_decode(&format, registers, &sample, text);
    return sample;
}

static void integers_come_out_of_every_order(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof(wires) / sizeof(wires[0]); i++) {
        const struct wire *wire = &wires[i];
        const struct {
            enum value_type type;
            const char *digits;
            int64_t expected;
        } cases[] = {
            {VALUE_INT16, wire->two, -292},
            {VALUE_UINT16, wire->two, 65244},
            {VALUE_INT32, wire->four, -1985229329},
            {VALUE_UINT32, wire->four, INT64_C(2309737967)},
            {VALUE_INT64, wire->eight, INT64_C(-81985529216486896)},
            {VALUE_UINT64, wire->eight, INT64_C(-81985529216486896)}, /* the same 64 bits */
        };

        for (size_t j = 0; j < sizeof(cases) / sizeof(cases[0]); j++) {
            struct sample sample = decode(cases[j].type, wire->order, cases[j].digits);

            assert_int_equal(sample.type, SAMPLE_INT);
            assert_true(sample.value.integer == cases[j].expected);
        }
    }
}

static void floats_come_out_of_every_order_bit_by_bit(void **unused)
{
    (void)unused;
    static const struct wire pi[] = {
        {ORDER_ABCD, NULL, "40490fdb", "400921fb54442d18"},
        {ORDER_CDAB, NULL, "0fdb4049", "2d18544421fb4009"},
        {ORDER_BADC, NULL, "4940db0f", "0940fb214454182d"},
        {ORDER_DCBA, NULL, "db0f4940", "182d4454fb210940"},
    };

    for (size_t i = 0; i < sizeof(pi) / sizeof(pi[0]); i++) {
        struct sample narrow = decode(VALUE_FLOAT32, pi[i].order, pi[i].four);
        struct sample wide = decode(VALUE_FLOAT64, pi[i].order, pi[i].eight);

        assert_int_equal(narrow.type, SAMPLE_DOUBLE);
        assert_int_equal(wide.type, SAMPLE_DOUBLE);
        assert_true(narrow.value.real == (double)3.14159274f);
        assert_true(wide.value.real == 3.141592653589793);
    }
}

static void special_floats_stay_what_they_are(void **unused)
{
    (void)unused;
    assert_true(isnan(decode(VALUE_FLOAT32, ORDER_ABCD, "7fc00000").value.real));
    assert_true(isinf(decode(VALUE_FLOAT32, ORDER_ABCD, "ff800000").value.real));
    assert_true(isnan(decode(VALUE_FLOAT64, ORDER_ABCD, "7ff8000000000001").value.real));
    assert_true(signbit(decode(VALUE_FLOAT64, ORDER_ABCD, "8000000000000000").value.real));
    assert_true(decode(VALUE_FLOAT32, ORDER_ABCD, "00000001").value.real > 0); /* denormal */
    assert_true(decode(VALUE_FLOAT64, ORDER_ABCD, "7fefffffffffffff").value.real == DBL_MAX);
}

static void the_ends_of_each_range_survive(void **unused)
{
    (void)unused;
    assert_true(decode(VALUE_INT16, ORDER_ABCD, "8000").value.integer == INT16_MIN);
    assert_true(decode(VALUE_INT32, ORDER_ABCD, "80000000").value.integer == INT32_MIN);
    assert_true(decode(VALUE_UINT32, ORDER_ABCD, "ffffffff").value.integer == UINT32_MAX);
    assert_true(decode(VALUE_INT64, ORDER_ABCD, "8000000000000000").value.integer == INT64_MIN);
    assert_true(decode(VALUE_UINT64, ORDER_ABCD, "ffffffffffffffff").value.integer == -1);
    assert_true(decode(VALUE_UINT64, ORDER_ABCD, "7fffffffffffffff").value.integer == INT64_MAX);
}

static void bits_count_from_the_least_significant_of_the_ordered_register(void **unused)
{
    (void)unused;
    const uint16_t registers[] = {0x8001};

    for (unsigned order = ORDER_ABCD; order <= ORDER_DCBA; order++) {
        bool swapped = order == ORDER_BADC || order == ORDER_DCBA; /* 0x0180 */

        for (uint8_t bit = 0; bit < 16; bit++) {
            struct value_format format = {VALUE_BOOL, (enum value_order)order, 1, bit, 0, NULL};
            bool expected = swapped ? bit == 7 || bit == 8 : bit == 0 || bit == 15;
            struct sample sample = {0};

            value_decode(&format, registers, &sample, NULL);
            assert_int_equal(sample.type, SAMPLE_INT);
            assert_int_equal(sample.value.integer, expected);
        }
    }
}

static void assert_text(enum value_order order, const char *digits, const char *expected)
{
    struct sample sample = decode(VALUE_STRING, order, digits);

    assert_int_equal(sample.type, SAMPLE_TEXT);
    assert_int_equal(sample.value.text.size_bytes, strlen(expected));
    assert_memory_equal(sample.value.text.bytes, expected, strlen(expected));
}

static void texts_end_at_nul_and_lose_trailing_spaces(void **unused)
{
    (void)unused;
    assert_text(ORDER_ABCD, "507269706a616d65", "Pripjame");
    assert_text(ORDER_CDAB, "507269706a616d65", "Pripjame");
    assert_text(ORDER_BADC, "72507069616a656d", "Pripjame");
    assert_text(ORDER_DCBA, "72507069616a656d", "Pripjame");
    assert_text(ORDER_ABCD, "4f4b0000dead", "OK");
    assert_text(ORDER_ABCD, "4f4b20202020", "OK");
    assert_text(ORDER_ABCD, "4f204b202000", "O K");
    assert_text(ORDER_ABCD, "00000000", "");
    assert_text(ORDER_ABCD, "20202020", "");
}

static void bytes_that_are_not_utf8_are_replaced_one_by_one(void **unused)
{
    (void)unused;
    assert_text(ORDER_ABCD, "32c2b043",
                "2\xc2\xb0"
                "C");
    assert_text(ORDER_ABCD, "32b04300",
                "2\xef\xbf\xbd"
                "C");                                            /* Latin-1 degree */
    assert_text(ORDER_ABCD, "4fc3", "O\xef\xbf\xbd");            /* cut in the middle */
    assert_text(ORDER_ABCD, "c0af", "\xef\xbf\xbd\xef\xbf\xbd"); /* overlong */
    assert_text(ORDER_ABCD, "eda08041",
                "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
                "A");
}

static void the_worst_text_fits_its_buffer(void **unused)
{
    (void)unused;
    uint16_t registers[VALUE_REGISTERS_MAX];
    struct value_format format = {VALUE_STRING, ORDER_ABCD, VALUE_REGISTERS_MAX, 0, 0, NULL};
    char *text = malloc(VALUE_TEXT_SIZE); /* of this size alone: the sanitizer watches its end */
    struct sample sample = {0};

    assert_true(text != NULL);
    memset(registers, 0xff, sizeof(registers));
    value_decode(&format, registers, &sample, text);
    assert_int_equal(sample.value.text.size_bytes, VALUE_TEXT_SIZE);
    free(text);
}

static void what_means_no_value_is_bad_and_kept(void **unused)
{
    (void)unused;
    static const struct {
        enum value_type type;
        enum value_order order;
        const char *invalid, *digits;
        bool matches;
    } cases[] = {
        {VALUE_INT16, ORDER_ABCD, "0x8000", "8000", true},
        {VALUE_INT16, ORDER_ABCD, "0x8000", "0080", false},
        {VALUE_INT16, ORDER_BADC, "0x8000", "0080", true},
        {VALUE_INT16, ORDER_ABCD, "-32768", "8000", true},
        {VALUE_UINT16, ORDER_ABCD, "0xffff, 0xfffe", "fffe", true},
        {VALUE_UINT16, ORDER_ABCD, "65535", "fffd", false},
        {VALUE_UINT32, ORDER_CDAB, "0x80000000", "00008000", true},
        {VALUE_INT32, ORDER_ABCD, "-1", "ffffffff", true},
        {VALUE_INT64, ORDER_ABCD, "-9223372036854775808", "8000000000000000", true},
        {VALUE_UINT64, ORDER_ABCD, "0xffffffffffffffff", "ffffffffffffffff", true},
        {VALUE_FLOAT32, ORDER_ABCD, "0x7f800001", "7f800001", true},
        {VALUE_UINT16, ORDER_ABCD, NULL, "ffff", false},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct value_format format = {.type = cases[i].type, .order = cases[i].order};
        uint16_t registers[VALUE_REGISTERS_MAX];
        struct sample sample = {0};
        struct sample plain;
        struct arena arena;

        arena_init(&arena, 4096);
        format.registers = parse_registers(cases[i].digits, registers);
        assert_int_equal(invalid_parse(cases[i].invalid, &arena, &format, NULL), ERROR_OK);
        value_decode(&format, registers, &sample, NULL);
        plain = decode(cases[i].type, cases[i].order, cases[i].digits);
        assert_int_equal(sample.status, cases[i].matches ? (uint32_t)STATUS_BAD_NO_DATA_AVAILABLE
                                                         : (uint32_t)STATUS_GOOD);
        assert_int_equal(sample.type, plain.type);
        assert_memory_equal(&sample.value, &plain.value, sizeof(plain.value.integer));
        arena_deinit(&arena);
    }
}

static void what_cannot_mean_no_value_is_refused(void **unused)
{
    (void)unused;
    static const struct {
        enum value_type type;
        const char *invalid;
    } cases[] = {
        {VALUE_UINT16, "0x10000"},
        {VALUE_INT16, "-32769"},
        {VALUE_UINT16, "nan"},
        {VALUE_UINT16, "0x8000;0x8001"},
        {VALUE_BOOL, "1"},
        {VALUE_STRING, "0"},
        {VALUE_INT32, "1,2,3,4,5,6,7,8,9"},
        {VALUE_UINT64, "0x00000000000000000000000000000001x"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct value_format format = {.type = cases[i].type, .registers = 8};
        struct error error = {0};
        struct arena arena;

        arena_init(&arena, 4096);
        if (cases[i].type != VALUE_STRING) {
            format.registers = value_type_registers(cases[i].type);
        }
        assert_int_equal(invalid_parse(cases[i].invalid, &arena, &format, &error),
                         ERROR_BAD_CONFIG);
        assert_int_equal(strncmp(error.text, "invalid: ", 9), 0);
        arena_deinit(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(integers_come_out_of_every_order),
        cmocka_unit_test(floats_come_out_of_every_order_bit_by_bit),
        cmocka_unit_test(special_floats_stay_what_they_are),
        cmocka_unit_test(the_ends_of_each_range_survive),
        cmocka_unit_test(bits_count_from_the_least_significant_of_the_ordered_register),
        cmocka_unit_test(texts_end_at_nul_and_lose_trailing_spaces),
        cmocka_unit_test(bytes_that_are_not_utf8_are_replaced_one_by_one),
        cmocka_unit_test(the_worst_text_fits_its_buffer),
        cmocka_unit_test(what_means_no_value_is_bad_and_kept),
        cmocka_unit_test(what_cannot_mean_no_value_is_refused),
    };

    return cmocka_run_group_tests_name("modbus_value", cases, NULL, NULL);
}
