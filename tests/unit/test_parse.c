#include "base/parse.h"
#include "tests/support/cmocka.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void whole_numbers_are_read_whole_or_not_at_all(void **unused)
{
    (void)unused;
    const struct {
        const char *text;
        uint64_t value;
    } good[] = {{"0", 0},
                {"502", 502},
                {"0x1F6", 502},
                {"0Xff", 255},
                {"007", 7},
                {"18446744073709551615", UINT64_MAX},
                {"0xffffffffffffffff", UINT64_MAX}};
    const char *const bad[] = {"",     " 5",  "5 ",     "+5",  "-5", "5x",
                               "0x",   "0xg", "0x0x10", "5.0", "٣",  "18446744073709551616",
                               "0x 1", "1e3", "0x-1"};

    for (size_t i = 0; i < COUNT(good); i++) {
        uint64_t value = 1;

        assert_true(parse_uint64(good[i].text, &value));
        assert_true(value == good[i].value);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        uint64_t value = 42;

        assert_false(parse_uint64(bad[i], &value));
        assert_true(value == 42);
    }
}

static void signed_numbers_reach_both_ends(void **unused)
{
    (void)unused;
    const struct {
        const char *text;
        int64_t value;
    } good[] = {{"-5", -5},
                {"5", 5},
                {"-0x10", -16},
                {"9223372036854775807", INT64_MAX},
                {"-9223372036854775808", INT64_MIN}};
    const char *const bad[] = {
        "9223372036854775808", "-9223372036854775809", "--5", "-", "", "- 5"};

    for (size_t i = 0; i < COUNT(good); i++) {
        int64_t value = 1;

        assert_true(parse_int64(good[i].text, &value));
        assert_true(value == good[i].value);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        int64_t value = 42;

        assert_false(parse_int64(bad[i], &value));
        assert_true(value == 42);
    }
}

static void real_numbers_are_decimal_and_finite(void **unused)
{
    (void)unused;
    const struct {
        const char *text;
        double value;
    } good[] = {{"0.1", 0.1}, {"-20", -20}, {"1e3", 1000}, {"+.5", 0.5}, {"-2.5E-3", -0.0025}};
    const char *const bad[] = {"",   "1,5", "0x1p3", "inf",   "nan", "1e400", " 1", "1 ",
                               "1e", ".",   "1.2.3", "--1.0", "5x",  "e5",    "-"};

    for (size_t i = 0; i < COUNT(good); i++) {
        double value = 99;

        assert_true(parse_double(good[i].text, &value));
        assert_true(value == good[i].value);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        double value = 42;

        assert_false(parse_double(bad[i], &value));
        assert_true(value == 42);
    }
}

static void yes_and_no_have_three_words_each(void **unused)
{
    (void)unused;
    const char *const yes[] = {"true", "Yes", "ON"};
    const char *const no[] = {"false", "No", "OFF"};
    const char *const bad[] = {"", "1", "0", "y", "truee", "maybe"};
    bool value;

    for (size_t i = 0; i < COUNT(yes); i++) {
        value = false;
        assert_true(parse_bool(yes[i], &value) && value);
        assert_true(parse_bool(no[i], &value) && !value);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        value = true;
        assert_false(parse_bool(bad[i], &value));
        assert_true(value);
    }
}

static void a_time_needs_its_unit(void **unused)
{
    (void)unused;
    const struct {
        const char *text;
        int64_t value;
    } good[] = {{"40us", 40000},
                {"250ms", 250000000},
                {"1.5s", 1500000000},
                {"15min", INT64_C(900000000000)},
                {"12h", INT64_C(43200000000000)},
                {"7d", INT64_C(604800000000000)},
                {"0s", 0}};
    const char *const bad[] = {"",
                               "1",
                               "s",
                               "1 s",
                               "-1s",
                               "1m",
                               "1sec",
                               "1..5s",
                               "1S",
                               "99999999d",
                               "1s\n",
                               "1e3s",
                               "1111111111111111111111111111111111s"};

    for (size_t i = 0; i < COUNT(good); i++) {
        int64_t value = -1;

        assert_true(parse_duration_ns(good[i].text, &value));
        assert_true(value == good[i].value);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        int64_t value = 42;

        assert_false(parse_duration_ns(bad[i], &value));
        assert_true(value == 42);
    }
}

static void a_size_is_a_whole_number_of_bytes(void **unused)
{
    (void)unused;
    const struct {
        const char *text;
        uint64_t value;
    } good[] = {{"4096", 4096},
                {"16B", 16},
                {"64KiB", 65536},
                {"8MiB", 8388608},
                {"2GiB", UINT64_C(2147483648)},
                {"1.5KiB", 1536}};
    const char *const bad[] = {"",    "8MB",    "8M",    "MiB",       "-1",
                               "1.5", "0.3KiB", "8 MiB", "9999999GiB"};

    for (size_t i = 0; i < COUNT(good); i++) {
        uint64_t value = 1;

        assert_true(parse_size_bytes(good[i].text, &value));
        assert_true(value == good[i].value);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        uint64_t value = 42;

        assert_false(parse_size_bytes(bad[i], &value));
        assert_true(value == 42);
    }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(whole_numbers_are_read_whole_or_not_at_all),
        cmocka_unit_test(signed_numbers_reach_both_ends),
        cmocka_unit_test(real_numbers_are_decimal_and_finite),
        cmocka_unit_test(yes_and_no_have_three_words_each),
        cmocka_unit_test(a_time_needs_its_unit),
        cmocka_unit_test(a_size_is_a_whole_number_of_bytes),
    };

    return cmocka_run_group_tests_name("parse", cases, NULL, NULL);
}
