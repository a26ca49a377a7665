#include "drivers/mqtt/decimal.h"
#include "tests/support/cmocka.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum mqtt_decimal scaled(const char *text, int shift, int64_t *value)
{
    return mqtt_decimal_scaled(text, strlen(text), shift, value);
}

static void assert_is(const char *text, int shift, int64_t expected)
{
    int64_t value = 77;

    assert_int_equal(scaled(text, shift, &value), MQTT_DECIMAL_EXACT);
    assert_true(value == expected);
}

static void assert_outcome(const char *text, int shift, enum mqtt_decimal expected)
{
    int64_t value = 77;

    assert_int_equal(scaled(text, shift, &value), expected);
    if (expected == MQTT_DECIMAL_TOO_LARGE || expected == MQTT_DECIMAL_MALFORMED) {
        assert_true(value == 77); /* outputs are written on success only */
    }
}

static void the_ends_of_int64_are_exact_and_one_beyond_is_refused(void **unused)
{
    (void)unused;
    assert_is("9223372036854775807", 0, INT64_MAX);
    assert_is("-9223372036854775808", 0, INT64_MIN);
    assert_is("9007199254740993", 0, INT64_C(9007199254740993)); /* 2^53 + 1 */
    assert_is("00000000000000000000000000001", 0, 1);
    assert_outcome("9223372036854775808", 0, MQTT_DECIMAL_TOO_LARGE);
    assert_outcome("-9223372036854775809", 0, MQTT_DECIMAL_TOO_LARGE);
    assert_outcome("99999999999999999999999999", 0, MQTT_DECIMAL_TOO_LARGE);
    assert_outcome("1e19", 0, MQTT_DECIMAL_TOO_LARGE);
    assert_outcome("1e400", 0, MQTT_DECIMAL_TOO_LARGE);
    assert_outcome("1e99999999999999999999", 0, MQTT_DECIMAL_TOO_LARGE);
}

static void whole_numbers_are_whole_however_they_are_written(void **unused)
{
    (void)unused;
    assert_is("1.0", 0, 1);
    assert_is("1.5e1", 0, 15);
    assert_is("1e3", 0, 1000);
    assert_is("120e-1", 0, 12);
    assert_is("-0.0", 0, 0);
    assert_is("0e999999", 0, 0);
    assert_is("+5", 0, 5);
    assert_is(".5", 1, 5);
    assert_outcome("1.5", 0, MQTT_DECIMAL_CUT);
    assert_outcome("1e-1", 0, MQTT_DECIMAL_CUT);
    assert_outcome("1e-99999999999", 0, MQTT_DECIMAL_CUT);
}

static void shifting_moves_the_point_and_drops_what_is_behind_it(void **unused)
{
    (void)unused;
    int64_t value;

    assert_is("1718000000.123456789", 9, INT64_C(1718000000123456789));
    assert_is("1718000000", 9, INT64_C(1718000000000000000));
    assert_int_equal(scaled("1.9999999999", 9, &value), MQTT_DECIMAL_CUT);
    assert_true(value == 1999999999);
    assert_int_equal(scaled("-1.9999999999", 9, &value), MQTT_DECIMAL_CUT);
    assert_true(value == -1999999999);
}

static void what_is_no_number_is_refused(void **unused)
{
    (void)unused;
    static const char *const wrong[] = {"",    "-",     "+",     ".",     "e5",      "1e", "1e+",
                                        "NaN", "nan",   "inf",   "0x10",  "1 ",      " 1", "1,5",
                                        "--1", "1.2.3", "1e5.0", "1_000", "Infinity"};
    double real = 77;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_outcome(wrong[i], 0, MQTT_DECIMAL_MALFORMED);
        assert_int_equal(mqtt_decimal_double(wrong[i], strlen(wrong[i]), &real),
                         MQTT_DECIMAL_MALFORMED);
        assert_true(real == 77);
    }
}

static void doubles_are_the_nearest_and_always_finite(void **unused)
{
    (void)unused;
    double real;

    assert_int_equal(mqtt_decimal_double("-0.0", 4, &real), MQTT_DECIMAL_EXACT);
    assert_true(real == 0 && signbit(real));
    assert_int_equal(mqtt_decimal_double("1e400", 5, &real), MQTT_DECIMAL_TOO_LARGE);
    assert_int_equal(mqtt_decimal_double("-1e400", 6, &real), MQTT_DECIMAL_TOO_LARGE);
    assert_int_equal(mqtt_decimal_double("1e-400", 6, &real), MQTT_DECIMAL_EXACT);
    assert_true(real == 0);
    assert_int_equal(mqtt_decimal_double("0.1", 3, &real), MQTT_DECIMAL_EXACT);
    assert_true(real == 0.1);
    assert_int_equal(mqtt_decimal_double("12", 1, &real), MQTT_DECIMAL_EXACT); /* "1": by size */
    assert_true(real == 1);
}

static void random_integers_survive(void **unused)
{
    (void)unused;
    uint64_t state = 20240611;

    for (int i = 0; i < 100000; i++) {
        char text[40];
        int64_t number;

        state = state * 6364136223846793005U + 1442695040888963407U;
        number = (int64_t)(state >> (state & 63));
        (void)snprintf(text, sizeof(text), "%lld", (long long)number);
        assert_is(text, 0, number);
        (void)snprintf(text, sizeof(text), "%lld.000e0", (long long)number);
        assert_is(text, 0, number);
    }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(the_ends_of_int64_are_exact_and_one_beyond_is_refused),
        cmocka_unit_test(whole_numbers_are_whole_however_they_are_written),
        cmocka_unit_test(shifting_moves_the_point_and_drops_what_is_behind_it),
        cmocka_unit_test(what_is_no_number_is_refused),
        cmocka_unit_test(doubles_are_the_nearest_and_always_finite),
        cmocka_unit_test(random_integers_survive),
    };

    return cmocka_run_group_tests_name("mqtt_decimal", cases, NULL, NULL);
}
