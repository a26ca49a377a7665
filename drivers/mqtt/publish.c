#include "drivers/mqtt/publish.h"

#include "drivers/mqtt/inside.h"
#include "drivers/mqtt/presence.h"
#include "drivers/mqtt/sparkplug_asking.h"

#include <stdio.h>

/** QoS 0, not retained (tck-id-topics-ncmd-mqtt): without Paho's mutex, and it waits for nothing.
 */
static bool send_rebirth(struct mqtt_link *link, const struct sparkplug_node *node)
{
    uint8_t payload[SPARKPLUG_COMMAND_MAX];
    size_t size = sparkplug_rebirth_payload(clock_utc_ns(link->clock), payload);
    char topic[2 * SPARKPLUG_NAME_MAX + 32];

    MQTTProperty expiry = {.identifier = MQTTPROPERTY_CODE_MESSAGE_EXPIRY_INTERVAL,
                           .value.integer4 = SPARKPLUG_ASK_PAUSE_NS / NS_PER_S};
    MQTTAsync_responseOptions with = MQTTAsync_responseOptions_initializer;
    bool sent;

    if (link->version == MQTTVERSION_5) { /* a node that comes later is not told what is over */
        (void)MQTTProperties_add(&with.properties, &expiry); /* no memory: without */
    }
    (void)snprintf(topic, sizeof(topic), "spBv1.0/%s/NCMD/%s", node->group, node->name);
    sent =
        MQTTAsync_send(link->client, topic, (int)size, payload, 0, 0, &with) == MQTTASYNC_SUCCESS;
    MQTTProperties_free(&with.properties);
    return sent;
}

static int64_t ask_for_births(struct mqtt_link *link, struct sparkplug_births *births,
                              struct driver_sink *sink)
{
    int64_t now_ns = clock_monotonic_ns(&clock_system);
    struct sparkplug_node *node;
    int64_t wake_ns;

    while ((node = sparkplug_next_to_ask(births, link->options->host_id, now_ns, &wake_ns)) !=
           NULL) {
        char subject[160];
        char reason[240];
        bool sent = send_rebirth(link, node);

        sparkplug_was_asked(births, node, now_ns);
        (void)snprintf(subject, sizeof(subject), "%.70s/%.70s", node->group, node->name);
        (void)snprintf(reason, sizeof(reason), "%s: %s",
                       sent ? "asked for its births anew" : "could not be asked for its births",
                       node->why);
        sink->tell(sink, &(struct event){.kind = "rebirth", .subject = subject, .reason = reason});
    }
    return wake_ns;
}

int64_t mqtt_act(struct mqtt_link *link, struct sparkplug_births *births, struct driver_sink *sink)
{
    if (link->options->presence_topic != NULL) {
        mqtt_presence_tell(link, sink);
    }
    return link->options->asks_rebirth ? ask_for_births(link, births, sink) : INT64_MAX;
}
