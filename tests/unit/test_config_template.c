#include "agent/config/template_list.h"
#include "tests/support/config_examples.h"

#include <dirent.h>
#include <limits.h>
#include <unistd.h>

/* A template of our own beside leat.yaml, and every one that is shipped. */

static const char meter[] = "vendor: Test Bench\n"
                            "models: M1\n"
                            "protocol: modbus\n"
                            "device: { order: CDAB, block: 10, timeout: 2s }\n"
                            "documents:\n"
                            "  manual: \"Test Bench, M1 Manual, revision 2\"\n"
                            "points:\n"
                            "  - { name: volts, group: voltage, address: input:0, type: int32, "
                            "scale: 0.1, unit: V, source: "
                            "\"manual, p. 3\" }\n"
                            "  - { name: amps, group: current, address: input:2, type: int32, "
                            "unit: A, source: \"manual, p. "
                            "3\" }\n"
                            "  - { name: energy, group: energy, address: input:10, type: uint32, "
                            "unit: kW.h, role: counter, "
                            "interval: 1min, source: \"manual, p. 4\" }\n";

#define DEVICE                                                                                     \
    "site: s\ngateway: g\ndevices:\n  - name: m\n    driver: modbus-tcp\n    address: h\n"

static int start(void **state)
{
    static struct config_folder folder;

    config_folder_make(&folder);
    config_folder_write(&folder, "templates/m1.yaml", meter, sizeof(meter) - 1);
    *state = &folder;
    return 0;
}

static int end(void **state)
{
    config_folder_remove(*state);
    return 0;
}

/** Load DEVICE with `lines` below it; it must be fine. The caller frees it. */
static struct config *load(struct config_folder *folder, const char *lines)
{
    char text[2000];
    struct config *config;

    (void)snprintf(text, sizeof(text), DEVICE "%s", lines);
    config_folder_write(folder, "leat.yaml", text, strlen(text));
    config = config_folder_load(folder);
    if (config == NULL) {
        fail_msg("%s", folder->error.text);
    }
    return config;
}

/** The names of the points, with a blank behind each. */
static const char *names_of(const struct config *config)
{
    static char names[2000];
    size_t at = 0;

    names[0] = '\0';
    for (size_t i = 0; i < config->devices[0]->point_count; i++) {
        at += (size_t)snprintf(names + at, sizeof(names) - at, "%s ",
                               config->devices[0]->points[i].definition.name);
    }
    return names;
}

static const struct definition *point(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->devices[0]->point_count; i++) {
        if (strcmp(config->devices[0]->points[i].definition.name, name) == 0) {
            return &config->devices[0]->points[i].definition;
        }
    }
    fail_msg("there is no point %s", name);
    return NULL;
}

static void a_device_takes_the_points_of_its_template(void **state)
{
    struct config *config = load(*state, "    template: m1\n");
    const struct definition *volts = point(config, "volts");

    assert_string_equal(names_of(config), "volts amps energy ");
    assert_string_equal(volts->point_id, "m/volts");
    assert_string_equal(volts->address, "input:0");
    assert_string_equal(volts->type, "int32");
    assert_string_equal(volts->unit, "V");
    assert_true(volts->scale == 0.1);
    assert_string_equal(point(config, "energy")->role, "counter");
    config_free(config);
}

static void t1_a_template_beside_the_main_file_comes_first(void **state)
{
    struct config_folder *folder = *state;
    static const char other[] = "vendor: V\nmodels: M\nprotocol: modbus\ndocuments: { d: t }\n"
                                "points:\n  - { name: own, group: g, address: input:0, type: "
                                "int16, source: d }\n";
    char lines[200];
    struct config *config;

    config_folder_write(folder, "installed/m1.yaml", meter, sizeof(meter) - 1);
    config_folder_write(folder, "installed/m2.yaml", meter, sizeof(meter) - 1);
    config_folder_write(folder, "templates/m1.yaml", other, sizeof(other) - 1);
    (void)snprintf(lines, sizeof(lines), "    template: m1\ntemplates: %s/installed\n",
                   folder->path);
    config = load(folder, lines);
    assert_string_equal(names_of(config), "own ");
    config_free(config);
    (void)snprintf(lines, sizeof(lines), "    template: m2\ntemplates: %s/installed\n",
                   folder->path);
    config = load(folder, lines);
    assert_string_equal(names_of(config), "volts amps energy ");
    config_free(config);
}

static void t2_what_the_device_gives_wins_key_by_key(void **state)
{
    struct config *config =
        load(*state, "    template: m1\n    order: ABCD\n    points:\n"
                     "      - { name: volts, scale: 0.01, range: [200, 250] }\n"
                     "      - { name: extra, address: input:4, type: int16 }\n");

    assert_string_equal(names_of(config), "volts amps energy extra ");
    assert_true(point(config, "volts")->scale == 0.01);
    assert_true(point(config, "volts")->range_high == 250);
    assert_string_equal(point(config, "volts")->address, "input:0");
    assert_string_equal(point(config, "volts")->unit, "V");
    config_free(config);
}

