#include "drivers/modbus/address.h"
#include "tests/support/cmocka.h"

#include <string.h>

static void addresses_are_table_number_and_bit(void **unused)
{
    (void)unused;
    const struct {
        const char *text;
        struct point_address expected;
    } good[] = {
        {"holding:100", {TABLE_HOLDING, 100, false, 0}},
        {"holding:0", {TABLE_HOLDING, 0, false, 0}},
        {"holding:65535", {TABLE_HOLDING, 65535, false, 0}},
        {"holding:0x64", {TABLE_HOLDING, 100, false, 0}},
        {"holding:40001", {TABLE_HOLDING, 40001, false, 0}},
        {"input:200", {TABLE_INPUT, 200, false, 0}},
        {"coil:4", {TABLE_COIL, 4, false, 0}},
        {"discrete:7", {TABLE_DISCRETE, 7, false, 0}},
        {"holding:100.0", {TABLE_HOLDING, 100, true, 0}},
        {"input:0x10.15", {TABLE_INPUT, 16, true, 15}},
    };

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct point_address address = {0};
        struct error error = {0};

        assert_int_equal(point_address_parse(good[i].text, &address, &error), ERROR_OK);
        assert_int_equal(address.table, good[i].expected.table);
        assert_int_equal(address.number, good[i].expected.number);
        assert_int_equal(address.has_bit, good[i].expected.has_bit);
        assert_int_equal(address.bit, good[i].expected.bit);
    }
}

static void what_is_wrong_is_answered_with_what_to_write(void **unused)
{
    (void)unused;
    const struct {
        const char *text, *advice;
    } bad[] = {
        {"40001", "write holding:0 "},
        {"40101", "write holding:100 "},
        {"400101", "write holding:100 "},
        {"465536", "write holding:65535 "},
        {"30001", "write input:0 "},
        {"10008", "write discrete:7 "},
        {"00005", "write coil:4 "},
        {"40000", "as in holding:100"}, /* there is no register 0 in that counting */
        {"20001", "as in holding:100"},
        {"499999", "as in holding:100"},
        {"100", "as in holding:100"},
        {"", "as in holding:100"},
        {"holding", "as in holding:100"},
        {"holding:", "as in holding:100"},
        {"holding:-1", "as in holding:100"},
        {"holding: 1", "as in holding:100"},
        {"holding:1 ", "as in holding:100"},
        {"holding:1x", "as in holding:100"},
        {"Holding:1", "as in holding:100"},
        {"hold:1", "as in holding:100"},
        {"holding:65536", "from 0 to 65535"},
        {"holding:100.16", "holding:100.0"},
        {"holding:100.", "holding:100.0"},
        {"holding:100.x", "holding:100.0"},
        {"coil:4.1", "write coil:4"},
        {"discrete:7.0", "write discrete:7"},
        {"holding:000000000000000000000000000000000000000000000000000000000000000000000000001",
         "as in holding:100"},
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct point_address address = {TABLE_COIL, 9, false, 0};
        struct error error = {0};

        assert_int_equal(point_address_parse(bad[i].text, &address, &error), ERROR_BAD_CONFIG);
        assert_non_null(strstr(error.text, bad[i].advice));
        assert_int_equal(address.number, 9); /* untouched */
    }
}

static void peers_have_a_host_and_a_port(void **unused)
{
    (void)unused;
    const struct {
        const char *text, *host, *port;
    } good[] = {
        {"192.0.2.10", "192.0.2.10", "502"},
        {"192.0.2.10:1502", "192.0.2.10", "1502"},
        {"plc-3.plant.example:502", "plc-3.plant.example", "502"},
        {"[2001:db8::5]", "2001:db8::5", "502"},
        {"[2001:db8::5]:65535", "2001:db8::5", "65535"},
        {"[fe80::1%eth0]:502", "fe80::1%eth0", "502"},
    };

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct peer peer = {0};
        struct error error = {0};

        assert_int_equal(peer_parse(good[i].text, &peer, &error), ERROR_OK);
        assert_string_equal(peer.host, good[i].host);
        assert_string_equal(peer.port, good[i].port);
    }
}

static void a_peer_that_cannot_be_is_answered_with_an_example(void **unused)
{
    (void)unused;
    const struct {
        const char *text, *advice;
    } bad[] = {
        {":502", "host:port"},          {"[]:502", "host:port"},      {"2001:db8::5", "host:port"},
        {"[2001:db8::5", "host:port"},  {"[::1]502", "host:port"},    {"plc 3:502", "host:port"},
        {"tcp://plc:502", "host:port"}, {"plc:", "1 to 65535"},       {"plc:0", "1 to 65535"},
        {"plc:65536", "1 to 65535"},    {"plc:modbus", "1 to 65535"},
    };
    char endless[PEER_HOST_SIZE + 40];
    struct error error = {0};
    struct peer peer = {0};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(peer_parse(bad[i].text, &peer, &error), ERROR_BAD_CONFIG);
        assert_non_null(strstr(error.text, bad[i].advice));
    }
    memset(endless, 'x', sizeof(endless));
    endless[sizeof(endless) - 1] = '\0';
    assert_int_equal(peer_parse(endless, &peer, &error), ERROR_BAD_CONFIG);
    endless[PEER_HOST_SIZE - 1] = '\0';
    assert_int_equal(peer_parse(endless, &peer, &error), ERROR_OK);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(addresses_are_table_number_and_bit),
        cmocka_unit_test(what_is_wrong_is_answered_with_what_to_write),
        cmocka_unit_test(peers_have_a_host_and_a_port),
        cmocka_unit_test(a_peer_that_cannot_be_is_answered_with_an_example),
    };

    return cmocka_run_group_tests_name("modbus_address", cases, NULL, NULL);
}
