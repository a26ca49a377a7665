/* The gateway as a device, on recorded /proc and /sys of an ARM board (fixtures/gateway). */
#include "drivers/gateway/gateway.h"

#include "drivers/gateway/quantity.h"
#include "tests/support/config_folder.h"
#include "tests/support/fault_alloc.h"
#include "tests/support/temporary.h"

#include <math.h>

static const char board[] = SOURCE_FOLDER "/tests/unit/fixtures/gateway";

enum { SEEN_MAX = 96, NAME_SIZE = 64 };

/** A device from a configuration, and what its readings say. */
struct bench {
    struct driver_sink sink; /* first */
    struct config_folder folder;
    struct config *config;
    struct config_device *device;
    struct fixed_clock clock;
    struct facts_source host;
    char names[SEEN_MAX][NAME_SIZE]; /* by the id that samples carry */
    size_t name_count;
    struct sample samples[SEEN_MAX]; /* of the last turn, by that id */
    bool is_there[SEEN_MAX];
    unsigned rejections;
    char reason[256]; /* of the last */
};

static bool emit(struct driver_sink *sink, const struct sample *sample)
{
    struct bench *bench = (struct bench *)(void *)sink;

    assert_true(sample->point_id < bench->name_count);
    assert_false(bench->is_there[sample->point_id]); /* one of each a turn */
    bench->samples[sample->point_id] = *sample;
    bench->is_there[sample->point_id] = true;
    return true;
}

static void reject(struct driver_sink *sink, const struct driver_rejection *rejection)
{
    struct bench *bench = (struct bench *)(void *)sink;

    bench->rejections++;
    (void)snprintf(bench->reason, sizeof(bench->reason), "%s: %s", rejection->source,
                   rejection->reason);
}

static uint32_t id_of(struct bench *bench, const char *name)
{
    for (uint32_t i = 0; i < bench->name_count; i++) {
        if (strcmp(bench->names[i], name) == 0) {
            return i;
        }
    }
    assert_true(bench->name_count < SEEN_MAX && strlen(name) < NAME_SIZE);
    (void)snprintf(bench->names[bench->name_count], NAME_SIZE, "%s", name);
    return (uint32_t)bench->name_count++;
}

static uint32_t instance(struct driver_sink *sink, uint32_t point_id, const char *name)
{
    struct bench *bench = (struct bench *)(void *)sink;

    assert_non_null(strchr(bench->names[point_id], '{'));
    return id_of(bench, name);
}

static void read_facts(const struct facts_source *source, struct facts *facts)
{
    (void)source;
    *facts = (struct facts){
        .queue_path = board,
        .rings = {[STREAM_READINGS] = {.waiting = 1200,
                                       .used_bytes = 16 << 20,
                                       .size_bytes = 64 << 20,
                                       .lost = 7,
                                       .oldest_ns = 90 * NS_PER_S}},
        .has_target = true,
        .uplink_up = true,
        .last_success_ns = 30 * NS_PER_S,
        .uplink_failures = 3,
        .uplink_bytes = 4096,
        .devices_up = 5,
        .devices_down = 2,
        .polls_missed = 11,
        .payloads_rejected = 13,
    };
}

/** Configure the gateway with `keys` below its name and driver; false: with findings. */
static bool configure(struct bench *bench, const char *keys)
{
    char text[1000];

    (void)snprintf(text, sizeof(text),
                   "site: s\ngateway: g\ndevices:\n  - name: box\n    driver: gateway\n%s", keys);
    config_folder_write(&bench->folder, "leat.yaml", text, strlen(text));
    bench->config = config_folder_load(&bench->folder);
    if (bench->config == NULL) {
        return false;
    }
    bench->device = bench->config->devices[0];
    for (size_t i = 0; i < bench->device->point_count; i++) {
        (void)id_of(bench, bench->device->points[i].driver.name);
    }
    return true;
}

static void start(struct bench *bench, const char *keys)
{
    struct error error = {0};

    assert_true(configure(bench, keys));
    assert_int_equal(
        bench->device->driver->open(bench->device->state, &bench->clock.clock, INT64_MAX, &error),
        ERROR_OK);
}

static void take_turn(struct bench *bench)
{
    const struct driver_turn turn = {.clock = &bench->clock.clock,
                                     .deadline_ns = INT64_MAX,
                                     .due = UINT32_MAX,
                                     .host = &bench->host};
    struct error error = {0};

    memset(bench->is_there, 0, sizeof(bench->is_there));
    assert_int_equal(bench->device->driver->read(bench->device->state, &turn, &bench->sink, &error),
                     ERROR_OK);
}