/** The template's `block: 10` refuses a text of 11 registers, the device's own allows it. */
static void t2_settings_of_the_device_come_from_the_template_too(void **state)
{
    struct config_folder *folder = *state;
    static const char wide[] =
        DEVICE "    template: m1\n    points:\n"
               "      - { name: text, address: input:20, type: string, length: 11 }\n";

    config_folder_write(folder, "leat.yaml", wide, sizeof(wide) - 1);
    assert_null(config_folder_load(folder));
    assert_non_null(strstr(folder->error.text, "block: 10"));
    config_free(load(folder, "    template: m1\n    block: 20\n    points:\n"
                             "      - { name: text, address: input:20, type: string, length: 11 "
                             "}\n"));
}

static void t3_points_are_chosen_by_group_and_by_name(void **state)
{
    struct config *config = load(*state, "    template: m1\n    only: [energy, voltage]\n");

    assert_string_equal(names_of(config), "volts energy ");
    config_free(config);
    config = load(*state, "    template: m1\n    only: energy\n");
    assert_string_equal(names_of(config), "energy ");
    config_free(config);
    config = load(*state, "    template: m1\n    without: [amps]\n");
    assert_string_equal(names_of(config), "volts energy ");
    config_free(config);
    config = load(*state, "    template: m1\n    only: [energy]\n"
                          "    points: [{ name: amps, scale: 2 }]\n");
    assert_string_equal(names_of(config), "amps energy ");
    assert_true(point(config, "amps")->scale == 2);
    config_free(config);
}

static void t4_a_template_never_reads_more_often_than_the_device(void **state)
{
    struct config *config = load(*state, "    template: m1\n    interval: 10s\n");

    assert_int_equal(point(config, "volts")->interval_ns, 10 * NS_PER_S);
    assert_int_equal(point(config, "energy")->interval_ns, 60 * NS_PER_S);
    config_free(config);
    config = load(*state, "    template: m1\n    interval: 5min\n");
    assert_int_equal(point(config, "energy")->interval_ns, 300 * NS_PER_S);
    config_free(config);
    config = load(*state, "    template: m1\n    interval: 5min\n"
                          "    points: [{ name: energy, interval: 2s }]\n");
    assert_int_equal(point(config, "energy")->interval_ns, 2 * NS_PER_S);
    config_free(config);
}

static void a_changed_template_is_a_changed_device(void **state)
{
    struct config_folder *folder = *state;
    char changed[sizeof(meter)];
    uint8_t before[CONFIG_FINGERPRINT_SIZE];
    struct config *config = load(folder, "    template: m1\n");

    memcpy(before, config->devices[0]->fingerprint, sizeof(before));
    config_free(config);
    config = load(folder, "    template: m1\n");
    assert_memory_equal(config->devices[0]->fingerprint, before, sizeof(before));
    config_free(config);
    memcpy(changed, meter, sizeof(meter));
    memcpy(strstr(changed, "input:10"), "input:12", strlen("input:12"));
    config_folder_write(folder, "templates/m1.yaml", changed, sizeof(changed) - 1);
    config = load(folder, "    template: m1\n");
    assert_memory_not_equal(config->devices[0]->fingerprint, before, sizeof(before));
    config_free(config);
}

struct row {
    const char *file, *text, *findings;
};

static const char head[] = "vendor: V\nmodels: M\nprotocol: modbus\ndocuments: { d: t }\n";

