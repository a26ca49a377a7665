/* The drivers modbus-rtu and modbus-rtu-tcp against a slave on a pseudo terminal and on a TCP port.
 */
#include "base/cleanup.h"
#include "drivers/modbus/device.h"
#include "drivers/modbus/modbus.h"
#include "tests/sim/library/rtu_server.h"
#include "tests/support/cmocka.h"

#include <modbus/modbus.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct world {
    struct driver_sink sink; /* first: emit() finds the rest */
    const struct driver *driver;
    struct rtu_server *server;
    struct arena arena;
    struct modbus_device *device;
    char address[80];
    struct sample last;
    unsigned samples;
    struct error error;
};

static bool take(struct driver_sink *sink, const struct sample *sample)
{
    struct world *world = (struct world *)sink;

    world->last = *sample;
    world->samples++;
    return true;
}

static void end(struct world *world)
{
    if (world->device != NULL) {
        world->driver->destroy(world->device);
        free(world->device);
    }
    rtu_server_close(world->server);
    arena_deinit(&world->arena);
}

static void set(struct world *world, const char *key, const char *value)
{
    assert_int_equal(option_set(option_find(world->driver->options, key), value, world->device,
                                &world->arena, &world->error),
                     ERROR_OK);
}

/** A slave of unit 17 whose holding register 3 is 1234, and a device with a point on it. */
static void begin(struct world *world, const struct driver *driver)
{
    bool is_serial = driver == &modbus_rtu_driver;
    struct modbus_point_options options = {.address = "holding:3"};
    const struct driver_point point = {.point_id = 5, .name = "p", .options = &options};

    *world = (struct world){.sink.emit = take, .driver = driver};
    world->server = is_serial ? rtu_server_open_serial(world->address, sizeof(world->address))
                              : rtu_server_open_tcp(world->address, sizeof(world->address));
    world->device = calloc(1, driver->state_size);
    assert_true(world->server != NULL && world->device != NULL);
    rtu_server_mapping(world->server)->tab_registers[3] = 1234;
    arena_init(&world->arena, 1 << 20);
    assert_int_equal(
        option_set_fallbacks(driver->options, world->device, &world->arena, &world->error),
        ERROR_OK);
    set(world, is_serial ? "port" : "address", world->address);
    set(world, "unit", "17");
    set(world, "timeout", "200ms");
    if (is_serial) {
        set(world, "parity", "none");
        set(world, "baud", "9600");
    }
    assert_int_equal(option_set(option_find(driver->point_options, "type"), "uint16", &options,
                                &world->arena, &world->error),
                     ERROR_OK);
    assert_int_equal(driver->add_point(world->device, &world->arena, &point, &world->error),
                     ERROR_OK);
    assert_int_equal(driver->prepare(world->device, &world->arena, &world->error), ERROR_OK);
}

static enum error_code open_it(struct world *world)
{
    return world->driver->open(world->device, &clock_system,
                               clock_monotonic_ns(&clock_system) + 5 * NS_PER_S, &world->error);
}

static enum error_code read_it(struct world *world)
{
    const struct driver_turn turn = {.clock = &clock_system,
                                     .deadline_ns =
                                         clock_monotonic_ns(&clock_system) + 5 * NS_PER_S,
                                     .due = 1};

    world->samples = 0;
    world->last = (struct sample){0};
    return world->driver->read(world->device, &turn, &world->sink, &world->error);
}

static void assert_read_well(struct world *world)
{
    assert_int_equal(read_it(world), ERROR_OK);
    assert_int_equal(world->samples, 1);
    assert_int_equal(world->last.status, STATUS_GOOD);
    assert_int_equal(world->last.value.integer, 1234);
}

static const struct driver *const both[] = {&modbus_rtu_driver, &modbus_rtu_tcp_driver};

static void the_silence_before_a_request_is_that_of_the_standard(void **unused)
{
    (void)unused;
    static const struct {
        uint32_t choice;
        unsigned baud;
        int64_t us;
    } lines[] = {
        {0, 1200, 32083}, {3, 9600, 4010}, {4, 19200, 2005}, {5, 38400, 1750}, {7, 115200, 1750}};

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct serial_settings settings = {.baud_choice = lines[i].choice};

        assert_int_equal(serial_baud(&settings), lines[i].baud);
        assert_int_equal(serial_silence_ns(&settings) / NS_PER_US, lines[i].us);
        settings.turnaround_ns = 50 * NS_PER_MS;
        assert_int_equal(serial_silence_ns(&settings), 50 * NS_PER_MS);
    }
    assert_int_equal(
        serial_bytes_ns(&(struct serial_settings){.baud_choice = 3, .parity = 1, .stop_bits = 1},
                        96),
        110 * NS_PER_MS);
    assert_int_equal(
        serial_bytes_ns(&(struct serial_settings){.baud_choice = 3, .stop_bits = 1}, 96),
        100 * NS_PER_MS);
}

static void a_spoilt_or_foreign_answer_is_asked_for_once_more(void **unused) /* M6 */
{
    (void)unused;
    static const enum rtu_trouble troubles[] = {RTU_SPOILT, RTU_FOREIGN};

    for (size_t i = 0; i < 4; i++) {
        CLEANUP(end) struct world world;

        begin(&world, both[i / 2]);
        assert_int_equal(open_it(&world), ERROR_OK);
        rtu_server_misbehave(world.server, troubles[i % 2], 1);
        assert_read_well(&world);
        assert_int_equal(rtu_server_requests(world.server), 2);
        rtu_server_misbehave(world.server, troubles[i % 2], 2);
        assert_int_equal(read_it(&world), ERROR_PROTOCOL);
        assert_int_equal(rtu_server_requests(world.server), 4);
        assert_non_null(strstr(world.error.text, "unit 17"));
        assert_read_well(&world); /* without opening it again: X1 */
    }
}

