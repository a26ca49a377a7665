#include "agent/config/config.h"
#include "tests/support/config_folder.h"

/* Each row: a leat.yaml (or the file that `file` names beside a good one) and what is said of it.
 */
struct row {
    const char *file, *text, *findings;
};

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

static void expect(struct config_folder *folder, const struct row *rows, size_t count)
{
    bool fine = true;

    for (size_t i = 0; i < count; i++) {
        char findings[16384];
        struct config *config;

        config_folder_write(folder, rows[i].file, rows[i].text, strlen(rows[i].text));
        config = config_folder_load(folder);
        (void)config_folder_findings(folder, findings, sizeof(findings));
        if (config != NULL || strcmp(findings, rows[i].findings) != 0) {
            print_error("--- of\n%s\n--- expected\n%s--- found\n%s", rows[i].text, rows[i].findings,
                        findings);
            fine = false;
        }
        config_free(config);
    }
    assert_true(fine);
}

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define MAIN(text, findings)                                                                       \
    {                                                                                              \
        "leat.yaml", text, findings                                                                \
    }

static void what_is_not_yaml_is_explained(void **state)
{
    const struct row rows[] = {
        MAIN("", "leat.yaml:1:1: the file is empty\n"),
        MAIN("# nothing\n", "leat.yaml:1:1: the file is empty\n"),
        MAIN("site\n", "leat.yaml:1:1: a file begins with keys and values, such as 'name: "
                       "boiler-1'\n"),
        MAIN("- site: s\n", "leat.yaml:1:1: a file begins with keys and values, such as 'name: "
                            "boiler-1'\n"),
        MAIN("site: s\nqueue:\n\tflush: 1s\n",
             "leat.yaml:3:1: a tab stands before this line's text; YAML wants spaces\n"),
        MAIN("site: s\nqueue:\n  flush: 1s\n path: x\n",
             "leat.yaml:4:2: this is not YAML: this line is indented otherwise than its "
             "neighbours\n"),
        MAIN("site: a: b\n",
             "leat.yaml:1:8: this is not YAML: a ':' too many, or a line that is indented "
             "otherwise than its neighbours; a text that holds ': ' needs quotes\n"),
        MAIN("site: \"s\n",
             "leat.yaml:2:1: this is not YAML: a quote or a bracket is not closed\n"),
        MAIN("site: s\nqueue: { flush: 1s\n",
             "leat.yaml:3:1: this is not YAML: a '{' is not closed, or a ',' is missing\n"),
        MAIN("site: @s\n", "leat.yaml:1:7: this is not YAML: a text that begins so needs quotes\n"),
        MAIN("site: *s\n", "leat.yaml:1:7: an alias ('*s') is not supported; write it out, or put "
                           "a text that begins with '*' in quotes\n"),
        MAIN("site: s\n\xe4\n", "leat.yaml:2:1: byte 0xe4 is not UTF-8; save the file as UTF-8\n"),
        MAIN("\xff\xfes\n", "leat.yaml:1:1: byte 0xff is not UTF-8; save the file as UTF-8\n"),
        MAIN("site: s\x01\n", "leat.yaml:1:8: control character 0x01; remove it\n"),
        MAIN("site: s\n---\nsite: t\n",
             "leat.yaml:2:1: a second document begins here; a file holds one\n"),
    };

    expect(*state, rows, COUNT(rows));
}