static const struct sample *sample_of(struct bench *bench, const char *name)
{
    uint32_t id = id_of(bench, name);

    if (!bench->is_there[id]) {
        fail_msg("no reading of %s", name);
    }
    return &bench->samples[id];
}

static void expect_integer(struct bench *bench, const char *name, int64_t value)
{
    const struct sample *sample = sample_of(bench, name);

    assert_int_equal(sample->type, SAMPLE_INT);
    if (sample->value.integer != value || sample->status != STATUS_GOOD) {
        fail_msg("%s is %lld, status %x", name, (long long)sample->value.integer, sample->status);
    }
}

static void expect_real(struct bench *bench, const char *name, double value)
{
    const struct sample *sample = sample_of(bench, name);

    assert_int_equal(sample->type, SAMPLE_DOUBLE);
    if (fabs(sample->value.real - value) > 1e-9 || sample->status != STATUS_GOOD) {
        fail_msg("%s is %g, status %x", name, sample->value.real, sample->status);
    }
}

static void expect_no_value(struct bench *bench, const char *name, enum status_code status)
{
    const struct sample *sample = sample_of(bench, name);

    assert_int_equal(sample->type, SAMPLE_NONE);
    assert_int_equal(sample->status, (uint32_t)status);
}

static const struct config_point *point_of(struct bench *bench, const char *name)
{
    for (size_t i = 0; i < bench->device->point_count; i++) {
        if (strcmp(bench->device->points[i].driver.name, name) == 0) {
            return &bench->device->points[i];
        }
    }
    fail_msg("no point %s", name);
    return NULL;
}

static int set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof(*bench));

    assert_non_null(bench);
    bench->sink = (struct driver_sink){.emit = emit, .reject = reject, .instance = instance};
    bench->host.read = read_facts;
    config_folder_make(&bench->folder);
    fixed_clock_init(&bench->clock, INT64_C(1790000000) * NS_PER_S + 123456789);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;

    config_free(bench->config);
    config_folder_remove(&bench->folder);
    free(bench);
    return 0;
}

/** `    root: <the board>` and more keys. */
static const char *on_board(const char *keys)
{
    static char text[800];

    (void)snprintf(text, sizeof(text), "    root: %s\n%s", board, keys);
    return text;
}

static void the_driver_alone_gives_the_standard_points(void **state)
{
    struct bench *bench = *state;

    start(bench, on_board(""));
    assert_int_equal(bench->device->intervals_ns[0], 60 * NS_PER_S);
    assert_int_equal(bench->device->interval_count, 1);
    take_turn(bench);
    assert_int_equal(bench->rejections, 0);
    expect_real(bench, "cpu-busy", 7); /* 70000 of 1000000 ticks since the start */
    expect_real(bench, "load-1min", 0.42);
    expect_real(bench, "load-15min", 0.25);
    expect_integer(bench, "memory-available", INT64_C(380928) * 1024);
    expect_real(bench, "memory-used", 25);
    expect_integer(bench, "agent-memory", 8 << 20);
    expect_integer(bench, "uptime", 86400);
    expect_integer(bench, "temperature-cpu-thermal", 48350);
    expect_integer(bench, "temperature-pmic_thermal", -1250);
    expect_integer(bench, "temperature-lm75-temp1", 31500);
    expect_integer(bench, "temperature-lm75-Board-edge", 30125);
    expect_integer(bench, "flash-life-used-mmcblk2", 40);
    expect_integer(bench, "flash-spare-mmcblk2", 1);
}

static void what_the_agent_knows_and_what_is_found_are_among_them(void **state)
{
    struct bench *bench = *state;

    start(bench, on_board(""));
    take_turn(bench);
    expect_integer(bench, "link-eth0-up", 1);
    expect_integer(bench, "link-eth1-up", 0);
    expect_integer(bench, "link-ppp0-up", 1);
    expect_integer(bench, "link-eth0-received", 73400320);
    expect_integer(bench, "link-eth0-sent", 20971520);
    expect_integer(bench, "link-eth0-receive-errors", 3);
    expect_integer(bench, "link-eth0-send-errors", 1);
    expect_integer(bench, "link-wlan0-7-received", 4096);
    expect_integer(bench, "clock-synchronised", 1);
    expect_integer(bench, "queue-readings-waiting", 1200);
    expect_real(bench, "queue-readings-used", 25);
    expect_integer(bench, "queue-readings-oldest", 90);
    expect_integer(bench, "queue-readings-lost", 7);
    expect_integer(bench, "queue-events-waiting", 0);
    expect_integer(bench, "sync-up", 1);
    expect_integer(bench, "sync-failures", 3);
    expect_integer(bench, "sync-bytes", 4096);
    expect_integer(bench, "devices-up", 5);
    expect_integer(bench, "devices-down", 2);
    expect_integer(bench, "polls-missed", 11);
    expect_integer(bench, "payloads-rejected", 13);
}

