/* The modbus-tcp driver against the simulated slave's misbehaviour: see modbus_server.h for which
 * register does what. */
#include "base/cleanup.h"
#include "drivers/modbus/line.h"
#include "drivers/modbus/modbus.h"
#include "tests/sim/library/modbus_rig.h"
#include "tests/support/cmocka.h"

#include <modbus/modbus.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONG (5 * NS_PER_S)

/** A slave with a point at 100 (schedule 0) and one in trouble (schedule 1), open. */
static void begin(struct rig *rig, unsigned trouble, const char *timeout)
{
    assert_true(rig_slave(rig, NULL, NULL, NULL));
    assert_int_equal(rig_option(rig, "timeout", timeout), ERROR_OK);
    assert_int_equal(rig_registers(rig, 100, 1, 0), ERROR_OK);
    assert_int_equal(rig_registers(rig, trouble, 1, 1), ERROR_OK);
    assert_int_equal(rig_configure(rig), ERROR_OK);
    assert_int_equal(rig_open(rig), ERROR_OK);
}

static void an_exception_is_the_points_status_and_the_connection_stays(void **unused)
{
    (void)unused;
    const struct {
        unsigned number;
        enum status_code status;
    } cases[] = {
        {60001, STATUS_BAD_NODE_ID_UNKNOWN},  {60002, STATUS_BAD_DEVICE_FAILURE},
        {60011, STATUS_BAD_NODE_ID_UNKNOWN},  {60012, STATUS_BAD_NODE_ID_UNKNOWN},
        {60014, STATUS_BAD_NO_COMMUNICATION}, {60015, STATUS_BAD_TIMEOUT},
        {60016, STATUS_BAD_DEVICE_FAILURE},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(rig_release) struct rig rig = {0};

        begin(&rig, cases[i].number, "10s");
        for (unsigned turn = 0; turn < 2; turn++) {
            assert_int_equal(rig_read(&rig, 3, LONG), ERROR_OK);
            assert_int_equal(rig.values[0].sample.status, STATUS_GOOD);
            assert_int_equal(rig.values[1].sample.status, (uint32_t)cases[i].status);
            assert_int_equal(rig.values[1].sample.type, SAMPLE_NONE);
            assert_int_equal(rig.values[1].count, 1);
        }
        assert_int_equal(rig_requests(&rig), 4);
        assert_int_equal(modbus_server_connections(rig.server), 1);
    }
}

static void a_busy_unit_is_asked_again_in_the_turn(void **unused)
{
    (void)unused;
    CLEANUP(rig_release) struct rig rig = {0};

    begin(&rig, 60020, "10s");
    assert_int_equal(rig_read(&rig, 2, LONG), ERROR_OK);
    assert_int_equal(rig.values[1].sample.status, STATUS_GOOD);
    assert_int_equal(rig.values[1].count, 1);
    assert_int_equal(rig_requests(&rig), 3);
}

static void a_busy_unit_is_not_asked_again_when_there_is_no_time(void **unused)
{
    (void)unused;
    CLEANUP(rig_release) struct rig rig = {0};

    begin(&rig, 60020, "10s");
    assert_int_equal(rig_read(&rig, 2, 90 * NS_PER_MS), ERROR_TIMEOUT);
    assert_int_equal(rig_requests(&rig), 1);
}

static void who_is_busy_for_one_request_alone_is_asked_for_the_others(void **unused)
{
    (void)unused;
    CLEANUP(rig_release) struct rig rig = {0};

    begin(&rig, 60013, "10s");
    assert_int_equal(rig_read(&rig, 3, LONG), ERROR_OK);
    assert_int_equal(rig.values[0].sample.status, STATUS_GOOD);
    assert_int_equal(rig.values[1].sample.status, (uint32_t)STATUS_BAD_TIMEOUT);
    assert_int_equal(rig.values[1].count, 1);
    assert_int_equal(rig_requests(&rig), 1 + 4);
}

