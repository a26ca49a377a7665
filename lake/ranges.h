/* lake/ranges.h - ranges of sequence numbers, made disjoint.
 *
 * Life: a buffer of struct range -> ranges_separate() -> ranges_next(), ranges_cover().
 *
 * Depends on: base/buffer.  Threads: one user at a time.
 */
#ifndef LAKE_RANGES_H
#define LAKE_RANGES_H

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct range {
    uint64_t first, last; /* inclusive */
    size_t source;        /* the caller's */
};

static inline size_t ranges_count(const struct buffer *ranges)
{
    return ranges->size / sizeof(struct range);
}

static inline const struct range *ranges_at(const struct buffer *ranges, size_t index)
{
    return (const struct range *)(const void *)ranges->bytes + index;
}

/** Sort them; where two overlap, the number belongs to the one that begins first. */
void ranges_separate(struct buffer *ranges);

/** Of separated ranges the one that holds `number`, or else the next after it. NULL: none. */
const struct range *ranges_next(const struct buffer *ranges, uint64_t number);

/** Is every number of first..last in one of the separated ranges? */
bool ranges_cover(const struct buffer *ranges, uint64_t first, uint64_t last);

#endif