static void y2_what_makes_a_tree_unclear_is_refused(void **state)
{
    const struct row rows[] = {
        MAIN("site: &a s\ngateway: *a\n", "leat.yaml:2:10: an alias ('*a') is not supported; write "
                                          "it out, or put a text that begins with '*' in quotes\n"),
        MAIN("site: s\ndevices: &a [ *a ]\n",
             "leat.yaml:2:15: an alias ('*a') is not supported; write it out, or put a text that "
             "begins with '*' in quotes\n"),
        MAIN("site: s\nqueue: { <<: { flush: 1s } }\n",
             "leat.yaml:2:10: '<<' is not supported; write the keys out\n"),
        MAIN("site: s\ngateway: g\nsite: t\n",
             "leat.yaml:3:1: 'site' is given twice, first in line 1; keep one\n"),
        MAIN("site: s\n? [a, b]\n: c\n",
             "leat.yaml:2:3: a key is a word, not a list or a mapping\n"),
        MAIN("site: !secret s\n",
             "leat.yaml:1:7: a tag ('!...') is not supported; remove it, or put the text in "
             "quotes\n"),
        MAIN("site: !!int 5\n",
             "leat.yaml:1:7: a tag ('!...') is not supported; remove it, or put the text in "
             "quotes\n"),
        MAIN("site: \"a\\0b\"\n", "leat.yaml:1:7: a text holds a zero character; remove it\n"),
    };

    expect(*state, rows, COUNT(rows));
}

static void keys_and_values_of_the_main_file_are_checked(void **state)
{
    const struct row rows[] = {
        MAIN("gateway: g\n",
             "leat.yaml:1:1: 'site' is missing from the configuration (the plant; letters, digits, "
             "'-', '_')\n"),
        MAIN("site: s\nsit: t\n",
             "leat.yaml:2:1: unknown key 'sit' of the configuration; did you mean 'site'?\n"),
        MAIN("site: s\nqueue: { flsh: 1s }\n",
             "leat.yaml:2:10: unknown key 'queue.flsh' of the configuration; did you mean "
             "'queue.flush'?\n"),
        MAIN("site: s\ndevice: []\n",
             "leat.yaml:2:1: unknown key 'device' of the configuration; did you mean 'devices'?\n"),
        MAIN("site: s\nuplink: t\n",
             "leat.yaml:2:1: unknown key 'uplink' of the configuration; it knows site, gateway, "
             "queue.path, queue.flush, queue.flash_saver, queue.keep_free, "
             "queue.rings.events.size\n"),
        MAIN("site: s\nqueue: big\n",
             "leat.yaml:2:1: 'queue' takes keys of its own, such as 'queue.path'\n"),
        MAIN("site: s\ngateway: { name: g }\n",
             "leat.yaml:2:12: 'gateway' takes one value, not keys of its own such as 'name'\n"),
        MAIN("site: [s]\n",
             "leat.yaml:1:7: 'site' takes one value, not a list (the plant; letters, "
             "digits, '-', '_')\n"),
        MAIN("site:\n", "leat.yaml:1:1: 'site' has no value; write one or remove the line (the "
                        "plant; letters, digits, '-', '_')\n"),
        MAIN("site: a b\ngateway: g.h\n",
             "leat.yaml:1:7: site: 'a b' may hold letters, digits, '-' and '_' only\n"
             "leat.yaml:2:10: gateway: 'g.h' may hold letters, digits, '-' and '_' only\n"),
        MAIN(
            "site: s\nqueue: { flush: 5, keep_free: 1GB }\n",
            "leat.yaml:2:17: queue.flush: '5' is not a time with its unit: 250ms, 1s, 15min, 2h "
            "(how long a polled value may stay in memory; 1s when absent, 5s with flash_saver)\n"
            "leat.yaml:2:31: queue.keep_free: '1GB' is not a size with its unit: 64KiB, 8MiB, 1GiB "
            "(room on the disk that the queue leaves alone)\n"),
        MAIN("site: s\nqueue:\n  rings:\n    logs: { when_full: drop }\n",
             "leat.yaml:4:24: queue.rings.logs.when_full: 'drop' is not one of "
             "overwrite-oldest|hold\n"),
        MAIN("site: s\nqueue.flush: 1s\nqueue: { flush: 2s }\n",
             "leat.yaml:3:10: 'queue.flush' is given twice; keep one\n"),
        MAIN("site: s\na: { b: { c: { d: { e: { f: { g: h } } } } } }\n",
             "leat.yaml:2:29: nested deeper than any setting is\n"),
    };

    expect(*state, rows, COUNT(rows));
}

