#include "drivers/mqtt/link.h"

#include "drivers/mqtt/connect.h"
#include "drivers/mqtt/inside.h"
#include "drivers/mqtt/presence.h"
#include "drivers/mqtt/subscribe.h"

#include <stdlib.h>
#include <string.h>

/* How often a waiter looks whether acknowledgements can go out. */
#define FLUSH_EVERY_NS (1 * NS_PER_MS)
#define ROOM_SLICE_NS  (20 * NS_PER_MS)

static int64_t now_ns(void)
{
    return clock_monotonic_ns(&clock_system);
}

/* Callbacks: on Paho's threads, with Paho's mutex held. None of them calls Paho but for K5. */

static void on_lost(void *context, char *cause)
{
    struct mqtt_link *link = context;

    (void)cause; /* Paho never says */
    mqtt_gate_break(&link->gate);
    (void)pthread_mutex_lock(&link->mutex);
    link->lost = true;
    (void)pthread_cond_broadcast(&link->changed);
    (void)pthread_mutex_unlock(&link->mutex);
}

static void on_disconnected(void *context, MQTTProperties *properties, enum MQTTReasonCodes reason)
{
    struct mqtt_link *link = context;

    (void)properties;
    mqtt_gate_break(&link->gate);
    (void)pthread_mutex_lock(&link->mutex);
    link->lost = true;
    link->lost_reason = (int)reason;
    (void)pthread_cond_broadcast(&link->changed);
    (void)pthread_mutex_unlock(&link->mutex);
}

/** K2. The mutex is held, but not while acknowledgements go out. */
static bool wait_for_room(struct mqtt_link *link, const struct mqtt_parcel *parcel)
{
    int64_t until_ns = now_ns() + MQTT_ROOM_WAIT_NS;

    while (!mqtt_inbox_has_room(&link->inbox, parcel)) {
        int64_t now = now_ns();

        (void)pthread_cond_signal(&link->changed); /* it may be waiting for more (K6) */

        if (link->closing || link->late || now >= until_ns) {
            link->late = true;
            return false;
        }
        mqtt_wait_for(link, &link->room, now + ROOM_SLICE_NS);
        (void)pthread_mutex_unlock(&link->mutex);
        mqtt_gate_flush_all_held();
        (void)pthread_mutex_lock(&link->mutex);
    }
    return !link->closing;
}

/** Paho acknowledges whatever this returns, into the gate; 1 says that the message is ours now. */
static int on_message(void *context, char *topic, int topic_size, MQTTAsync_message *message)
{
    struct mqtt_link *link = context;
    struct mqtt_parcel parcel = {
        .topic = topic,
        .topic_size = topic_size > 0 ? (size_t)topic_size : strlen(topic),
        .message = message,
        .received_ns = clock_utc_ns(link->clock),
    };
    bool accepted;

    mqtt_gate_flush_all_held();
    mqtt_presence_look(link, &parcel);
    (void)pthread_mutex_lock(&link->mutex);
    /* Once a message of QoS 1 was passed over, later ones would overtake it. */
    accepted =
        !link->closing && !(link->overrun && message->qos > 0) && wait_for_room(link, &parcel);
    if (accepted) {
        mqtt_inbox_put(&link->inbox, &parcel);
    } else if (message->qos > 0) {
        link->overrun = true;
    } else {
        link->dropped++;
    }
    if (!accepted || link->inbox.count >= link->wake_at) { /* K6 */
        (void)pthread_cond_signal(&link->changed);
    }
    (void)pthread_mutex_unlock(&link->mutex);
    if (!accepted) {
        mqtt_parcel_free(&parcel);
    }
    return 1;
}

static enum error_code create_client(struct mqtt_link *link, struct error *error)
{
    MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer;
    int outcome;

    options.MQTTVersion = link->version;
    outcome =
        MQTTAsync_createWithOptions(&link->client, link->options->uri, link->options->client_id,
                                    MQTTCLIENT_PERSISTENCE_NONE, NULL, &options);
    if (outcome != MQTTASYNC_SUCCESS) {
        link->client = NULL;
        return error_set(error,
                         outcome == MQTTASYNC_BAD_UTF8_STRING ? ERROR_BAD_CONFIG : ERROR_NO_MEMORY,
                         "broker %.100s: Paho made no client: %s", link->options->broker,
                         MQTTAsync_strerror(outcome));
    }
    if (MQTTAsync_setCallbacks(link->client, link, on_lost, on_message, NULL) !=
            MQTTASYNC_SUCCESS ||
        MQTTAsync_setDisconnected(link->client, link, on_disconnected) != MQTTASYNC_SUCCESS) {
        return error_set(error, ERROR_BUG, "broker %.100s: Paho took no callbacks",
                         link->options->broker);
    }
    return ERROR_OK;
}

