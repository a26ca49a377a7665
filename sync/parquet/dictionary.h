/* sync/parquet/dictionary.h - the different texts of a column, numbered as they first appear.
 *
 * Life: dictionary_init() -> dictionary_find_or_add()* -> dictionary_clear() or _deinit().
 * Memory grows with the number of different texts, never with rows.
 *
 * Depends on: buffer.  Threads: one user at a time.
 */
#ifndef SYNC_PARQUET_DICTIONARY_H
#define SYNC_PARQUET_DICTIONARY_H

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dictionary_entry {
    uint32_t offset; /* of its length in `plain` */
    uint32_t hash;
};

struct dictionary {
    struct buffer plain; /* the dictionary page: 4-byte lengths and texts */
    struct dictionary_entry *entries;
    uint32_t entry_count; /* at most half of slot_count */
    uint32_t *slots;      /* entry number + 1, found by hash; 0: free */
    uint32_t slot_count;
};

void dictionary_init(struct dictionary *dictionary, size_t maximum_bytes);

/** Accepts a zeroed dictionary, and twice. */
void dictionary_deinit(struct dictionary *dictionary);

/** Forget the texts, keep the memory. */
void dictionary_clear(struct dictionary *dictionary);

/** The number of this text. `hash` must be the same for the same bytes; when it is not, the text
 *  gets a second number, which costs bytes but is not wrong. false: no memory, nothing changed. */
bool dictionary_find_or_add(struct dictionary *dictionary, uint32_t hash, const char *bytes,
                            uint32_t size_bytes, uint32_t *number);

/** Entry `number`, in `*bytes` (not terminated); returns its size. */
uint32_t dictionary_text(const struct dictionary *dictionary, uint32_t number, const char **bytes);

#endif
