/* What refusals teach: against slaves of the test's own without a wire, and the driver with the
 * simulated slave where connections, restarts and days matter. */
#include "base/cleanup.h"
#include "drivers/modbus/learning.h"
#include "drivers/modbus/memory.h"
#include "drivers/modbus/modbus.h"
#include "tests/sim/library/modbus_rig.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <string.h>

enum { ITEMS_MAX = 600, NOWHERE = 70000 };

#define LONG (5 * NS_PER_S)

/* A slave that answers at most `limit` registers, does not read across `border`, and has no
 * register whose number is a multiple of `missing`. */
struct slave {
    struct plan_item items[ITEMS_MAX];
    struct plan plan;
    unsigned limit, missing, border;
    unsigned asked, refused, bad; /* of the last turn */
    unsigned refused_in_all;
};

static void slave_init(struct slave *slave, unsigned limit)
{
    memset(slave, 0, sizeof(*slave));
    slave->limit = limit;
    slave->missing = slave->border = NOWHERE;
    slave->plan = (struct plan){.items = slave->items, .block = 125, .bit_block = 2000};
}

static void add(struct slave *slave, unsigned first, unsigned items, unsigned count)
{
    for (unsigned i = 0; i < items; i++) {
        slave->items[slave->plan.item_count] =
            (struct plan_item){.sequence = (uint32_t)slave->plan.item_count,
                               .number = (uint16_t)(first + i * count),
                               .count = (uint8_t)count,
                               .table = TABLE_HOLDING};
        slave->plan.item_count++;
    }
}

static bool refuses(const struct slave *slave, const struct plan_request *request)
{
    unsigned end = request->first + request->count;

    unsigned behind = (request->first + slave->missing - 1) / slave->missing * slave->missing;

    return request->count > slave->limit ||
           (request->first < slave->border && slave->border < end) || behind < end;
}

/** As modbus.c does it. */
static void turn(struct slave *slave)
{
    struct learning learning = {0};
    struct plan_request request;
    size_t from = 0;

    slave->asked = slave->refused = slave->bad = 0;
    while (plan_next(&slave->plan, 1, from, &request)) {
        bool refused = refuses(slave, &request);

        slave->asked++;
        slave->refused += refused ? 1 : 0;
        assert_true(slave->asked < 2000);
        if (refused && learning_cut(&learning, &slave->plan, 1, &request)) {
            continue;
        }
        slave->bad += refused ? 1 : 0;
        learning_note(&learning, &slave->plan, 1, &request,
                      refused ? LEARNING_REFUSED : LEARNING_ANSWERED);
        from = request.end;
    }
    slave->refused_in_all += slave->refused;
}

static void turns(struct slave *slave, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        turn(slave);
        assert_int_equal(slave->bad, 0);
    }
}

static void every_limit_is_found_in_few_requests(void **unused) /* L1 to L3 */
{
    (void)unused;
    struct slave slave;

    for (unsigned limit = 1; limit < 125; limit++) {
        slave_init(&slave, limit);
        add(&slave, 1000, 500, 1);
        plan_prepare(&slave.plan);
        turns(&slave, 12);
        assert_int_equal(slave.asked, (500 + limit - 1) / limit);
        assert_int_equal(slave.refused, 0);
        /* One request of 125 is cut until its parts are answered; then it is halved. */
        assert_true(slave.refused_in_all <= 10 + 2 * 125 / limit);
    }
    slave_init(&slave, 60);
    add(&slave, 1000, 500, 1);
    plan_prepare(&slave.plan);
    turns(&slave, 1);
    assert_true(slave.asked <= 16);
}

static void values_of_two_registers_keep_whole_under_a_limit(void **unused)
{
    (void)unused;
    struct slave slave;

    slave_init(&slave, 61);
    add(&slave, 2, 250, 2);
    plan_prepare(&slave.plan);
    turns(&slave, 12);
    assert_int_equal(slave.asked, 9); /* 30 values each */
    assert_int_equal(slave.refused, 0);
}

static void a_border_is_no_limit(void **unused) /* L2 */
{
    (void)unused;
    struct slave slave;

    for (unsigned border = 1050; border < 1075; border++) { /* 1062 and 1063 cut 125 in half */
        slave_init(&slave, 125);
        slave.border = border;
        add(&slave, 1000, 500, 1);
        plan_prepare(&slave.plan);
        turns(&slave, 12);
        assert_int_equal(slave.plan.limit.refused, 0);
        assert_int_equal(slave.asked, 5);
        assert_int_equal(slave.refused, 0);
    }
}