static const struct row refused[] = {
    {"leat.yaml", DEVICE "    template: m3\ntemplates: /none\n",
     "leat.yaml:7:15: template: 'm3' is not found, for the folder /none is not there; write where "
     "templates are: templates: /path (in Leat's source: drivers/templates)\n"},
    {"leat.yaml", DEVICE "    template: m3\ntemplates: /\n",
     "leat.yaml:7:15: template: there is no 'm3' in /; `leat templates` lists them\n"},
    {"leat.yaml", DEVICE "    template: ../m1\n",
     "leat.yaml:7:15: template: '../m1' may hold letters, digits, '-' and '_' only\n"},
    {"leat.yaml", DEVICE "    template: m1\n    only: [power, energy]\n",
     "leat.yaml:4:5: only: the template m1 has no group 'power'\n"},
    {"leat.yaml", DEVICE "    template: m1\n    without: [watts]\n",
     "leat.yaml:4:5: without: the template m1 has no point 'watts'\n"},
    {"leat.yaml", DEVICE "    template: m1\n    only: [power]\n    without: [watts]\n",
     "leat.yaml:4:5: only: the template m1 has no group 'power'\n"
     "leat.yaml:4:5: without: the template m1 has no point 'watts'\n"},
    {"leat.yaml",
     DEVICE "    template: m1\n    points:\n      - { name: amps, unit: mA }\n"
            "      - { name: amps, unit: kA }\n",
     "leat.yaml:10:9: the point 'amps' is given twice, first in line 9\n"},
    {"leat.yaml", DEVICE "    only: [energy]\n    points: []\n",
     "leat.yaml:7:5: 'only' picks points of a template; name one, or remove it\n"
     "leat.yaml:4:5: the device has no points; nothing would be read\n"},
    {"leat.yaml", DEVICE "    template: m1\n    points: [{ name: volts, type: int17 }]\n",
     "leat.yaml:8:35: type: 'int17' is not one of "
     "model|bool|int16|uint16|int32|uint32|int64|uint64|float32|float64|string\n"},
    {"templates/m1.yaml", "vendor: V\n",
     "templates/m1.yaml:1:1: 'models' is missing from a template (for which of its models)\n"
     "templates/m1.yaml:1:1: 'protocol' is missing from a template (the driver's name up to "
     "its "
     "first '-': modbus)\n"},
    {"templates/m1.yaml", "vendor: V\nmodels: M\nprotocol: modbus\npoints: []\n",
     "templates/m1.yaml:1:1: 'documents' is missing from a template: a name and a title each, "
     "as in documents: { manual: ... }\n"},
    {"templates/m1.yaml", "points:\n  - { name: p, group: g, address: input:0, type: int16 }\n",
     "templates/m1.yaml:6:5: 'source' is missing from a point of a template (it has a name, a "
     "group and a source: which document and page)\n"},
    {"templates/m1.yaml",
     "points:\n  - { name: p, group: g, address: input:0, type: int16, source: \"x, p. 1\" }\n",
     "templates/m1.yaml:6:65: source: 'x' is none of 'documents'; write which of them and "
     "where "
     "in it, as in 'manual, p. 12'\n"},
    {"templates/m1.yaml",
     "points:\n  - { name: p, group: g, address: input:0, type: int17, source: d }\n",
     "templates/m1.yaml:6:50: type: 'int17' is not one of "
     "model|bool|int16|uint16|int32|uint32|int64|uint64|float32|float64|string\n"},
    {"templates/m1.yaml",
     "points:\n  - { name: p, group: g, address: 30001, type: int16, source: d }\n", NULL},
};

/** Whether loading with this file says what the row says. */
static bool is_refused_so(struct config_folder *folder, const struct row *row)
{
    static const char with[] = DEVICE "    template: m1\n";
    char text[2000];
    char findings[4000];
    struct config *config;
    bool fine;

    (void)snprintf(text, sizeof(text), "%s%s", strncmp(row->text, "points", 6) == 0 ? head : "",
                   row->text);
    config_folder_write(folder, "leat.yaml", with, sizeof(with) - 1);
    config_folder_write(folder, row->file, text, strlen(text));
    config = config_folder_load(folder);
    (void)config_folder_findings(folder, findings, sizeof(findings));
    fine = config == NULL &&
           (row->findings == NULL
                ? strncmp(findings, "templates/m1.yaml:6:", strlen("templates/m1.yaml:6:"))
                : strcmp(findings, row->findings)) == 0;
    if (!fine) {
        print_error("--- of\n%s\n--- expected\n%s--- found\n%s", text,
                    row->findings == NULL ? "line 6\n" : row->findings, findings);
    }
    config_free(config);
    return fine;
}

static void what_is_wrong_is_said_where_it_stands(void **state)
{
    bool fine = true;

    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        fine = is_refused_so(*state, &refused[i]) && fine;
    }
    assert_true(fine);
}

static void a_point_is_changed_once(void **state)
{
    struct config_folder *folder = *state;
    static const char twice[] = DEVICE "    template: m1\n    points:\n      - { name: volts }\n"
                                       "      - { name: volts, address: input:0, type: int16 }\n";

    config_folder_write(folder, "leat.yaml", twice, sizeof(twice) - 1);
    assert_null(config_folder_load(folder));
    assert_non_null(strstr(folder->error.text, "the point 'volts' is given twice"));
    assert_int_equal(folder->findings.list[0].line, 10);
}