static void targets_are_checked(void **state)
{
    const struct row rows[] = {
        MAIN("site: s\nsync: { targets: [{ name: t, type: s4 }] }\n",
             "leat.yaml:2:36: type: there is no such target; write 'directory'\n"),
        MAIN("site: s\nsync: { targets: [{ name: t }] }\n",
             "leat.yaml:2:19: 'type' is missing from a target (where to: directory)\n"),
        MAIN("site: s\nsync: { targets: t }\n",
             "leat.yaml:2:18: targets: takes a list; begin a target with '- name: ...'\n"),
        MAIN("site: s\nsync:\n  targets:\n    - { name: t, type: directory, path: /a }\n"
             "    - { name: u, type: directory, path: /b }\n",
             "leat.yaml:5:7: this version uploads to one target; remove this one\n"),
        MAIN("site: s\nsync:\n  targets: [{ name: t t, type: directory, path: /a }]\n",
             "leat.yaml:3:21: name: 't t' may hold letters, digits, '-' and '_' only\n"),
        MAIN("site: s\nsync:\n  targets: [{ name: t, type: directory, pth: /a, path: /a }]\n",
             "leat.yaml:3:41: unknown key 'pth' of a target; did you mean 'path'?\n"),
    };

    expect(*state, rows, COUNT(rows));
}

#define DEVICE(text, findings)                                                                     \
    {                                                                                              \
        "devices/a.yaml", "name: a\ndriver: modbus-tcp\naddress: h:502\n" text, findings           \
    }
#define POINT(text, findings)                                                                      \
    DEVICE("points:\n  - { name: p, address: holding:1, type: int16" text " }\n", findings)

static void devices_are_checked(void **state)
{
    const struct row rows[] = {
        {"devices/a.yaml", "name: a\n",
         "devices/a.yaml:1:1: 'driver' is missing from a device (its protocol)\n"},
        DEVICE("", "devices/a.yaml:1:1: the device has no points; nothing would be read\n"),
        DEVICE("points: p\n",
               "devices/a.yaml:4:9: points: takes a list; begin each point with '- '\n"),
        DEVICE("points: [p]\n", "devices/a.yaml:4:10: a point is written as keys and values: { "
                                "name: ..., ... }\n"),
        DEVICE(
            "points_file: none.csv\n",
            "devices/a.yaml:4:14: points_file: cannot open FOLDER/devices/none.csv: No such file "
            "or directory\n"),
        DEVICE(
            "time_out: 1s\npoints: [{ name: p, address: holding:1, type: int16 }]\n",
            "devices/a.yaml:4:1: unknown key 'time_out' of a device of driver modbus-tcp; did you "
            "mean 'timeout'?\n"),
        DEVICE("point: []\npoints: [{ name: p, address: holding:1, type: int16 }]\n",
               "devices/a.yaml:4:1: unknown key 'point' of a device of driver modbus-tcp; did you "
               "mean 'points'?\n"),
    };
    char expected[200];
    struct row missing = rows[4];

    config_folder_write(*state, "leat.yaml", "site: s\n", 8);
    (void)snprintf(
        expected, sizeof(expected),
        "devices/a.yaml:4:14: points_file: cannot open %s/devices/none.csv: No such file "
        "or directory\n",
        ((struct config_folder *)*state)->path);
    missing.findings = expected;
    expect(*state, rows, 4);
    expect(*state, &missing, 1);
    expect(*state, rows + 5, COUNT(rows) - 5);
}

