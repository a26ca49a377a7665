#include "drivers/mqtt/mqtt.h"

#include "drivers/mqtt/lines.h"
#include "drivers/mqtt/link.h"
#include "drivers/mqtt/sparkplug.h"

#include <stddef.h>
#include <string.h>

/* A source that says nothing for this long is idle: what it sent may be committed. */
#define IDLE_NS (3 * NS_PER_MS)

enum { SUBSCRIPTIONS_MAX = 512, WAKE_AT_MAX = 64 };

/* The point that stands for all lines of a log. */
static const char log_template[] = "{log}";

struct mqtt {
    struct mqtt_options options; /* first: the option table counts from here */
    struct mqtt_subscription *first, *last;
    size_t subscription_count;
    char *scratch;               /* MQTT_TEXT_MAX bytes, from prepare() */
    struct mqtt_link *link;      /* from open() to close() */
    struct mqtt_filters filters; /* what the session at the broker holds */
    struct sparkplug *sparkplug; /* NULL: no subscription is of that kind */
};

static enum error_code no_memory(const char *name, struct error *error)
{
    return error_set(error, ERROR_NO_MEMORY, "%.80s: the configuration is too large", name);
}

static struct mqtt_subscription *find_subscription(const struct mqtt *mqtt, const void *group)
{
    struct mqtt_subscription *one = mqtt->first;

    while (one != NULL && one->group != group) {
        one = one->next;
    }
    return one;
}

static enum error_code fill_subscription(struct mqtt_subscription *made,
                                         const struct mqtt_group *group, struct arena *arena,
                                         struct error *error)
{
    enum error_code code = mqtt_topic_compile(group->topic, arena, &made->topic, error);

    if (code != ERROR_OK) {
        return code;
    }
    made->group = group;
    made->identifier = mqtt_filter_identifier(made->topic.filter);
    made->qos = group->qos == 0 ? 0 : 1; /* QoS 2 is not gated (gate.h) */
    made->payload = (enum mqtt_payload_kind)group->payload;
    made->time_format = (enum mqtt_stamp_format)group->time_format;
    code = mqtt_line_paths_set(group, arena, &made->line, error);
    if (code != ERROR_OK) {
        return code;
    }
    made->has_time = group->time_path != NULL && group->time_path[0] != '\0';
    if (!made->has_time) {
        return ERROR_OK;
    }
    if (made->payload == MQTT_PAYLOAD_SPARKPLUG) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "time: topic %.80s: a payload of Sparkplug states its time; leave it out",
                         group->topic);
    }
    if (made->payload == MQTT_PAYLOAD_RAW) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "time: topic %.80s: a raw payload states no time; write payload: json or "
                         "leave time out",
                         group->topic);
    }
    if (made->line != NULL && !made->line->has_message) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "time: topic %.80s: a log's time is read from JSON; write log.message, or "
                         "leave time out",
                         group->topic);
    }
    code = mqtt_path_compile(group->time_path, &made->time_path, error);
    return code == ERROR_OK ? code : error_prefix(error, code, "time");
}

static enum error_code add_sparkplug(struct mqtt *mqtt, const struct mqtt_group *group,
                                     struct arena *arena, struct error *error)
{
    if (mqtt->sparkplug == NULL) {
        mqtt->sparkplug = arena_allocate(arena, sizeof(*mqtt->sparkplug));
    }
    return mqtt->sparkplug == NULL ? no_memory(group->topic, error)
                                   : sparkplug_topic_check(group->topic, error);
}

static enum error_code add_subscription(struct mqtt *mqtt, const struct mqtt_group *group,
                                        struct arena *arena, struct mqtt_subscription **added,
                                        struct error *error)
{
    struct mqtt_subscription *made;
    enum error_code code;

    if (mqtt->subscription_count == SUBSCRIPTIONS_MAX) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "subscriptions: more than 512; write one with + or # for several");
    }
    made = arena_allocate(arena, sizeof(*made));
    if (made == NULL) {
        return no_memory(group->topic, error);
    }
    code = fill_subscription(made, group, arena, error);
    if (code == ERROR_OK && made->payload == MQTT_PAYLOAD_SPARKPLUG) {
        code = add_sparkplug(mqtt, group, arena, error);
    }
    if (code != ERROR_OK) {
        return code;
    }
    if (mqtt->last == NULL) {
        mqtt->first = made;
    } else {
        mqtt->last->next = made;
    }
    mqtt->last = made;
    mqtt->subscription_count++;
    *added = made;
    return ERROR_OK;
}

/** What a path needs of its subscription. */
static enum error_code check_path(const struct mqtt_subscription *subscription,
                                  const struct mqtt_path *path, struct error *error)
{
    bool each = mqtt_path_has_each(path);

    if (subscription->payload == MQTT_PAYLOAD_RAW && path->count > 0) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "path: '%.80s': a raw payload is one value and has no path", path->text);
    }
    if (each && (!subscription->has_time || !mqtt_path_same_each(path, &subscription->time_path))) {
        return error_set(
            error, ERROR_BAD_CONFIG,
            "path: '%.80s': the readings of one message need times of their own; write "
            "a time path through the same []",
            path->text);
    }
    if (!each && subscription->has_time && mqtt_path_has_each(&subscription->time_path)) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "path: '%.80s': the time path goes through [], so this path must, too",
                         path->text);
    }
    return ERROR_OK;
}

