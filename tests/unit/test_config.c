#include "agent/config/config.h"
#include "tests/support/config_folder.h"

#include <math.h>

static const char whole[] = "site: harbour-works\n"
                            "gateway: gw-07\n"
                            "queue:\n"
                            "  path: /tmp/q.db\n"
                            "  flush: 250ms\n"
                            "  rings:\n"
                            "    events: { size: 1MiB, when_full: overwrite-oldest }\n"
                            "    readings: { size: 2MiB, when_full: hold }\n"
                            "    logs:\n"
                            "  keep_free: 10MiB\n"
                            "sync:\n"
                            "  batch: { max_size: 1MiB, max_age: 1min }\n"
                            "  targets:\n"
                            "    - { name: plant-lake, type: directory, path: /srv/lake }\n"
                            "devices:\n"
                            "  - name: boiler-1\n"
                            "    driver: modbus-tcp\n"
                            "    address: 192.0.2.10:502\n"
                            "    interval: 2s\n"
                            "    heartbeat: 1min\n"
                            "    points:\n"
                            "      - name: flow\n"
                            "        address: holding:100\n"
                            "        type: int16\n"
                            "        scale: 0.1\n"
                            "        offset: -5\n"
                            "        unit: Cel\n"
                            "        range: [-20, 150]\n"
                            "        deadband: 0.2\n"
                            "        role: setpoint\n"
                            "        labels: { area: \"nor\\\"th\", line: 2 }\n"
                            "      - { name: on, address: coil:4, type: bool, interval: 10s }\n"
                            "    points_file: boiler.csv\n";

static const char csv[] = "name;address;type;deadband;range_low;labels.area;heartbeat\r\n"
                          "energy;input:200;uint32;2%;-1.5;\"a;b\"\"c\";5s\r\n"
                          ";;;;;;\r\n";

static int start(void **state)
{
    static struct config_folder folder;

    config_folder_make(&folder);
    *state = &folder;
    return 0;
}

static int end(void **state)
{
    config_folder_remove(*state);
    return 0;
}

static void write_text(struct config_folder *folder, const char *name, const char *text)
{
    config_folder_write(folder, name, text, strlen(text));
}

static struct config *load(struct config_folder *folder, const char *text)
{
    struct config *config;

    write_text(folder, "leat.yaml", text);
    config = config_folder_load(folder);
    if (config == NULL) {
        char findings[4096];

        fail_msg("%s", config_folder_findings(folder, findings, sizeof(findings)));
    }
    return config;
}

static void a_whole_configuration_is_read_as_written(void **state)
{
    struct config_folder *folder = *state;
    struct config *config;

    write_text(folder, "boiler.csv", csv);
    config = load(folder, whole);
    assert_string_equal(config->site, "harbour-works");
    assert_string_equal(config->gateway, "gw-07");
    assert_string_equal(config->queue.path, "/tmp/q.db");
    assert_int_equal(config->queue.flush_ns, 250 * NS_PER_MS);
    assert_int_equal(config->queue.ring_bytes[STREAM_EVENTS], 1 << 20);
    assert_int_equal(config->queue.when_full[STREAM_EVENTS], STORE_OVERWRITE_OLDEST);
    assert_int_equal(config->queue.ring_bytes[STREAM_READINGS], 2 << 20);
    assert_int_equal(config->queue.when_full[STREAM_READINGS], STORE_HOLD);
    assert_int_equal(config->queue.ring_bytes[STREAM_LOGS], 16 << 20);
    assert_int_equal(config->queue.keep_free_bytes, 10 << 20);
    assert_int_equal(config->sync.batch_max_bytes, 1 << 20);
    assert_int_equal(config->sync.batch_max_age_ns, 60 * NS_PER_S);
    assert_string_equal(config->sync.target_name, "plant-lake");
    assert_string_equal(config->sync.target->name, "directory");
    assert_non_null(config->sync.target_state);
    assert_int_equal(config->device_count, 1);
    assert_string_equal(config->devices[0]->name, "boiler-1");
    assert_string_equal(config->devices[0]->driver->name, "modbus-tcp");
    config_free(config);
}