static void a_missing_register_is_no_limit(void **unused) /* A1 */
{
    (void)unused;
    struct slave slave;

    slave_init(&slave, 125);
    slave.missing = 1003;
    add(&slave, 1000, 250, 1);
    plan_prepare(&slave.plan);
    for (unsigned i = 0; i < 5; i++) {
        turn(&slave);
        assert_int_equal(slave.bad, 1);
    }
    assert_int_equal(slave.asked, 4); /* before, itself, and 246 behind it */
    assert_int_equal(slave.plan.limit.refused, 0);
    slave_init(&slave, 125);
    slave.missing = 2;
    add(&slave, 1000, 4, 1); /* no two of them are answered together */
    plan_prepare(&slave.plan);
    turn(&slave);
    assert_int_equal(slave.bad, 2);
    assert_int_equal(slave.plan.limit.refused, 0);
}

static void holes_that_nobody_asked_for_are_no_limit(void **unused) /* A3 */
{
    (void)unused;
    struct slave slave;

    slave_init(&slave, 125);
    slave.missing = 51;
    slave.plan.gap = 1;
    for (unsigned i = 0; i < 6; i++) {
        add(&slave, 1021 + 51 * i, 50, 1);
    }
    plan_prepare(&slave.plan);
    turns(&slave, 3);
    assert_int_equal(slave.asked, 6);
    assert_int_equal(slave.plan.limit.refused, 0);
}

static void what_was_kept_is_what_was_learned(void **unused) /* Y1 */
{
    (void)unused;
    CLEANUP(buffer_deinit) struct buffer bytes;
    struct slave slave, later;
    int64_t probed_s = 0;

    buffer_init(&bytes, 65536);
    slave_init(&slave, 60);
    add(&slave, 1000, 500, 1);
    plan_prepare(&slave.plan);
    later = slave;
    later.plan.items = later.items;
    turns(&slave, 12);
    slave.items[7].refused = slave.items[499].cut_proven = true;
    memory_write(&slave.plan, 4711, 1760000000, &bytes);
    for (size_t size = 0; size < bytes.size; size++) { /* a cut off one is taken whole or not */
        struct slave cut = later;

        cut.plan.items = cut.items;
        if (!memory_read(&cut.plan, 4711, &probed_s, bytes.bytes, size)) {
            assert_false(memory_is_needed(&cut.plan));
        }
    }
    assert_false(memory_read(&later.plan, 4712, &probed_s, bytes.bytes, bytes.size));
    assert_true(memory_read(&later.plan, 4711, &probed_s, bytes.bytes, bytes.size));
    assert_int_equal(probed_s, 1760000000);
    assert_int_equal(later.plan.limit.answered, slave.plan.limit.answered);
    assert_int_equal(later.plan.limit.refused, slave.plan.limit.refused);
    assert_int_equal(later.plan.limit.confirmed, slave.plan.limit.confirmed);
    for (size_t i = 0; i < 500; i++) {
        assert_int_equal(later.items[i].refused, i == 7);
        assert_int_equal(later.items[i].cut_before, i == 499);
    }
}

static void a_fingerprint_changes_with_what_it_is_about(void **unused) /* Y1 */
{
    (void)unused;
    struct slave slave;
    uint32_t sums[6];

    slave_init(&slave, 60);
    add(&slave, 1000, 5, 1);
    plan_prepare(&slave.plan);
    sums[0] = memory_fingerprint(&slave.plan, "192.0.2.1:502", 1);
    sums[1] = memory_fingerprint(&slave.plan, "192.0.2.1:502", 2);
    sums[2] = memory_fingerprint(&slave.plan, "192.0.2.2:502", 1);
    slave.items[4].number++;
    sums[3] = memory_fingerprint(&slave.plan, "192.0.2.1:502", 1);
    slave.plan.gap = 4;
    sums[4] = memory_fingerprint(&slave.plan, "192.0.2.1:502", 1);
    slave.plan.item_count--;
    sums[5] = memory_fingerprint(&slave.plan, "192.0.2.1:502", 1);
    for (unsigned i = 0; i < 6; i++) {
        for (unsigned j = 0; j < i; j++) {
            assert_true(sums[i] != sums[j]);
        }
    }
}

/** A device with 40 registers of which 10 can be read at once, one that does not exist, and gaps.
 */