/** The point's path and name, as its subscription reads them. */
static enum error_code compile_rule(struct mqtt_rule *rule, const struct driver_point *point,
                                    const struct mqtt_subscription *subscription,
                                    struct error *error)
{
    const struct mqtt_point *options = point->options;
    const char *path = options->path != NULL ? options->path : "";
    enum error_code code;

    if (subscription->payload == MQTT_PAYLOAD_SPARKPLUG) {
        rule->path.text = path; /* a metric's name may hold anything */
        return sparkplug_name_check(point->name, path, error);
    }
    if (subscription->payload == MQTT_PAYLOAD_LOG) {
        return strcmp(point->name, log_template) == 0
                   ? ERROR_OK
                   : error_set(error, ERROR_BAD_CONFIG,
                               "points: '%.80s': a log has lines and no points; remove it",
                               point->name);
    }
    code = mqtt_path_compile(path, &rule->path, error);
    if (code == ERROR_OK) {
        code = check_path(subscription, &rule->path, error);
    }
    return code == ERROR_OK ? mqtt_name_check(point->name, &subscription->topic, error) : code;
}

static enum error_code fill_rule(struct mqtt_rule *rule, const struct driver_point *point,
                                 const struct mqtt_subscription *subscription, struct error *error)
{
    const struct mqtt_point *options = point->options;
    enum error_code code = compile_rule(rule, point, subscription, error);

    rule->point_id = point->point_id;
    rule->name = point->name;
    rule->is_template = mqtt_name_is_template(point->name);
    rule->type = (enum mqtt_value_type)options->type;
    return code;
}

static enum error_code mqtt_add_point(void *state, struct arena *arena,
                                      const struct driver_point *point, struct error *error)
{
    struct mqtt *mqtt = state;
    struct mqtt_subscription *subscription = find_subscription(mqtt, point->group);
    struct mqtt_rule *rule;
    enum error_code code = ERROR_OK;

    if (point->group == NULL) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "%.80s: a point of MQTT stands below a subscription", point->name);
    }
    if (subscription == NULL) {
        code = add_subscription(mqtt, point->group, arena, &subscription, error);
    }
    if (code != ERROR_OK) {
        return code;
    }
    rule = arena_allocate(arena, sizeof(*rule));
    if (rule == NULL) {
        return no_memory(point->name, error);
    }
    code = fill_rule(rule, point, subscription, error);
    if (code != ERROR_OK) {
        return code;
    }
    if (subscription->last == NULL) {
        subscription->first = rule;
    } else {
        subscription->last->next = rule;
    }
    subscription->last = rule;
    return ERROR_OK;
}

static enum error_code mqtt_prepare(void *state, struct arena *arena, struct error *error)
{
    struct mqtt *mqtt = state;
    enum error_code code;

    if (mqtt->first == NULL) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "subscriptions: no point is given; there is nothing to subscribe to");
    }
    mqtt->scratch = arena_allocate(arena, MQTT_TEXT_MAX);
    if (mqtt->scratch == NULL) {
        return no_memory("mqtt", error);
    }
    code = mqtt_options_check(&mqtt->options, arena, error);
    if (code == ERROR_OK && mqtt->options.host_id != NULL && mqtt->sparkplug == NULL) {
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
    mqtt_filters_asked(&mqtt->filters, mqtt->first);
    return mqtt_subscribe(mqtt->link, mqtt->first, &mqtt->filters, error);
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
        .retained = parcel->message->retained != 0,
        .repeated = parcel->message->dup != 0,
        .received_ns = parcel->received_ns,
    };

    const struct mqtt_subscription *sparkplug =
        sparkplug_subscription(mqtt->first, message.topic, message.topic_size);

    mqtt_identify(&message, parcel, mqtt->first);
    if (mqtt_presence_is_ours(&mqtt->options, parcel)) {
        return true; /* mqtt_presence_look() has looked at it */
    }
    if (sparkplug != NULL) { /* it counts its messages: of several copies only its own */
        return !mqtt_is_meant_for(&message, sparkplug) ||
               sparkplug_deliver(mqtt->sparkplug, sparkplug, &message, &parcel->taken_count, sink);
    }
    return mqtt_payload_deliver(mqtt->first, &message, &parcel->taken_count, mqtt->scratch, sink);
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
        mqtt_filters_granted(&mqtt->filters, mqtt->first);
    }
}

static bool mqtt_learned(void *state, struct buffer *bytes)
{
    struct mqtt *mqtt = state;

    note_granted(mqtt);
    return mqtt_filters_learned(&mqtt->filters, mqtt->options.client_id, mqtt->first, bytes);
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

/** Sparkplug's metrics name themselves, and say of which type they are; a log has lines only. */
static const char *mqtt_group_template(const void *group)
{
    const struct mqtt_group *subscription = group;

    return subscription->payload == MQTT_PAYLOAD_SPARKPLUG ? "{group}/{node}/{device}/{metric}"
           : subscription->payload == MQTT_PAYLOAD_LOG     ? log_template
                                                           : NULL;
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
    .group_template = mqtt_group_template,
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