static void a_turn_has_one_time_and_nothing_twice(void **state)
{
    struct bench *bench = *state;

    start(bench, on_board(""));
    take_turn(bench);
    /* Nothing was uploaded yet: at least that old. */
    assert_int_equal(sample_of(bench, "sync-age")->value.integer, 30);
    assert_int_equal(sample_of(bench, "sync-age")->status, STATUS_UNCERTAIN);
    assert_true(sample_of(bench, "disk-free")->value.integer > 0);
    assert_true(sample_of(bench, "queue-disk-used")->value.real > 0);
    assert_int_equal(sample_of(bench, "clock-offset")->type, SAMPLE_INT);
    /* One time, in whole milliseconds; no zone twice, nothing that leads nowhere. */
    assert_int_equal(sample_of(bench, "uptime")->time_ns % NS_PER_MS, 0);
    assert_int_equal(sample_of(bench, "uptime")->time_ns, sample_of(bench, "sync-up")->time_ns);
    for (size_t i = 0; i < bench->name_count; i++) {
        assert_null(strstr(bench->names[i], "cpu_thermal"));
        assert_null(strstr(bench->names[i], "-lo-"));
        assert_null(strstr(bench->names[i], "veth"));
        assert_null(strstr(bench->names[i], "mmcblk0"));
    }
}

static void standard_points_have_units_and_roles(void **state)
{
    struct bench *bench = *state;

    start(bench, on_board(""));
    assert_string_equal(point_of(bench, "temperature-{sensor}")->definition.unit, "Cel");
    assert_true(point_of(bench, "temperature-{sensor}")->definition.scale == 0.001);
    assert_string_equal(point_of(bench, "link-{link}-up")->definition.type, "bool");
    assert_string_equal(point_of(bench, "link-{link}-sent")->definition.role, "counter");
    assert_true(point_of(bench, "cpu-busy")->definition.range_high == 100);
}

static void standard_points_may_be_picked_and_changed(void **state)
{
    struct bench *bench = *state;

    start(bench, on_board("    interval: 10s\n"
                          "    points:\n"
                          "      - { name: cpu-busy, interval: 5s, deadband: 10 }\n"
                          "      - { name: hot, address: 'temperature:cpu-thermal' }\n"
                          "      - { name: logs, address: 'queue-used:logs' }\n"
                          "      - { name: root-free, address: 'disk-free:/' }\n"
                          "      - { name: 'nic-{x}-in', address: link-received }\n"));
    assert_int_equal(bench->device->point_count, 5);
    assert_int_equal(bench->device->intervals_ns[0], 5 * NS_PER_S);
    assert_int_equal(bench->device->intervals_ns[1], 10 * NS_PER_S);
    assert_true(point_of(bench, "cpu-busy")->definition.deadband == 10);
    assert_string_equal(point_of(bench, "cpu-busy")->definition.unit, "%");
    assert_string_equal(point_of(bench, "hot")->definition.unit, "Cel");
    assert_string_equal(point_of(bench, "hot")->definition.type, "int64");
    take_turn(bench);
    expect_real(bench, "cpu-busy", 7);
    expect_integer(bench, "hot", 48350);
    expect_real(bench, "logs", 0);
    expect_integer(bench, "nic-ppp0-in", 1048576);
}

/** Writes `text` to `name` below the test's own root. */
static void put(struct bench *bench, const char *name, const char *text)
{
    config_folder_write(&bench->folder, name, text, strlen(text));
}

static const char *own_root(struct bench *bench, const char *keys)
{
    static char text[800];

    (void)snprintf(text, sizeof(text), "    root: %s\n%s", bench->folder.path, keys);
    return text;
}

