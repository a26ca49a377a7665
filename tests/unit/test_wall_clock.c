#include "agent/clock/wall_clock.h"

#include "tests/support/cmocka.h"

static const int64_t build_ns = INT64_C(1790000000) * NS_PER_S;
static const int64_t today_ns = INT64_C(1800000000) * NS_PER_S;

struct bench {
    struct fixed_clock machine;
    struct wall_clock wall;
    struct wall_change change;
};

static void begin(struct bench *bench, int64_t system_ns, enum clock_state state, bool trusted)
{
    fixed_clock_init(&bench->machine, system_ns);
    bench->machine.state_now = state;
    wall_clock_init(&bench->wall, &bench->machine.clock, trusted, build_ns);
}

static int64_t utc(const struct bench *bench)
{
    return clock_utc_ns(&bench->wall.clock);
}

static enum clock_state state_of(const struct bench *bench)
{
    return clock_state(&bench->wall.clock);
}

static bool observe(struct bench *bench)
{
    return wall_clock_observe(&bench->wall, &bench->change);
}

static void a_clock_of_1970_is_lifted_to_the_build_and_then_to_the_newest_record(void **state)
{
    struct bench bench; /* T1 */

    (void)state;
    begin(&bench, 7 * NS_PER_S, CLOCK_FREE, false);
    assert_true(utc(&bench) == build_ns);
    assert_int_equal(state_of(&bench), CLOCK_LIFTED);
    wall_clock_raise(&bench.wall, today_ns);
    assert_true(utc(&bench) == today_ns);
    fixed_clock_advance(&bench.machine, 90 * NS_PER_S);
    assert_true(utc(&bench) == today_ns + 90 * NS_PER_S);
    bench.machine.boot_now_ns += NS_PER_DAY; /* it slept */
    assert_true(utc(&bench) == today_ns + 90 * NS_PER_S + NS_PER_DAY);
    wall_clock_raise(&bench.wall, build_ns - 1); /* nothing is newer than that */
    assert_true(utc(&bench) > today_ns);
}

static void a_clock_that_is_set_right_counts_at_once(void **state) /* T2 */
{
    struct bench bench;

    (void)state;
    begin(&bench, 0, CLOCK_FREE, false);
    bench.machine.utc_now_ns = today_ns;
    assert_true(utc(&bench) == today_ns);
    assert_int_equal(state_of(&bench), CLOCK_FREE);
    assert_true(observe(&bench));
    assert_true(bench.change.stepped);
    assert_int_equal(bench.change.before, CLOCK_LIFTED);
    assert_true(bench.change.from_ns == build_ns && bench.change.to_ns == today_ns);
    bench.machine.state_now = CLOCK_SYNCHRONISED;
    assert_true(observe(&bench));
    assert_false(bench.change.stepped);
    assert_int_equal(bench.change.now, CLOCK_SYNCHRONISED);
    assert_false(observe(&bench));
}

static void a_clock_that_falls_below_the_build_goes_on_where_it_was(void **state)
{
    struct bench bench;

    (void)state;
    begin(&bench, today_ns, CLOCK_SYNCHRONISED, false);
    fixed_clock_advance(&bench.machine, 5 * NS_PER_S);
    assert_false(observe(&bench));
    bench.machine.utc_now_ns = 0;
    fixed_clock_advance(&bench.machine, NS_PER_S);
    assert_true(utc(&bench) == today_ns + 6 * NS_PER_S);
    assert_int_equal(state_of(&bench), CLOCK_LIFTED); /* whatever the kernel says */
    assert_true(observe(&bench));
    assert_false(bench.change.stepped);
}

static void a_record_of_the_future_does_not_hold_a_clock_that_is_right(void **state) /* T3 */
{
    struct bench bench;
    const int64_t future_ns = today_ns + 1000 * NS_PER_DAY;

    (void)state;
    begin(&bench, today_ns, CLOCK_SYNCHRONISED, false);
    wall_clock_raise(&bench.wall, future_ns);
    assert_true(utc(&bench) == today_ns);

    begin(&bench, today_ns, CLOCK_FREE, false);
    wall_clock_raise(&bench.wall, future_ns);
    assert_true(utc(&bench) == future_ns);
    bench.machine.state_now = CLOCK_SYNCHRONISED;
    assert_true(observe(&bench));
    assert_true(utc(&bench) == today_ns);
    assert_int_equal(bench.change.now, CLOCK_SYNCHRONISED);

    begin(&bench, today_ns, CLOCK_FREE, true);
    wall_clock_raise(&bench.wall, future_ns);
    assert_int_equal(state_of(&bench), CLOCK_LIFTED);
    assert_false(observe(&bench));
    bench.machine.utc_now_ns += NS_PER_DAY; /* somebody set it */
    assert_true(observe(&bench));
    assert_true(utc(&bench) == today_ns + NS_PER_DAY);
    assert_int_equal(state_of(&bench), CLOCK_SYNCHRONISED);
}

static void a_trusted_clock_is_synchronised_and_an_unknown_one_is_not(void **state) /* T4 */
{
    struct bench bench;

    (void)state;
    begin(&bench, today_ns, CLOCK_FREE, true);
    assert_int_equal(state_of(&bench), CLOCK_SYNCHRONISED);
    wall_clock_trust(&bench.wall, false);
    assert_int_equal(state_of(&bench), CLOCK_FREE);
    bench.machine.state_now = CLOCK_UNKNOWN;
    assert_int_equal(state_of(&bench), CLOCK_FREE);
    begin(&bench, 0, CLOCK_SYNCHRONISED, true);
    assert_int_equal(state_of(&bench), CLOCK_LIFTED);
}

static void the_build_time_is_compiled_in(void **state)
{
    (void)state;
    assert_true(wall_clock_build_ns() > INT64_C(1700000000) * NS_PER_S);
    assert_true(wall_clock_build_ns() < INT64_C(7000000000) * NS_PER_S);
}

int main(void)
{
#define CASE(function) cmocka_unit_test(function)
    const struct CMUnitTest tests[] = {
        CASE(a_clock_of_1970_is_lifted_to_the_build_and_then_to_the_newest_record),
        CASE(a_clock_that_is_set_right_counts_at_once),
        CASE(a_clock_that_falls_below_the_build_goes_on_where_it_was),
        CASE(a_record_of_the_future_does_not_hold_a_clock_that_is_right),
        CASE(a_trusted_clock_is_synchronised_and_an_unknown_one_is_not),
        CASE(the_build_time_is_compiled_in),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
