#include "drivers/mqtt/presence.h"

#include "drivers/mqtt/inside.h"
#include "drivers/mqtt/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/** As configured; of a Sparkplug host as its chapter 6, STATE, has it
 *  (tck-id-payloads-state-birth-payload, -will-message-payload), written into `state`. */
static const char *words(const struct mqtt_options *options, bool online, int64_t time_ms,
                         char state[MQTT_STATE_SIZE])
{
    if (!options->says_host_state) {
        return online ? options->will_online : options->will_offline;
    }
    (void)snprintf(state, MQTT_STATE_SIZE, "{\"online\":%s,\"timestamp\":%" PRId64 "}",
                   online ? "true" : "false", time_ms);
    return state;
}

static bool is_wanted(const struct mqtt_link *link)
{
    return link->options->presence_topic != NULL;
}

/* Callbacks of version 3.1.1 and of 5, on Paho's threads. */

static void on_refused(void *context, MQTTAsync_failureData *data)
{
    struct mqtt_link *link = context;

    (void)pthread_mutex_lock(&link->mutex);
    link->presence.refused = data != NULL && data->code != 0 ? data->code : -1;
    (void)pthread_cond_broadcast(&link->changed);
    (void)pthread_mutex_unlock(&link->mutex);
}

static void on_refused_5(void *context, MQTTAsync_failureData5 *data)
{
    struct mqtt_link *link = context;

    (void)pthread_mutex_lock(&link->mutex);
    link->presence.refused = data != NULL && data->reasonCode != 0 ? (int)data->reasonCode : -1;
    (void)pthread_cond_broadcast(&link->changed);
    (void)pthread_mutex_unlock(&link->mutex);
}

static void end_farewell(struct mqtt_link *link)
{
    (void)pthread_mutex_lock(&link->mutex);
    link->presence.farewell.given = true;
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

/** K5 */
static int say(struct mqtt_link *link, bool online, int64_t time_ms,
               MQTTAsync_responseOptions *response)
{
    const struct mqtt_options *options = link->options;
    char state[MQTT_STATE_SIZE];
    const char *payload = words(options, online, time_ms, state);

    response->context = link;
    return MQTTAsync_send(link->client, options->presence_topic, (int)strlen(payload), payload,
                          options->presence_qos, options->presence_retained, response);
}

static void say_online(struct mqtt_link *link)
{
    MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;
    int outcome;

    if (link->version == MQTTVERSION_5) {
        response.onFailure5 = on_refused_5;
    } else {
        response.onFailure = on_refused;
    }
    outcome = say(link, true, link->presence.made_ms, &response);
    if (outcome != MQTTASYNC_SUCCESS) {
        (void)pthread_mutex_lock(&link->mutex);
        link->presence.refused = outcome;
        (void)pthread_cond_broadcast(&link->changed);
        (void)pthread_mutex_unlock(&link->mutex);
    }
}

bool mqtt_presence_will(struct mqtt_link *link, MQTTAsync_willOptions *will,
                        char state[MQTT_STATE_SIZE])
{
    MQTTAsync_willOptions made = MQTTAsync_willOptions_initializer;

    if (!is_wanted(link)) {
        return false;
    }
    link->presence.made_ms = clock_utc_ns(link->clock) / NS_PER_MS;
    *will = made;
    will->topicName = link->options->presence_topic;
    will->message = words(link->options, false, link->presence.made_ms, state);
    will->retained = link->options->presence_retained;
    will->qos = link->options->presence_qos;
    return true;
}

void mqtt_presence_begin(struct mqtt_link *link)
{
    bool first;

    if (!is_wanted(link)) {
        return;
    }
    (void)pthread_mutex_lock(&link->mutex);
    first = !link->presence.is_online;
    link->presence.is_online = true;
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

bool mqtt_presence_is_ours(const struct mqtt_options *options, const struct mqtt_parcel *parcel)
{
    const char *topic = options->presence_topic;

    return topic != NULL && strlen(topic) == parcel->topic_size &&
           memcmp(parcel->topic, topic, parcel->topic_size) == 0;
}

void mqtt_presence_look(struct mqtt_link *link, const struct mqtt_parcel *parcel)
{
    bool contested;

    /* A retained one is older than our birth: the broker read our subscription before that. */
    if (!link->options->says_host_state || parcel->message->retained != 0 ||
        !mqtt_presence_is_ours(link->options, parcel) || !says_offline(parcel->message)) {
        return;
    }
    (void)pthread_mutex_lock(&link->mutex);
    contested = link->presence.is_online && !link->closing; /* our own farewell comes back, too */
    link->presence.contested += contested;
    (void)pthread_mutex_unlock(&link->mutex);
    if (contested) { /* tck-id-message-flow-hid-sparkplug-state-message-delivered */
        say_online(link);
    }
}

/** May we still say something? */
static bool is_alive(const struct mqtt_link *link)
{
    return link->presence.is_online && !link->lost;
}

void mqtt_presence_end(struct mqtt_link *link)
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
    if (link->version == MQTTVERSION_5) {
        response.onSuccess5 = on_said_5;
        response.onFailure5 = on_unsaid_5;
    } else {
        response.onSuccess = on_said;
        response.onFailure = on_unsaid;
    }
    /* A clock that was set back must not make it older than the birth. */
    now_ms = now_ms > link->presence.made_ms ? now_ms : link->presence.made_ms;
    if (say(link, false, now_ms, &response) != MQTTASYNC_SUCCESS) {
        return;
    }
    (void)pthread_mutex_lock(&link->mutex);
    while (is_alive(link) && !link->presence.farewell.given &&
           clock_monotonic_ns(&clock_system) < until_ns) {
        mqtt_wait_for(link, &link->changed, until_ns);
    }
    (void)pthread_mutex_unlock(&link->mutex);
}

static void tell(struct mqtt_link *link, struct driver_sink *sink, const char *reason,
                 uint64_t count)
{
    const struct mqtt_options *options = link->options;
    const struct event event = {
        .kind = options->says_host_state ? "host-state" : "last-will",
        .subject = options->says_host_state ? options->host_id : options->presence_topic,
        .reason = reason,
        .count = count,
    };

    sink->tell(sink, &event);
}

/* Reading goes on: data matter more than who waits for us. */
void mqtt_presence_tell(struct mqtt_link *link, struct driver_sink *sink)
{
    uint64_t contested;
    int refused;

    (void)pthread_mutex_lock(&link->mutex);
    contested = link->presence.contested;
    refused = link->presence.refused;
    link->presence.contested = 0;
    link->presence.refused = 0;
    (void)pthread_mutex_unlock(&link->mutex);
    if (contested > 0) {
        tell(link, sink,
             "another client said that this host is offline, and was answered: is the host_id used "
             "twice?",
             contested);
    }
    if (refused != 0) {
        char reason[400];

        (void)snprintf(reason, sizeof(reason),
                       "the broker does not take our state (code %d): may this user write to "
                       "%.250s?",
                       refused, link->options->presence_topic);
        tell(link, sink, reason, 0);
    }
}