static void begin(struct rig *rig, const struct clock *clock)
{
    rig->clock = clock;
    assert_true(rig_slave(rig, NULL, NULL, NULL));
    assert_int_equal(rig_option(rig, "gap", "4"), ERROR_OK);
    assert_int_equal(rig_registers(rig, 100, 20, 0), ERROR_OK);
    assert_int_equal(rig_registers(rig, 59990, 12, 0), ERROR_OK); /* 60001 does not exist */
    assert_int_equal(rig_registers(rig, 61000, 40, 0), ERROR_OK);
    assert_int_equal(rig_registers(rig, 62006, 3, 0), ERROR_OK);
    assert_int_equal(rig_registers(rig, 62010, 5, 0), ERROR_OK); /* 62009 does not exist */
}

static unsigned requests_of_a_turn(struct rig *rig)
{
    unsigned before = rig_requests(rig);

    assert_int_equal(rig_read(rig, 1, LONG), ERROR_OK);
    for (unsigned i = 0; i < rig->point_count; i++) {
        assert_int_equal(rig->values[i].count, 1);
        assert_int_equal(rig->values[i].sample.status,
                         i == 31 ? (uint32_t)STATUS_BAD_NODE_ID_UNKNOWN : (uint32_t)STATUS_GOOD);
    }
    return rig_requests(rig) - before;
}

enum { FEWEST = 20 / 10 + 1 + 1 + 1 + 4 + 2 }; /* see begin(); the limit is the device's */

static void a_restarted_agent_does_not_learn_again_and_a_day_later_tries(void **unused) /* M3 */
{
    (void)unused;
    CLEANUP(buffer_deinit) struct buffer bytes;
    CLEANUP(rig_release) struct rig rig = {0};
    struct fixed_clock clock;
    unsigned learned = 0;
    unsigned probed = 0;

    buffer_init(&bytes, 65536);
    fixed_clock_init(&clock, INT64_C(1760000000123456789));
    begin(&rig, &clock.clock);
    assert_int_equal(rig_configure(&rig), ERROR_OK);
    assert_int_equal(rig_open(&rig), ERROR_OK);
    assert_false(modbus_tcp_driver.learned(rig.state, &bytes));
    for (unsigned i = 0; i < 12; i++) {
        learned = requests_of_a_turn(&rig);
        rig_close(&rig);
        assert_int_equal(rig_open(&rig), ERROR_OK);
    }
    assert_true(learned <= FEWEST);
    assert_true(modbus_tcp_driver.learned(rig.state, &bytes));
    assert_false(modbus_tcp_driver.learned(rig.state, &bytes)); /* nothing new */
    rig_close(&rig);

    /* The same device again, as after a restart: the rig's driver is given what was kept. */
    {
        struct modbus_server *server = rig.server;
        char address[RIG_ADDRESS_SIZE];

        memcpy(address, rig.address, sizeof(address));
        rig.server = NULL;
        rig_release(&rig);
        rig = (struct rig){0};
        begin(&rig, &clock.clock);
        modbus_server_close(rig.server);
        rig.server = NULL;
        memcpy(rig.address, address, sizeof(address));
        assert_int_equal(rig_configure(&rig), ERROR_OK);
        rig.server = server;
    }
    modbus_tcp_driver.remember(rig.state, bytes.bytes, bytes.size);
    assert_int_equal(rig_open(&rig), ERROR_OK);
    assert_int_equal(requests_of_a_turn(&rig), learned);
    buffer_clear(&bytes);
    assert_false(modbus_tcp_driver.learned(rig.state, &bytes)); /* the host has it */

    fixed_clock_advance(&clock, 23 * 3600 * NS_PER_S);
    assert_int_equal(requests_of_a_turn(&rig), learned);
    fixed_clock_advance(&clock, 3600 * NS_PER_S);
    for (unsigned i = 0; i < 40; i++) {
        unsigned now = requests_of_a_turn(&rig);

        probed += now - learned;
        learned = i == 39 ? now : learned;
    }
    assert_true(probed > 0); /* it was tried again, and nothing had changed */
    assert_true(learned <= FEWEST);
    assert_true(modbus_tcp_driver.learned(rig.state, &bytes)); /* when it was tried */
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(every_limit_is_found_in_few_requests),
        cmocka_unit_test(values_of_two_registers_keep_whole_under_a_limit),
        cmocka_unit_test(a_border_is_no_limit),
        cmocka_unit_test(a_missing_register_is_no_limit),
        cmocka_unit_test(holes_that_nobody_asked_for_are_no_limit),
        cmocka_unit_test(what_was_kept_is_what_was_learned),
        cmocka_unit_test(a_fingerprint_changes_with_what_it_is_about),
        cmocka_unit_test(a_restarted_agent_does_not_learn_again_and_a_day_later_tries),
    };

    return cmocka_run_group_tests_name("modbus_learning", cases, NULL, NULL);
}
