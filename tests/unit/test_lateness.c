#include "agent/collect/lateness.h"
#include "tests/support/cmocka.h"

static const int64_t morning_ns = INT64_C(1790000000) * NS_PER_S;

static void a_late_minute_is_one_event_once_it_is_over(void **state)
{
    struct fixed_clock clock;
    struct lateness lateness = {0};
    struct event event = {.kind = "unread"};

    (void)state;
    fixed_clock_init(&clock, morning_ns);
    lateness_note(&lateness, &clock.clock, 0);
    assert_false(lateness_tell(&lateness, &clock.clock, true, &event));
    for (unsigned i = 0; i < 30; i++) {
        lateness_note(&lateness, &clock.clock, 2);
        assert_false(lateness_tell(&lateness, &clock.clock, false, &event));
        fixed_clock_advance(&clock, NS_PER_S);
    }
    fixed_clock_advance(&clock, (LATENESS_OVER_S - 2) * NS_PER_S);
    assert_false(lateness_tell(&lateness, &clock.clock, false, &event));
    fixed_clock_advance(&clock, NS_PER_S);
    assert_true(lateness_tell(&lateness, &clock.clock, false, &event));
    assert_int_equal(event.count, 60);
    assert_true(event.from_ns == morning_ns);
    assert_true(event.to_ns == morning_ns + 29 * NS_PER_S);
    assert_false(lateness_tell(&lateness, &clock.clock, true, &event));
}

static void what_goes_on_is_told_four_times_an_hour(void **state)
{
    struct fixed_clock clock;
    struct lateness lateness = {0};
    struct event event = {.kind = "unread"};
    unsigned told = 0;

    (void)state;
    fixed_clock_init(&clock, morning_ns);
    for (unsigned i = 0; i < 3600; i++) {
        lateness_note(&lateness, &clock.clock, 1);
        told += lateness_tell(&lateness, &clock.clock, false, &event);
        fixed_clock_advance(&clock, NS_PER_S);
    }
    assert_int_equal(told, 3);
    assert_true(lateness_tell(&lateness, &clock.clock, true, &event)); /* the end */
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(a_late_minute_is_one_event_once_it_is_over),
        cmocka_unit_test(what_goes_on_is_told_four_times_an_hour),
    };

    return cmocka_run_group_tests_name("lateness", cases, NULL, NULL);
}