static void who_is_busy_for_all_requests_is_left_to_the_hosts_back_off(void **unused)
{
    (void)unused;
    CLEANUP(rig_release) struct rig rig = {0};

    begin(&rig, 60013, "10s");
    assert_int_equal(rig_read(&rig, 2, LONG), ERROR_TIMEOUT);
    assert_int_equal(error_class(rig.error.code), ERROR_CLASS_RETRY);
    assert_non_null(strstr(rig.error.text, "unit 1: it says that it is busy"));
    assert_int_equal(rig_requests(&rig), 4);
}

static void a_broken_answer_fails_the_read_and_a_new_connection_heals(void **unused)
{
    (void)unused;
    const struct {
        unsigned number;
        enum error_code code;
        const char *what;
    } cases[] = {
        {60004, ERROR_PROTOCOL, "does not fit"}, {60005, ERROR_PROTOCOL, "does not fit"},
        {60006, ERROR_PROTOCOL, "does not fit"}, {60008, ERROR_UNREACHABLE, "closed"},
        {60009, ERROR_UNREACHABLE, "closed"},    {60018, ERROR_UNREACHABLE, "closed"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(rig_release) struct rig rig = {0};
        char place[40];

        begin(&rig, cases[i].number, "10s");
        assert_int_equal(rig_read(&rig, 2, LONG), cases[i].code);
        assert_int_equal(error_class(rig.error.code), ERROR_CLASS_RETRY);
        assert_non_null(strstr(rig.error.text, cases[i].what));
        (void)snprintf(place, sizeof(place), "unit 1, holding:%u", cases[i].number);
        assert_non_null(strstr(rig.error.text, place));
        assert_non_null(strstr(rig.error.text, "127.0.0.1 port "));
        assert_int_equal(rig.values[1].count, 0);
        rig_close(&rig);
        assert_int_equal(rig_open(&rig), ERROR_OK);
        assert_int_equal(rig_read(&rig, 1, LONG), ERROR_OK);
        assert_int_equal(rig.values[0].sample.status, STATUS_GOOD);
    }
}

static void bytes_behind_an_answer_are_not_taken_for_the_next(void **unused)
{
    (void)unused;
    CLEANUP(rig_release) struct rig rig = {0};
    enum error_code code = ERROR_OK;

    begin(&rig, 60010, "10s");
    assert_int_equal(rig_read(&rig, 2, LONG), ERROR_OK);
    assert_int_equal(rig.values[1].sample.status, STATUS_GOOD);
    for (unsigned turn = 0; turn < 1000 && code == ERROR_OK; turn++) { /* until they are here */
        code = rig_read(&rig, 1, LONG);
        assert_true(code != ERROR_OK || rig.values[0].sample.status == STATUS_GOOD);
    }
    assert_int_equal(code, ERROR_PROTOCOL);
}

/** The line of both, made as the host makes it. */
static struct line *share(struct rig *north, struct rig *south)
{
    const struct device_link *link = modbus_tcp_driver.link;
    struct line *line = calloc(1, link->block_size);

    assert_non_null(line);
    assert_int_equal(link->init(line, NULL), ERROR_OK);
    link->join(north->state, line);
    link->join(south->state, line);
    return line;
}

/** A line of two units, of which north answers 300 ms late and waits 100 ms. */
struct two {
    struct rig north, south;
    struct line *line;
};

static void two_begin(struct two *two)
{
    *two = (struct two){0};
    assert_true(rig_slave(&two->north, NULL, NULL, NULL));
    memcpy(two->south.address, two->north.address, sizeof(two->south.address));
    assert_int_equal(rig_option(&two->north, "timeout", "100ms"), ERROR_OK);
    assert_int_equal(rig_registers(&two->north, 60007, 1, 0), ERROR_OK);
    assert_int_equal(rig_configure(&two->north), ERROR_OK);
    assert_int_equal(rig_option(&two->south, "timeout", "10s"), ERROR_OK);
    assert_int_equal(rig_registers(&two->south, 100, 1, 0), ERROR_OK);
    assert_int_equal(rig_configure(&two->south), ERROR_OK);
    two->line = share(&two->north, &two->south);
    assert_int_equal(rig_open(&two->south), ERROR_OK);
    assert_int_equal(rig_open(&two->north), ERROR_OK);
    assert_int_equal(rig_read(&two->north, 1, LONG), ERROR_TIMEOUT);
}

static void two_end(struct two *two)
{
    rig_release(&two->south);
    rig_release(&two->north);
    modbus_tcp_driver.link->deinit(two->line);
    free(two->line);
}

static void
an_answer_that_comes_late_into_another_request_costs_that_one_a_repetition(void **unused)
{
    (void)unused;
    struct two two;

    two_begin(&two);
    assert_int_equal(rig_read(&two.south, 1, LONG), ERROR_OK);
    assert_int_equal(two.south.values[0].sample.status, STATUS_GOOD);
    assert_int_equal(rig_requests(&two.north), 1 + 2);
    assert_int_equal(rig_read(&two.south, 1, LONG), ERROR_OK);
    assert_int_equal(rig_requests(&two.north), 1 + 2 + 1);
    assert_int_equal(modbus_server_connections(two.north.server), 1);
    two_end(&two);
}

static void an_answer_that_came_late_before_the_next_request_costs_nothing(void **unused) /* Q3 */
{
    (void)unused;
    static struct driver_identity identity = {.clock = &clock_system};
    struct two two;
    struct pollfd here;

    two_begin(&two);
    here = (struct pollfd){.fd = modbus_get_socket(two.line->exchange.context), .events = POLLIN};
    assert_int_equal(poll(&here, 1, 10000), 1);
    identity.deadline_ns =
        clock_monotonic_ns(&clock_system) + LONG; /* not repeated, as reads are */
    assert_int_equal(modbus_tcp_driver.identify(two.south.state, &identity, &two.south.error),
                     ERROR_OK);
    assert_int_equal(rig_read(&two.south, 1, LONG), ERROR_OK);
    assert_int_equal(two.south.values[0].sample.status, STATUS_GOOD);
    assert_int_equal(modbus_server_connections(two.north.server), 1);
    two_end(&two);
}

static void silence_ends_with_the_devices_time_out(void **unused)
{
    (void)unused;
    CLEANUP(rig_release) struct rig rig = {0};

    begin(&rig, 60003, "50ms");
    assert_int_equal(rig_read(&rig, 2, 60 * NS_PER_S), ERROR_TIMEOUT);
    assert_non_null(strstr(rig.error.text, "50 ms"));
    assert_non_null(strstr(rig.error.text, "unit id"));
    rig_close(&rig);
    assert_int_equal(rig_open(&rig), ERROR_OK);
    assert_int_equal(rig_read(&rig, 1, LONG), ERROR_OK);
}

static void an_answer_that_drips_gets_no_longer_than_the_time_out(void **unused)
{
    (void)unused;
    CLEANUP(rig_release) struct rig rig = {0};

    begin(&rig, 60019, "200ms"); /* 11 bytes, one every 50 ms */
    assert_int_equal(rig_read(&rig, 2, 60 * NS_PER_S), ERROR_TIMEOUT);
    rig_close(&rig);
    assert_int_equal(rig_option(&rig, "timeout", "20s"), ERROR_OK);
    assert_int_equal(rig_open(&rig), ERROR_OK);
    assert_int_equal(rig_read(&rig, 2, 60 * NS_PER_S), ERROR_OK);
    assert_int_equal(rig.values[1].sample.status, STATUS_GOOD);
}

static void a_late_or_divided_answer_is_as_good_as_any(void **unused)
{
    (void)unused;
    static const unsigned numbers[] = {60007, 60017};

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        CLEANUP(rig_release) struct rig rig = {0};

        begin(&rig, numbers[i], "10s");
        assert_int_equal(rig_read(&rig, 3, 10 * NS_PER_S), ERROR_OK);
        assert_int_equal(rig.values[0].sample.status, STATUS_GOOD);
        assert_int_equal(rig.values[1].sample.status, STATUS_GOOD);
    }
}