static void points_are_checked(void **state)
{
    const struct row rows[] = {
        POINT(", nme: x", "devices/a.yaml:5:49: unknown key 'nme' of a point of driver modbus-tcp; "
                          "did you mean 'name'?\n"),
        POINT(", unit: kWh",
              "devices/a.yaml:5:55: unit: units are UCUM; write 'kW.h' instead of 'kWh'\n"),
        POINT(", unit: m h", "devices/a.yaml:5:55: unit: 'm h' is not UCUM, which has neither "
                             "blanks nor special characters: Cel, kW.h, m3/h, /min\n"),
        POINT(", unit: '[psi'",
              "devices/a.yaml:5:55: unit: '[psi' has a bracket that is not closed\n"),
        POINT(", scale: 0", "devices/a.yaml:5:56: scale: 0 would make every value the same; write "
                            "the factor, or 1\n"),
        POINT(", scale: '0,1'", "devices/a.yaml:5:56: scale: '0,1' is not a number with a decimal "
                                "point, such as 0.1 (value in the unit = raw * scale + offset)\n"),
        POINT(", range: [9, 1]", "devices/a.yaml:5:57: range: the low limit 9 is above the high "
                                 "limit 1; swap them\n"),
        POINT(", range: 9", "devices/a.yaml:5:49: range takes two numbers, [low, high]; in a CSV "
                            "file they are the columns range_low and range_high\n"),
        POINT(", range: [1, 2, 3]",
              "devices/a.yaml:5:49: range takes two numbers, [low, high]; in a CSV file they are "
              "the columns range_low and range_high\n"),
        POINT(", deadband: 2 %",
              "devices/a.yaml:5:59: deadband: '2 %' is neither a number, such as "
              "0.2, nor per cent, such as 2%\n"),
        POINT(", deadband: -1", "devices/a.yaml:5:59: deadband: '-1' is neither a number, such as "
                                "0.2, nor per cent, such as 2%\n"),
        POINT(", role: alarms", "devices/a.yaml:5:55: role: 'alarms' is not one of "
                                "sensor|setpoint|command|status|alarm|counter\n"),
        POINT(", interval: 1ms",
              "devices/a.yaml:5:59: interval: '1ms' is out of range; 10ms to 30d "
              "(between readings; the device's when absent; polled devices "
              "only)\n"),
        POINT(", labels: { a: [b] }", "devices/a.yaml:5:62: the label 'a' takes one text\n"),
        DEVICE("points: [{ name: a b, address: holding:1, type: int16 }]\n",
               "devices/a.yaml:4:18: name: 'a b' may hold letters, digits, '-' and '_' only\n"),
        DEVICE("points: [{ name: 'p{x}', address: holding:1, type: int16 }]\n",
               "devices/a.yaml:4:18: name: 'p{x}' may hold letters, digits, '-' and '_' only\n"),
        DEVICE("points:\n  - { address: holding:1, type: int16 }\n",
               "devices/a.yaml:5:5: 'name' is missing from a point of driver modbus-tcp (letters, "
               "digits, '-', '_'; never changes)\n"),
    };

    config_folder_write(*state, "leat.yaml", "site: s\n", 8);
    expect(*state, rows, COUNT(rows));
}

static void a_driver_s_own_checks_become_findings(void **state)
{
    struct config_folder *folder = *state;
    const char text[] = "name: a\ndriver: modbus-tcp\naddress: h:502\npoints:\n"
                        "  - { name: p, address: nowhere:1, type: int16 }\n"
                        "  - { name: q, address: holding:1, type: int16 }\n";

    config_folder_write(folder, "leat.yaml", "site: s\n", 8);
    config_folder_write(folder, "devices/a.yaml", text, sizeof(text) - 1);
    assert_null(config_folder_load(folder));
    assert_int_equal(folder->findings.count, 1);
    assert_int_equal(folder->findings.list[0].line, 5);
    assert_int_equal(folder->findings.list[0].column, 5);
    assert_non_null(strstr(folder->findings.list[0].text, "nowhere:1"));
}

