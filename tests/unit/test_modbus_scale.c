/* Values with their power of ten in another register. */
#include "base/cleanup.h"
#include "drivers/modbus/scale.h"
#include "tests/sim/library/modbus_rig.h"
#include "tests/support/cmocka.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONG (5 * NS_PER_S)

static struct sample scaled(enum value_type type, enum value_order order, int64_t value,
                            uint16_t factor_register)
{
    const struct value_format format = {type, order, value_type_registers(type), 0, 0, NULL};
    struct sample sample = {.type = SAMPLE_INT, .value.integer = value};

    scale_apply(&format, factor_register, &sample);
    return sample;
}

static void a_scaled_value_is_the_double_nearest_to_the_decimal_number(void **unused)
{
    (void)unused;
    assert_true(scaled(VALUE_INT16, ORDER_ABCD, 12345, 0xffff).value.real == 1234.5);
    for (int factor = -SCALE_FACTOR_MOST; factor <= SCALE_FACTOR_MOST; factor++) {
        static const int64_t values[] = {0,          1,         3,
                                         -7,         12345,     -32768,
                                         65535,      999999937, INT32_MIN,
                                         UINT32_MAX, 1LL << 53, (1LL << 53) + 1,
                                         INT64_MAX,  INT64_MIN, -(1LL << 53) - 1};

        for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
            struct sample sample = scaled(VALUE_INT64, ORDER_ABCD, values[i], (uint16_t)factor);
            char text[40];

            (void)snprintf(text, sizeof(text), "%" PRId64 "e%d", values[i], factor);
            assert_int_equal(sample.type, SAMPLE_DOUBLE);
            assert_int_equal(sample.status, STATUS_GOOD);
            assert_true(sample.value.real == strtod(text, NULL));
        }
    }
}

static void an_unsigned_value_of_64_bits_stays_positive(void **unused)
{
    (void)unused;
    assert_true(scaled(VALUE_UINT64, ORDER_ABCD, -1, 0xfffd).value.real == 18446744073709551.615);
    assert_true(scaled(VALUE_INT64, ORDER_ABCD, -1, 0xfffd).value.real == -0.001);
}

static void the_factor_has_the_bytes_of_the_points_order(void **unused)
{
    (void)unused;
    assert_true(scaled(VALUE_INT16, ORDER_ABCD, 5, 0x0002).value.real == 500);
    assert_true(scaled(VALUE_INT16, ORDER_CDAB, 5, 0x0002).value.real == 500);
    assert_true(scaled(VALUE_INT16, ORDER_BADC, 5, 0x0200).value.real == 500);
    assert_true(scaled(VALUE_INT16, ORDER_DCBA, 5, 0x0200).value.real == 500);
}

static void a_value_without_a_usable_factor_is_none(void **unused)
{
    (void)unused;
    const struct {
        uint16_t factor;
        uint32_t status;
    } bad[] = {
        {0x8000, (uint32_t)STATUS_BAD_NO_DATA_AVAILABLE},
        {11, (uint32_t)STATUS_BAD_OUT_OF_RANGE},
        {(uint16_t)-11, (uint32_t)STATUS_BAD_OUT_OF_RANGE},
        {0x7fff, (uint32_t)STATUS_BAD_OUT_OF_RANGE},
        {0x8001, (uint32_t)STATUS_BAD_OUT_OF_RANGE},
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct sample sample = scaled(VALUE_INT16, ORDER_ABCD, 5, bad[i].factor);

        assert_int_equal(sample.type, SAMPLE_NONE);
        assert_int_equal(sample.status, bad[i].status);
    }
}

