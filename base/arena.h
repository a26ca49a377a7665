/* base/arena.h - memory that lives as long as a configuration and is freed at once.
 *
 * Life: arena_init() -> arena_allocate()* -> arena_deinit(). Never grows past its maximum.
 *
 * Depends on: error.  Threads: one user at a time.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/error.h"

#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *blocks;
    size_t used_bytes;    /* handed out so far */
    size_t maximum_bytes; /* what may be handed out in all */
};

void arena_init(struct arena *arena, size_t maximum_bytes);

/** Free everything. Accepts a zeroed arena, and twice. */
void arena_deinit(struct arena *arena);

/** Zeroed memory, aligned for any object. NULL when memory or the maximum is used up. */
void *arena_allocate(struct arena *arena, size_t size_bytes);

/** A terminated copy of `size` bytes of `text`, or NULL as above. */
char *arena_copy_text(struct arena *arena, const char *text, size_t size);

#endif
