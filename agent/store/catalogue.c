#include "agent/store/catalogue.h"

#include "agent/store/inside.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 64 };

void catalogue_init(struct catalogue *catalogue)
{
    *catalogue = (struct catalogue){0};
    arena_init(&catalogue->arena, CATALOGUE_TEXT_MAX);
}

void catalogue_deinit(struct catalogue *catalogue)
{
    arena_deinit(&catalogue->arena);
    free(catalogue->rows);
    free(catalogue->index);
    catalogue->rows = NULL;
    catalogue->index = NULL;
    catalogue->count = catalogue->capacity = catalogue->index_size = 0;
}

/* FNV-1a: 32 bits, seed and prime of its authors. */
static uint32_t hash_of(const char *text)
{
    uint32_t hash = UINT32_C(2166136261);

    while (*text != '\0') {
        hash = (hash ^ (uint8_t)*text++) * UINT32_C(16777619);
    }
    return hash;
}

/** Where the point's newest handle stands, or the free place for it. */
static uint32_t *index_place(const struct catalogue *catalogue, const char *point_id)
{
    uint32_t at = hash_of(point_id) & (catalogue->index_size - 1);

    while (catalogue->index[at] != 0 &&
           strcmp(catalogue->rows[catalogue->index[at] - 1]->definition.point_id, point_id) != 0) {
        at = (at + 1) & (catalogue->index_size - 1);
    }
    return &catalogue->index[at];
}

const struct catalogue_row *catalogue_find(const struct catalogue *catalogue, const char *point_id)
{
    if (catalogue->index_size == 0) {
        return NULL;
    }
    return catalogue_get(catalogue, *index_place(catalogue, point_id));
}

const struct catalogue_row *catalogue_get(const struct catalogue *catalogue, uint32_t handle)
{
    return handle > 0 && handle <= catalogue->count ? catalogue->rows[handle - 1] : NULL;
}

static bool same_text(const char *left, const char *right)
{
    return strcmp(left, right) == 0;
}

static bool same_real(double left, double right)
{
    return (isnan(left) && isnan(right)) || (left <= right && left >= right);
}

bool catalogue_same(const struct definition *left, const struct definition *right)
{
    return same_text(left->point_id, right->point_id) && same_text(left->device, right->device) &&
           same_text(left->name, right->name) && same_text(left->type, right->type) &&
           same_text(left->unit, right->unit) && same_text(left->role, right->role) &&
           same_text(left->address, right->address) && same_text(left->labels, right->labels) &&
           same_real(left->scale, right->scale) && same_real(left->offset, right->offset) &&
           same_real(left->range_low, right->range_low) &&
           same_real(left->range_high, right->range_high) &&
           same_real(left->deadband, right->deadband) &&
           same_real(left->deadband_percent, right->deadband_percent) &&
           left->interval_ns == right->interval_ns && left->heartbeat_ns == right->heartbeat_ns;
}

/** Room for one more row in both tables; the index stays at most half full. */
static bool make_room(struct catalogue *catalogue)
{
    uint32_t capacity = catalogue->capacity == 0 ? FIRST_CAPACITY : catalogue->capacity * 2;
    struct catalogue_row **rows;
    uint32_t *index;

    if (catalogue->count < catalogue->capacity) {
        return true;
    }
    rows = realloc(catalogue->rows, capacity * sizeof(*rows));
    if (rows == NULL) {
        return false;
    }
    catalogue->rows = rows;
    index = calloc((size_t)capacity * 2, sizeof(*index));
    if (index == NULL) {
        return false;
    }
    free(catalogue->index);
    catalogue->index = index;
    catalogue->index_size = capacity * 2;
    catalogue->capacity = capacity;
    for (uint32_t i = 0; i < catalogue->count; i++) { /* later handles replace earlier ones */
        *index_place(catalogue, rows[i]->definition.point_id) = i + 1;
    }
    return true;
}

static bool copy_texts(struct arena *arena, struct definition *definition)
{
    const char **texts[] = {
        &definition->point_id, &definition->device, &definition->name,    &definition->type,
        &definition->unit,     &definition->role,   &definition->address, &definition->labels,
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        *texts[i] = arena_copy_text(arena, *texts[i], strlen(*texts[i]));
        if (*texts[i] == NULL) {
            return false;
        }
    }
    return true;
}

static struct catalogue_row *copy_row(struct arena *arena, const struct definition *definition)
{
    struct catalogue_row *row = arena_allocate(arena, sizeof(*row));

    if (row == NULL) {
        return NULL;
    }
    row->definition = *definition;
    return copy_texts(arena, &row->definition) ? row : NULL;
}

enum error_code catalogue_add(struct catalogue *catalogue, const struct definition *definition,
                              uint32_t *handle, struct error *error)
{
    struct catalogue_row *row;

    if (catalogue->count == CATALOGUE_MAX) {
        return error_set(error, ERROR_NO_SPACE,
                         "the queue knows %d definitions of points and takes no more; '%s' is one "
                         "too many",
                         CATALOGUE_MAX, definition->point_id);
    }
    row = make_room(catalogue) ? copy_row(&catalogue->arena, definition) : NULL;
    if (row == NULL) {
        return error_set(error, ERROR_NO_MEMORY, "not enough memory to define point '%s'",
                         definition->point_id);
    }
    catalogue->rows[catalogue->count++] = row;
    row->handle = catalogue->count;
    if (catalogue->count > 1) {
        catalogue->rows[catalogue->count - 2]->next = row;
    }
    *index_place(catalogue, row->definition.point_id) = row->handle;
    *handle = row->handle;
    return ERROR_OK;
}

enum error_code store_define(struct store *store, const struct definition *definition,
                             uint32_t *handle, struct error *error)
{
    enum error_code code = ERROR_OK;
    const struct catalogue_row *newest;

    (void)pthread_mutex_lock(&store->lock); /* a plain mutex cannot fail */
    newest = catalogue_find(&store->catalogue, definition->point_id);
    if (newest != NULL && catalogue_same(&newest->definition, definition)) {
        *handle = newest->handle;
    } else {
        struct definition next = *definition;

        next.revision = newest == NULL ? 1 : newest->definition.revision + 1;
        next.valid_from_ns = clock_utc_ns(store->clock);
        code = catalogue_add(&store->catalogue, &next, handle, error);
        store->changes++;
    }
    (void)pthread_mutex_unlock(&store->lock); /* cannot fail */
    return code;
}

const struct definition *store_definition(struct store *store, uint32_t handle)
{
    const struct catalogue_row *row;

    (void)pthread_mutex_lock(&store->lock); /* cannot fail */
    row = catalogue_get(&store->catalogue, handle);
    (void)pthread_mutex_unlock(&store->lock); /* cannot fail */
    return row != NULL ? &row->definition : NULL;
}

enum error_code store_read_catalogue(struct store *store, uint64_t first_sequence,
                                     store_visit_definition *visit, void *context,
                                     struct error *error)
{
    uint64_t sequence = first_sequence > 0 ? first_sequence : 1;
    bool go_on = true;

    (void)error; /* everything is in memory */
    while (go_on) {
        const struct catalogue_row *row = NULL;

        (void)pthread_mutex_lock(&store->lock); /* cannot fail */
        if (sequence <= store->catalogue.committed) {
            row = catalogue_get(&store->catalogue, (uint32_t)sequence);
        }
        (void)pthread_mutex_unlock(&store->lock); /* cannot fail */
        go_on = row != NULL &&
                visit(context, sequence, row->definition.valid_from_ns, &row->definition);
        sequence++;
    }
    return ERROR_OK;
}
