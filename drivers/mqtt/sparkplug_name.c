/* How Sparkplug's names become names of points. */
#include "drivers/mqtt/sparkplug_births.h"

#include "base/crc.h"
#include "base/utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { PART_GROUP, PART_NODE, PART_DEVICE, PART_METRIC, PART_COUNT };

static const char *const part_names[PART_COUNT] = {"{group}", "{node}", "{device}", "{metric}"};

static const char space[] = "spBv1.0/";

enum error_code sparkplug_topic_check(const char *topic, struct error *error)
{
    const char *at = topic + sizeof(space) - 1;
    bool good = strncmp(topic, space, sizeof(space) - 1) == 0;
    size_t group = good ? strcspn(at, "/") : 0;

    good = group > 0 && at[group] == '/' && strpbrk(topic, "{}") == NULL;
    if (good && strcmp(at + group, "/#") != 0) { /* spBv1.0/GROUP/+/NODE/# */
        at += group;
        good = strncmp(at, "/+/", 3) == 0;
        at += good ? 3 : 0;
        good = good && at[0] != '/' && strcmp(at + strcspn(at, "/"), "/#") == 0;
    }
    return good ? ERROR_OK
                : error_set(error, ERROR_BAD_CONFIG,
                            "topic: '%.100s': with payload: sparkplug write spBv1.0/GROUP/# or "
                            "spBv1.0/GROUP/+/NODE/#; '+' is any group or node",
                            topic);
}

/** The part that begins at this brace; PART_COUNT: none. */
static size_t part_at(const char *brace)
{
    size_t part = 0;

    while (part < PART_COUNT && strncmp(brace, part_names[part], strlen(part_names[part])) != 0) {
        part++;
    }
    return part;
}

enum error_code sparkplug_name_check(const char *name, const char *path, struct error *error)
{
    for (const char *at = strchr(name, '{'); at != NULL; at = strchr(at + 1, '{')) {
        if (part_at(at) == PART_COUNT) {
            return error_set(error, ERROR_BAD_CONFIG,
                             "name: '%.80s': the parts of Sparkplug are {group}, {node}, {device} "
                             "and {metric}",
                             name);
        }
    }
    if (path[0] == '\0' && strstr(name, part_names[PART_METRIC]) == NULL) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "path: '%.80s' has none and would take every metric; write the metric's "
                         "name, or {metric} into the point's",
                         name);
    }
    return ERROR_OK;
}

static bool is_device_metric(const char *path, const char *device, struct mqtt_slice metric)
{
    size_t size = strlen(device);

    return size > 0 && strncmp(path, device, size) == 0 && path[size] == '/' &&
           strlen(path + size + 1) == metric.size &&
           memcmp(path + size + 1, metric.bytes, metric.size) == 0;
}

/** Session numbers and commands are no readings unless a path names them. */
static bool is_housekeeping(struct mqtt_slice metric)
{
    static const char *const prefixes[] = {"Node Control/", "Device Control/"};

    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        size_t size = strlen(prefixes[i]);

        if (metric.size >= size && memcmp(metric.bytes, prefixes[i], size) == 0) {
            return true;
        }
    }
    return metric.size == 5 && memcmp(metric.bytes, "bdSeq", 5) == 0;
}

const struct mqtt_rule *sparkplug_find_rule(const struct mqtt_subscription *subscription,
                                            const char *device, struct mqtt_slice metric)
{
    const struct mqtt_rule *by_metric = NULL;
    const struct mqtt_rule *for_all = NULL;

    for (const struct mqtt_rule *rule = subscription->first; rule != NULL; rule = rule->next) {
        const char *path = rule->path.text;

        if (is_device_metric(path, device, metric)) {
            return rule;
        }
        if (path[0] == '\0') {
            for_all = for_all == NULL ? rule : for_all;
        } else if (by_metric == NULL && strlen(path) == metric.size &&
                   memcmp(path, metric.bytes, metric.size) == 0) {
            by_metric = rule;
        }
    }
    return by_metric != NULL ? by_metric : is_housekeeping(metric) ? NULL : for_all;
}

/** The name while it is written. */
struct writing {
    char *name;
    size_t size;
    bool changed; /* something of it is not as it came */
};

static void put(struct writing *writing, char byte)
{
    if (writing->size < SPARKPLUG_POINT_NAME_MAX - 1) {
        writing->name[writing->size++] = byte;
    } else {
        writing->changed = true;
    }
}

/** Control characters and braces would be taken for something else, further on. */
static void put_text(struct writing *writing, struct mqtt_slice text)
{
    bool good = utf8_is_valid(text.bytes, text.size);

    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.bytes[i];
        bool safe = byte >= 0x20 && byte != 0x7F && byte != '{' && byte != '}' && byte != '~' &&
                    (good || byte < 0x80);

        writing->changed = writing->changed || !safe;
        put(writing, safe ? (char)byte : '_');
    }
}

/** End it with '~' and a check sum of all four texts. */
static void put_sum(struct writing *writing, const struct sparkplug_known *known)
{
    const struct sparkplug_node *node = known->source->node;
    const char *const texts[] = {node->group, node->name, known->source->device};
    uint32_t sum = 0;
    char tail[10];

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        sum = crc32c(sum, texts[i], strlen(texts[i]) + 1);
    }
    sum = crc32c(sum, known->name, known->name_size);
    (void)snprintf(tail, sizeof(tail), "~%08" PRIx32, sum);
    if (writing->size > SPARKPLUG_POINT_NAME_MAX - sizeof(tail)) {
        writing->size = SPARKPLUG_POINT_NAME_MAX - sizeof(tail);
        while (writing->size > 0 && (writing->name[writing->size] & 0xC0) == 0x80) {
            writing->size--; /* between two characters */
        }
    }
    memcpy(writing->name + writing->size, tail, sizeof(tail));
    writing->size += sizeof(tail) - 1;
}

void sparkplug_name_expand(const struct sparkplug_known *known, bool is_taken,
                           char name[SPARKPLUG_POINT_NAME_MAX])
{
    const struct sparkplug_node *node = known->source->node;
    const char *device = known->source->device;
    const struct mqtt_slice values[PART_COUNT] = {
        [PART_GROUP] = {node->group, strlen(node->group)},
        [PART_NODE] = {node->name, strlen(node->name)},
        [PART_DEVICE] = {device, strlen(device)},
        [PART_METRIC] = {known->name, known->name_size},
    };
    struct writing writing = {.name = name, .changed = is_taken};

    for (const char *at = known->rule->name; *at != '\0'; at++) {
        size_t part = *at == '{' ? part_at(at) : PART_COUNT;

        if (part == PART_COUNT) {
            put(&writing, *at);
            continue;
        }
        put_text(&writing, values[part]);
        at += strlen(part_names[part]) - 1;
        if (values[part].size == 0 && at[1] != '\0' && at[1] != '{') {
            at++; /* a node has no device: its separator goes, too */
        }
    }
    name[writing.size] = '\0';
    if (writing.changed) {
        put_sum(&writing, known);
    }
}
