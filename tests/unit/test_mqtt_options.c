#include "base/cleanup.h"
#include "drivers/mqtt/mqtt.h"
#include "drivers/mqtt/options.h"
#include "tests/sim/library/mqtt_rig.h"
#include "tests/support/cmocka.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

/** Set these options and prepare with one point. */
static enum error_code prepare(struct mqtt_rig *rig, const char *const *settings)
{
    enum error_code code = ERROR_OK;

    mqtt_rig_init(rig, &mqtt_driver);
    for (; code == ERROR_OK && settings[0] != NULL; settings += 2) {
        code = mqtt_rig_set(rig, settings[0], settings[1]);
    }
    assert_int_equal(mqtt_rig_group(rig, LIST("topic", "a")), ERROR_OK);
    assert_int_equal(mqtt_rig_point(rig, "p", LIST("path", "v")), ERROR_OK);
    return code == ERROR_OK ? mqtt_rig_prepare(rig) : code;
}

static void brokers_become_what_paho_wants(void **unused)
{
    (void)unused;
    static const char *const cases[][2] = {
        {"mqtt://host", "tcp://host:1883"},
        {"mqtts://host", "ssl://host:8883"},
        {"mqtt://192.0.2.1:1884", "tcp://192.0.2.1:1884"},
        {"mqtts://[2001:db8::1]:8884", "ssl://[2001:db8::1]:8884"},
        {"mqtt://[::1]", "tcp://[::1]:1883"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(mqtt_rig_release) struct mqtt_rig rig;

        assert_int_equal(prepare(&rig, LIST("broker", cases[i][0])), ERROR_OK);
        assert_string_equal(((const struct mqtt_options *)rig.state)->uri, cases[i][1]);
    }
}

static void malformed_brokers_are_refused_by_name(void **unused)
{
    (void)unused;
    static const char *const wrong[] = {
        "host",          "tcp://host",        "ssl://host",     "mqtt://",
        "mqtt://:1883",  "mqtt://host:",      "mqtt://host:0",  "mqtt://host:65536",
        "mqtt://host:x", "mqtt://host/topic", "mqtt://me@host", "mqtt://[::1",
        "mqtt://[]:1",   "mqtt://ho st",      "unix:///tmp/x",
    };

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        CLEANUP(mqtt_rig_release) struct mqtt_rig rig;

        if (prepare(&rig, LIST("broker", wrong[i])) != ERROR_BAD_CONFIG) {
            fail_msg("accepted: %s", wrong[i]);
        }
        assert_non_null(strstr(rig.error.text, wrong[i]));
    }
}

static void the_client_id_is_the_same_at_every_start(void **unused)
{
    (void)unused;
    CLEANUP(mqtt_rig_release) struct mqtt_rig one;
    CLEANUP(mqtt_rig_release) struct mqtt_rig again;
    CLEANUP(mqtt_rig_release) struct mqtt_rig other;
    CLEANUP(mqtt_rig_release) struct mqtt_rig named;
    const char *id;

    assert_int_equal(prepare(&one, LIST("broker", "mqtt://a")), ERROR_OK);
    assert_int_equal(prepare(&again, LIST("broker", "mqtt://a:1883")), ERROR_OK);
    assert_int_equal(prepare(&other, LIST("broker", "mqtt://b")), ERROR_OK);
    assert_int_equal(prepare(&named, LIST("broker", "mqtt://a", "client_id", "gw-7")), ERROR_OK);
    id = ((const struct mqtt_options *)one.state)->client_id;
    assert_int_equal(strncmp(id, "leat-", 5), 0);
    assert_string_equal(id, ((const struct mqtt_options *)again.state)->client_id);
    assert_string_not_equal(id, ((const struct mqtt_options *)other.state)->client_id);
    assert_string_equal(((const struct mqtt_options *)named.state)->client_id, "gw-7");
}

/* At file scope the lists live as long as the table. */
static const char *const *const unfit_devices[] = {
    LIST("broker", "mqtt://a", "password_file", "/x"),
    LIST("broker", "mqtts://a", "certificate", "/x"),
    LIST("broker", "mqtts://a", "key", "/x"),
    LIST("broker", "mqtt://a", "ca", "/x"),
    LIST("broker", "mqtt://a", "certificate", "/x", "key", "/y"),
    LIST("broker", "mqtt://a", "version", "3.1"),
    LIST("broker", "mqtt://a", "window", "1"),
    LIST("broker", "mqtt://a", "inbox_messages", "0"),
    LIST("broker", "mqtt://a", "keep_alive", "1s"),
};