static void value_and_factor_come_in_one_request(void **unused)
{
    (void)unused;
    CLEANUP(rig_release) struct rig rig = {0};
    modbus_mapping_t *map;

    assert_true(rig_slave(&rig, NULL, NULL, NULL));
    map = modbus_server_mapping(rig.server);
    map->tab_registers[100] = 12345;
    map->tab_registers[224] = 0xffff;
    map->tab_registers[300] = 0x0001;
    map->tab_registers[310] = 0xffff;
    map->tab_registers[311] = 0xfffe;
    map->tab_input_registers[5] = 7;
    map->tab_input_registers[4] = 3;
    assert_int_equal(rig_scaled(&rig, "holding:100", "uint16", NULL, "holding:224"), ERROR_OK);
    assert_int_equal(rig_scaled(&rig, "holding:310", "int32", NULL, "holding:300"), ERROR_OK);
    assert_int_equal(rig_scaled(&rig, "input:5", "int16", NULL, "input:4"), ERROR_OK);
    assert_int_equal(rig_scaled(&rig, "input:5", "int16", NULL, "input:5"), ERROR_OK);
    assert_int_equal(rig_first_read(&rig), ERROR_OK);
    assert_int_equal(rig_requests(&rig), 3);
    assert_true(rig.values[0].sample.value.real == 1234.5);
    assert_true(rig.values[1].sample.value.real == -20);
    assert_true(rig.values[2].sample.value.real == 7000);
    assert_true(rig.values[3].sample.value.real == 70000000);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(rig.values[i].sample.type, SAMPLE_DOUBLE);
        assert_int_equal(rig.values[i].sample.status, STATUS_GOOD);
    }
}

static void a_slave_that_refuses_the_span_gives_no_value(void **unused)
{
    (void)unused;
    CLEANUP(rig_release) struct rig rig = {0};

    assert_true(rig_slave(&rig, NULL, NULL, NULL));
    /* From 61000 on the slave takes ten registers at once. */
    assert_int_equal(rig_scaled(&rig, "holding:61000", "uint16", NULL, "holding:61010"), ERROR_OK);
    assert_int_equal(rig_scaled(&rig, "holding:61001", "uint16", NULL, "holding:61010"), ERROR_OK);
    assert_int_equal(rig_configure(&rig), ERROR_OK);
    assert_int_equal(rig_open(&rig), ERROR_OK);
    for (unsigned turn = 0; turn < 3; turn++) {
        assert_int_equal(rig_read(&rig, 1, LONG), ERROR_OK);
        assert_int_equal(rig.values[0].sample.status, (uint32_t)STATUS_BAD_NODE_ID_UNKNOWN);
        assert_int_equal(rig.values[0].sample.type, SAMPLE_NONE);
        assert_int_equal(rig.values[1].sample.status, STATUS_GOOD);
    }
}

static void a_scale_register_that_cannot_work_is_refused_with_advice(void **unused)
{
    (void)unused;
    const struct {
        const char *address, *type, *scale_register, *advice;
    } bad[] = {
        {"holding:100", "uint16", "105", "write the table and the number"},
        {"holding:100", "uint16", "input:105", "holding:105"},
        {"holding:100", "uint16", "holding:105.3", "holding:105"},
        {"holding:100", "float32", "holding:105", "only an integer"},
        {"holding:100.1", "bool", "holding:105", "only an integer"},
        {"coil:100", "bool", "coil:105", "only an integer"},
        {"holding:100", "uint16", "holding:120", "block: 20"},
        {"holding:100", "uint16", "holding:80", "21 registers"},
        {"holding:100", "uint16", "holding:65535", "65436 registers"},
    };
    CLEANUP(rig_release) struct rig rig = {0};

    assert_int_equal(rig_option(&rig, "block", "20"), ERROR_OK);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(rig_scaled(&rig, bad[i].address, bad[i].type, NULL, bad[i].scale_register),
                         ERROR_BAD_CONFIG);
        assert_non_null(strstr(rig.error.text, bad[i].advice));
    }
    assert_int_equal(rig_scaled(&rig, "holding:100", "uint16", NULL, "holding:119"), ERROR_OK);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(a_scaled_value_is_the_double_nearest_to_the_decimal_number),
        cmocka_unit_test(an_unsigned_value_of_64_bits_stays_positive),
        cmocka_unit_test(the_factor_has_the_bytes_of_the_points_order),
        cmocka_unit_test(a_value_without_a_usable_factor_is_none),
        cmocka_unit_test(value_and_factor_come_in_one_request),
        cmocka_unit_test(a_slave_that_refuses_the_span_gives_no_value),
        cmocka_unit_test(a_scale_register_that_cannot_work_is_refused_with_advice),
    };

    return cmocka_run_group_tests_name("modbus_scale", cases, NULL, NULL);
}