static void an_answer_too_late_is_never_taken_for_the_next(void **unused)
{
    (void)unused;
    CLEANUP(rig_release) struct rig rig = {0};

    begin(&rig, 60007, "20ms");
    assert_int_equal(rig_read(&rig, 2, LONG), ERROR_TIMEOUT);
    rig_close(&rig);
    assert_int_equal(rig_open(&rig), ERROR_OK);
    modbus_server_stop(rig.server); /* it does not run: what it writes next is ordered */
    modbus_server_mapping(rig.server)->tab_registers[100] = 77;
    assert_true(modbus_server_start(rig.server));
    assert_int_equal(rig_read(&rig, 1, LONG), ERROR_OK);
    assert_int_equal(rig.values[0].sample.value.integer, 77);
}

static void what_the_turn_has_no_time_for_is_bad_and_costs_no_connection(void **unused) /* M5 */
{
    (void)unused;
    CLEANUP(rig_release) struct rig rig = {0};

    begin(&rig, 60007, "10s");
    assert_int_equal(rig_read(&rig, 3, 0), ERROR_OK);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(rig.values[i].count, 1);
        assert_int_equal(rig.values[i].sample.status, (uint32_t)STATUS_BAD_TIMEOUT);
    }
    assert_int_equal(rig_requests(&rig), 0);
    assert_int_equal(rig_read(&rig, 1, LONG), ERROR_OK);
    assert_int_equal(rig.values[0].sample.status, STATUS_GOOD);
    assert_int_equal(modbus_server_connections(rig.server), 1);
}