static void the_share_busy_is_of_the_time_between_readings(void **state)
{
    struct bench *bench = *state;

    put(bench, "proc/uptime", "10.00 1.00\n");
    put(bench, "proc/stat", "cpu  100 0 0 900 0 0 0 0 0 0\n");
    start(bench, own_root(bench, "    points: [{ name: cpu-busy }]\n"));
    take_turn(bench);
    expect_real(bench, "cpu-busy", 10);
    put(bench, "proc/stat", "cpu  130 10 5 950 5 0 0 0 0 0\n");
    take_turn(bench);
    expect_real(bench, "cpu-busy", 45);
    take_turn(bench); /* no tick has passed */
    assert_int_equal(sample_of(bench, "cpu-busy")->status, STATUS_UNCERTAIN_LAST_USABLE);
    put(bench, "proc/stat", "cpu  230 10 5 950 2 0 0 0 0 0\n"); /* waiting went back */
    take_turn(bench);
    expect_real(bench, "cpu-busy", 100);
}

static void what_cannot_be_read_is_bad_and_told_once(void **state) /* W2 */
{
    struct bench *bench = *state;

    put(bench, "proc/uptime", "10.00 1.00\n");
    start(bench, own_root(bench, "    points: [{ name: load-1min }, { name: uptime }]\n"));
    for (int i = 0; i < 3; i++) {
        take_turn(bench);
        expect_no_value(bench, "load-1min", STATUS_BAD_DEVICE_FAILURE);
        expect_integer(bench, "uptime", 10);
    }
    assert_int_equal(bench->rejections, 1);
    assert_string_equal(bench->reason,
                        "load-1min: cannot read /proc/loadavg: No such file or directory");
    put(bench, "proc/loadavg", "1.5 1.0 0.5 1/100 42\n");
    take_turn(bench);
    expect_real(bench, "load-1min", 1.5);
    put(bench, "proc/loadavg", "many\n");
    take_turn(bench);
    take_turn(bench);
    assert_int_equal(bench->rejections, 2);
    assert_non_null(strstr(bench->reason, "has not the form"));
}

static void a_link_that_is_gone_is_down_and_its_counters_are_bad(void **state) /* W3 */
{
    static const char heading[] = "Inter-| Receive\n face |bytes\n";
    static const char line[] = " wwan0: 5 1 0 0 0 0 0 0 6 1 0 0 0 0 0 0\n";
    struct bench *bench = *state;
    char both[200];

    (void)snprintf(both, sizeof(both), "%s%s", heading, line);
    put(bench, "proc/uptime", "10.00 1.00\n");
    put(bench, "proc/net/dev", both);
    put(bench, "sys/class/net/wwan0/operstate", "up\n");
    start(bench, own_root(bench, "    points: [{ name: 'link-{link}-up' }, "
                                 "{ name: 'link-{link}-sent' }]\n"));
    take_turn(bench);
    expect_integer(bench, "link-wwan0-up", 1);
    expect_integer(bench, "link-wwan0-sent", 6);
    put(bench, "proc/net/dev", heading);
    take_turn(bench);
    expect_integer(bench, "link-wwan0-up", 0);
    expect_no_value(bench, "link-wwan0-sent", STATUS_BAD_NODE_ID_UNKNOWN);
    put(bench, "proc/net/dev", both);
    take_turn(bench);
    expect_integer(bench, "link-wwan0-sent", 6);
    assert_int_equal(bench->rejections, 0);
}

static void a_sensor_that_fails_is_bad_and_told_once(void **state) /* W2 */
{
    struct bench *bench = *state;

    put(bench, "proc/uptime", "10.00 1.00\n");
    put(bench, "sys/class/thermal/thermal_zone0/type", "soc\n");
    put(bench, "sys/class/thermal/thermal_zone0/temp", "warm\n");
    put(bench, "sys/class/thermal/thermal_zone1/type", "soc\n");
    put(bench, "sys/class/thermal/thermal_zone1/temp", "40000\n");
    start(bench, own_root(bench, "    points: [{ name: 'temperature-{sensor}' }, "
                                 "{ name: x, address: 'temperature:gpu' }]\n"));
    take_turn(bench);
    assert_int_equal(bench->rejections, 2); /* the sensor, and one that is not there */
    take_turn(bench);
    assert_int_equal(bench->rejections, 2);
    expect_no_value(bench, "temperature-soc", STATUS_BAD_SENSOR_FAILURE);
    expect_no_value(bench, "x", STATUS_BAD_NODE_ID_UNKNOWN);
    expect_integer(bench, "temperature-soc-2", 40000); /* I1 */
    assert_string_equal(bench->reason, "temperature:gpu: there is no gpu in /sys/class/thermal and "
                                       "/sys/class/hwmon");
}