static void points_carry_their_definitions(void **state)
{
    struct config_folder *folder = *state;
    struct config *config;
    const struct config_device *device;
    const struct definition *flow;
    const struct definition *energy;

    write_text(folder, "boiler.csv", csv);
    config = load(folder, whole);
    device = config->devices[0];
    assert_int_equal(device->point_count, 3);
    flow = &device->points[0].definition;
    assert_string_equal(flow->point_id, "boiler-1/flow");
    assert_string_equal(flow->device, "boiler-1");
    assert_string_equal(flow->name, "flow");
    assert_string_equal(flow->type, "int16");
    assert_string_equal(flow->unit, "Cel");
    assert_string_equal(flow->role, "setpoint");
    assert_string_equal(flow->address, "holding:100");
    assert_string_equal(flow->labels, "{\"area\":\"nor\\\"th\",\"line\":\"2\"}");
    assert_true(flow->scale == 0.1 && flow->offset == -5);
    assert_true(flow->range_low == -20 && flow->range_high == 150);
    assert_true(flow->deadband == 0.2 && flow->deadband_percent == 0);
    assert_int_equal(flow->interval_ns, 2 * NS_PER_S);
    assert_int_equal(flow->heartbeat_ns, 60 * NS_PER_S);
    assert_int_equal(device->points[0].line, 22);
    energy = &device->points[2].definition;
    assert_string_equal(energy->point_id, "boiler-1/energy");
    assert_string_equal(energy->labels, "{\"area\":\"a;b\\\"c\"}");
    assert_string_equal(energy->unit, "");
    assert_string_equal(energy->role, "sensor");
    assert_true(energy->deadband == 0 && energy->deadband_percent == 2);
    assert_true(energy->range_low == -1.5 && isnan(energy->range_high));
    assert_int_equal(energy->heartbeat_ns, 5 * NS_PER_S);
    config_free(config);
}

static void a_point_with_a_scale_register_is_a_double(void **state)
{
    struct config *config =
        load(*state, "site: s\ndevices:\n  - name: m\n    driver: modbus-tcp\n    address: h\n"
                     "    points:\n"
                     "      - { name: w, address: holding:1, type: int16, "
                     "scale_register: holding:2 }\n"
                     "      - { name: v, address: holding:3, type: int16 }\n");

    assert_string_equal(config->devices[0]->points[0].definition.type, "float64");
    assert_string_equal(config->devices[0]->points[1].definition.type, "int16");
    config_free(config);
}

static void each_different_interval_is_a_schedule(void **state)
{
    struct config_folder *folder = *state;
    struct config *config;
    const struct config_device *device;

    write_text(folder, "boiler.csv", csv);
    config = load(folder, whole);
    device = config->devices[0];
    assert_int_equal(device->interval_count, 2);
    assert_int_equal(device->intervals_ns[0], 2 * NS_PER_S);
    assert_int_equal(device->intervals_ns[1], 10 * NS_PER_S);
    assert_int_equal(device->points[0].driver.schedule, 0);
    assert_int_equal(device->points[1].driver.schedule, 1);
    assert_int_equal(device->points[2].driver.schedule, 0);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(device->points[i].driver.point_id, i);
        assert_ptr_equal(device->points[i].driver.name, device->points[i].definition.name);
    }
    config_free(config);
}

static void a_site_alone_is_a_configuration(void **state)
{
    struct config_folder *folder = *state;
    struct config *config = load(folder, "site: s\nqueue:\nsync:\n  targets:\ndevices:\n");

    assert_true(strlen(config->gateway) > 0);
    assert_string_equal(config->queue.path, "/var/lib/leat/queue.db");
    assert_int_equal(config->queue.flush_ns, NS_PER_S);
    assert_false(config->queue.flash_saver);
    assert_int_equal(config->queue.card.size_bytes, UINT64_C(8) << 30);
    assert_int_equal(config->queue.card.cycles, 3000);
    assert_int_equal(config->queue.card.program_page_bytes, 16 << 10);
    assert_int_equal(config->queue.ring_bytes[STREAM_EVENTS], 4 << 20);
    assert_int_equal(config->queue.when_full[STREAM_EVENTS], STORE_HOLD);
    assert_int_equal(config->queue.ring_bytes[STREAM_READINGS], 64 << 20);
    assert_int_equal(config->queue.when_full[STREAM_READINGS], STORE_OVERWRITE_OLDEST);
    assert_int_equal(config->queue.keep_free_bytes, 200 << 20);
    assert_int_equal(config->sync.batch_max_bytes, 8 << 20);
    assert_int_equal(config->sync.batch_max_age_ns, 15 * 60 * NS_PER_S);
    assert_null(config->sync.target);
    assert_null(config->sync.target_name);
    assert_int_equal(config->device_count, 0);
    config_free(config);
}

static const char device_a[] = "name: a\ndriver: modbus-tcp\naddress: h:502\n"
                               "points: [{ name: p, address: holding:1, type: int16 }]\n";

