/* Subscriptions that overlap: a broker sends a copy of the message for each, and with version 5 it
 * says for which. */
#include "base/cleanup.h"
#include "drivers/mqtt/mqtt.h"
#include "drivers/mqtt/subscribe.h"
#include "tests/sim/library/mqtt_broker.h"
#include "tests/sim/library/mqtt_publisher.h"
#include "tests/sim/library/mqtt_rig.h"
#include "tests/support/cmocka.h"
#include "tests/support/sparkplug_writer.h"

#include <stdio.h>
#include <string.h>

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static struct mqtt_broker broker;
static struct mqtt_publisher publisher;

static int start(void **unused)
{
    (void)unused;
    return broker_open(&broker, NULL) &&
                   publisher_open(&publisher, broker.port, "publisher", NULL, NULL)
               ? 0
               : -1;
}

static int stop(void **unused)
{
    (void)unused;
    publisher_close(&publisher);
    broker_close(&broker);
    return 0;
}

static void rig_to_broker(struct mqtt_rig *rig, const char *session)
{
    char address[64];

    mqtt_rig_init(rig, &mqtt_driver);
    (void)snprintf(address, sizeof(address), "mqtt://127.0.0.1:%u", (unsigned)broker.port);
    assert_int_equal(mqtt_rig_set(rig, "broker", address), ERROR_OK);
    assert_int_equal(mqtt_rig_set(rig, "client_id", session), ERROR_OK);
    assert_int_equal(mqtt_rig_set(rig, "version", "5"), ERROR_OK);
}

/** A subscription to `topic` with one raw text point. */
static void subscribe(struct mqtt_rig *rig, const char *topic, const char *point)
{
    assert_int_equal(mqtt_rig_group(rig, LIST("topic", topic, "payload", "raw")), ERROR_OK);
    assert_int_equal(mqtt_rig_point(rig, point, LIST("type", "text")), ERROR_OK);
}

static void open_rig(struct mqtt_rig *rig)
{
    assert_int_equal(mqtt_rig_prepare(rig), ERROR_OK);
    if (mqtt_rig_open(rig) != ERROR_OK) {
        fail_msg("%s", rig->error.text);
    }
}

/** Readings of each point until the marker has come to the last of them. */
static void count_readings(struct mqtt_rig *rig, const char *marker, size_t *counts, size_t points)
{
    memset(counts, 0, points * sizeof(*counts));
    assert_true(publisher_say(&publisher, marker, "end", 1, false));
    for (size_t i = 0;; i++) {
        assert_int_equal(mqtt_rig_read_until(rig, i + 1), ERROR_OK);
        assert_true(i < rig->count); /* a reading, and no rejection */
        if (strcmp(rig->samples[i].text, "end") == 0) {
            return;
        }
        assert_true(rig->samples[i].sample.point_id < points);
        counts[rig->samples[i].sample.point_id]++;
    }
}

static void each_of_them_reads_a_message_once(void **unused) /* M1 */
{
    (void)unused;
    CLEANUP(mqtt_rig_release) struct mqtt_rig rig;
    size_t counts[4];

    rig_to_broker(&rig, "once");
    subscribe(&rig, "once/#", "all");
    subscribe(&rig, "once/+/x", "x");
    subscribe(&rig, "once/{place}/x", "x-too"); /* the same filter: asked for once */
    subscribe(&rig, "marker/once", "end");
    open_rig(&rig);
    assert_true(publisher_say(&publisher, "once/a/x", "1", 1, false));
    assert_true(publisher_say(&publisher, "once/a/y", "2", 1, false));
    count_readings(&rig, "marker/once", counts, 4);
    assert_int_equal(counts[0], 2);
    assert_int_equal(counts[1], 1);
    assert_int_equal(counts[2], 1);
    assert_int_equal(rig.rejections, 0);
    rig.driver->committed(rig.state);
}

/** A session keeps what was sent for subscriptions of an earlier configuration; what fits one of
 *  now is read, by its topic. */
