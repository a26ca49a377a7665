#include "base/cleanup.h"
#include "drivers/mqtt/mqtt.h"
#include "tests/sim/library/mqtt_broker.h"
#include "tests/sim/library/mqtt_publisher.h"
#include "tests/sim/library/mqtt_rig.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static const char *version; /* of the protocol: each case runs with both */

/** One raw text point on `topic`. */
static void rig_to(struct mqtt_rig *rig, const char *scheme, const char *host, uint16_t port,
                   const char *topic)
{
    char address[64];

    mqtt_rig_init(rig, &mqtt_driver);
    (void)snprintf(address, sizeof(address), "%s://%s:%u", scheme, host, (unsigned)port);
    assert_int_equal(mqtt_rig_set(rig, "broker", address), ERROR_OK);
    assert_int_equal(mqtt_rig_set(rig, "client_id", "leat"), ERROR_OK);
    assert_int_equal(mqtt_rig_set(rig, "version", version), ERROR_OK);
    assert_int_equal(mqtt_rig_group(rig, LIST("topic", topic, "payload", "raw")), ERROR_OK);
    assert_int_equal(mqtt_rig_point(rig, "text", LIST("type", "text")), ERROR_OK);
}

static void set_file(struct mqtt_rig *rig, const char *key, const struct mqtt_broker *broker,
                     const char *name)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/%s", broker->folder, name);
    assert_int_equal(mqtt_rig_set(rig, key, path), ERROR_OK);
}

/** open() fails with this code and a sentence that holds `text`. */
static void assert_refused(struct mqtt_rig *rig, enum error_code expected, const char *text)
{
    enum error_code code;

    assert_int_equal(mqtt_rig_prepare(rig), ERROR_OK);
    code = mqtt_rig_open(rig);
    if (code != expected || strstr(rig->error.text, text) == NULL) {
        fail_msg("%d, not %d; '%s' is not in: %s", (int)code, (int)expected, text, rig->error.text);
    }
    mqtt_rig_close(rig);
}

static void assert_opens(struct mqtt_rig *rig)
{
    assert_int_equal(mqtt_rig_prepare(rig), ERROR_OK);
    if (mqtt_rig_open(rig) != ERROR_OK) {
        fail_msg("%s", rig->error.text);
    }
}

static void write_password(const struct mqtt_broker *broker, const char *name, const char *text)
{
    char path[128];
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/%s", broker->folder, name);
    file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0600), 0);
}

static void identities_are_checked_by_the_broker_and_refusals_said(void **unused)
{
    (void)unused;
    CLEANUP(broker_close) struct mqtt_broker broker;
    struct mqtt_publisher publisher;

    assert_true(broker_folder(&broker));
    assert_true(broker_run(LIST("mosquitto_passwd", "-b", "-c", "users", "gateway", "secret"),
                           broker.folder));
    write_password(&broker, "right", "secret\n");
    write_password(&broker, "wrong", "guess\n");
    write_password(&broker, "access", "user gateway\ntopic readwrite open/#\n");
    assert_true(broker_open_in_folder(&broker, "allow_anonymous false\npassword_file %s/users\n"
                                               "acl_file %s/access\n"));
    {
        CLEANUP(mqtt_rig_release) struct mqtt_rig rig;

        rig_to(&rig, "mqtt", "127.0.0.1", broker.port, "open/a");
        assert_refused(&rig, ERROR_REFUSED, "not authorized");
    }
    {
        CLEANUP(mqtt_rig_release) struct mqtt_rig rig;

        rig_to(&rig, "mqtt", "127.0.0.1", broker.port, "open/a");
        assert_int_equal(mqtt_rig_set(&rig, "user", "gateway"), ERROR_OK);
        set_file(&rig, "password_file", &broker, "wrong");
        assert_refused(&rig, ERROR_REFUSED, "password_file");
        assert_null(strstr(rig.error.text, "guess"));
    }
    {
        CLEANUP(mqtt_rig_release) struct mqtt_rig rig;

        rig_to(&rig, "mqtt", "127.0.0.1", broker.port, "open/a");
        assert_int_equal(mqtt_rig_set(&rig, "user", "gateway"), ERROR_OK);
        set_file(&rig, "password_file", &broker, "right");
        assert_opens(&rig);
        assert_true(publisher_open(&publisher, broker.port, "source", "gateway", "secret"));
        assert_true(publisher_say(&publisher, "open/a", "hello", 1, false));
        publisher_close(&publisher);
        assert_int_equal(mqtt_rig_read_until(&rig, 1), ERROR_OK);
        assert_string_equal(rig.samples[0].text, "hello");
        rig.driver->committed(rig.state);
    }
}