static void many_links_cost_no_more_than_their_limit(void **state) /* W1 */
{
    struct bench *bench = *state;
    static char text[8000] = "Inter-| Receive\n";
    size_t used = strlen(text);

    for (unsigned i = 0; i < 2 * GATEWAY_ITEMS_MAX; i++) {
        used += (size_t)snprintf(text + used, sizeof(text) - used,
                                 " tun%u: %u 1 0 0 0 0 0 0 6 1 0 0 0 0 0 0\n", i, i);
    }
    put(bench, "proc/uptime", "10.00 1.00\n");
    put(bench, "proc/net/dev", text);
    start(bench, own_root(bench, "    points: [{ name: 'link-{link}-received' }]\n"));
    take_turn(bench);
    assert_int_equal(bench->name_count, 1 + GATEWAY_ITEMS_MAX);
    expect_integer(bench, "link-tun23-received", 23);
}

static void reading_does_not_allocate(void **state) /* W1 */
{
    struct bench *bench = *state;

    start(bench, on_board(""));
    take_turn(bench);
    fault_alloc_arm(1);
    take_turn(bench);
    assert_false(fault_alloc_fired());
    fault_alloc_arm(0);
    expect_integer(bench, "link-eth0-up", 1);
}

static void without_an_agent_its_own_facts_are_bad(void **state)
{
    struct bench *bench = *state;
    const struct driver_turn turn = {.clock = &bench->clock.clock, .due = UINT32_MAX};
    struct error error = {0};

    start(bench, on_board(""));
    assert_int_equal(bench->device->driver->read(bench->device->state, &turn, &bench->sink, &error),
                     ERROR_OK);
    expect_integer(bench, "uptime", 86400);
    expect_no_value(bench, "queue-logs-lost", STATUS_BAD_NO_COMMUNICATION);
    expect_no_value(bench, "queue-disk-free", STATUS_BAD_NO_COMMUNICATION);
}

static void addresses_that_cannot_be_are_refused_with_what_to_write(void **state)
{
    static const struct {
        const char *point, *sentence;
    } wrong[] = {
        {"name: heat", "'heat' is none of the standard points (docs/gateway.md); give its address"},
        {"name: a, address: flux", "'flux' is nothing that a gateway has"},
        {"name: a, address: 'uptime:x'", "'uptime:x' has nothing behind a ':'; write 'uptime'"},
        {"name: a, address: disk-free", "write disk-free:/data, or disk-free:queue"},
        {"name: a, address: 'queue-used:all'", "names no ring; write queue-used:events"},
        {"name: a, address: temperature", "put an {item} into it"},
        {"name: 'a-{b}', address: 'temperature:cpu'", "must be without a {part}"},
        {"name: 'a-{b}', address: uptime", "nothing takes the place of a {part}"},
        {"name: uptime, type: int16", "'type'"},
    };
    struct bench *bench = *state;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char keys[200], findings[600];

        (void)snprintf(keys, sizeof(keys), "    points: [{ %s }]\n", wrong[i].point);
        assert_false(configure(bench, keys));
        if (strstr(config_folder_findings(&bench->folder, findings, sizeof(findings)),
                   wrong[i].sentence) == NULL) {
            fail_msg("%s: %s", wrong[i].point, findings);
        }
        memset(&bench->folder.findings, 0, sizeof(bench->folder.findings));
    }
}

static void the_clocks_offset_is_in_microseconds(void **state)
{
    (void)state;
    struct timex kernel = {.offset = -2500000, .status = STA_NANO};

    assert_int_equal(quantity_clock_offset_us(&kernel), -2500);
    kernel = (struct timex){.offset = 2500};
    assert_int_equal(quantity_clock_offset_us(&kernel), 2500);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        CASE(the_driver_alone_gives_the_standard_points),
        CASE(what_the_agent_knows_and_what_is_found_are_among_them),
        CASE(a_turn_has_one_time_and_nothing_twice),
        CASE(standard_points_have_units_and_roles),
        CASE(standard_points_may_be_picked_and_changed),
        CASE(the_share_busy_is_of_the_time_between_readings),
        CASE(what_cannot_be_read_is_bad_and_told_once),
        CASE(a_link_that_is_gone_is_down_and_its_counters_are_bad),
        CASE(a_sensor_that_fails_is_bad_and_told_once),
        CASE(many_links_cost_no_more_than_their_limit),
        CASE(reading_does_not_allocate),
        CASE(without_an_agent_its_own_facts_are_bad),
        CASE(addresses_that_cannot_be_are_refused_with_what_to_write),
        CASE(the_clocks_offset_is_in_microseconds),
    };

    return cmocka_run_group_tests_name("gateway", cases, NULL, NULL);
}
