/* agent/store/catalogue.h - every definition of every point, in memory, and where its texts live.
 *
 * A definition's handle is its number in the catalogue stream: 1, 2, 3 ... Rows are never changed
 * and never removed, so a row may be read without a lock once its handle is known.
 *
 * Life: zeroed -> catalogue_init() -> catalogue_add()* -> catalogue_deinit(). Grows to
 * CATALOGUE_MAX.
 *
 * Depends on: base.  Threads: the store's lock.
 */
#ifndef AGENT_STORE_CATALOGUE_H
#define AGENT_STORE_CATALOGUE_H

#include "base/arena.h"
#include "base/definition.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

enum { CATALOGUE_MAX = 1 << 17, CATALOGUE_TEXT_MAX = 64 << 20 };

struct catalogue_row {
    struct definition definition;
    uint32_t handle;
    struct catalogue_row *next; /* by handle */
};

struct catalogue {
    struct arena arena;
    struct catalogue_row **rows; /* by handle - 1 */
    uint32_t *index;             /* hash of point_id -> newest handle; 0: empty */
    uint32_t count, capacity, index_size;
    uint32_t committed; /* handles up to here are on disk */
};

void catalogue_init(struct catalogue *catalogue);
void catalogue_deinit(struct catalogue *catalogue);

/** The newest row of a point, or NULL. */
const struct catalogue_row *catalogue_find(const struct catalogue *catalogue, const char *point_id);

/** The row of a handle, or NULL. */
const struct catalogue_row *catalogue_get(const struct catalogue *catalogue, uint32_t handle);

/** Do they say the same, apart from what the store writes? */
bool catalogue_same(const struct definition *left, const struct definition *right);

/** Copy a definition into the next row. Errors: ERROR_NO_MEMORY, ERROR_NO_SPACE. */
MUST_CHECK enum error_code catalogue_add(struct catalogue *catalogue,
                                         const struct definition *definition, uint32_t *handle,
                                         struct error *error);

#endif