/** An authority and a certificate for localhost signed by it. */
static void make_certificates(const struct mqtt_broker *broker)
{
    write_password(broker, "names", "subjectAltName=DNS:localhost\n");
    for (int i = 0; i < 2; i++) {
        const char *name = i == 0 ? "ca.pem" : "stranger.pem";
        const char *key = i == 0 ? "ca.key" : "stranger.key";

        assert_true(broker_run(LIST("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                                    "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out",
                                    name, "-days", "2", "-subj", "/CN=authority"),
                               broker->folder));
    }
    assert_true(broker_run(LIST("openssl", "req", "-newkey", "ec", "-pkeyopt",
                                "ec_paramgen_curve:P-256", "-nodes", "-keyout", "server.key",
                                "-out", "server.csr", "-subj", "/CN=server"),
                           broker->folder));
    assert_true(broker_run(LIST("openssl", "x509", "-req", "-in", "server.csr", "-CA", "ca.pem",
                                "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile",
                                "names", "-out", "server.pem"),
                           broker->folder));
    assert_true(broker_run(LIST("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                                "ec_paramgen_curve:P-256", "-nodes", "-keyout", "old.key", "-out",
                                "old.pem", "-days", "2", "-subj", "/CN=localhost"),
                           broker->folder));
}

static void tls_trusts_only_the_authority_and_the_host_name(void **unused)
{
    (void)unused;
    CLEANUP(broker_close) struct mqtt_broker broker;

    assert_true(broker_folder(&broker));
    make_certificates(&broker);
    assert_true(broker_open_in_folder(&broker, "allow_anonymous true\ncertfile %s/server.pem\n"
                                               "keyfile %s/server.key\n"));
    {
        CLEANUP(mqtt_rig_release) struct mqtt_rig rig;

        rig_to(&rig, "mqtts", "localhost", broker.port, "t");
        set_file(&rig, "ca", &broker, "ca.pem");
        assert_opens(&rig);
    }
    {
        CLEANUP(mqtt_rig_release) struct mqtt_rig rig;

        rig_to(&rig, "mqtts", "localhost", broker.port, "t");
        set_file(&rig, "ca", &broker, "stranger.pem");
        assert_refused(&rig, ERROR_REFUSED, "certificate cannot be trusted");
    }
    {
        CLEANUP(mqtt_rig_release) struct mqtt_rig rig;

        rig_to(&rig, "mqtts", "localhost", broker.port, "t"); /* the system's authorities */
        assert_refused(&rig, ERROR_REFUSED, "certificate cannot be trusted");
    }
    {
        CLEANUP(mqtt_rig_release) struct mqtt_rig rig;

        rig_to(&rig, "mqtts", "127.0.0.1", broker.port, "t");
        set_file(&rig, "ca", &broker, "ca.pem");
        assert_refused(&rig, ERROR_UNREACHABLE, "host name"); /* all that Paho tells */
    }
    {
        CLEANUP(mqtt_rig_release) struct mqtt_rig rig;

        rig_to(&rig, "mqtts", "localhost", broker.port, "t");
        set_file(&rig, "ca", &broker, "missing.pem");
        assert_refused(&rig, ERROR_BAD_CONFIG, "missing.pem");
    }
    {
        CLEANUP(mqtt_rig_release) struct mqtt_rig rig;

        rig_to(&rig, "mqtt", "localhost", broker.port, "t"); /* plain to a TLS port */
        assert_int_equal(mqtt_rig_prepare(&rig), ERROR_OK);
        assert_int_equal(error_class(mqtt_rig_open(&rig)), ERROR_CLASS_RETRY);
    }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(identities_are_checked_by_the_broker_and_refusals_said),
        cmocka_unit_test(tls_trusts_only_the_authority_and_the_host_name),
    };
    int failed;

    version = "3.1.1";
    failed = cmocka_run_group_tests_name("mqtt_connect 3.1.1", cases, NULL, NULL);
    version = "5";
    return failed + cmocka_run_group_tests_name("mqtt_connect 5", cases, NULL, NULL);
}