static void silence_is_not_asked_again_and_the_line_goes_on(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < 2; i++) {
        CLEANUP(end) struct world world;

        begin(&world, both[i]);
        assert_int_equal(open_it(&world), ERROR_OK);
        rtu_server_misbehave(world.server, RTU_SILENT, 1);
        assert_int_equal(read_it(&world), ERROR_TIMEOUT);
        assert_int_equal(rtu_server_requests(world.server), 1);
        assert_read_well(&world);
    }
}

static void what_was_left_on_the_line_is_thrown_away(void **unused) /* X1 */
{
    (void)unused;
    static const uint8_t late[] = {17, 3, 2, 0, 9, 0x39, 0x80, 0xff};
    CLEANUP(end) struct world world;

    begin(&world, &modbus_rtu_driver);
    assert_int_equal(open_it(&world), ERROR_OK);
    assert_true(rtu_server_babble(world.server, late, sizeof(late)));
    assert_read_well(&world);
    assert_int_equal(rtu_server_requests(world.server), 1);
}

static void a_port_that_does_less_than_asked_is_refused(void **unused) /* L1, L2 */
{
    (void)unused;
    static const struct {
        const char *key, *value, *advice;
    } cases[] = {{"parity", "even", "set parity: none"}, {"rs485", "kernel", "rs485: none"}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(end) struct world world;

        begin(&world, &modbus_rtu_driver); /* a pseudo terminal has neither */
        set(&world, cases[i].key, cases[i].value);
        assert_int_equal(open_it(&world), ERROR_BAD_CONFIG);
        assert_non_null(strstr(world.error.text, world.address));
        assert_non_null(strstr(world.error.text, cases[i].advice));
        assert_int_equal(rtu_server_requests(world.server), 0);
    }
}

static void a_port_has_its_whole_name_and_a_unit_one_device(void **unused) /* M7 */
{
    (void)unused;
    CLEANUP(end) struct world world;
    CLEANUP(end) struct world other;

    begin(&world, &modbus_rtu_driver);
    begin(&other, &modbus_rtu_driver);
    assert_string_not_equal(world.driver->session(world.device),
                            other.driver->session(other.device));
    set(&other, "port", world.address);
    assert_int_equal(other.driver->prepare(other.device, &other.arena, &other.error), ERROR_OK);
    assert_string_equal(world.driver->session(world.device), other.driver->session(other.device));
    set(&other, "unit", "18");
    assert_int_equal(other.driver->prepare(other.device, &other.arena, &other.error), ERROR_OK);
    assert_string_not_equal(world.driver->session(world.device),
                            other.driver->session(other.device));
    assert_string_equal(world.driver->link->name(world.device),
                        other.driver->link->name(other.device));
    set(&other, "port", "ttyS0");
    assert_int_equal(other.driver->prepare(other.device, &other.arena, &other.error),
                     ERROR_BAD_CONFIG);
    assert_non_null(strstr(other.error.text, "/dev/ttyS0"));
}

/** The same port under a second name, as /dev/serial/by-id has them. */
static void a_port_has_one_owner_whatever_it_is_called(void **unused) /* L3 */
{
    (void)unused;
    static const struct serial_settings settings = {.baud_choice = 3, .stop_bits = 1};
    CLEANUP(end) struct world world;
    char name[] = "/tmp/leat-port-XXXXXX";
    char link[sizeof(name) + 8];
    struct _modbus *context = NULL;
    struct error error;

    begin(&world, &modbus_rtu_driver);
    assert_non_null(mkdtemp(name));
    (void)snprintf(link, sizeof(link), "%s/port", name);
    assert_int_equal(symlink(world.address, link), 0);
    assert_int_equal(open_it(&world), ERROR_OK);
    assert_int_equal(serial_open(&settings, link, &context, &error), ERROR_UNREACHABLE);
    assert_non_null(strstr(error.text, "port is locked: another program has it, or another"));
    assert_read_well(&world); /* it has felt nothing */
    world.driver->close(world.device);
    assert_int_equal(serial_open(&settings, link, &context, &error), ERROR_OK);
    assert_int_equal(open_it(&world), ERROR_UNREACHABLE);
    modbus_close(context);
    modbus_free(context);
    assert_int_equal(open_it(&world), ERROR_OK);
    assert_read_well(&world);
    assert_int_equal(unlink(link), 0);
    assert_int_equal(rmdir(name), 0);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(the_silence_before_a_request_is_that_of_the_standard),
        cmocka_unit_test(a_spoilt_or_foreign_answer_is_asked_for_once_more),
        cmocka_unit_test(silence_is_not_asked_again_and_the_line_goes_on),
        cmocka_unit_test(what_was_left_on_the_line_is_thrown_away),
        cmocka_unit_test(a_port_that_does_less_than_asked_is_refused),
        cmocka_unit_test(a_port_has_one_owner_whatever_it_is_called),
        cmocka_unit_test(a_port_has_its_whole_name_and_a_unit_one_device),
    };

    return cmocka_run_group_tests_name("modbus_rtu", cases, NULL, NULL);
}