static void the_folder_of_devices_is_read_in_the_order_of_its_names(void **state)
{
    struct config_folder *folder = *state;
    char text[300];
    struct config *config;

    (void)snprintf(text, sizeof(text), "%s", device_a);
    text[6] = 'z';
    *strstr(text, "h:502") = 'i'; /* a peer of its own */
    write_text(folder, "devices/10-first.yaml", text);
    write_text(folder, "devices/20-second.yaml", device_a);
    write_text(folder, "devices/.20-second.yaml.swp", "\t{");
    write_text(folder, "devices/20-second.yaml~", "\t{");
    (void)snprintf(text, sizeof(text), "%senabled: false\n", device_a);
    text[6] = 'n';
    write_text(folder, "devices/30-not-enabled.yaml", text);
    config = load(folder, "site: s\n");
    assert_int_equal(config->device_count, 2);
    assert_string_equal(config->devices[0]->name, "z");
    assert_string_equal(config->devices[1]->name, "a");
    assert_int_equal(config->devices[0]->intervals_ns[0], NS_PER_S);
    config_free(config);
}

/** The fingerprint of device_a with `from` replaced by `to`. */
static void fingerprint_of(struct config_folder *folder, const char *from, const char *to,
                           uint8_t *fingerprint)
{
    char text[400];
    const char *found = strstr(device_a, from);
    struct config *config;

    assert_non_null(found);
    (void)snprintf(text, sizeof(text), "%.*s%s%s", (int)(found - device_a), device_a, to,
                   found + strlen(from));
    write_text(folder, "devices/a.yaml", text);
    config = load(folder, "site: s\n");
    memcpy(fingerprint, config->devices[0]->fingerprint, CONFIG_FINGERPRINT_SIZE);
    config_free(config);
}

static void c2_a_fingerprint_changes_with_what_matters_alone(void **state)
{
    struct config_folder *folder = *state;
    const struct {
        const char *from, *to;
        bool same;
    } rows[] = {
        {"name: a", "name: a", true},
        {"name: a", "# a word\nname:   'a'", true},
        {"name: a", "interval: 1s\nname: a", true}, /* the fallback */
        {"name: a\ndriver: modbus-tcp", "driver: modbus-tcp\nname: a", true},
        {"name: a", "name: b", false},
        {"h:502", "h:503", false},
        {"name: a", "timeout: 3s\nname: a", false},
        {"name: a", "interval: 2s\nname: a", false},
        {"name: p", "name: q", false},
        {"holding:1", "holding:2", false},
        {"type: int16", "type: uint16", false},
        {"type: int16", "type: int16, scale: 2", false},
        {"type: int16", "type: int16, labels: { a: b }", false},
        {"type: int16", "type: int16, range: [1, 2]", false},
        {"type: int16 }", "type: int16 }, { name: q, address: holding:2, type: int16 }", false},
    };
    uint8_t first[CONFIG_FINGERPRINT_SIZE];

    fingerprint_of(folder, "a", "a", first);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t now[CONFIG_FINGERPRINT_SIZE];

        fingerprint_of(folder, rows[i].from, rows[i].to, now);
        if ((memcmp(now, first, sizeof(now)) == 0) != rows[i].same) {
            fail_msg("%s -> %s", rows[i].from, rows[i].to);
        }
    }
}

static void c2_a_device_may_be_taken_out(void **state)
{
    struct config_folder *folder = *state;
    struct config_device *device;
    struct config *config;

    write_text(folder, "devices/a.yaml", device_a);
    config = load(folder, "site: s\n");
    device = config->devices[0];
    config->devices[0] = NULL;
    config_free(config);
    assert_string_equal(device->points[0].definition.point_id, "a/p"); /* lives on */
    config_device_free(device);
    config_device_free(NULL);
    config_free(NULL);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, start, end)

static void the_flash_saver_flushes_less_often_unless_it_is_told_how_often(void **state)
{
    static const struct {
        const char *text;
        int64_t flush_ns;
    } rows[] = {
        {"site: s\nqueue: { flash_saver: true }\n", 5 * NS_PER_S},
        {"site: s\nqueue: { flash_saver: true, flush: 30s }\n", 30 * NS_PER_S},
        {"site: s\nqueue: { flash_saver: false }\n", NS_PER_S},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct config *config = load(*state, rows[i].text);

        assert_int_equal(config->queue.flush_ns, rows[i].flush_ns);
        config_free(config);
    }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        IN_FOLDER(a_whole_configuration_is_read_as_written),
        IN_FOLDER(points_carry_their_definitions),
        IN_FOLDER(a_point_with_a_scale_register_is_a_double),
        IN_FOLDER(each_different_interval_is_a_schedule),
        IN_FOLDER(a_site_alone_is_a_configuration),
        IN_FOLDER(the_flash_saver_flushes_less_often_unless_it_is_told_how_often),
        IN_FOLDER(the_folder_of_devices_is_read_in_the_order_of_its_names),
        IN_FOLDER(c2_a_fingerprint_changes_with_what_matters_alone),
        IN_FOLDER(c2_a_device_may_be_taken_out),
    };

    return cmocka_run_group_tests_name("config", cases, NULL, NULL);
}
