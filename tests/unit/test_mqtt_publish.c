#include "base/cleanup.h"
#include "base/clock.h"
#include "drivers/mqtt/link.h"
#include "drivers/mqtt/mqtt.h"
#include "drivers/mqtt/sparkplug_asking.h"
#include "tests/sim/library/mqtt_broker.h"
#include "tests/sim/library/mqtt_publisher.h"
#include "tests/sim/library/mqtt_rig.h"
#include "tests/support/cmocka.h"
#include "tests/support/sparkplug_writer.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

enum { MESSAGES = 40 };

extern pthread_mutex_t *mqttasync_mutex; /* Paho's */

/** A node that is asked soon after it was wanted, so that K2's wait is not over by then. */
static void choose_node(char *name, size_t size)
{
    static const struct mqtt_subscription plan = {.payload = MQTT_PAYLOAD_SPARKPLUG};

    for (int i = 0; i < 1000; i++) {
        struct sparkplug_births births = {.wanted = true};
        struct sparkplug_node *node;
        int64_t wake_ns;

        (void)snprintf(name, size, "n%d", i);
        node = sparkplug_node_of(&births, &plan, (struct mqtt_slice){"g", 1},
                                 (struct mqtt_slice){name, strlen(name)});
        node->wants_birth = true;
        (void)sparkplug_next_to_ask(&births, "h", 0, &wake_ns);
        sparkplug_births_deinit(&births);
        if (wake_ns < SPARKPLUG_ASK_SOON_NS + 200 * NS_PER_MS) {
            return;
        }
    }
    fail_msg("no node is asked soon");
}

static void say_data(struct mqtt_publisher *publisher, const char *topic, int sequence)
{
    struct sparkplug_writer payload = {.size = 0};

    writer_counter(&payload, (uint64_t)sequence);
    assert_true(publisher_publish(publisher, topic, payload.bytes, payload.size, 1, false));
}

static bool callback_waits(void)
{
    if (pthread_mutex_trylock(mqttasync_mutex) != 0) {
        return true;
    }
    (void)pthread_mutex_unlock(mqttasync_mutex);
    return false;
}

/** Nothing is taken until a command was sent: the inbox is full, and Paho's receive thread holds
 *  its mutex while it waits for room. Nobody may wait for that mutex then (K5), and nothing of what
 *  came is lost. */
static void a_command_goes_out_while_the_receive_thread_waits_for_room(void **unused)
{
    CLEANUP(mqtt_rig_release) struct mqtt_rig rig;
    CLEANUP(publisher_close) struct mqtt_publisher publisher = {.fd = -1};
    CLEANUP(broker_close) struct mqtt_broker broker = {.port = 0};
    char address[64];
    char node[16];
    char topic[64];
    unsigned waited = 0;
    int64_t until_ns;

    (void)unused;
    assert_true(broker_open(&broker, "allow_anonymous true\nmax_inflight_messages 1000\n"));
    assert_true(publisher_open(&publisher, broker.port, "publisher", NULL, NULL));
    choose_node(node, sizeof(node));
    (void)snprintf(topic, sizeof(topic), "spBv1.0/g/NDATA/%s", node);
    (void)snprintf(address, sizeof(address), "mqtt://127.0.0.1:%u", (unsigned)broker.port);
    mqtt_rig_init(&rig, &mqtt_driver);
    assert_int_equal(mqtt_rig_set(&rig, "broker", address), ERROR_OK);
    assert_int_equal(mqtt_rig_set(&rig, "inbox_messages", "10"), ERROR_OK);
    assert_int_equal(mqtt_rig_set(&rig, "sparkplug.host_id", "h"), ERROR_OK);
    assert_int_equal(mqtt_rig_set(&rig, "sparkplug.rebirth", "true"), ERROR_OK);
    assert_int_equal(mqtt_rig_group(&rig, LIST("topic", "spBv1.0/g/#", "payload", "sparkplug")),
                     ERROR_OK);
    assert_int_equal(mqtt_rig_point(&rig, "{metric}", LIST("path", "")), ERROR_OK);
    assert_int_equal(mqtt_rig_prepare(&rig), ERROR_OK);
    assert_int_equal(mqtt_rig_open(&rig), ERROR_OK);
    rig.room = 0;
    for (int i = 0; i < MESSAGES; i++) {
        say_data(&publisher, topic, i);
    }
    until_ns = clock_monotonic_ns(&clock_system) + MQTT_ROOM_WAIT_NS - NS_PER_S;
    while (rig.events == 0 && clock_monotonic_ns(&clock_system) < until_ns) {
        int64_t begin_ns = clock_monotonic_ns(&clock_system);

        waited = callback_waits() ? waited + 1 : 0;
        assert_int_equal(mqtt_rig_read(&rig, 100), ERROR_OK);
        assert_true(clock_monotonic_ns(&clock_system) - begin_ns < NS_PER_S);
    }
    assert_true(waited > 0); /* or nothing was proved */
    assert_int_equal(rig.events, 1);
    assert_non_null(strstr(rig.event, "asked for its births anew"));
    assert_int_equal(rig.count, 0);
    rig.room = SIZE_MAX;
    assert_int_equal(mqtt_rig_read_until(&rig, MESSAGES), ERROR_OK);
    assert_int_equal(rig.count, MESSAGES);
    assert_int_equal(rig.rejections, 0);
    for (int i = 0; i < MESSAGES; i++) {
        assert_int_equal(rig.samples[i].sample.value.integer, i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_goes_out_while_the_receive_thread_waits_for_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
