/* What a Sparkplug host publishes: its STATE, and commands to nodes. */
#include "drivers/mqtt/json.h"
#include "drivers/mqtt/link.h"
#include "drivers/mqtt/sparkplug_asking.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { STATE_SIZE = 80 };

/** 6, STATE (tck-id-payloads-state-birth-payload, -will-message-payload). */
static void write_state(bool online, int64_t time_ms, char payload[STATE_SIZE])
{
    (void)snprintf(payload, STATE_SIZE, "{\"online\":%s,\"timestamp\":%" PRId64 "}",
                   online ? "true" : "false", time_ms);
}

static bool is_wanted(const struct mqtt_link *link)
{
    return link->options->state_topic != NULL;
}

/* Callbacks of version 3.1.1 and of 5, on Paho's threads. */

static void on_refused(void *context, MQTTAsync_failureData *data)
{
    struct mqtt_link *link = context;

    (void)pthread_mutex_lock(&link->mutex);
    link->state.refused = data != NULL && data->code != 0 ? data->code : -1;
    (void)pthread_cond_broadcast(&link->changed);
    (void)pthread_mutex_unlock(&link->mutex);
}

static void on_refused_5(void *context, MQTTAsync_failureData5 *data)
{
    struct mqtt_link *link = context;

    (void)pthread_mutex_lock(&link->mutex);
    link->state.refused = data != NULL && data->reasonCode != 0 ? (int)data->reasonCode : -1;
    (void)pthread_cond_broadcast(&link->changed);
    (void)pthread_mutex_unlock(&link->mutex);
}

static void end_farewell(struct mqtt_link *link)
{
    (void)pthread_mutex_lock(&link->mutex);
    link->state.farewell.given = true;
    (void)pthread_cond_broadcast(&link->changed);
    (void)pthread_mutex_unlock(&link->mutex);
}

static void on_said(void *context, MQTTAsync_successData *data)
{
    (void)data;
    end_farewell(context);
}

static void on_said_5(void *context, MQTTAsync_successData5 *data)
{
    (void)data;
    end_farewell(context);
}

static void on_unsaid(void *context, MQTTAsync_failureData *data)
{
    (void)data;
    end_farewell(context);
}

static void on_unsaid_5(void *context, MQTTAsync_failureData5 *data)
{
    (void)data;
    end_farewell(context);
}

/** QoS 1, retained (tck-id-host-topic-phid-birth-qos, -retain). K5 */
static int say(struct mqtt_link *link, bool online, int64_t time_ms,
               MQTTAsync_responseOptions *response)
{
    char payload[STATE_SIZE];

    write_state(online, time_ms, payload);
    response->context = link;
    return MQTTAsync_send(link->client, link->options->state_topic, (int)strlen(payload), payload,
                          1, 1, response);
}

static void say_online(struct mqtt_link *link)
{
    MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;
    int outcome;

    if (link->gate.version == MQTTVERSION_5) {
        response.onFailure5 = on_refused_5;
    } else {
        response.onFailure = on_refused;
    }
    outcome = say(link, true, link->state.made_ms, &response);
    if (outcome != MQTTASYNC_SUCCESS) {
        (void)pthread_mutex_lock(&link->mutex);
        link->state.refused = outcome;
        (void)pthread_cond_broadcast(&link->changed);
        (void)pthread_mutex_unlock(&link->mutex);
    }
}

bool mqtt_state_will(struct mqtt_link *link, MQTTAsync_willOptions *will, char *payload,
                     size_t payload_size)
{
    MQTTAsync_willOptions made = MQTTAsync_willOptions_initializer;
    char text[STATE_SIZE];

    if (!is_wanted(link)) {
        return false;
    }
    link->state.made_ms = clock_utc_ns(link->clock) / NS_PER_MS;
    write_state(false, link->state.made_ms, text);
    (void)snprintf(payload, payload_size, "%s", text);
    *will = made;
    will->topicName = link->options->state_topic;
    will->message = payload;
    will->retained = 1;
    will->qos = 1;
    return true;
}

void mqtt_state_begin(struct mqtt_link *link)
{
    bool first;

    if (!is_wanted(link)) {
        return;
    }
    (void)pthread_mutex_lock(&link->mutex);
    first = !link->state.is_online;
    link->state.is_online = true;
    (void)pthread_mutex_unlock(&link->mutex);
    if (first) {
        say_online(link);
    }
}

/** {"online":false, ...} */
static bool says_offline(const MQTTAsync_message *message)
{
    static const char key[] = "online";
    struct mqtt_json document;
    struct mqtt_json value;
    const char *problem;
    size_t offset;

    return message->payloadlen > 0 &&
           mqtt_json_document(message->payload, (size_t)message->payloadlen, &document, &problem,
                              &offset) &&
           document.kind == MQTT_JSON_OBJECT &&
           mqtt_json_member(&document, key, sizeof(key) - 1, &value) &&
           value.kind == MQTT_JSON_BOOL && value.bytes[0] == 'f';
}