enum error_code mqtt_link_open(struct mqtt_link **link, const struct mqtt_options *options,
                               const struct clock *clock, int64_t deadline_ns, struct error *error)
{
    int64_t until_ns = now_ns() + (deadline_ns - clock_monotonic_ns(clock));
    struct mqtt_link *made = calloc(1, sizeof(*made));
    enum error_code code;

    *link = made;
    if (made == NULL || !mqtt_inside_init(made) ||
        !mqtt_inbox_init(&made->inbox, (size_t)options->inbox_messages,
                         (size_t)options->inbox_bytes)) {
        return error_set(error, ERROR_NO_MEMORY, "broker %.100s: no memory to connect",
                         options->broker);
    }
    made->options = options;
    made->clock = clock;
    made->version = options->version == 0 ? MQTTVERSION_3_1_1 : MQTTVERSION_5;
    code = mqtt_gate_enter(&made->gate, options->client_id, (uint32_t)options->inbox_messages * 2,
                           error);
    if (code == ERROR_OK) {
        code = create_client(made, error);
    }
    made->grants_until_ns = until_ns;
    return code == ERROR_OK ? mqtt_connect(made, until_ns, error) : code;
}

struct mqtt_parcel *mqtt_link_next(struct mqtt_link *link, int64_t until_ns, size_t wake_at)
{
    bool acks_left = mqtt_gate_flush(&link->gate);
    struct mqtt_parcel *first;
    int64_t now = now_ns();

    (void)pthread_mutex_lock(&link->mutex);
    while ((first = mqtt_inbox_first(&link->inbox)) == NULL && !link->lost && !link->overrun &&
           now < until_ns) {
        int64_t slice_ns =
            acks_left && until_ns - now > FLUSH_EVERY_NS ? now + FLUSH_EVERY_NS : until_ns;

        link->wake_at = wake_at;
        mqtt_wait_for(link, &link->changed, slice_ns);
        link->wake_at = 1;
        if (acks_left) {
            (void)pthread_mutex_unlock(&link->mutex);
            acks_left = mqtt_gate_flush(&link->gate);
            (void)pthread_mutex_lock(&link->mutex);
        }
        now = now_ns();
    }
    (void)pthread_mutex_unlock(&link->mutex);
    return first; /* only done() moves it, and that is the collector's, too */
}

bool mqtt_link_wait_room(struct mqtt_link *link, int64_t until_ns)
{
    bool room;

    (void)pthread_mutex_lock(&link->mutex);
    while (!(room = mqtt_gate_has_room(&link->gate)) && !link->lost && now_ns() < until_ns) {
        mqtt_wait_for(link, &link->changed, now_ns() + FLUSH_EVERY_NS);
        (void)pthread_mutex_unlock(&link->mutex);
        (void)mqtt_gate_flush(&link->gate);
        (void)pthread_mutex_lock(&link->mutex);
    }
    (void)pthread_mutex_unlock(&link->mutex);
    return room;
}

void mqtt_link_done(struct mqtt_link *link)
{
    struct mqtt_parcel parcel;

    (void)pthread_mutex_lock(&link->mutex);
    parcel = mqtt_inbox_done(&link->inbox);
    link->late = false;
    (void)pthread_cond_signal(&link->room);
    (void)pthread_mutex_unlock(&link->mutex);
    mqtt_parcel_free(&parcel);
}

uint64_t mqtt_link_take_dropped(struct mqtt_link *link)
{
    uint64_t dropped;

    (void)pthread_mutex_lock(&link->mutex);
    dropped = link->dropped;
    link->dropped = 0;
    (void)pthread_mutex_unlock(&link->mutex);
    return dropped;
}

enum error_code mqtt_link_state(struct mqtt_link *link, struct error *error)
{
    enum error_code code = mqtt_inside_state(link, error);

    return code == ERROR_OK ? mqtt_check_grants(link, error) : code;
}

enum error_code mqtt_link_subscribe(struct mqtt_link *link,
                                    const struct mqtt_subscription *subscriptions,
                                    const struct mqtt_filters *filters, struct error *error)
{
    enum error_code code = mqtt_subscribe(link, subscriptions, filters, error);

    if (code == ERROR_OK) {
        code = mqtt_link_state(link, error);
        code = code == ERROR_OK ? code : error_prefix(error, code, "while subscribing");
    }
    return code;
}

void mqtt_link_close(struct mqtt_link *link)
{
    if (link == NULL) {
        return;
    }
    if (link->mutex_ready) {
        (void)pthread_mutex_lock(&link->mutex);
        link->closing = true; /* a callback that waits for room gives Paho's mutex back */
        (void)pthread_cond_broadcast(&link->room);
        (void)pthread_mutex_unlock(&link->mutex);
    }
    if (link->client != NULL) {
        mqtt_gate_finish(&link->gate);
        mqtt_presence_end(link);
        MQTTAsync_destroy(&link->client); /* disconnects */
    }
    mqtt_gate_leave(&link->gate);
    free(link->grants); /* nobody answers any more */
    mqtt_inbox_deinit(&link->inbox);
    mqtt_inside_deinit(link);
    free(link);
}
