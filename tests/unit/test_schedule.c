#include "agent/collect/schedule.h"
#include "base/clock.h"
#include "tests/support/cmocka.h"

static const int64_t noon_ns = INT64_C(1790000000) * NS_PER_S;

static void everything_is_due_at_first_and_then_once_an_interval(void **unused) /* H1 */
{
    (void)unused;
    const int64_t intervals_ns[] = {NS_PER_S, 10 * NS_PER_S};
    struct schedule schedule;
    uint64_t missed = 0;
    unsigned fast = 0;
    unsigned slow = 0;

    schedule_init(&schedule, intervals_ns, 2, 0);
    assert_int_equal(schedule_wait_ns(&schedule, noon_ns), 0);
    for (int64_t t = 0; t < 100 * NS_PER_S; t += 250 * NS_PER_MS) {
        uint32_t due = schedule_due(&schedule, noon_ns + t, t, &missed);

        fast += due & 1;
        slow += due >> 1 & 1;
    }
    assert_int_equal(fast, 100);
    assert_int_equal(slow, 10);
    assert_int_equal(missed, 0);
}

static void polls_fall_on_whole_intervals_of_the_clock(void **unused)
{
    (void)unused;
    const int64_t interval_ns = 10 * NS_PER_S;
    struct schedule schedule;
    uint64_t missed = 0;

    schedule_init(&schedule, &interval_ns, 1, 0);
    assert_int_equal(schedule_due(&schedule, noon_ns + 3 * NS_PER_S, 0, &missed), 1);
    assert_int_equal(schedule_wait_ns(&schedule, noon_ns + 3 * NS_PER_S), 7 * NS_PER_S);
    assert_int_equal(schedule_due(&schedule, noon_ns + 9 * NS_PER_S, 6 * NS_PER_S, &missed), 0);
    assert_int_equal(schedule_due(&schedule, noon_ns + 10 * NS_PER_S, 7 * NS_PER_S, &missed), 1);
}

static void a_late_poll_is_counted_and_not_caught_up_with(void **unused)
{
    (void)unused;
    const int64_t interval_ns = NS_PER_S;
    struct schedule schedule;
    uint64_t missed = 0;

    schedule_init(&schedule, &interval_ns, 1, 0);
    assert_int_equal(schedule_due(&schedule, noon_ns, 0, &missed), 1);
    assert_int_equal(schedule_due(&schedule, noon_ns + 5 * NS_PER_S, 5 * NS_PER_S, &missed), 1);
    assert_int_equal(missed, 4);
    assert_int_equal(schedule_due(&schedule, noon_ns + 5 * NS_PER_S + 1, 5 * NS_PER_S + 1, &missed),
                     0);
}

static void a_stepped_clock_reads_once_and_counts_nothing_missed(void **unused) /* H2 */
{
    (void)unused;
    const int64_t interval_ns = NS_PER_S;
    const int64_t steps_ns[] = {3600 * NS_PER_S, -7200 * NS_PER_S, -noon_ns};

    for (size_t i = 0; i < sizeof(steps_ns) / sizeof(steps_ns[0]); i++) {
        struct schedule schedule;
        uint64_t missed = 0;

        schedule_init(&schedule, &interval_ns, 1, 0);
        assert_int_equal(schedule_due(&schedule, noon_ns, NS_PER_S, &missed), 1);
        assert_int_equal(schedule_due(&schedule, noon_ns + steps_ns[i], NS_PER_S + 1, &missed), 1);
        assert_int_equal(schedule_due(&schedule, noon_ns + steps_ns[i] + 1, NS_PER_S + 2, &missed),
                         0);
        assert_int_equal(missed, 0);
        assert_in_range(schedule_wait_ns(&schedule, noon_ns + steps_ns[i] + 1), 1, NS_PER_S);
    }
}

static void after_the_wait_something_is_due(void **unused) /* H3 */
{
    (void)unused;
    const int64_t intervals_ns[] = {300 * NS_PER_MS, 700 * NS_PER_MS, 1100 * NS_PER_MS};
    struct schedule schedule;
    uint64_t missed = 0;
    int64_t now_ns = 0;

    schedule_init(&schedule, intervals_ns, 3, 0);
    assert_int_equal(schedule_due(&schedule, noon_ns, 0, &missed), 7);
    for (int turn = 0; turn < 1000; turn++) {
        now_ns += schedule_wait_ns(&schedule, noon_ns + now_ns);
        assert_int_not_equal(schedule_due(&schedule, noon_ns + now_ns, now_ns, &missed), 0);
    }
    assert_int_equal(missed, 0);
}

static void many_devices_begin_one_after_another(void **unused) /* H4 */
{
    (void)unused;
    enum { DEVICES = 500, PER_MS_MOST = 2 * SCHEDULE_RANKS_PER_MS };
    const int64_t intervals_ns[] = {NS_PER_S, NS_PER_MS, 7};
    unsigned at_ms[1000] = {0};

    for (uint32_t rank = 0; rank < DEVICES; rank++) {
        struct schedule schedule;
        uint64_t missed = 0;
        int64_t wait_ns;

        schedule_init(&schedule, intervals_ns, 1, rank);
        assert_int_equal(schedule_due(&schedule, noon_ns - 1, 0, &missed), 1);
        wait_ns = schedule_wait_ns(&schedule, noon_ns - 1) - 1;
        assert_in_range(wait_ns, 0, NS_PER_S / 10 - 1);
        assert_int_equal(wait_ns, schedule_phase_ns(NS_PER_S, rank));
        at_ms[wait_ns / NS_PER_MS]++;
        assert_int_equal(schedule_due(&schedule, noon_ns + wait_ns - 1, wait_ns, &missed), 0);
        assert_int_equal(schedule_due(&schedule, noon_ns + wait_ns, wait_ns + 1, &missed), 1);
        assert_int_equal(missed, 0);
        assert_int_equal(schedule_phase_ns(intervals_ns[1], rank), 0);
        assert_int_equal(schedule_phase_ns(intervals_ns[2], rank), 0);
    }
    for (size_t ms = 0; ms < 1000; ms++) {
        assert_in_range(at_ms[ms], 0, PER_MS_MOST);
    }
    assert_int_equal(at_ms[99], SCHEDULE_RANKS_PER_MS);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(everything_is_due_at_first_and_then_once_an_interval),
        cmocka_unit_test(polls_fall_on_whole_intervals_of_the_clock),
        cmocka_unit_test(a_late_poll_is_counted_and_not_caught_up_with),
        cmocka_unit_test(a_stepped_clock_reads_once_and_counts_nothing_missed),
        cmocka_unit_test(after_the_wait_something_is_due),
        cmocka_unit_test(many_devices_begin_one_after_another),
    };

    return cmocka_run_group_tests_name("schedule", cases, NULL, NULL);
}