static void what_waited_for_an_earlier_configuration_is_read(void **unused)
{
    (void)unused;
    CLEANUP(mqtt_rig_release) struct mqtt_rig before;
    CLEANUP(mqtt_rig_release) struct mqtt_rig after;
    size_t counts[2];

    rig_to_broker(&before, "kept");
    subscribe(&before, "kept/{place}/+", "a");
    subscribe(&before, "marker/before", "end");
    open_rig(&before);
    mqtt_rig_close(&before);
    assert_true(publisher_say(&publisher, "kept/a/x", "1", 1, false));
    rig_to_broker(&after, "kept");
    subscribe(&after, "kept/#", "all");
    subscribe(&after, "marker/after", "end");
    open_rig(&after);
    count_readings(&after, "marker/after", counts, 2);
    assert_int_equal(counts[0], 1);
    assert_int_equal(after.rejections, 0);
    after.driver->committed(after.state);
}

static void say_metric(const char *topic, uint64_t sequence)
{
    struct sparkplug_writer payload = {.size = 0};

    writer_counter(&payload, sequence);
    assert_true(publisher_publish(&publisher, topic, payload.bytes, payload.size, 1, false));
}

static void a_node_of_sparkplug_is_counted_once(void **unused) /* S4 */
{
    (void)unused;
    CLEANUP(mqtt_rig_release) struct mqtt_rig rig;

    rig_to_broker(&rig, "sparkplug");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(mqtt_rig_group(&rig, LIST("topic", i == 0 ? "spBv1.0/g/#" : "spBv1.0/+/#",
                                                   "payload", "sparkplug")),
                         ERROR_OK);
        assert_int_equal(mqtt_rig_point(&rig, "{metric}", LIST("path", "")), ERROR_OK);
    }
    subscribe(&rig, "marker/sparkplug", "end");
    open_rig(&rig);
    say_metric("spBv1.0/g/NBIRTH/n", 0);
    say_metric("spBv1.0/g/NDATA/n", 1);
    say_metric("spBv1.0/g/NDATA/n", 2);
    assert_true(publisher_say(&publisher, "marker/sparkplug", "end", 1, false));
    assert_int_equal(mqtt_rig_read_until(&rig, 4), ERROR_OK);
    assert_int_equal(rig.count, 4);
    assert_string_equal(rig.samples[3].text, "end");
    assert_int_equal(rig.events, 0);
    assert_int_equal(rig.rejections, 0);
    rig.driver->committed(rig.state);
}

/** An identifier that nobody here asked with says nothing, and so do more than are looked at. */
static void identifiers_that_are_not_ours_say_nothing(void **unused)
{
    (void)unused;
    struct mqtt_subscription two = {.identifier = mqtt_filter_identifier("b")};
    const struct mqtt_subscription one = {.identifier = mqtt_filter_identifier("a"), .next = &two};
    MQTTProperty properties[MQTT_IDENTIFIERS_MAX + 1];
    MQTTAsync_message came = MQTTAsync_message_initializer;
    const struct mqtt_parcel parcel = {.message = &came};
    struct mqtt_message message;

    for (size_t i = 0; i < MQTT_IDENTIFIERS_MAX + 1; i++) {
        properties[i] = (MQTTProperty){.identifier = MQTTPROPERTY_CODE_SUBSCRIPTION_IDENTIFIER,
                                       .value.integer4 = 7};
    }
    came.properties = (MQTTProperties){.count = 2, .array = properties};
    mqtt_identify(&message, &parcel, &one);
    assert_int_equal(message.identifier_count, 0);
    assert_true(mqtt_is_meant_for(&message, &one) && mqtt_is_meant_for(&message, &two));
    properties[1].value.integer4 = two.identifier;
    mqtt_identify(&message, &parcel, &one);
    assert_int_equal(message.identifier_count, 1);
    assert_true(!mqtt_is_meant_for(&message, &one) && mqtt_is_meant_for(&message, &two));
    properties[0].value.integer4 = one.identifier;
    mqtt_identify(&message, &parcel, &one);
    assert_true(mqtt_is_meant_for(&message, &one) && mqtt_is_meant_for(&message, &two));
    for (size_t i = 0; i < MQTT_IDENTIFIERS_MAX + 1; i++) {
        properties[i].value.integer4 = two.identifier;
    }
    came.properties.count = MQTT_IDENTIFIERS_MAX + 1;
    mqtt_identify(&message, &parcel, &one);
    assert_true(mqtt_is_meant_for(&message, &one));
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(each_of_them_reads_a_message_once),
        cmocka_unit_test(what_waited_for_an_earlier_configuration_is_read),
        cmocka_unit_test(a_node_of_sparkplug_is_counted_once),
        cmocka_unit_test(identifiers_that_are_not_ours_say_nothing),
    };

    return cmocka_run_group_tests_name("mqtt_overlap", cases, start, stop);
}
