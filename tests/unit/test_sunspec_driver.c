/* SunSpec points of the modbus-tcp driver, against the simulated slave. */
#include "base/cleanup.h"
#include "drivers/modbus/modbus.h"
#include "tests/sim/library/modbus_rig.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <string.h>

#define LONG (5 * NS_PER_S)

enum {
    BASE = 40000,
    INVERTER = 103,
    INVERTER_LENGTH = 50,
    HEADERS = 4 /* SunS, 1, 103, the end */
};

/** An inverter whose model 1 has `length` registers; its model 103 begins at the returned one. */
static unsigned make_inverter(struct rig *rig, unsigned base, unsigned length)
{
    uint16_t *registers = modbus_server_mapping(rig->server)->tab_registers;
    unsigned inverter = base + 4 + length;

    registers[base] = 0x5375;
    registers[base + 1] = 0x6e53;
    registers[base + 2] = 1;
    registers[base + 3] = (uint16_t)length;
    registers[inverter] = INVERTER;
    registers[inverter + 1] = INVERTER_LENGTH;
    registers[inverter + 2] = 123;    /* A */
    registers[inverter + 6] = 0xffff; /* A_SF */
    registers[inverter + 7] = 4001;   /* PPVphAB */
    registers[inverter + 13] = 0xffff;
    registers[inverter + 14] = 2500; /* W */
    registers[inverter + 15] = 1;
    registers[inverter + 2 + INVERTER_LENGTH] = 0xffff;
    registers[inverter + 3 + INVERTER_LENGTH] = 0;
    return inverter;
}

static enum error_code point(struct rig *rig, const char *address)
{
    return rig_point(rig, address, "model", NULL, NULL);
}

static void assert_real(const struct rig *rig, unsigned id, double expected)
{
    assert_int_equal(rig->values[id].count, 1);
    assert_int_equal(rig->values[id].sample.status, STATUS_GOOD);
    assert_int_equal(rig->values[id].sample.type, SAMPLE_DOUBLE);
    assert_true(rig->values[id].sample.value.real == expected);
}

static void sunspec_points_and_registers_share_a_device_and_requests(void **unused)
{
    (void)unused;
    CLEANUP(rig_release) struct rig rig = {0};

    assert_true(rig_slave(&rig, NULL, NULL, NULL));
    (void)make_inverter(&rig, BASE, 66);
    assert_int_equal(point(&rig, "sunspec:103.A"), ERROR_OK);
    assert_int_equal(rig_point(&rig, "holding:40077", "uint16", NULL, NULL), ERROR_OK);
    assert_int_equal(point(&rig, "sunspec:103.W"), ERROR_OK);
    assert_int_equal(rig_configure(&rig), ERROR_OK);
    assert_int_equal(rig_open(&rig), ERROR_OK);
    assert_int_equal(rig_requests(&rig), HEADERS);
    assert_int_equal(rig_read(&rig, 1, LONG), ERROR_OK);
    assert_real(&rig, 0, 12.3);
    assert_int_equal(rig.values[1].sample.value.integer, 4001);
    assert_real(&rig, 2, 25000);
    assert_int_equal(rig_requests(&rig), HEADERS + 2); /* A_SF and 40077 are neighbours */
}

static void b1_models_that_moved_are_found_at_the_next_connection(void **unused)
{
    (void)unused;
    CLEANUP(rig_release) struct rig rig = {0};

    assert_true(rig_slave(&rig, NULL, NULL, NULL));
    (void)make_inverter(&rig, BASE, 66);
    assert_int_equal(point(&rig, "sunspec:103.A"), ERROR_OK);
    assert_int_equal(rig_configure(&rig), ERROR_OK);
    for (unsigned length = 66; length > 50; length -= 5) {
        unsigned inverter = make_inverter(&rig, BASE, length);

        modbus_server_mapping(rig.server)->tab_registers[inverter + 2] = (uint16_t)length;
        assert_int_equal(rig_open(&rig), ERROR_OK);
        assert_int_equal(rig_read(&rig, 1, LONG), ERROR_OK);
        assert_real(&rig, 0, (double)length / 10);
        rig_close(&rig);
    }
}