static void options_that_need_each_other_are_checked_together(void **unused)
{
    (void)unused;

    for (size_t i = 0; i < sizeof(unfit_devices) / sizeof(unfit_devices[0]); i++) {
        CLEANUP(mqtt_rig_release) struct mqtt_rig rig;

        if (prepare(&rig, unfit_devices[i]) != ERROR_BAD_CONFIG) {
            fail_msg("accepted: case %zu", i);
        }
        assert_non_null(strstr(rig.error.text, unfit_devices[i][2])); /* it names the option */
    }
}

static const struct {
    const char *const *settings;
    const char *payload;
    const char *sentence; /* NULL: all is well */
} acting[] = {
    {LIST("sparkplug.rebirth", "true"), "sparkplug", "rebirth: needs sparkplug.host_id"},
    {LIST("sparkplug.host_state", "true"), "sparkplug", "host_state: needs sparkplug.host_id"},
    {LIST("sparkplug.host_id", "h"), "sparkplug", "does nothing alone"},
    {LIST("sparkplug.host_id", "a/b", "sparkplug.rebirth", "true"), "sparkplug", "'a/b' cannot"},
    {LIST("sparkplug.host_id", "a+", "sparkplug.rebirth", "true"), "sparkplug", "'a+' cannot"},
    {LIST("sparkplug.host_id", "a b", "sparkplug.rebirth", "true"), "sparkplug", "'a b' cannot"},
    {LIST("sparkplug.host_id", "\xff", "sparkplug.rebirth", "true"), "sparkplug", "cannot stand"},
    {LIST("sparkplug.host_id", "h", "sparkplug.rebirth", "true"), "raw", "no subscription has"},
    {LIST("sparkplug.host_id", "h", "sparkplug.host_state", "true"), "raw", "no subscription has"},
    {LIST("sparkplug.host_id", "h\xc3\xbc", "sparkplug.host_state", "true"), "sparkplug", NULL},
    {LIST("sparkplug.host_state", "false", "sparkplug.rebirth", "false"), "raw", NULL},
    {LIST("will.topic", "w", "sparkplug.host_id", "h", "sparkplug.host_state", "true"), "sparkplug",
     "one last will"},
    {LIST("will.topic", "w", "sparkplug.host_id", "h", "sparkplug.rebirth", "true"), "sparkplug",
     NULL},
    {LIST("will.topic", "a/+"), "raw", "'a/+' is no topic to write to"},
    {LIST("will.topic", "a/#"), "raw", "'a/#' is no topic to write to"},
    {LIST("will.topic", "{machine}"), "raw", "'{machine}' is no topic to write to"},
    {LIST("will.topic", "$SYS/a"), "raw", "'$SYS/a' is no topic to write to"},
    {LIST("will.topic", "a\x01"), "raw", "is no topic to write to"},
    {LIST("will.topic", "a\xff"), "raw", "is no topic to write to"},
    {LIST("will.topic", "Halle 3/\xc3\xbc"), "raw", NULL},
};

static void a_host_of_sparkplug_has_a_name_and_a_will_a_topic(void **unused)
{
    (void)unused;

    for (size_t i = 0; i < sizeof(acting) / sizeof(acting[0]); i++) {
        CLEANUP(mqtt_rig_release) struct mqtt_rig rig;
        bool is_raw = strcmp(acting[i].payload, "raw") == 0;
        enum error_code code;

        mqtt_rig_init(&rig, &mqtt_driver);
        assert_int_equal(mqtt_rig_set(&rig, "broker", "mqtt://a"), ERROR_OK);
        for (const char *const *at = acting[i].settings; at[0] != NULL; at += 2) {
            assert_int_equal(mqtt_rig_set(&rig, at[0], at[1]), ERROR_OK);
        }
        assert_int_equal(mqtt_rig_group(&rig, LIST("topic", is_raw ? "a" : "spBv1.0/g/#", "payload",
                                                   acting[i].payload)),
                         ERROR_OK);
        assert_int_equal(mqtt_rig_point(&rig, is_raw ? "p" : "{metric}", LIST("path", "")),
                         ERROR_OK);
        code = mqtt_rig_prepare(&rig);
        if (code != (acting[i].sentence == NULL ? ERROR_OK : ERROR_BAD_CONFIG)) {
            fail_msg("case %zu: %d %s", i, (int)code, rig.error.text);
        }
        if (acting[i].sentence != NULL && strstr(rig.error.text, acting[i].sentence) == NULL) {
            fail_msg("%s: %s", acting[i].sentence, rig.error.text);
        }
    }
}

