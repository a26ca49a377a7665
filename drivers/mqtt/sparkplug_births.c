#include "drivers/mqtt/sparkplug_births.h"

#include <stdlib.h>
#include <string.h>

static void free_source(struct sparkplug_source *source)
{
    struct sparkplug_known *known = source->first;

    while (known != NULL) {
        struct sparkplug_known *next = known->next;

        free(known->point_name);
        free(known);
        known = next;
    }
    free(source);
}

void sparkplug_births_deinit(struct sparkplug_births *births)
{
    while (births->nodes != NULL) {
        struct sparkplug_node *node = births->nodes;

        while (node->self != NULL) {
            struct sparkplug_source *source = node->self;

            node->self = source->next;
            free_source(source);
        }
        births->nodes = node->next;
        free(node);
    }
    *births = (struct sparkplug_births){0};
}

static bool is_text(const char *text, struct mqtt_slice slice)
{
    return strlen(text) == slice.size && memcmp(text, slice.bytes, slice.size) == 0;
}

struct sparkplug_source *sparkplug_source_of(struct sparkplug_births *births,
                                             struct sparkplug_node *node, struct mqtt_slice device)
{
    struct sparkplug_source **at = &node->self;
    struct sparkplug_source *made;

    while (*at != NULL && !is_text((*at)->device, device)) {
        at = &(*at)->next;
    }
    if (*at != NULL) {
        return *at;
    }
    if (births->source_count == SPARKPLUG_SOURCES_MAX || device.size > SPARKPLUG_NAME_MAX) {
        return NULL;
    }
    made = calloc(1, sizeof(*made) + device.size + 1);
    if (made != NULL) {
        memcpy(made->device, device.bytes, device.size);
        made->node = node;
        births->source_count++;
        *at = made;
    }
    return made;
}

struct sparkplug_node *sparkplug_node_of(struct sparkplug_births *births,
                                         const struct mqtt_subscription *subscription,
                                         struct mqtt_slice group, struct mqtt_slice name)
{
    struct sparkplug_node **at = &births->nodes;
    struct sparkplug_node *made;

    while (*at != NULL && !(is_text((*at)->name, name) && is_text((*at)->group, group))) {
        at = &(*at)->next;
    }
    if (*at != NULL) {
        return *at;
    }
    if (group.size > SPARKPLUG_NAME_MAX || name.size > SPARKPLUG_NAME_MAX) {
        return NULL;
    }
    made = calloc(1, sizeof(*made) + group.size + 1 + name.size + 1);
    if (made == NULL) {
        return NULL;
    }
    made->subscription = subscription;
    memcpy(made->group, group.bytes, group.size);
    memcpy(made->group + group.size + 1, name.bytes, name.size);
    made->name = made->group + group.size + 1;
    if (sparkplug_source_of(births, made, (struct mqtt_slice){"", 0}) == NULL) {
        free(made);
        return NULL;
    }
    *at = made;
    return made;
}

static size_t hash_of(const void *owner, const void *bytes, size_t size)
{
    const unsigned char *at = bytes;
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ (uintptr_t)owner; /* FNV-1a */

    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
    }
    return (size_t)((hash ^ hash >> 32) % SPARKPLUG_BUCKETS);
}

struct sparkplug_known *sparkplug_find_name(const struct sparkplug_births *births,
                                            const struct sparkplug_source *source,
                                            struct mqtt_slice name)
{
    struct sparkplug_known *known = births->by_name[hash_of(source, name.bytes, name.size)];

    while (known != NULL && !(known->source == source && known->name_size == name.size &&
                              memcmp(known->name, name.bytes, name.size) == 0)) {
        known = known->next_name;
    }
    return known;
}

struct sparkplug_known *sparkplug_find_alias(const struct sparkplug_births *births,
                                             const struct sparkplug_source *source, uint64_t alias)
{
    struct sparkplug_known *known = births->by_alias[hash_of(source, &alias, sizeof(alias))];

    while (known != NULL &&
           !(known->source == source && known->alias == alias && sparkplug_is_born(known))) {
        known = known->next_alias;
    }
    return known;
}

void sparkplug_set_alias(struct sparkplug_births *births, struct sparkplug_known *known,
                         uint64_t alias)
{
    struct sparkplug_known **bucket =
        &births->by_alias[hash_of(known->source, &known->alias, sizeof(known->alias))];

    if (known->has_alias && known->alias == alias) {
        return;
    }
    if (known->has_alias) {
        while (*bucket != known) {
            bucket = &(*bucket)->next_alias;
        }
        *bucket = known->next_alias;
    }
    known->has_alias = true;
    known->alias = alias;
    bucket = &births->by_alias[hash_of(known->source, &alias, sizeof(alias))];
    known->next_alias = *bucket;
    *bucket = known;
}

static size_t point_bucket(const char *name)
{
    return hash_of(NULL, name, strlen(name));
}

/** Is this name another metric's of the same rule? Those would become one point. */
static bool is_point_taken(const struct sparkplug_births *births, const struct mqtt_rule *rule,
                           const char *name)
{
    const struct sparkplug_known *known = births->by_point[point_bucket(name)];

    while (known != NULL && !(known->rule == rule && strcmp(known->point_name, name) == 0)) {
        known = known->next_point;
    }
    return known != NULL;
}

/** Find the rule and name the point. false: no memory. */
static bool name_point(struct sparkplug_births *births, struct sparkplug_known *known)
{
    const struct mqtt_subscription *subscription = known->source->node->subscription;
    const struct mqtt_slice name = {known->name, known->name_size};
    char expanded[SPARKPLUG_POINT_NAME_MAX];
    size_t bucket;

    known->rule = sparkplug_find_rule(subscription, known->source->device, name);
    if (known->rule == NULL || !known->rule->is_template) {
        return true;
    }
    sparkplug_name_expand(known, false, expanded);
    if (is_point_taken(births, known->rule, expanded)) {
        sparkplug_name_expand(known, true, expanded);
    }
    known->point_name = strdup(expanded);
    if (known->point_name == NULL) {
        return false;
    }
    bucket = point_bucket(expanded);
    known->next_point = births->by_point[bucket];
    births->by_point[bucket] = known;
    return true;
}

struct sparkplug_known *sparkplug_add_metric(struct sparkplug_births *births,
                                             struct sparkplug_source *source,
                                             struct mqtt_slice name)
{
    size_t bucket = hash_of(source, name.bytes, name.size);
    struct sparkplug_known *made;

    if (births->metric_count == SPARKPLUG_METRICS_MAX || name.size > SPARKPLUG_NAME_MAX) {
        return NULL;
    }
    made = calloc(1, sizeof(*made) + name.size + 1);
    if (made == NULL) {
        return NULL;
    }
    made->source = source;
    made->name_size = name.size;
    memcpy(made->name, name.bytes, name.size);
    if (!name_point(births, made)) {
        free(made);
        return NULL;
    }
    made->next_name = births->by_name[bucket];
    births->by_name[bucket] = made;
    if (source->last == NULL) {
        source->first = made;
    } else {
        source->last->next = made;
    }
    source->last = made;
    births->metric_count++;
    return made;
}