void mqtt_state_look(struct mqtt_link *link, const struct mqtt_parcel *parcel)
{
    bool contested;

    /* A retained one is older than our birth: the broker read our subscription before that. */
    if (!is_wanted(link) || parcel->message->retained != 0 ||
        strlen(link->options->state_topic) != parcel->topic_size ||
        memcmp(parcel->topic, link->options->state_topic, parcel->topic_size) != 0 ||
        !says_offline(parcel->message)) {
        return;
    }
    (void)pthread_mutex_lock(&link->mutex);
    contested = link->state.is_online && !link->closing; /* our own farewell comes back, too */
    link->state.contested += contested;
    (void)pthread_mutex_unlock(&link->mutex);
    if (contested) { /* tck-id-message-flow-hid-sparkplug-state-message-delivered */
        say_online(link);
    }
}

/** May we still say something? */
static bool is_alive(const struct mqtt_link *link)
{
    return link->state.is_online && !link->lost;
}

void mqtt_state_end(struct mqtt_link *link)
{
    MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;
    int64_t until_ns = clock_monotonic_ns(&clock_system) + MQTT_FAREWELL_NS;
    int64_t now_ms = clock_utc_ns(link->clock) / NS_PER_MS;
    bool alive;

    (void)pthread_mutex_lock(&link->mutex);
    alive = is_alive(link);
    (void)pthread_mutex_unlock(&link->mutex);
    if (!alive) {
        return; /* the broker sends the will, or nothing was ever said */
    }
    if (link->gate.version == MQTTVERSION_5) {
        response.onSuccess5 = on_said_5;
        response.onFailure5 = on_unsaid_5;
    } else {
        response.onSuccess = on_said;
        response.onFailure = on_unsaid;
    }
    /* A clock that was set back must not make it older than the birth. */
    now_ms = now_ms > link->state.made_ms ? now_ms : link->state.made_ms;
    if (say(link, false, now_ms, &response) != MQTTASYNC_SUCCESS) {
        return;
    }
    (void)pthread_mutex_lock(&link->mutex);
    while (is_alive(link) && !link->state.farewell.given &&
           clock_monotonic_ns(&clock_system) < until_ns) {
        mqtt_link_wait_changed(link, until_ns);
    }
    (void)pthread_mutex_unlock(&link->mutex);
}

/* Commands. */

static void tell(struct driver_sink *sink, const char *kind, const char *subject,
                 const char *reason, uint64_t count)
{
    const struct event event = {.kind = kind, .subject = subject, .reason = reason, .count = count};

    sink->tell(sink, &event);
}

/** QoS 0, not retained (tck-id-topics-ncmd-mqtt): without Paho's mutex, and it waits for nothing.
 */
static bool send_rebirth(struct mqtt_link *link, const struct sparkplug_node *node)
{
    uint8_t payload[SPARKPLUG_COMMAND_MAX];
    size_t size = sparkplug_rebirth_payload(clock_utc_ns(link->clock), payload);
    char topic[2 * SPARKPLUG_NAME_MAX + 32];

    (void)snprintf(topic, sizeof(topic), "spBv1.0/%s/NCMD/%s", node->group, node->name);
    return MQTTAsync_send(link->client, topic, (int)size, payload, 0, 0, NULL) == MQTTASYNC_SUCCESS;
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
        tell(sink, "rebirth", subject, reason, 0);
    }
    return wake_ns;
}

/** What callbacks took note of. Reading goes on: data matter more than who waits for us. */
static void tell_state(struct mqtt_link *link, struct driver_sink *sink)
{
    uint64_t contested;
    int refused;

    (void)pthread_mutex_lock(&link->mutex);
    contested = link->state.contested;
    refused = link->state.refused;
    link->state.contested = 0;
    link->state.refused = 0;
    (void)pthread_mutex_unlock(&link->mutex);
    if (contested > 0) {
        tell(sink, "host-state", link->options->host_id,
             "another client said that this host is offline, and was answered: is the host_id used "
             "twice?",
             contested);
    }
    if (refused != 0) {
        char reason[400];

        (void)snprintf(reason, sizeof(reason),
                       "the broker does not take our state (code %d): may this user write to "
                       "%.250s?",
                       refused, link->options->state_topic);
        tell(sink, "host-state", link->options->host_id, reason, 0);
    }
}

int64_t mqtt_act_as_host(struct mqtt_link *link, struct sparkplug_births *births,
                         struct driver_sink *sink)
{
    tell_state(link, sink);
    return link->options->asks_rebirth ? ask_for_births(link, births, sink) : INT64_MAX;
}
