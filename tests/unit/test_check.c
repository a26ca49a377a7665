#include "agent/config/check.h"
#include "tests/support/config_folder.h"

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

static const char polled[] =
    "site: s\n"
    "gateway: g\n"
    "queue: { path: /queue.db }\n"
    "sync: { targets: [{ name: lake, type: directory, path: /srv }] }\n"
    "devices:\n"
    "  - name: a\n"
    "    driver: modbus-tcp\n"
    "    address: h:502\n"
    "    points:\n"
    "      - { name: p, address: holding:1, type: int16 }\n"
    "      - { name: q, address: holding:2, type: int16, interval: 10s }\n";

/** What check_configuration() prints of leat.yaml, with the folder's name cut out. */
static const char *check(struct config_folder *folder, const char *text, enum error_code expected)
{
    static char said[4096];
    char path[128];
    FILE *out = fmemopen(said, sizeof(said), "w");
    struct error error = {0};

    assert_non_null(out);
    config_folder_write(folder, "leat.yaml", text, strlen(text));
    (void)snprintf(path, sizeof(path), "%s/leat.yaml", folder->path);
    assert_int_equal(check_configuration(path, out, &error), expected);
    assert_int_equal(fclose(out), 0);
    assert_true(strncmp(said, path, strlen(path)) == 0);
    return said + strlen(folder->path) + 1;
}

static void a_good_one_says_what_it_would_do(void **state)
{
    assert_string_equal(check(*state, polled, ERROR_OK),
                        "leat.yaml is fine: site s, gateway g\n"
                        "  modbus-tcp   1 device, 2 points\n"
                        "  uploads to lake (directory)\n"
                        "estimate, for what is polled:\n"
                        "  95,040 readings a day\n"
                        "  about 4.3 MB a month to upload\n"
                        "  the queue holds about 706 days of them without an uplink\n");
}

static void deadbands_make_the_estimate_a_limit(void **state)
{
    char text[1000];
    size_t size = sizeof(polled) - 1;

    (void)snprintf(text, sizeof(text),
                   "%.*s      - { name: r, address: holding:3, type: int16, interval: 20ms, "
                   "deadband: 2%% }\n",
                   (int)size, polled);
    assert_non_null(strstr(check(*state, text, ERROR_OK), "  at most 4.4 million readings a day\n"
                                                          "  about 199 MB a month to upload\n"));
    assert_non_null(
        strstr(check(*state, text, ERROR_OK), "  (less, since 1 point has a deadband)\n"));
}

static void nothing_to_do_is_said(void **state)
{
    assert_string_equal(
        check(*state, "site: s\ngateway: g\nqueue.path: /none/queue.db\n", ERROR_OK),
        "leat.yaml is fine: site s, gateway g\n"
        "  no devices: nothing would be collected\n"
        "  no target: everything stays in the queue\n"
        "note: the queue's folder /none is not there on this computer; make it "
        "before `leat run`\n");
}

static void a_bad_one_is_listed_with_its_places(void **state)
{
    assert_string_equal(check(*state, "site: a b\n", ERROR_BAD_CONFIG),
                        "leat.yaml:1:7: site: 'a b' may hold letters, digits, '-' and '_' only\n");
}

static void a_file_that_is_not_there_has_no_line(void **state)
{
    struct config_folder *folder = *state;
    char said[1000] = "";
    char path[128];
    FILE *out = fmemopen(said, sizeof(said), "w");
    struct error error = {0};

    assert_non_null(out);
    (void)snprintf(path, sizeof(path), "%s/none.yaml", folder->path);
    assert_int_equal(check_configuration(path, out, &error), ERROR_BAD_CONFIG);
    assert_int_equal(fclose(out), 0);
    assert_non_null(strstr(said, "none.yaml: cannot open "));
}

/** Two meters on one port; the first one's request takes 25.2 ms, the second one's 45.8. */
static const char *check_line(struct config_folder *folder, const char *first_interval,
                              enum error_code expected)
{
    char text[1000];

    (void)snprintf(
        text, sizeof(text),
        "site: s\n"
        "gateway: g\n"
        "queue: { path: /queue.db }\n"
        "devices:\n"
        "  - { name: a, driver: modbus-rtu, port: /dev/ttyS1, baud: 9600, interval: %s,\n"
        "      points: [{ name: p, address: holding:1, type: int16 }] }\n"
        "  - { name: b, driver: modbus-rtu, port: /dev/ttyS1, baud: 9600, unit: 2,\n"
        "      points: [{ name: p, address: holding:1, type: string, length: 10 }] }\n",
        first_interval);
    return check(folder, text, expected);
}

static void a_line_says_how_full_it_is(void **state) /* Q1 */
{
    static const char terms[] =
        "port /dev/ttyS1 (baud: 9600, parity: even, stop_bits: 1, rs485: none): ";

    assert_non_null(strstr(check_line(*state, "100ms", ERROR_OK), terms));
    assert_non_null(strstr(check_line(*state, "100ms", ERROR_OK),
                           ": readings take 30 % of its time; they fit while devices answer within "
                           "64 ms on average\n"));
    assert_non_null(strstr(check_line(*state, "30ms", ERROR_OK),
                           ": readings take 89 % of its time; they fit while devices answer within "
                           "3 ms on average. Little is left for slow answers, retries and dead "
                           "devices\n"));
}

static void a_line_that_cannot_carry_its_devices_is_refused(void **state) /* Q1 */
{
    assert_non_null(strstr(
        check_line(*state, "26ms", ERROR_BAD_CONFIG),
        "leat.yaml:7:5: 'b': reading it takes 4.6 % of the time of port /dev/ttyS1 (baud: 9600"));
    assert_non_null(strstr(check_line(*state, "26ms", ERROR_BAD_CONFIG),
                           "of which 1 other device takes 97.0 %; together that is more than "));
    assert_non_null(strstr(
        check_line(*state, "20ms", ERROR_BAD_CONFIG),
        "leat.yaml:5:5: 'a': reading it takes 126 % of the time of port /dev/ttyS1 (baud: 9600"));
    assert_non_null(
        strstr(check_line(*state, "20ms", ERROR_BAD_CONFIG), "read it 1.3 times less often"));
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, start, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        IN_FOLDER(a_good_one_says_what_it_would_do),
        IN_FOLDER(deadbands_make_the_estimate_a_limit),
        IN_FOLDER(nothing_to_do_is_said),
        IN_FOLDER(a_bad_one_is_listed_with_its_places),
        IN_FOLDER(a_file_that_is_not_there_has_no_line),
        IN_FOLDER(a_line_says_how_full_it_is),
        IN_FOLDER(a_line_that_cannot_carry_its_devices_is_refused),
    };

    return cmocka_run_group_tests_name("check", cases, NULL, NULL);
}