static void b2_missing_points_are_bad_and_told_once(void **unused)
{
    (void)unused;
    CLEANUP(rig_release) struct rig rig = {0};

    assert_true(rig_slave(&rig, NULL, NULL, NULL));
    (void)make_inverter(&rig, BASE, 66);
    assert_int_equal(point(&rig, "sunspec:103.A"), ERROR_OK);
    assert_int_equal(point(&rig, "sunspec:120.WRtg"), ERROR_OK);
    assert_int_equal(point(&rig, "sunspec:160.module[1].DCA"), ERROR_OK);
    assert_int_equal(rig_configure(&rig), ERROR_OK);
    for (unsigned turn = 0; turn < 3; turn++) {
        assert_int_equal(rig_open(&rig), ERROR_OK);
        assert_int_equal(rig_read(&rig, 1, LONG), ERROR_OK);
        assert_real(&rig, 0, 12.3);
        for (unsigned id = 1; id < 3; id++) {
            assert_int_equal(rig.values[id].count, 1);
            assert_int_equal(rig.values[id].sample.status, (uint32_t)STATUS_BAD_NODE_ID_UNKNOWN);
        }
        assert_int_equal(rig.rejections, 2); /* points, told in one call */
        rig_close(&rig);
    }
    assert_non_null(strstr(rig.rejection, "120"));
    assert_int_equal(rig_open(&rig), ERROR_OK);
    assert_int_equal(rig_read(&rig, 2, LONG), ERROR_OK);
    assert_int_equal(rig.values[1].count, 0); /* was not due */
}

static void b2_a_device_without_any_of_its_points_is_down(void **unused)
{
    (void)unused;
    CLEANUP(rig_release) struct rig rig = {0};

    assert_true(rig_slave(&rig, NULL, NULL, NULL));
    (void)make_inverter(&rig, BASE, 66);
    assert_int_equal(point(&rig, "sunspec:120.WRtg"), ERROR_OK);
    assert_int_equal(rig_configure(&rig), ERROR_OK);
    assert_int_equal(rig_open(&rig), ERROR_UNREACHABLE);
    assert_non_null(strstr(rig.error.text, "no model 120; it has 2 others"));
}

static void b3_a_value_too_far_from_its_factor_is_missing(void **unused)
{
    (void)unused;
    CLEANUP(rig_release) struct rig rig = {0};
    uint16_t *registers;

    assert_true(rig_slave(&rig, NULL, NULL, NULL));
    registers = modbus_server_mapping(rig.server)->tab_registers;
    registers[make_inverter(&rig, BASE, 66)] = 160;
    registers[BASE + 4 + 66 + 1] = 8 + 10 * 20;
    registers[BASE + 4 + 66 + 2] = 0; /* DCA_SF */
    registers[BASE + 4 + 66 + 2 + 8 + 10 * 20] = 0xffff;
    assert_int_equal(point(&rig, "sunspec:160.module[1].DCA"), ERROR_OK);
    assert_int_equal(point(&rig, "sunspec:160.module[7].DCA"), ERROR_OK);
    assert_int_equal(rig_first_read(&rig), ERROR_OK);
    assert_true(rig.values[0].sample.type == SAMPLE_DOUBLE);
    assert_int_equal(rig.values[1].sample.status, (uint32_t)STATUS_BAD_NODE_ID_UNKNOWN);
    assert_non_null(strstr(rig.rejection, "138 registers, more than fit"));
}

/** A device that takes ten registers at once where its inverter stands (modbus_server.h). */
static void make_narrow(struct rig *rig)
{
    assert_true(rig_slave(rig, NULL, NULL, NULL));
    (void)make_inverter(rig, 50000, 61000 - 50004);
    assert_int_equal(rig_option(rig, "unit", "1"), ERROR_OK);
    assert_int_equal(point(rig, "sunspec:103.A"), ERROR_OK);
    assert_int_equal(point(rig, "sunspec:103.PPVphAB"), ERROR_OK);
    assert_int_equal(point(rig, "sunspec:103.W"), ERROR_OK);
}