static void a_template_is_for_its_protocol(void **state)
{
    struct config_folder *folder = *state;
    static const char mqtt[] =
        "site: s\ngateway: g\ndevices:\n  - { name: m, driver: mqtt, broker: "
        "\"mqtt://h\", template: m1 }\n";
    char other[sizeof(meter)];

    config_folder_write(folder, "leat.yaml", mqtt, sizeof(mqtt) - 1);
    assert_null(config_folder_load(folder));
    assert_non_null(strstr(
        folder->error.text,
        "leat.yaml:4:50: template: driver mqtt has none; write the points below 'subscriptions'"));
    memcpy(other, meter, sizeof(meter));
    memcpy(strstr(other, "modbus"), "modbux", strlen("modbux"));
    config_folder_write(folder, "templates/m1.yaml", other, sizeof(other) - 1);
    config_folder_write(folder, "leat.yaml", DEVICE "    template: m1\n",
                        strlen(DEVICE "    template: m1\n"));
    assert_null(config_folder_load(folder));
    assert_non_null(
        strstr(folder->error.text,
               "template: m1 is for devices that speak modbux; driver modbus-tcp does not"));
}

/** Load the template NAME of the source tree in a device of its own. */
static void load_shipped(struct config_folder *folder, const char *name)
{
    char lines[1000];
    struct config *config;

    (void)snprintf(lines, sizeof(lines), "    template: %s\ntemplates: %s\n", name,
                   config_source_path("drivers/templates"));
    config = load(folder, lines);
    assert_true(config->devices[0]->point_count > 0);
    config_free(config);
}

static void every_shipped_template_is_whole(void **state)
{
    DIR *folder = opendir(config_source_path("drivers/templates"));
    const struct dirent *entry;
    unsigned count = 0;

    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL) {
        const char *end = strstr(entry->d_name, ".yaml");
        char name[NAME_MAX];

        if (end != NULL) {
            (void)snprintf(name, sizeof(name), "%.*s", (int)(end - entry->d_name), entry->d_name);
            load_shipped(*state, name);
            count++;
        }
    }
    assert_int_equal(closedir(folder), 0);
    assert_true(count >= 10);
}

/** What template_list() prints. */
static const char *list(struct config_folder *folder, const char *name, enum error_code expected)
{
    static char said[8192];
    FILE *out = fmemopen(said, sizeof(said), "w");
    struct error error = {0};
    char path[128];

    assert_non_null(out);
    (void)snprintf(path, sizeof(path), "%s/leat.yaml", folder->path);
    assert_int_equal(template_list(path, name, out, &error), expected);
    assert_int_equal(fclose(out), 0);
    return said;
}

static void they_can_be_listed(void **state)
{
    struct config_folder *folder = *state;
    char text[1000];

    (void)snprintf(text, sizeof(text), "site: s\ntemplates: %s\n",
                   config_source_path("drivers/templates"));
    config_folder_write(folder, "leat.yaml", text, strlen(text));
    assert_non_null(strstr(list(folder, NULL, ERROR_OK), "m1 "));
    assert_non_null(strstr(list(folder, NULL, ERROR_OK), "  3 points  Test Bench: M1\n"));
    assert_non_null(strstr(list(folder, NULL, ERROR_OK), "eastron-sdm630 "));
    assert_non_null(strstr(list(folder, "m1", ERROR_OK), "manual: Test Bench, M1 Manual"));
    assert_non_null(strstr(list(folder, "m1", ERROR_OK), "input:10"));
    assert_non_null(strstr(list(folder, "m1", ERROR_OK), "manual, p. 4\n"));
    assert_non_null(strstr(list(folder, "m9", ERROR_BAD_CONFIG), "there is no 'm9'"));
    config_folder_write(folder, "templates/broken.yaml", "a: b\n", 5);
    assert_non_null(strstr(list(folder, NULL, ERROR_BAD_CONFIG), "broken.yaml:1:1: "));
}

static void that_there_are_none_is_said(void **state)
{
    struct config_folder *folder = *state;
    char path[PATH_MAX];

    (void)snprintf(path, sizeof(path), "%s/templates/m1.yaml", folder->path);
    assert_int_equal(unlink(path), 0);
    config_folder_write(folder, "leat.yaml", "templates: /none\n", 17);
    assert_non_null(
        strstr(list(folder, NULL, ERROR_BAD_CONFIG), "there are none in /none, nor in"));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_device_takes_the_points_of_its_template),
        CASE(t1_a_template_beside_the_main_file_comes_first),
        CASE(t2_what_the_device_gives_wins_key_by_key),
        CASE(t2_settings_of_the_device_come_from_the_template_too),
        CASE(t3_points_are_chosen_by_group_and_by_name),
        CASE(t4_a_template_never_reads_more_often_than_the_device),
        CASE(a_changed_template_is_a_changed_device),
        CASE(what_is_wrong_is_said_where_it_stands),
        CASE(a_point_is_changed_once),
        CASE(a_template_is_for_its_protocol),
        CASE(every_shipped_template_is_whole),
        CASE(they_can_be_listed),
        CASE(that_there_are_none_is_said),
    };

    return cmocka_run_group_tests_name("config_template", tests, NULL, NULL);
}