static void names_that_stand_twice_are_found(void **state)
{
    struct config_folder *folder = *state;
    char expected[300];
    struct row row = {"devices/b.yaml",
                      "name: b\ndriver: modbus-tcp\naddress: h:502\npoints:\n"
                      "  - { name: p, address: holding:1, type: int16 }\n"
                      "  - { name: q, address: holding:2, type: int16 }\n"
                      "  - { name: p, address: holding:3, type: int16 }\n",
                      expected};

    config_folder_write(folder, "leat.yaml", "site: s\n", 8);
    (void)snprintf(expected, sizeof(expected),
                   "devices/b.yaml:7:5: the point 'p' is given twice, first in %s/devices/b.yaml, "
                   "line 5\n",
                   folder->path);
    expect(folder, &row, 1);
    row.file = "devices/a.yaml";
    row.text = "name: a\ndriver: modbus-tcp\naddress: h:502\n"
               "points: [{ name: p, address: holding:1, type: int16 }]\n";
    config_folder_write(folder, row.file, row.text, strlen(row.text));
    row.file = "devices/b.yaml";
    row.findings = "devices/b.yaml:1:1: the device 'a' is given twice; rename one\n";
    expect(folder, &row, 1);
}

static void two_devices_may_not_be_one_client_of_a_broker(void **state)
{
    static const char head[] = "name: b\ndriver: mqtt\nbroker: mqtt://h\n";
    static const char tail[] = "subscriptions: [{ topic: t, points: [{ name: p }] }]\n";
    struct config_folder *folder = *state;
    struct config *config;
    char text[300];
    struct row row = {"devices/b.yaml", text,
                      "devices/b.yaml:1:1: 'a' and 'b' have the same client_id 'x', which only one "
                      "device may have; make them one device, or give each its own\n"};

    config_folder_write(folder, "leat.yaml", "site: s\n", 8);
    (void)snprintf(text, sizeof(text), "name: a%sclient_id: x\n%s", head + 7, tail);
    config_folder_write(folder, "devices/a.yaml", text, strlen(text));
    (void)snprintf(text, sizeof(text), "%sclient_id: x\n%s", head, tail);
    expect(folder, &row, 1);
    (void)snprintf(text, sizeof(text), "%sclient_id: y\n%s", head, tail);
    config_folder_write(folder, row.file, text, strlen(text));
    config = config_folder_load(folder);
    assert_non_null(config);
    config_free(config);
}

static void what_is_wrong_with_a_subscription_is_told_once(void **state)
{
    const struct row row = {
        "devices/a.yaml",
        "name: a\ndriver: mqtt\nbroker: mqtt://h\nsubscriptions:\n"
        "  - { topic: 'a#', points: [{ name: p }, { name: q }] }\n"
        "  - { topic: b, payload: raw, points: [{ name: r, path: v }, { name: s, path: w }] }\n"
        "  - { topic: 'a#', points: [{ name: t }] }\n",
        "devices/a.yaml:5:29: topic: 'a#': '#' stands for the rest, as the last level\n"
        "devices/a.yaml:6:40: path: 'v': a raw payload is one value and has no path\n"
        "devices/a.yaml:6:62: path: 'w': a raw payload is one value and has no path\n"
        "devices/a.yaml:7:29: topic: 'a#': '#' stands for the rest, as the last level\n"};

    config_folder_write(*state, "leat.yaml", "site: s\n", 8);
    expect(*state, &row, 1);
}

static void the_33rd_interval_is_one_too_many(void **state)
{
    struct config_folder *folder = *state;
    char text[8000] = "name: a\ndriver: modbus-tcp\naddress: h:502\npoints:\n";
    size_t at = strlen(text);
    struct row row = {"devices/a.yaml", text,
                      "devices/a.yaml:37:5: interval: more than 32 different ones in one device; "
                      "use one of the others\n"};

    config_folder_write(folder, "leat.yaml", "site: s\n", 8);
    for (int i = 0; i < 33; i++) {
        at += (size_t)snprintf(text + at, sizeof(text) - at,
                               "  - { name: p%d, address: holding:%d, type: int16, interval: %ds "
                               "}\n",
                               i, i, i + 1);
    }
    expect(folder, &row, 1);
}

#define CSV_FILE(text, findings)                                                                   \
    {                                                                                              \
        "devices/a.csv", text, findings                                                            \
    }

