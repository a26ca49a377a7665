#include "agent/clock/time_fix.h"

#include "tests/support/cmocka.h"

static const int64_t now_ns = INT64_C(1790000000) * NS_PER_S;

struct bench {
    struct fixed_clock clock;
    struct time_rules rules;
    struct store_regime regime; /* of a clock that is not right, begun an hour ago */
    struct sample sample;       /* received now */
};

static struct bench *begin(struct bench *bench)
{
    fixed_clock_init(&bench->clock, now_ns);
    bench->rules = (struct time_rules){&bench->clock.clock, NS_PER_DAY, true};
    bench->regime = (struct store_regime){
        .state = CLOCK_FREE,
        .this_boot = true,
        .is_known = true,
        .began_ns = now_ns - 3600 * NS_PER_S,
        .offset_ns = now_ns - bench->clock.boot_now_ns,
    };
    bench->sample = (struct sample){.time_ns = now_ns, .received_ns = now_ns};
    return bench;
}

static struct time_fix fix_of(const struct bench *bench)
{
    return time_fix_of(&bench->rules, &bench->regime, &bench->sample);
}

static void a_synchronised_clock_or_one_that_proved_right_needs_nothing(void **state) /* F1 */
{
    struct bench bench;
    const struct time_fix none = {0};
    struct time_fix fix;

    (void)state;
    begin(&bench)->regime.state = CLOCK_SYNCHRONISED;
    fix = fix_of(&bench);
    assert_true(time_fix_same(&fix, &none) && fix.wait_ns == 0);
    begin(&bench)->regime.is_right_known = true;
    bench.regime.correction_ns = -TIME_FIX_TOLERANCE_NS;
    fix = fix_of(&bench);
    assert_true(time_fix_same(&fix, &none) && fix.wait_ns == 0);
}

static void the_times_that_our_clock_gave_are_corrected(void **state) /* F2 */
{
    struct bench bench;
    struct time_fix fix;

    (void)state;
    begin(&bench)->regime.is_right_known = true;
    bench.regime.correction_ns = -NS_PER_DAY;
    fix = fix_of(&bench);
    time_fix_apply(&fix, &bench.sample);
    assert_true(bench.sample.received_ns == now_ns - NS_PER_DAY);
    assert_true(bench.sample.time_ns == now_ns - NS_PER_DAY);
    assert_int_equal(bench.sample.status, STATUS_TIME_CORRECTED);
    bench.sample = (struct sample){
        .time_ns = now_ns - 1, .received_ns = now_ns, .status = (uint32_t)STATUS_BAD};
    time_fix_apply(&fix, &bench.sample);
    assert_true(bench.sample.time_ns == now_ns - 1); /* the source's own */
    assert_int_equal(bench.sample.status, (uint32_t)STATUS_BAD | STATUS_TIME_CORRECTED);
}

static void a_record_waits_by_boot_time_and_as_its_clock_deserves(void **state) /* F3 */
{
    struct bench bench;

    (void)state;
    begin(&bench);
    assert_true(fix_of(&bench).wait_ns == TIME_FIX_WAIT_FREE_NS);
    bench.regime.state = CLOCK_LIFTED;
    assert_true(fix_of(&bench).wait_ns == NS_PER_DAY);
    bench.clock.boot_now_ns += NS_PER_DAY; /* it slept; UTC was set meanwhile */
    bench.clock.utc_now_ns = 0;
    assert_true(fix_of(&bench).wait_ns == 0);
    begin(&bench)->rules.wait_ns = NS_PER_S;
    assert_true(fix_of(&bench).wait_ns == NS_PER_S);
    begin(&bench)->regime.this_boot = false;
    assert_true(fix_of(&bench).wait_ns == 0);
    begin(&bench)->rules.may_wait = false;
    assert_true(fix_of(&bench).wait_ns == 0);
}

static void what_was_never_right_is_flagged_and_uncertain(void **state) /* F4 */
{
    struct bench bench;
    struct time_fix fix;

    (void)state;
    begin(&bench);
    fix = fix_of(&bench);
    time_fix_apply(&fix, &bench.sample);
    assert_int_equal(bench.sample.status, (uint32_t)STATUS_UNCERTAIN | STATUS_TIME_UNSYNCHRONISED);
    bench.sample.status = (uint32_t)STATUS_BAD_TIMEOUT;
    time_fix_apply(&fix, &bench.sample);
    assert_int_equal(bench.sample.status,
                     (uint32_t)STATUS_BAD_TIMEOUT | STATUS_TIME_UNSYNCHRONISED);
}

static void a_slot_of_version_1_is_flagged_by_its_state_alone(void **state) /* F5 */
{
    struct bench bench;

    (void)state;
    begin(&bench)->regime.is_known = false;
    assert_int_equal(fix_of(&bench).quality, STATUS_TIME_UNSYNCHRONISED);
    assert_true(fix_of(&bench).wait_ns == 0);
    bench.regime.state = CLOCK_UNKNOWN;
    assert_int_equal(fix_of(&bench).quality, 0);
}

static void an_event_tells_the_corrected_time_of_what_it_is_about(void **state)
{
    struct bench bench;
    const struct time_fix fix = {.correction_ns = NS_PER_DAY, .quality = STATUS_TIME_CORRECTED};
    struct event event = {.kind = "unread", .from_ns = now_ns - NS_PER_S, .to_ns = now_ns};

    (void)state;
    begin(&bench);
    time_fix_apply_event(&fix, &bench.regime, now_ns, &event);
    assert_true(event.from_ns == now_ns - NS_PER_S + NS_PER_DAY);
    assert_true(event.to_ns == now_ns + NS_PER_DAY);
    event = (struct event){.kind = "unread", .from_ns = bench.regime.began_ns - 1, .to_ns = 0};
    time_fix_apply_event(&fix, &bench.regime, now_ns, &event);
    assert_true(event.from_ns == bench.regime.began_ns - 1); /* of another clock */
    assert_true(event.to_ns == 0);
    event = (struct event){.kind = "clock", .from_ns = now_ns, .to_ns = now_ns};
    time_fix_apply_event(&fix, &bench.regime, now_ns, &event);
    assert_true(event.from_ns == now_ns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_synchronised_clock_or_one_that_proved_right_needs_nothing),
        cmocka_unit_test(the_times_that_our_clock_gave_are_corrected),
        cmocka_unit_test(a_record_waits_by_boot_time_and_as_its_clock_deserves),
        cmocka_unit_test(what_was_never_right_is_flagged_and_uncertain),
        cmocka_unit_test(a_slot_of_version_1_is_flagged_by_its_state_alone),
        cmocka_unit_test(an_event_tells_the_corrected_time_of_what_it_is_about),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
