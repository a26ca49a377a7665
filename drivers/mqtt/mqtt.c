#include "drivers/mqtt/mqtt.h"

#include "drivers/mqtt/link.h"
#include "drivers/mqtt/mapping.h"
#include "drivers/mqtt/presence.h"
#include "drivers/mqtt/publish.h"
#include "drivers/mqtt/sparkplug.h"
#include "drivers/mqtt/subscribe.h"

#include <stddef.h>

/* A source that says nothing for this long is idle: what it sent may be committed. */
#define IDLE_NS (3 * NS_PER_MS)

enum { WAKE_AT_MAX = 64 };

struct mqtt {
    struct mqtt_options options; /* first: the option table counts from here */
    struct mqtt_mapping mapping;
    char *scratch;               /* MQTT_TEXT_MAX bytes, from prepare() */
    struct mqtt_link *link;      /* from open() to close() */
    struct mqtt_filters filters; /* what the session at the broker holds */
    struct sparkplug *sparkplug; /* NULL: no subscription is of that kind */
};

static enum error_code mqtt_add_point(void *state, struct arena *arena,
                                      const struct driver_point *point, struct error *error)
{
    struct mqtt *mqtt = state;

    return mqtt_mapping_add(&mqtt->mapping, arena, point, error);
}

static enum error_code no_memory(struct error *error)
{
    return error_set(error, ERROR_NO_MEMORY, "mqtt: the configuration is too large");
}

static enum error_code mqtt_prepare(void *state, struct arena *arena, struct error *error)
{
    struct mqtt *mqtt = state;
    enum error_code code = mqtt_mapping_check(&mqtt->mapping, mqtt->options.version != 0, error);

    if (code != ERROR_OK) {
        return code;
    }
    if (mqtt->mapping.has_sparkplug) {
        mqtt->sparkplug = arena_allocate(arena, sizeof(*mqtt->sparkplug));
        if (mqtt->sparkplug == NULL) {
            return no_memory(error);
        }
    }
    mqtt->scratch = arena_allocate(arena, MQTT_TEXT_MAX);
    if (mqtt->scratch == NULL) {
        return no_memory(error);
    }
    code = mqtt_options_check(&mqtt->options, arena, error);
    if (code == ERROR_OK && mqtt->options.host_id != NULL && !mqtt->mapping.has_sparkplug) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "sparkplug.host_id: no subscription has payload: sparkplug");
    }
    return code;
}

static const char *mqtt_session(const void *state)
{
    const struct mqtt *mqtt = state;

    return mqtt->options.session;
}

static enum error_code mqtt_open(void *state, const struct clock *clock, int64_t deadline_ns,
                                 struct error *error)
{
    struct mqtt *mqtt = state;
    enum error_code code = mqtt_link_open(&mqtt->link, &mqtt->options, clock, deadline_ns, error);

    if (code != ERROR_OK) {
        return code;
    }
    mqtt_filters_asked(&mqtt->filters, mqtt->mapping.first);
    return mqtt_link_subscribe(mqtt->link, mqtt->mapping.first, &mqtt->filters, error);
}

/** P3: what was dropped is said. */
static void report_dropped(struct mqtt *mqtt, const struct driver_turn *turn,
                           struct driver_sink *sink)
{
    uint64_t dropped = mqtt_link_take_dropped(mqtt->link);
    struct driver_rejection rejection = {
        .source = mqtt->options.broker,
        .reason = "messages of QoS 0 were dropped: they came faster than they are stored",
        .count = dropped};

    if (dropped == 0) {
        return;
    }
    rejection.received_ns = clock_utc_ns(turn->clock);
    sink->reject(sink, &rejection);
}

/** Hand one message over whole. false: no room (D8). */
static bool deliver(struct mqtt *mqtt, struct mqtt_parcel *parcel, struct driver_sink *sink)
{
    struct mqtt_message message = {
        .topic = parcel->topic,
        .topic_size = parcel->topic_size,
        .payload = parcel->message->payload != NULL ? parcel->message->payload : "",
        .payload_size = (size_t)parcel->message->payloadlen,
        .properties = &parcel->message->properties,
        .retained = parcel->message->retained != 0,
        .repeated = parcel->message->dup != 0,
        .received_ns = parcel->received_ns,
    };

    const struct mqtt_subscription *sparkplug =
        sparkplug_subscription(mqtt->mapping.first, message.topic, message.topic_size);

    mqtt_identify(&message, parcel, mqtt->mapping.first);
    if (mqtt_presence_is_ours(&mqtt->options, parcel)) {
        return true; /* mqtt_presence_look() has looked at it */
    }
    if (sparkplug != NULL) { /* it counts its messages: of several copies only its own */
        return !mqtt_is_meant_for(&message, sparkplug) ||
               sparkplug_deliver(mqtt->sparkplug, sparkplug, &message, &parcel->taken_count, sink);
    }
    return mqtt_payload_deliver(mqtt->mapping.first, &message, &parcel->taken_count, mqtt->scratch,
                                sink);
}

/** Until when to wait for another message: half the window is unacknowledged, or the source is
 *  idle, then a commit is due (mqtt.md: a timed commit alone caps QoS 1 at window / interval). */
