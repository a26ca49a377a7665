#include "base/clock.h"
#include "tests/support/cmocka.h"

#include <string.h>

static void dates_agree_with_the_calendar(void **unused)
{
    (void)unused;
    const struct {
        int64_t year;
        unsigned month, day;
        int64_t days;
        const char *text;
    } known[] = {
        {1970, 1, 1, 0, "1970-01-01"},       {1969, 12, 31, -1, "1969-12-31"},
        {2000, 2, 29, 11016, "2000-02-29"},  {2026, 11, 22, 20779, "2026-11-22"},
        {2038, 1, 19, 24855, "2038-01-19"},  {2100, 3, 1, 47541, "2100-03-01"},
        {1900, 2, 28, -25509, "1900-02-28"},
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        char text[CLOCK_DATE_SIZE];

        assert_int_equal(clock_day_from_date(known[i].year, known[i].month, known[i].day),
                         known[i].days);
        clock_format_date(known[i].days, text, sizeof(text));
        assert_string_equal(text, known[i].text);
    }
}

static void every_day_of_four_centuries_survives_the_round_trip(void **unused)
{
    (void)unused;
    int64_t expected = clock_day_from_date(1900, 1, 1);

    for (int64_t year = 1900; year < 2300; year++) {
        bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        const unsigned lengths[] = {31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

        for (unsigned month = 1; month <= 12; month++) {
            for (unsigned day = 1; day <= lengths[month - 1]; day++) {
                assert_int_equal(clock_day_from_date(year, month, day), expected++);
            }
        }
    }
}

static void stamps_before_and_after_midnight_fall_on_their_days(void **unused)
{
    (void)unused;
    char text[CLOCK_STAMP_SIZE];

    assert_int_equal(clock_day_of(-1), -1);
    assert_int_equal(clock_day_of(NS_PER_DAY - 1), 0);
    assert_int_equal(clock_day_of(NS_PER_DAY), 1);
    clock_format_stamp(INT64_C(2147483648) * NS_PER_S + 7 * NS_PER_MS, text, sizeof(text));
    assert_string_equal(text, "2038-01-19T03:14:08.007Z");
}

static void a_fixed_clock_moves_only_when_told(void **unused)
{
    (void)unused;
    struct fixed_clock fixed;
    int64_t before;

    fixed_clock_init(&fixed, 5 * NS_PER_S);
    before = clock_monotonic_ns(&fixed.clock);
    assert_int_equal(clock_utc_ns(&fixed.clock), 5 * NS_PER_S);
    fixed_clock_advance(&fixed, 3);
    assert_int_equal(clock_utc_ns(&fixed.clock), 5 * NS_PER_S + 3);
    assert_int_equal(clock_monotonic_ns(&fixed.clock), before + 3);
    assert_true(clock_utc_ns(&clock_system) > 0);
    assert_true(clock_monotonic_ns(&clock_system) > 0);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(dates_agree_with_the_calendar),
        cmocka_unit_test(every_day_of_four_centuries_survives_the_round_trip),
        cmocka_unit_test(stamps_before_and_after_midnight_fall_on_their_days),
        cmocka_unit_test(a_fixed_clock_moves_only_when_told),
    };

    return cmocka_run_group_tests_name("clock", cases, NULL, NULL);
}
