#include "agent/collect/point_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_MAX_BYTES = 8 << 20, INSTANCE_NAME_MAX = 200, FIRST_BUCKETS = 64 };

bool point_name_is_template(const char *name)
{
    return strchr(name, '{') != NULL;
}

static enum error_code no_memory(const struct point_table *table, struct error *error)
{
    return error_set(error, ERROR_NO_MEMORY, "%s: no memory for its points", table->device->name);
}

enum error_code point_table_init(struct point_table *table, const struct config_device *device,
                                 struct store *store, struct error *error)
{
    *table = (struct point_table){.device = device, .store = store};
    arena_init(&table->arena, ARENA_MAX_BYTES);
    table->capacity = device->point_count > 0 ? device->point_count : 1;
    table->points = calloc(table->capacity, sizeof(*table->points));
    table->templates = calloc(table->capacity, sizeof(*table->templates));
    if (table->points == NULL || table->templates == NULL) {
        return no_memory(table, error);
    }
    for (size_t i = 0; i < device->point_count; i++) {
        struct collected_point *point = &table->points[table->count++];

        point->definition = &device->points[i].definition;
        if (!point_name_is_template(point->definition->name)) {
            enum error_code code =
                store_define(store, point->definition, &point->handle, error); /* N1 */

            if (code != ERROR_OK) {
                return code;
            }
        }
    }
    return ERROR_OK;
}

void point_table_deinit(struct point_table *table)
{
    arena_deinit(&table->arena);
    free(table->points);
    free(table->templates);
    free(table->buckets);
    *table = (struct point_table){0};
}

static uint32_t hash_of(uint32_t point_id, const char *name)
{
    uint32_t hash = UINT32_C(2166136261) ^ point_id; /* FNV-1a */

    for (; *name != '\0'; name++) {
        hash = (hash ^ (uint8_t)*name) * UINT32_C(16777619);
    }
    return hash;
}

/** Where (point_id, name) is, or the free place where it would go. */
static size_t bucket_of(const struct point_table *table, uint32_t point_id, const char *name)
{
    size_t mask = table->bucket_count - 1;

    for (size_t at = hash_of(point_id, name) & mask;; at = (at + 1) & mask) {
        uint32_t taken = table->buckets[at];

        if (taken == 0 || (table->templates[taken - 1] == point_id &&
                           strcmp(table->points[taken - 1].definition->name, name) == 0)) {
            return at;
        }
    }
}

/** Keep the buckets at most half full. */
static bool grow_buckets(struct point_table *table)
{
    size_t instances = table->count - table->device->point_count;
    size_t wanted = table->bucket_count == 0 ? FIRST_BUCKETS : table->bucket_count * 2;
    uint32_t *old = table->buckets;

    if (table->bucket_count > 0 && (instances + 1) * 2 <= table->bucket_count) {
        return true;
    }
    table->buckets = calloc(wanted, sizeof(*table->buckets));
    if (table->buckets == NULL) {
        table->buckets = old;
        return false;
    }
    free(old);
    table->bucket_count = wanted;
    for (size_t i = table->device->point_count; i < table->count; i++) {
        size_t at = bucket_of(table, table->templates[i], table->points[i].definition->name);

        table->buckets[at] = (uint32_t)i + 1;
    }
    return true;
}

static bool grow_points(struct point_table *table)
{
    size_t capacity = table->capacity * 2;
    struct collected_point *points;
    uint32_t *templates;

    if (table->count < table->capacity) {
        return true;
    }
    points = realloc(table->points, capacity * sizeof(*points));
    if (points == NULL) {
        return false;
    }
    table->points = points;
    templates = realloc(table->templates, capacity * sizeof(*templates));
    if (templates == NULL) {
        return false;
    }
    table->templates = templates;
    table->capacity = capacity;
    return true;
}

/** The template's definition under the instance's own name and id. */
static const struct definition *expand(struct point_table *table, uint32_t point_id,
                                       const char *name)
{
    struct definition *made = arena_allocate(&table->arena, sizeof(*made));
    char id[INSTANCE_NAME_MAX + 256];

    if (made == NULL) {
        return NULL;
    }
    *made = *table->points[point_id].definition;
    (void)snprintf(id, sizeof(id), "%s/%s", made->device, name);
    made->name = arena_copy_text(&table->arena, name, strlen(name));
    made->point_id = arena_copy_text(&table->arena, id, strlen(id));
    return made->name != NULL && made->point_id != NULL ? made : NULL;
}

enum error_code point_table_instance(struct point_table *table, uint32_t point_id, const char *name,
                                     uint32_t *instance_id, struct error *error)
{
    struct collected_point made = {0};
    enum error_code code;
    size_t at;

    if (!grow_buckets(table) || !grow_points(table)) {
        return no_memory(table, error);
    }
    at = bucket_of(table, point_id, name);
    if (table->buckets[at] != 0) {
        *instance_id = table->buckets[at] - 1;
        return ERROR_OK;
    }
    if (table->count - table->device->point_count >= POINT_INSTANCES_MAX ||
        strlen(name) > INSTANCE_NAME_MAX) { /* N2 */
        return error_set(error, ERROR_NO_SPACE,
                         "%s: '%.60s' would be more than %d points made from topics, or its name "
                         "is too long",
                         table->device->name, name, POINT_INSTANCES_MAX);
    }
    made.definition = expand(table, point_id, name);
    if (made.definition == NULL) {
        return no_memory(table, error);
    }
    code = store_define(table->store, made.definition, &made.handle, error);
    if (code != ERROR_OK) {
        return code;
    }
    table->templates[table->count] = point_id;
    table->points[table->count] = made;
    table->buckets[at] = (uint32_t)table->count + 1;
    *instance_id = (uint32_t)table->count++;
    return ERROR_OK;
}