static void tables_of_points_are_checked(void **state)
{
    const char device[] = "name: a\ndriver: modbus-tcp\naddress: h:502\npoints_file: a.csv\n";
    const struct row rows[] = {
        CSV_FILE("",
                 "devices/a.csv:1:1: the file is empty; its first line names the columns: name, "
                 "address ...\n"),
        CSV_FILE("name,address\np,holding:1\n",
                 "devices/a.csv:2:1: address 'holding:1': write the type of its value, as in type: "
                 "int16\n"),
        CSV_FILE("name,adress,type\n",
                 "devices/a.csv:1:6: unknown key 'adress' of a point; did you mean 'address'?\n"
                 "devices/a.csv:1:1: the first line needs a column 'address' (holding:100, "
                 "input:100, coil:4, discrete:7, holding:100.3 for a bit (all from 0), "
                 "sunspec:103.W; below logs record:2)\n"),
        CSV_FILE("name,address,type,range\n",
                 "devices/a.csv:1:19: range takes two numbers, [low, high]; in a CSV file they are "
                 "the columns range_low and range_high\n"),
        CSV_FILE("name,address,type,name\n",
                 "devices/a.csv:1:19: the column 'name' stands here twice\n"),
        CSV_FILE("name,,type\n",
                 "devices/a.csv:1:6: a column without a name\n"
                 "devices/a.csv:1:1: the first line needs a column 'address' "
                 "(holding:100, input:100, coil:4, discrete:7, holding:100.3 for a bit (all from "
                 "0), sunspec:103.W; below logs record:2)\n"),
        CSV_FILE("name;address;type;scale\np;holding:1;int16;0,1\n",
                 "devices/a.csv:2:19: scale: '0,1' is not a number with a decimal point, such as "
                 "0.1 (value in the unit = raw * scale + offset)\n"),
        CSV_FILE("name,address,type,scale\np,holding:1,int16,0,1\n",
                 "devices/a.csv:2:21: more cells than the first line has columns; a number with a "
                 "comma? write 0.1, with a point\n"),
        CSV_FILE("name,address,type\np,,int16\nq,holding:1,int16\n",
                 "devices/a.csv:2:1: 'address' is missing from a point of driver modbus-tcp "
                 "(holding:100, input:100, coil:4, discrete:7, holding:100.3 for a bit (all from "
                 "0), sunspec:103.W; below logs record:2)\n"),
        CSV_FILE("name,address,type\n\"p,holding:1,int16\n",
                 "devices/a.csv:4:1: a quote that was opened before is not closed\n"),
        CSV_FILE("name,address,type\nk\xe4se,holding:1,int16\n",
                 "devices/a.csv:2:2: byte 0xe4 is not UTF-8; in a spreadsheet, save as 'CSV "
                 "UTF-8'\n"),
        CSV_FILE("name,address,type\n",
                 "devices/a.yaml:1:1: the device has no points; nothing would be read\n"),
    };

    config_folder_write(*state, "leat.yaml", "site: s\n", 8);
    config_folder_write(*state, "devices/a.yaml", device, sizeof(device) - 1);
    expect(*state, rows, COUNT(rows));
}

static void files_that_cannot_be_read_are_named(void **state)
{
    struct config_folder *folder = *state;
    char findings[1000];

    assert_null(config_folder_load(folder));
    assert_non_null(strstr(config_folder_findings(folder, findings, sizeof(findings)),
                           "leat.yaml:0:0: cannot open "));
    config_folder_write(folder, "leat.yaml", "site: s\n", 8);
    config_folder_write(folder, "devices/a.yml", "", 0);
    assert_null(config_folder_load(folder));
    assert_string_equal(config_folder_findings(folder, findings, sizeof(findings)),
                        "devices/a.yml:0:0: rename the file to end in '.yaml'\n");
    assert_int_equal(folder->error.code, ERROR_BAD_CONFIG);
    assert_non_null(strstr(folder->error.text, "a.yml: rename the file"));
}