static const struct {
    const char *const *group;
    const char *name;
    const char *const *point;
    const char *text;
} unfit_points[] = {
    {LIST("topic", "a", "payload", "raw"), "p", LIST("path", "v"), "raw payload"},
    {LIST("topic", "a", "payload", "raw", "time.path", "t"), "p", LIST("type", "int"), "raw"},
    {LIST("topic", "a"), "p", LIST("path", "v[].x"), "[]"},
    {LIST("topic", "a", "time.path", "t"), "p", LIST("path", "v[].x"), "[]"},
    {LIST("topic", "a", "time.path", "w[].t"), "p", LIST("path", "v[].x"), "[]"},
    {LIST("topic", "a", "time.path", "v[].t"), "p", LIST("path", "x"), "[]"},
    {LIST("topic", "a", "time.path", "v..t"), "p", LIST("path", "x"), "time"},
    {LIST("topic", "a"), "p", LIST("path", "v["), "v["},
    {LIST("topic", "a/{b}"), "{c}", LIST("path", "v"), "{c}"},
    {LIST("topic", "a#"), "p", LIST("path", "v"), "a#"},
};

static void points_are_checked_against_their_subscription(void **unused)
{
    (void)unused;

    for (size_t i = 0; i < sizeof(unfit_points) / sizeof(unfit_points[0]); i++) {
        CLEANUP(mqtt_rig_release) struct mqtt_rig rig;

        mqtt_rig_init(&rig, &mqtt_driver);
        assert_int_equal(mqtt_rig_group(&rig, unfit_points[i].group), ERROR_OK);
        if (mqtt_rig_point(&rig, unfit_points[i].name, unfit_points[i].point) != ERROR_BAD_CONFIG) {
            fail_msg("accepted: case %zu", i);
        }
        if (strstr(rig.error.text, unfit_points[i].text) == NULL) {
            fail_msg("%s: %s", unfit_points[i].text, rig.error.text);
        }
    }
}

static void a_device_needs_points_and_points_need_a_subscription(void **unused)
{
    (void)unused;
    CLEANUP(mqtt_rig_release) struct mqtt_rig rig;

    mqtt_rig_init(&rig, &mqtt_driver);
    assert_int_equal(mqtt_rig_set(&rig, "broker", "mqtt://a"), ERROR_OK);
    assert_int_equal(mqtt_rig_prepare(&rig), ERROR_BAD_CONFIG);
    assert_int_equal(mqtt_rig_point(&rig, "p", LIST("path", "v")), ERROR_BAD_CONFIG);
}

static void write_file(const char *path, const char *text, mode_t mode)
{
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static void a_password_file_is_read_only_when_nobody_else_can(void **unused)
{
    (void)unused;
    char path[] = "/tmp/leat-password-XXXXXX";
    static const mode_t open_to_others[] = {0604, 0602, 0601, 0620, 0644, 0666};
    int fd = mkstemp(path);
    struct buffer password;
    struct error error;

    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    buffer_init(&password, 4096);
    for (size_t i = 0; i < sizeof(open_to_others) / sizeof(open_to_others[0]); i++) {
        write_file(path, "opensesame\n", open_to_others[i]);
        assert_int_equal(mqtt_read_password(path, &password, &error), ERROR_REFUSED);
        assert_non_null(strstr(error.text, "chmod 600"));
        assert_null(strstr(error.text, "opensesame"));
    }
    write_file(path, "opensesame\r\n", 0600);
    assert_int_equal(mqtt_read_password(path, &password, &error), ERROR_OK);
    assert_int_equal(password.size, strlen("opensesame"));
    assert_memory_equal(password.bytes, "opensesame", password.size);
    buffer_clear(&password);
    write_file(path, "\n", 0600);
    assert_int_equal(mqtt_read_password(path, &password, &error), ERROR_BAD_CONFIG);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mqtt_read_password(path, &password, &error), ERROR_BAD_CONFIG);
    assert_non_null(strstr(error.text, path));
    buffer_deinit(&password);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(brokers_become_what_paho_wants),
        cmocka_unit_test(malformed_brokers_are_refused_by_name),
        cmocka_unit_test(the_client_id_is_the_same_at_every_start),
        cmocka_unit_test(a_host_of_sparkplug_has_a_name_and_a_will_a_topic),
        cmocka_unit_test(options_that_need_each_other_are_checked_together),
        cmocka_unit_test(points_are_checked_against_their_subscription),
        cmocka_unit_test(a_device_needs_points_and_points_need_a_subscription),
        cmocka_unit_test(a_password_file_is_read_only_when_nobody_else_can),
    };

    return cmocka_run_group_tests_name("mqtt_options", cases, NULL, NULL);
}