static void one_refused_point_costs_its_neighbours_nothing(void **unused) /* M3 */
{
    (void)unused;
    CLEANUP(rig_release) struct rig rig = {0};
    unsigned before;

    assert_true(rig_slave(&rig, NULL, NULL, NULL));
    assert_int_equal(rig_registers(&rig, 59970, 32, 0), ERROR_OK); /* the last is 60001 */
    assert_int_equal(rig_point(&rig, "holding:60001.3", "bool", NULL, NULL), ERROR_OK);
    assert_int_equal(rig_configure(&rig), ERROR_OK);
    for (unsigned connection = 0; connection < 2; connection++) {
        assert_int_equal(rig_open(&rig), ERROR_OK);
        for (unsigned turn = 0; turn < 3; turn++) {
            before = rig_requests(&rig);
            assert_int_equal(rig_read(&rig, 1, LONG), ERROR_OK);
            for (unsigned i = 0; i < 33; i++) {
                assert_int_equal(rig.values[i].count, 1);
                assert_int_equal(rig.values[i].sample.status,
                                 i < 31 ? (uint32_t)STATUS_GOOD
                                        : (uint32_t)STATUS_BAD_NODE_ID_UNKNOWN);
            }
            if (turn == 0 && connection == 0) { /* the search, once */
                assert_true(rig_requests(&rig) - before > 2);
            } else { /* the good ones together, the two of the bad register together */
                assert_int_equal(rig_requests(&rig) - before, 2);
            }
        }
        rig_close(&rig);
    }
}

static void a_slaves_own_limit_is_found_once(void **unused) /* M3 */
{
    (void)unused;
    CLEANUP(rig_release) struct rig rig = {0};
    unsigned before = 0;

    assert_true(rig_slave(&rig, NULL, NULL, NULL));
    assert_int_equal(rig_registers(&rig, 61000, 40, 0), ERROR_OK);
    assert_int_equal(rig_configure(&rig), ERROR_OK);
    for (unsigned turn = 0; turn < 5; turn++) {
        assert_int_equal(rig_open(&rig), ERROR_OK);
        before = rig_requests(&rig);
        assert_int_equal(rig_read(&rig, 1, LONG), ERROR_OK);
        for (unsigned i = 0; i < 40; i++) {
            assert_int_equal(rig.values[i].count, 1);
            assert_int_equal(rig.values[i].sample.status, STATUS_GOOD);
        }
        rig_close(&rig);
    }
    assert_int_equal(rig_requests(&rig) - before, 4); /* 40 registers, at most 10 in a request */
}

static void holes_in_the_gaps_are_found_once(void **unused) /* M3 */
{
    (void)unused;
    CLEANUP(rig_release) struct rig rig = {0};
    unsigned before;

    assert_true(rig_slave(&rig, NULL, NULL, NULL));
    assert_int_equal(rig_option(&rig, "gap", "4"), ERROR_OK);
    assert_int_equal(rig_registers(&rig, 62000, 4, 0), ERROR_OK);
    assert_int_equal(rig_registers(&rig, 62006, 3, 0), ERROR_OK); /* a gap that can be read */
    assert_int_equal(rig_registers(&rig, 62010, 5, 0), ERROR_OK); /* 62009 does not exist */
    assert_int_equal(rig_first_read(&rig), ERROR_OK);
    before = rig_requests(&rig);
    assert_int_equal(rig_read(&rig, 1, LONG), ERROR_OK);
    assert_true(rig_requests(&rig) - before <= 3);
    for (unsigned i = 0; i < 12; i++) {
        assert_int_equal(rig.values[i].sample.status, STATUS_GOOD);
    }
}

