#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 4096 - 64 };

struct arena_block {
    struct arena_block *next;
    size_t used, capacity;
    _Alignas(max_align_t) unsigned char bytes[];
};

void arena_init(struct arena *arena, size_t maximum_bytes)
{
    *arena = (struct arena){.maximum_bytes = maximum_bytes};
}

void arena_deinit(struct arena *arena)
{
    struct arena_block *block = arena->blocks;

    while (block != NULL) {
        struct arena_block *next = block->next;

        free(block);
        block = next;
    }
    arena->blocks = NULL;
    arena->used_bytes = 0;
}

void *arena_allocate(struct arena *arena, size_t size_bytes)
{
    size_t align = _Alignof(max_align_t);
    struct arena_block *block = arena->blocks;
    size_t rounded;
    void *found;

    if (size_bytes > SIZE_MAX - align) {
        return NULL;
    }
    rounded = (size_bytes + align - 1) / align * align;
    if (rounded > arena->maximum_bytes - arena->used_bytes) {
        return NULL;
    }
    if (block == NULL || block->capacity - block->used < rounded) {
        size_t capacity = rounded > BLOCK_BYTES ? rounded : BLOCK_BYTES;

        if (capacity > SIZE_MAX - sizeof(*block)) {
            return NULL;
        }
        block = calloc(1, sizeof(*block) + capacity);
        if (block == NULL) {
            return NULL;
        }
        block->capacity = capacity;
        if (rounded > BLOCK_BYTES && arena->blocks != NULL) { /* the first is not full yet */
            block->next = arena->blocks->next;
            arena->blocks->next = block;
        } else {
            block->next = arena->blocks;
            arena->blocks = block;
        }
    }
    found = block->bytes + block->used;
    block->used += rounded;
    arena->used_bytes += rounded;
    return found;
}

char *arena_copy_text(struct arena *arena, const char *text, size_t size)
{
    char *copy = size == SIZE_MAX ? NULL : arena_allocate(arena, size + 1);

    if (copy != NULL) {
        memcpy(copy, text, size); /* the terminator is already there */
    }
    return copy;
}
