/* lake/parquet/decode.h - the packed forms of integers in a Parquet page.
 *
 *   page bytes -> [ DECODE ] -> column
 *
 * Three encodings of Apache Parquet's Encodings.md: bit packing (least significant bit first),
 * the RLE / bit-packed hybrid (levels, dictionary indices) and DELTA_BINARY_PACKED. Each function
 * reads within its bytes only, writes `count` values or returns false, and allocates nothing.
 *
 * Depends on: base/varint.  Threads: pure.
 */
#ifndef LAKE_PARQUET_DECODE_H
#define LAKE_PARQUET_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Position in a run of bytes. */
struct byte_span {
    const uint8_t *at, *end;
};

static inline size_t byte_span_left(const struct byte_span *span)
{
    return (size_t)(span->end - span->at);
}

/** Four bytes, lowest first. */
bool decode_u32(struct byte_span *span, uint32_t *value);

struct rle_decoder {
    struct byte_span span;
    unsigned width;      /* bits of a value, 0 to 32 */
    uint64_t run_left;   /* values that the run under way still gives */
    bool packed;         /* the run is bit-packed: */
    const uint8_t *bits; /* where its values are */
    uint64_t position;   /* the next one's first bit */
    uint32_t repeated;   /* else the run's value */
};

void rle_init(struct rle_decoder *rle, struct byte_span span, unsigned width);

/** The next value. false: the bytes end or are damaged. */
bool rle_next(struct rle_decoder *rle, uint32_t *value);

struct delta_decoder {
    struct byte_span span;
    uint64_t count;        /* values in all, as the page says */
    uint64_t value;        /* the last one given; arithmetic wraps as the format says */
    uint64_t given;        /* values given so far */
    uint64_t mini_size;    /* values of a miniblock */
    uint64_t minis;        /* miniblocks of a block */
    uint64_t mini_index;   /* the one under way, in its block */
    uint64_t mini_left;    /* values that it still gives */
    uint64_t least_delta;  /* of the block */
    const uint8_t *widths; /* of the block's miniblocks */
    const uint8_t *bits;   /* of the miniblock */
    uint64_t position;     /* next bit in it */
};

/** Read the page's head. false: not a possible one. */
bool delta_init(struct delta_decoder *delta, struct byte_span span);
bool delta_next(struct delta_decoder *delta, int64_t *value);

#endif