static void a_peer_that_is_not_there_is_said_so(void **unused)
{
    (void)unused;
    const struct {
        const char *address, *what;
    } cases[] = {
        {"127.0.0.1:1", "nothing listens on this port"},
        {"no..such..name:502", "no..such..name"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(rig_release) struct rig rig = {0};

        (void)snprintf(rig.address, sizeof(rig.address), "%s", cases[i].address);
        assert_int_equal(rig_registers(&rig, 0, 1, 0), ERROR_OK);
        assert_int_equal(rig_configure(&rig), ERROR_OK);
        assert_int_equal(error_class(rig_open(&rig)), ERROR_CLASS_RETRY);
        assert_non_null(strstr(rig.error.text, cases[i].what));
    }
}

static void a_slave_that_went_away_is_read_again_when_it_is_back(void **unused)
{
    (void)unused;
    CLEANUP(rig_release) struct rig rig = {0};
    struct modbus_server_settings again = {.unit = -1};
    char problem[PLANT_PROBLEM_SIZE];

    begin(&rig, 101, "10s");
    assert_int_equal(rig_read(&rig, 3, LONG), ERROR_OK);
    again.port = modbus_server_port(rig.server);
    modbus_server_close(rig.server);
    rig.server = NULL;
    assert_int_equal(rig_read(&rig, 3, LONG), ERROR_UNREACHABLE);
    rig_close(&rig);
    assert_int_equal(rig_open(&rig), ERROR_UNREACHABLE);
    rig_close(&rig);
    rig.server = modbus_server_open(&again, problem);
    assert_true(rig.server != NULL && modbus_server_start(rig.server));
    assert_int_equal(rig_open(&rig), ERROR_OK);
    assert_int_equal(rig_read(&rig, 3, LONG), ERROR_OK);
    assert_int_equal(rig.values[1].sample.status, STATUS_GOOD);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(an_exception_is_the_points_status_and_the_connection_stays),
        cmocka_unit_test(who_is_busy_for_all_requests_is_left_to_the_hosts_back_off),
        cmocka_unit_test(who_is_busy_for_one_request_alone_is_asked_for_the_others),
        cmocka_unit_test(a_busy_unit_is_not_asked_again_when_there_is_no_time),
        cmocka_unit_test(a_busy_unit_is_asked_again_in_the_turn),
        cmocka_unit_test(a_broken_answer_fails_the_read_and_a_new_connection_heals),
        cmocka_unit_test(bytes_behind_an_answer_are_not_taken_for_the_next),
        cmocka_unit_test(
            an_answer_that_comes_late_into_another_request_costs_that_one_a_repetition),
        cmocka_unit_test(an_answer_that_came_late_before_the_next_request_costs_nothing),
        cmocka_unit_test(silence_ends_with_the_devices_time_out),
        cmocka_unit_test(an_answer_that_drips_gets_no_longer_than_the_time_out),
        cmocka_unit_test(a_late_or_divided_answer_is_as_good_as_any),
        cmocka_unit_test(an_answer_too_late_is_never_taken_for_the_next),
        cmocka_unit_test(what_the_turn_has_no_time_for_is_bad_and_costs_no_connection),
        cmocka_unit_test(one_refused_point_costs_its_neighbours_nothing),
        cmocka_unit_test(a_slaves_own_limit_is_found_once),
        cmocka_unit_test(holes_in_the_gaps_are_found_once),
        cmocka_unit_test(a_peer_that_is_not_there_is_said_so),
        cmocka_unit_test(a_slave_that_went_away_is_read_again_when_it_is_back),
    };

    return cmocka_run_group_tests_name("modbus_trouble", cases, NULL, NULL);
}