static int64_t wait_until(struct mqtt *mqtt, size_t handed_over, int64_t until_ns)
{
    int64_t now = clock_monotonic_ns(&clock_system);

    if (handed_over == 0) {
        return until_ns;
    }
    if (mqtt_gate_uncommitted(&mqtt->link->gate) >= mqtt->options.window / 2) {
        return now;
    }
    return until_ns - now > IDLE_NS ? now + IDLE_NS : until_ns;
}

/** How many messages are worth waking up for: the first at once; after it, as many as are left to
 *  the commit, but few enough to be stored while the next ones arrive. */
static size_t wake_at(struct mqtt *mqtt, size_t handed_over)
{
    size_t uncommitted = mqtt_gate_uncommitted(&mqtt->link->gate);
    size_t half = (size_t)mqtt->options.window / 2;
    size_t left = uncommitted < half ? half - uncommitted : 1;

    return handed_over == 0 ? 1 : left < WAKE_AT_MAX ? left : WAKE_AT_MAX;
}

static enum error_code mqtt_read(void *state, const struct driver_turn *turn,
                                 struct driver_sink *sink, struct error *error)
{
    struct mqtt *mqtt = state;
    struct mqtt_link *link = mqtt->link;
    int64_t until_ns =
        clock_monotonic_ns(&clock_system) + (turn->deadline_ns - clock_monotonic_ns(turn->clock));
    size_t handed_over = 0;
    int64_t wake_ns;

    wake_ns = mqtt_act(link, mqtt->sparkplug != NULL ? &mqtt->sparkplug->births : NULL, sink);
    until_ns = wake_ns < until_ns ? wake_ns : until_ns;
    if (!mqtt_link_wait_room(link, until_ns)) {
        return mqtt_link_state(link, error); /* the broker does not read what we acknowledge */
    }
    /* At most one full inbox per call: the receive thread may fill it faster than we empty it. */
    while (handed_over < mqtt->options.inbox_messages && mqtt_gate_has_room(&link->gate)) {
        struct mqtt_parcel *parcel = mqtt_link_next(link, wait_until(mqtt, handed_over, until_ns),
                                                    wake_at(mqtt, handed_over));

        if (parcel == NULL) {
            break;
        }
        if (!deliver(mqtt, parcel, sink)) {
            return ERROR_OK; /* D8: it stays the first */
        }
        if (parcel->message->qos > 0 && !mqtt_gate_take(&link->gate, parcel->message->msgid)) {
            return error_set(error, ERROR_BUG, "broker %.100s: the gate lost count of its room",
                             mqtt->options.broker);
        }
        mqtt_link_done(link);
        handed_over++;
    }
    report_dropped(mqtt, turn, sink);
    return handed_over > 0 ? ERROR_OK : mqtt_link_state(link, error);
}

static void mqtt_committed(void *state)
{
    struct mqtt *mqtt = state;

    if (mqtt->link != NULL) {
        mqtt_gate_commit(&mqtt->link->gate); /* D7 */
    }
}

static void note_granted(struct mqtt *mqtt)
{
    if (mqtt->link != NULL && mqtt->link->grants_settled) {
        mqtt_filters_granted(&mqtt->filters, mqtt->mapping.first);
    }
}

static bool mqtt_learned(void *state, struct buffer *bytes)
{
    struct mqtt *mqtt = state;

    note_granted(mqtt);
    return mqtt_filters_learned(&mqtt->filters, mqtt->options.client_id, mqtt->mapping.first,
                                bytes);
}

static void mqtt_remember(void *state, const uint8_t *bytes, size_t size_bytes)
{
    struct mqtt *mqtt = state;

    mqtt_filters_remember(&mqtt->filters, mqtt->options.client_id, bytes, size_bytes);
}

static void mqtt_close(void *state)
{
    struct mqtt *mqtt = state;

    note_granted(mqtt);
    mqtt_link_close(mqtt->link);
    mqtt->link = NULL;
    if (mqtt->sparkplug != NULL) {
        sparkplug_disconnected(mqtt->sparkplug);
    }
}

static void mqtt_destroy(void *state)
{
    struct mqtt *mqtt = state;

    mqtt_close(state); /* Paho's own threads live as long as the process (gate.c) */
    mqtt_filters_deinit(&mqtt->filters);
    if (mqtt->sparkplug != NULL) {
        sparkplug_births_deinit(&mqtt->sparkplug->births);
    }
}

const struct driver mqtt_driver = {
    .name = "mqtt",
    .summary = "topics of an MQTT broker, 3.1.1 and 5, acknowledged after they are stored",
    .options = mqtt_device_options,
    .state_size = sizeof(struct mqtt),
    .point_options = mqtt_point_options,
    .point_size = sizeof(struct mqtt_point),
    .group_key = "subscriptions",
    .group_options = mqtt_group_options,
    .group_size = sizeof(struct mqtt_group),
    .group_template = mqtt_mapping_template,
    .point_address_offset = offsetof(struct mqtt_point, path),
    .pushes = true,
    .add_point = mqtt_add_point,
    .prepare = mqtt_prepare,
    .session = mqtt_session,
    .open = mqtt_open,
    .read = mqtt_read,
    .committed = mqtt_committed,
    .learned = mqtt_learned,
    .remember = mqtt_remember,
    .close = mqtt_close,
    .destroy = mqtt_destroy,
};
