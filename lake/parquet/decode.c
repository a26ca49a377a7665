#include "lake/parquet/decode.h"

#include "base/varint.h"

/* Generous against the encoders there are (128 values, 4 miniblocks), small against overflow. */
enum { DELTA_BLOCK_MAX = 1 << 20, DELTA_MINIS_MAX = 1024 };

bool decode_u32(struct byte_span *span, uint32_t *value)
{
    if (byte_span_left(span) < 4) {
        return false;
    }
    *value = (uint32_t)span->at[0] | (uint32_t)span->at[1] << 8 | (uint32_t)span->at[2] << 16 |
             (uint32_t)span->at[3] << 24;
    span->at += 4;
    return true;
}

/** `width` bits from bit `position` on. The caller has checked that they are there. */
static uint64_t read_bits(const uint8_t *bytes, uint64_t position, unsigned width)
{
    uint64_t value = 0;
    unsigned got = 0;

    while (got < width) {
        unsigned offset = (unsigned)(position & 7);
        unsigned taken = 8 - offset < width - got ? 8 - offset : width - got;
        uint64_t part = ((unsigned)bytes[position >> 3] >> offset) & ((1U << taken) - 1);

        value |= part << got;
        got += taken;
        position += taken;
    }
    return value;
}

void rle_init(struct rle_decoder *rle, struct byte_span span, unsigned width)
{
    *rle = (struct rle_decoder){.span = span, .width = width};
}

static bool begin_packed_run(struct rle_decoder *rle, uint64_t groups)
{
    uint64_t size = groups * rle->width; /* a group is 8 values; groups has at most 31 bits */

    if (size > byte_span_left(&rle->span)) {
        return false;
    }
    rle->packed = true;
    rle->bits = rle->span.at;
    rle->position = 0;
    rle->run_left = groups * 8;
    rle->span.at += size;
    return true;
}

static bool begin_repeated_run(struct rle_decoder *rle, uint64_t length)
{
    unsigned size = (rle->width + 7) / 8;

    if (size > byte_span_left(&rle->span)) {
        return false;
    }
    rle->packed = false;
    rle->repeated = (uint32_t)read_bits(rle->span.at, 0, size * 8);
    rle->run_left = length;
    rle->span.at += size;
    return true;
}

bool rle_next(struct rle_decoder *rle, uint32_t *value)
{
    while (rle->run_left == 0) {
        uint64_t head;
        bool begun;

        if (!varint_read(&rle->span.at, rle->span.end, &head) || head > UINT32_MAX) {
            return false;
        }
        begun =
            (head & 1) != 0 ? begin_packed_run(rle, head >> 1) : begin_repeated_run(rle, head >> 1);
        if (!begun) {
            return false;
        }
    }
    rle->run_left--;
    if (!rle->packed) {
        *value = rle->repeated;
        return true;
    }
    *value = (uint32_t)read_bits(rle->bits, rle->position, rle->width);
    rle->position += rle->width;
    return true;
}

bool delta_init(struct delta_decoder *delta, struct byte_span span)
{
    uint64_t block_size;
    uint64_t first;

    *delta = (struct delta_decoder){.span = span};
    if (!varint_read(&delta->span.at, span.end, &block_size) ||
        !varint_read(&delta->span.at, span.end, &delta->minis) ||
        !varint_read(&delta->span.at, span.end, &delta->count) ||
        !varint_read(&delta->span.at, span.end, &first)) {
        return false;
    }
    if (block_size == 0 || block_size > DELTA_BLOCK_MAX || delta->minis == 0 ||
        delta->minis > DELTA_MINIS_MAX || block_size % delta->minis != 0 ||
        block_size / delta->minis % 8 != 0) {
        return false;
    }
    delta->mini_size = block_size / delta->minis;
    delta->mini_index = delta->minis; /* the first block is still to begin */
    delta->value = (uint64_t)zigzag_decode(first);
    return true;
}

static bool begin_miniblock(struct delta_decoder *delta)
{
    uint64_t least;
    uint64_t size;

    if (delta->mini_index == delta->minis) {
        if (!varint_read(&delta->span.at, delta->span.end, &least) ||
            delta->minis > byte_span_left(&delta->span)) {
            return false;
        }
        delta->least_delta = (uint64_t)zigzag_decode(least);
        delta->widths = delta->span.at;
        delta->span.at += delta->minis;
        delta->mini_index = 0;
    }
    if (delta->widths[delta->mini_index] > 64) {
        return false;
    }
    size = delta->mini_size / 8 * delta->widths[delta->mini_index];
    if (size > byte_span_left(&delta->span)) {
        return false;
    }
    delta->bits = delta->span.at;
    delta->position = 0;
    delta->mini_left = delta->mini_size;
    delta->span.at += size;
    return true;
}

bool delta_next(struct delta_decoder *delta, int64_t *value)
{
    unsigned width;

    if (delta->given == delta->count) {
        return false;
    }
    if (delta->given++ > 0) {
        if (delta->mini_left == 0 && !begin_miniblock(delta)) {
            return false;
        }
        width = delta->widths[delta->mini_index];
        delta->value += delta->least_delta + read_bits(delta->bits, delta->position, width);
        delta->position += width;
        if (--delta->mini_left == 0) {
            delta->mini_index++;
        }
    }
    *value = (int64_t)delta->value;
    return true;
}
