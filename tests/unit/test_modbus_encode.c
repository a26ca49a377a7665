#include "drivers/modbus/value.h"
#include "tests/support/cmocka.h"

#include <float.h>
#include <math.h>
#include <string.h>

static const enum value_order orders[] = {ORDER_ABCD, ORDER_CDAB, ORDER_BADC, ORDER_DCBA};

static struct value_format format_of(enum value_type type, enum value_order order)
{
    return (struct value_format){
        .type = type, .order = order, .registers = value_type_registers(type)};
}

static void check_there_and_back(const struct value_format *format, int64_t whole)
{
    struct sample value = {.type = SAMPLE_INT, .value.integer = whole};
    struct sample back = {.type = SAMPLE_NONE};
    uint16_t registers[4];
    char text[VALUE_TEXT_SIZE];

    if (value_fit(format, &value, NULL) != ERROR_OK) {
        return; /* another case knows when */
    }
    value_encode(format, &value, registers);
    value_decode(format, registers, &back, text);
    assert_int_equal(back.type, value.type);
    assert_memory_equal(&back.value.integer, &value.value.integer, sizeof(int64_t));
}

static void what_is_encoded_decodes_to_the_same_in_every_order(void **unused)
{
    (void)unused;
    static const int64_t wholes[] = {0, 1, -1, 258, -32768, 32767, 305419896, INT64_MIN, INT64_MAX};

    for (enum value_type type = VALUE_INT16; type <= VALUE_FLOAT64; type++) {
        for (size_t order = 0; order < 4; order++) {
            const struct value_format format = format_of(type, orders[order]);

            for (size_t i = 0; i < sizeof(wholes) / sizeof(wholes[0]); i++) {
                check_there_and_back(&format, wholes[i]);
            }
        }
    }
}

static void texts_are_filled_up_with_nul(void **unused)
{
    (void)unused;
    const struct value_format format = {.type = VALUE_STRING, .order = ORDER_BADC, .registers = 3};
    struct sample value = {.type = SAMPLE_TEXT, .value.text = {"ABC", 3}};
    uint16_t registers[3] = {1, 2, 3};

    assert_int_equal(value_fit(&format, &value, NULL), ERROR_OK);
    value_encode(&format, &value, registers);
    assert_int_equal(registers[0], 'B' << 8 | 'A');
    assert_int_equal(registers[1], 'C');
    assert_int_equal(registers[2], 0);
    value.value.text.size_bytes = 7;
    assert_int_equal(value_fit(&format, &value, NULL), ERROR_REFUSED);
}

static enum error_code fit(enum value_type type, double number, struct sample *value)
{
    const struct value_format format = format_of(type, ORDER_ABCD);

    *value = (struct sample){.type = SAMPLE_DOUBLE, .value.real = number};
    return value_fit(&format, value, NULL);
}

static void numbers_become_the_nearest_that_fits(void **unused)
{
    (void)unused;
    struct sample value;

    assert_int_equal(fit(VALUE_INT16, 215.4999, &value), ERROR_OK);
    assert_int_equal(value.value.integer, 215);
    assert_int_equal(fit(VALUE_INT16, -32768.4, &value), ERROR_OK);
    assert_int_equal(value.value.integer, -32768);
    assert_int_equal(fit(VALUE_UINT64, 0x1p63, &value), ERROR_OK);
    assert_int_equal(value.value.integer, INT64_MIN);
    assert_int_equal(fit(VALUE_FLOAT32, 0.1, &value), ERROR_OK);
    assert_true(value.value.real == (double)0.1F);
}

static void what_does_not_fit_is_refused_with_what_does(void **unused)
{
    (void)unused;
    static const struct {
        enum value_type type;
        double number;
        const char *text;
    } cases[] = {
        {VALUE_INT16, 32767.6, "-32768 to 32767"},
        {VALUE_UINT16, -1, "0 to 65535"},
        {VALUE_INT32, 0x1p31, "2147483647"},
        {VALUE_UINT32, 0x1p32, "4294967295"},
        {VALUE_INT64, 0x1p63, "2^63"},
        {VALUE_UINT64, -1, "2^64"},
        {VALUE_UINT16, (double)NAN, "0 to 65535"},
        {VALUE_BOOL, 2, "true or false"},
        {VALUE_FLOAT32, 1e39, "float32"},
        {VALUE_FLOAT64, (double)INFINITY, "float64"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct value_format format = format_of(cases[i].type, ORDER_ABCD);
        struct sample value = {.type = SAMPLE_DOUBLE, .value.real = cases[i].number};
        struct error error = {0};

        assert_int_equal(value_fit(&format, &value, &error), ERROR_REFUSED);
        assert_non_null(strstr(error.text, cases[i].text));
    }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(what_is_encoded_decodes_to_the_same_in_every_order),
        cmocka_unit_test(texts_are_filled_up_with_nul),
        cmocka_unit_test(numbers_become_the_nearest_that_fits),
        cmocka_unit_test(what_does_not_fit_is_refused_with_what_does),
    };

    return cmocka_run_group_tests_name("modbus_encode", cases, NULL, NULL);
}
