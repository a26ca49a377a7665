/* sync/parquet/encodings.h - how Parquet packs integers (Encodings.md of apache/parquet-format).
 *
 * DELTA_BINARY_PACKED holds differences: blocks of 128 of them, the least one in front, the rest as
 * distances from it in miniblocks of 32 that each have a bit width of their own. We take whole
 * bytes as widths: what is packed is compressed after, and zstd sees bytes (measured: 2 % less).
 * The hybrid holds small numbers (definition levels, dictionary indices) as runs of one value or as
 * packed eights.
 *
 * Depends on: buffer, varint.  Threads: pure. Failures stick in the buffer.
 */
#ifndef SYNC_PARQUET_ENCODINGS_H
#define SYNC_PARQUET_ENCODINGS_H

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DELTA_BLOCK_VALUES = 128, DELTA_MINIBLOCKS = 4 };

struct delta_encoder {
    struct buffer *out;
    bool narrow; /* INT32: differences wrap at 32 bits */
    bool started;
    uint64_t value_count; /* of the whole page */
    int64_t previous;
    size_t delta_count;
    int64_t deltas[DELTA_BLOCK_VALUES];
};

/** delta_begin() -> delta_put() exactly `value_count` times -> delta_end(). */
void delta_begin(struct delta_encoder *encoder, struct buffer *out, bool narrow,
                 uint64_t value_count);
void delta_put(struct delta_encoder *encoder, int64_t value);
void delta_end(struct delta_encoder *encoder);

/** Append `count` values of at most `width` bits (1 to 32) as an RLE / bit-packed hybrid. */
void hybrid_append(struct buffer *out, const uint32_t *values, size_t count, unsigned width);

/** The same for `count` times one value. */
void hybrid_append_run(struct buffer *out, uint32_t value, size_t count, unsigned width);

/** Bits that `value` needs: 0 for 0. */
unsigned bit_width_of(uint64_t value);

#endif
