#include "drivers/mqtt/mapping.h"

#include "drivers/mqtt/lines.h"
#include "drivers/mqtt/sparkplug.h"

#include <string.h>

enum { SUBSCRIPTIONS_MAX = 512 };

/* The point that stands for all lines of a log. */
static const char log_template[] = "{log}";

static enum error_code no_memory(const char *name, struct error *error)
{
    return error_set(error, ERROR_NO_MEMORY, "%.80s: the configuration is too large", name);
}

static struct mqtt_subscription *find_subscription(const struct mqtt_mapping *mapping,
                                                   const void *group)
{
    struct mqtt_subscription *one = mapping->first;

    while (one != NULL && one->group != group) {
        one = one->next;
    }
    return one;
}

/** A text that was not given, or is empty: NULL. */
static const char *given(const char *text)
{
    return text != NULL && text[0] != '\0' ? text : NULL;
}

/** Where its messages state their time. */
static enum error_code set_time(struct mqtt_subscription *made, const struct mqtt_group *group,
                                struct error *error)
{
    const char *path = given(group->time_path);
    enum error_code code;

    made->time_format = (enum mqtt_stamp_format)group->time_format;
    made->time_property = given(group->time_property);
    made->has_time = path != NULL || made->time_property != NULL;
    if (!made->has_time) {
        return ERROR_OK;
    }
    if (made->payload == MQTT_PAYLOAD_SPARKPLUG) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "time: topic %.80s: a payload of Sparkplug states its time; leave it out",
                         group->topic);
    }
    if (made->time_property != NULL) {
        return path == NULL
                   ? ERROR_OK
                   : error_set(error, ERROR_BAD_CONFIG,
                               "time: topic %.80s: write path or property, not both", group->topic);
    }
    if (made->payload == MQTT_PAYLOAD_RAW) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "time: topic %.80s: a raw payload states no time; write payload: json, "
                         "time.property, or leave time out",
                         group->topic);
    }
    if (made->line != NULL && !made->line->has_message) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "time: topic %.80s: a log's time is read from JSON; write log.message or "
                         "time.property, or leave time out",
                         group->topic);
    }
    code = mqtt_path_compile(path, &made->time_path, error);
    return code == ERROR_OK ? code : error_prefix(error, code, "time");
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
    code = mqtt_line_paths_set(group, arena, &made->line, error);
    return code == ERROR_OK ? set_time(made, group, error) : code;
}

static enum error_code add_subscription(struct mqtt_mapping *mapping,
                                        const struct mqtt_group *group, struct arena *arena,
                                        struct mqtt_subscription **added, struct error *error)
{
    struct mqtt_subscription *made;
    enum error_code code;

    if (mapping->subscription_count == SUBSCRIPTIONS_MAX) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "subscriptions: more than 512; write one with + or # for several");
    }
    made = arena_allocate(arena, sizeof(*made));
    if (made == NULL) {
        return no_memory(group->topic, error);
    }
    code = fill_subscription(made, group, arena, error);
    if (code == ERROR_OK && made->payload == MQTT_PAYLOAD_SPARKPLUG) {
        mapping->has_sparkplug = true;
        code = sparkplug_topic_check(group->topic, error);
    }
    if (code != ERROR_OK) {
        return code;
    }
    if (mapping->last == NULL) {
        mapping->first = made;
    } else {
        mapping->last->next = made;
    }
    mapping->last = made;
    mapping->subscription_count++;
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

    rule->property = given(options->property);
    if (rule->property != NULL &&
        (path[0] != '\0' || subscription->payload == MQTT_PAYLOAD_SPARKPLUG)) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "property: '%.80s': a value stands in the payload or in a property; leave "
                         "%s out",
                         rule->property, path[0] != '\0' ? "path or property" : "property");
    }
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

enum error_code mqtt_mapping_add(struct mqtt_mapping *mapping, struct arena *arena,
                                 const struct driver_point *point, struct error *error)
{
    struct mqtt_subscription *subscription = find_subscription(mapping, point->group);
    struct mqtt_rule *rule;
    enum error_code code = ERROR_OK;

    if (point->group == NULL) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "%.80s: a point of MQTT stands below a subscription", point->name);
    }
    if (subscription == NULL) {
        code = add_subscription(mapping, point->group, arena, &subscription, error);
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

/** User properties came with version 5. */
static enum error_code check_version(const struct mqtt_mapping *mapping, struct error *error)
{
    for (const struct mqtt_subscription *one = mapping->first; one != NULL; one = one->next) {
        const struct mqtt_rule *rule = one->first;

        while (rule != NULL && rule->property == NULL) {
            rule = rule->next;
        }
        if (one->time_property != NULL || rule != NULL) {
            return error_set(error, ERROR_BAD_CONFIG,
                             "property: '%.80s' of topic %.80s: MQTT 3.1.1 has no user properties; "
                             "write version: 5 at the device",
                             one->time_property != NULL ? one->time_property : rule->property,
                             one->topic.filter);
        }
    }
    return ERROR_OK;
}

enum error_code mqtt_mapping_check(const struct mqtt_mapping *mapping, bool is_version_5,
                                   struct error *error)
{
    if (mapping->first == NULL) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "subscriptions: no point is given; there is nothing to subscribe to");
    }
    return is_version_5 ? ERROR_OK : check_version(mapping, error);
}

const char *mqtt_mapping_template(const void *group)
{
    const struct mqtt_group *subscription = group;

    return subscription->payload == MQTT_PAYLOAD_SPARKPLUG ? "{group}/{node}/{device}/{metric}"
           : subscription->payload == MQTT_PAYLOAD_LOG     ? log_template
                                                           : NULL;
}