static void labels_have_room_for_some_thousand_characters(void **state)
{
    struct config_folder *folder = *state;
    char text[6000] =
        "name: a\ndriver: modbus-tcp\naddress: h:502\npoints:\n  - { name: p, address: "
        "holding:1, type: int16, labels: { a: ";
    size_t start = strlen(text);
    struct row row = {"devices/a.yaml", text,
                      "devices/a.yaml:5:5: the labels are longer than 4096 bytes together\n"};
    struct config *config;

    config_folder_write(folder, "leat.yaml", "site: s\n", 8);
    memset(text + start, 'x', 4000);
    (void)snprintf(text + start + 4000, 8, " } }\n");
    config_folder_write(folder, row.file, text, strlen(text));
    config = config_folder_load(folder);
    assert_non_null(config);
    config_free(config);
    memset(text + start, 'x', 4100);
    (void)snprintf(text + start + 4100, 8, " } }\n");
    expect(folder, &row, 1);
}

static void c1_all_are_found_up_to_the_maximum(void **state)
{
    struct config_folder *folder = *state;
    char text[4000] = "site: s\n";
    size_t at = strlen(text);

    for (int i = 0; i < 60; i++) {
        at += (size_t)snprintf(text + at, sizeof(text) - at, "unknown%d: x\n", i);
    }
    config_folder_write(folder, "leat.yaml", text, at);
    assert_null(config_folder_load(folder));
    assert_int_equal(folder->findings.count, CONFIG_FINDINGS_MAX);
    assert_int_equal(folder->findings.list[CONFIG_FINDINGS_MAX - 1].line, CONFIG_FINDINGS_MAX + 1);
}

/** A file of `size` bytes: `head`, then `fill` over and over. */
static void write_filled(struct config_folder *folder, const char *head, const char *fill,
                         size_t size)
{
    char *text = malloc(size);

    assert_non_null(text);
    for (size_t i = 0; i < size; i++) {
        text[i] = i < strlen(head) ? head[i] : fill[(i - strlen(head)) % strlen(fill)];
    }
    config_folder_write(folder, "leat.yaml", text, size);
    free(text);
}

static void what_is_too_large_or_too_deep_is_refused_quickly(void **state)
{
    struct config_folder *folder = *state;
    const struct {
        const char *head, *fill;
        size_t size;
    } rows[] = {
        {"site: s\n#", "x", (4 << 20) + 1}, {"site: ", "[", 1 << 20},
        {"site: ", "{a: ", 1 << 18},        {"site: s\na: [", "x,", 1 << 18},
        {"site: s\n", "? ", 1 << 16},       {"site: s\n", "- ", 1 << 16},
        {"site: ", "\"", 1 << 16},          {"", "a: b\n", 1 << 16},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        write_filled(folder, rows[i].head, rows[i].fill, rows[i].size);
        assert_null(config_folder_load(folder));
        assert_true(folder->findings.count > 0);
    }
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, start, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        IN_FOLDER(what_is_not_yaml_is_explained),
        IN_FOLDER(y2_what_makes_a_tree_unclear_is_refused),
        IN_FOLDER(keys_and_values_of_the_main_file_are_checked),
        IN_FOLDER(targets_are_checked),
        IN_FOLDER(devices_are_checked),
        IN_FOLDER(points_are_checked),
        IN_FOLDER(a_driver_s_own_checks_become_findings),
        IN_FOLDER(names_that_stand_twice_are_found),
        IN_FOLDER(two_devices_may_not_be_one_client_of_a_broker),
        IN_FOLDER(what_is_wrong_with_a_subscription_is_told_once),
        IN_FOLDER(the_33rd_interval_is_one_too_many),
        IN_FOLDER(tables_of_points_are_checked),
        IN_FOLDER(files_that_cannot_be_read_are_named),
        IN_FOLDER(labels_have_room_for_some_thousand_characters),
        IN_FOLDER(c1_all_are_found_up_to_the_maximum),
        IN_FOLDER(what_is_too_large_or_too_deep_is_refused_quickly),
    };

    return cmocka_run_group_tests_name("config_findings", cases, NULL, NULL);
}
