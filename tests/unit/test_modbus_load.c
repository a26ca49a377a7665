#include "base/clock.h"
#include "drivers/modbus/load.h"
#include "tests/support/cmocka.h"

#include <math.h>

enum { BAUD_9600 = 3, EVEN = 1, ITEMS_MAX = 4 };

static const struct serial_settings even_9600 = {
    .baud_choice = BAUD_9600, .parity = EVEN, .stop_bits = 1};

/* Bits on a line of 11 to a character: silence, request, silence, answer without its values. */
static const double around_bits = 38.5 + 8 * 11 + 38.5 + 5 * 11;

static void assert_near(double one, double other)
{
    assert_true(fabs(one - other) < 1e-6);
}

static struct plan plan_with(struct plan_item *items, size_t count)
{
    struct plan plan = {.items = items, .item_count = count, .block = 125, .bit_block = 2000};

    plan_prepare(&plan);
    return plan;
}

static void a_request_costs_its_bits_and_two_silences(void **unused) /* U1 */
{
    (void)unused;
    struct plan_item items[ITEMS_MAX] = {{.number = 100, .count = 10, .table = TABLE_HOLDING}};
    struct plan plan = plan_with(items, 1);
    const int64_t interval_ns = NS_PER_S;
    struct serial_settings settings = even_9600;
    struct device_load load = load_of(&plan, &settings, &interval_ns, 1);

    assert_near(load.share, (around_bits + 20 * 11) / 9600);
    assert_near(load.requests_per_s, 1);
    settings.parity = 0; /* 10 bits to a character; the silence before a request stays */
    load = load_of(&plan, &settings, &interval_ns, 1);
    assert_near(load.share, (38.5 + 80 + 35 + 250) / 9600);
    settings.turnaround_ns = 50 * NS_PER_MS;
    load = load_of(&plan, &settings, &interval_ns, 1);
    assert_near(load.share, 0.05 + (80.0 + 35 + 250) / 9600);
    items[0].table = TABLE_COIL; /* 10 bits are two bytes */
    load = load_of(&plan, &even_9600, &interval_ns, 1);
    assert_near(load.share, (around_bits + 2 * 11) / 9600);
}

static void schedules_that_are_due_together_share_requests(void **unused) /* U2 */
{
    (void)unused;
    struct plan_item items[ITEMS_MAX] = {
        {.number = 100, .count = 10, .table = TABLE_HOLDING, .schedule = 0},
        {.number = 110, .count = 10, .table = TABLE_HOLDING, .schedule = 1}};
    struct plan plan = plan_with(items, 2);
    const int64_t fives_ns[] = {NS_PER_S, 5 * NS_PER_S};
    const int64_t primes_ns[] = {7 * NS_PER_S, 10 * NS_PER_S};
    struct device_load load = load_of(&plan, &even_9600, fives_ns, 2);

    assert_near(load.requests_per_s, 1);
    assert_near(load.share, (4 * (around_bits + 20 * 11) + around_bits + 40 * 11) / 9600 / 5);
    load = load_of(&plan, &even_9600, primes_ns, 2); /* in 70 s: 10 and 7 turns, one together */
    assert_near(load.requests_per_s, 16 / 70.0);
    assert_near(load.share, (16 * around_bits + 17 * 20 * 11) / 9600 / 70);
}

static void what_is_seldom_does_not_count(void **unused) /* U2 */
{
    (void)unused;
    struct plan_item items[ITEMS_MAX] = {
        {.number = 100, .count = 10, .table = TABLE_HOLDING, .schedule = 0},
        {.number = 300, .count = 10, .table = TABLE_HOLDING, .schedule = 1}};
    struct plan plan = plan_with(items, 2);
    const int64_t intervals_ns[] = {NS_PER_S, NS_PER_DAY};
    const int64_t odd_ns[] = {999999999, 1000000007}; /* their next common turn is far away */
    struct device_load load = load_of(&plan, &even_9600, intervals_ns, 2);

    assert_near(load.requests_per_s, 1);
    load = load_of(&plan, &even_9600, intervals_ns + 1, 1);
    assert_near(load.share, 0);
    load = load_of(&plan, &even_9600, intervals_ns, 0);
    assert_near(load.share, 0);
    load = load_of(&plan, &even_9600, odd_ns, 2);
    assert_true(fabs(load.requests_per_s - 2) < 0.01);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(a_request_costs_its_bits_and_two_silences),
        cmocka_unit_test(schedules_that_are_due_together_share_requests),
        cmocka_unit_test(what_is_seldom_does_not_count),
    };

    return cmocka_run_group_tests_name("modbus_load", cases, NULL, NULL);
}