static unsigned requests_of_a_turn(struct rig *rig)
{
    unsigned before = rig_requests(rig);

    assert_int_equal(rig_read(rig, 1, LONG), ERROR_OK);
    assert_real(rig, 0, 12.3);
    assert_real(rig, 1, 400.1);
    assert_real(rig, 2, 25000);
    return rig_requests(rig) - before;
}

static void b1_what_was_learned_stays_over_connections_and_restarts(void **unused)
{
    (void)unused;
    CLEANUP(rig_release) struct rig rig = {0};
    CLEANUP(rig_release) struct rig again = {0};
    CLEANUP(buffer_deinit) struct buffer learned;
    unsigned settled;

    buffer_init(&learned, 1 << 16);
    make_narrow(&rig);
    assert_int_equal(rig_configure(&rig), ERROR_OK);
    assert_int_equal(rig_open(&rig), ERROR_OK);
    assert_true(requests_of_a_turn(&rig) > 2); /* refused, then in parts */
    for (unsigned turn = 0; turn < 5; turn++) {
        settled = requests_of_a_turn(&rig);
    }
    assert_int_equal(settled, 2);
    rig_close(&rig);
    assert_int_equal(rig_open(&rig), ERROR_OK);
    assert_int_equal(requests_of_a_turn(&rig), settled);
    assert_true(modbus_tcp_driver.learned(rig.state, &learned));

    make_narrow(&again);
    memcpy(again.address, rig.address, sizeof(again.address)); /* the same device */
    assert_int_equal(rig_option(&again, "address", rig.address), ERROR_OK);
    assert_int_equal(rig_configure(&again), ERROR_OK);
    modbus_tcp_driver.remember(again.state, learned.bytes, learned.size);
    rig_close(&rig);
    {
        unsigned before;

        assert_int_equal(rig_open(&again), ERROR_OK);
        before = rig_requests(&rig);
        assert_int_equal(rig_read(&again, 1, LONG), ERROR_OK);
        assert_real(&again, 1, 400.1);
        assert_int_equal(rig_requests(&rig) - before, settled);
    }
}

static void settings_that_the_model_says_are_refused(void **unused)
{
    (void)unused;
    CLEANUP(rig_release) struct rig rig = {0};

    assert_int_equal(rig_point(&rig, "sunspec:103.W", "int16", NULL, NULL), ERROR_BAD_CONFIG);
    assert_non_null(strstr(rig.error.text, "leave out type"));
    assert_int_equal(rig_point(&rig, "sunspec:103.W", "model", "CDAB", NULL), ERROR_BAD_CONFIG);
    assert_int_equal(rig_point(&rig, "sunspec:1.SN", "model", NULL, "8"), ERROR_BAD_CONFIG);
    assert_int_equal(rig_scaled(&rig, "sunspec:103.W", "model", NULL, "holding:1"),
                     ERROR_BAD_CONFIG);
    assert_int_equal(rig_point(&rig, "holding:1", "model", NULL, NULL), ERROR_BAD_CONFIG);
    assert_non_null(strstr(rig.error.text, "as in type: int16"));
    assert_int_equal(point(&rig, "sunspec:103.W"), ERROR_OK);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(sunspec_points_and_registers_share_a_device_and_requests),
        cmocka_unit_test(b1_models_that_moved_are_found_at_the_next_connection),
        cmocka_unit_test(b2_missing_points_are_bad_and_told_once),
        cmocka_unit_test(b2_a_device_without_any_of_its_points_is_down),
        cmocka_unit_test(b3_a_value_too_far_from_its_factor_is_missing),
        cmocka_unit_test(b1_what_was_learned_stays_over_connections_and_restarts),
        cmocka_unit_test(settings_that_the_model_says_are_refused),
    };

    return cmocka_run_group_tests_name("sunspec_driver", cases, NULL, NULL);
}
