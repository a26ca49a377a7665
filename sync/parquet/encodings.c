#include "sync/parquet/encodings.h"

#include "base/varint.h"

#include <string.h>

enum {
    MINIBLOCK_VALUES = DELTA_BLOCK_VALUES / DELTA_MINIBLOCKS,
    BLOCK_MAX_BYTES = VARINT_MAX_BYTES + DELTA_MINIBLOCKS + DELTA_BLOCK_VALUES * 8,
    GROUP_VALUES = 8, /* the hybrid packs whole eights */
};

unsigned bit_width_of(uint64_t value)
{
    return value == 0 ? 0 : 64 - (unsigned)__builtin_clzll(value);
}

static uint8_t *put_little_endian(uint8_t *at, uint64_t value, size_t size_bytes)
{
    for (size_t i = 0; i < size_bytes; i++) {
        *at++ = (uint8_t)(value >> (8 * i));
    }
    return at;
}

/** Pack `count` (a multiple of 8) values of `width` bits, the lowest bit first; give the end. */
static uint8_t *pack_bits(uint8_t *at, const uint64_t *values, size_t count, unsigned width)
{
    uint64_t pending = 0;
    unsigned pending_bits = 0;

    for (size_t i = 0; i < count && width > 0; i++) {
        pending |= values[i] << pending_bits;
        pending_bits += width;
        if (pending_bits >= 64) {
            at = put_little_endian(at, pending, 8);
            pending_bits -= 64;
            pending = pending_bits == 0 ? 0 : values[i] >> (width - pending_bits);
        }
    }
    return put_little_endian(at, pending, pending_bits / 8);
}

void delta_begin(struct delta_encoder *encoder, struct buffer *out, bool narrow,
                 uint64_t value_count)
{
    encoder->out = out;
    encoder->narrow = narrow;
    encoder->started = false;
    encoder->value_count = value_count;
    encoder->delta_count = 0;
}

static void put_page_header(struct delta_encoder *encoder, int64_t first)
{
    (void)buffer_append_varint(encoder->out, DELTA_BLOCK_VALUES); /* failures stick */
    (void)buffer_append_varint(encoder->out, DELTA_MINIBLOCKS);
    (void)buffer_append_varint(encoder->out, encoder->value_count);
    (void)buffer_append_varint(encoder->out, zigzag_encode(first));
    encoder->started = true;
    encoder->previous = first;
}

static void put_block(struct delta_encoder *encoder)
{
    uint64_t distances[DELTA_BLOCK_VALUES] = {0}; /* the last miniblock is filled up with zeros */
    struct buffer *out = encoder->out;
    int64_t least = encoder->deltas[0];
    uint8_t *widths;
    uint8_t *at;

    for (size_t i = 1; i < encoder->delta_count; i++) {
        least = encoder->deltas[i] < least ? encoder->deltas[i] : least;
    }
    for (size_t i = 0; i < encoder->delta_count; i++) {
        distances[i] = (uint64_t)encoder->deltas[i] - (uint64_t)least;
    }
    if (!buffer_reserve(out, BLOCK_MAX_BYTES)) {
        encoder->delta_count = 0; /* go on as if: the buffer remembers */
        return;
    }
    at = out->bytes + out->size;
    at += varint_write(at, zigzag_encode(least));
    widths = at;
    at = put_little_endian(at, 0, DELTA_MINIBLOCKS); /* one that holds no value has no bytes */
    for (size_t m = 0; m * MINIBLOCK_VALUES < encoder->delta_count; m++) {
        const uint64_t *part = distances + m * MINIBLOCK_VALUES;
        uint64_t all_bits = 0;

        for (size_t i = 0; i < MINIBLOCK_VALUES; i++) {
            all_bits |= part[i];
        }
        widths[m] = (uint8_t)((bit_width_of(all_bits) + 7) / 8 * 8); /* see encodings.h */
        at = pack_bits(at, part, MINIBLOCK_VALUES, widths[m]);
    }
    out->size = (size_t)(at - out->bytes);
    encoder->delta_count = 0;
}

void delta_put(struct delta_encoder *encoder, int64_t value)
{
    uint64_t delta;

    if (!encoder->started) {
        put_page_header(encoder, value);
        return;
    }
    delta = (uint64_t)value - (uint64_t)encoder->previous; /* wraps, as the format wants it */
    encoder->previous = value;
    encoder->deltas[encoder->delta_count++] =
        encoder->narrow ? (int64_t)(int32_t)(uint32_t)delta : (int64_t)delta;
    if (encoder->delta_count == DELTA_BLOCK_VALUES) {
        put_block(encoder);
    }
}

void delta_end(struct delta_encoder *encoder)
{
    if (!encoder->started) {
        put_page_header(encoder, 0); /* a page of nulls still says that it holds 0 values */
    }
    if (encoder->delta_count > 0) {
        put_block(encoder);
    }
}

static size_t run_length(const uint32_t *values, size_t count)
{
    size_t length = 1;

    while (length < count && values[length] == values[0]) {
        length++;
    }
    return length;
}

void hybrid_append_run(struct buffer *out, uint32_t value, size_t count, unsigned width)
{
    uint8_t bytes[sizeof(value)];

    (void)put_little_endian(bytes, value, sizeof(value));
    (void)buffer_append_varint(out, (uint64_t)count << 1);
    (void)buffer_append(out, bytes, (width + 7) / 8);
}

static void put_packed(struct buffer *out, const uint32_t *values, size_t count, unsigned width)
{
    size_t groups = (count + GROUP_VALUES - 1) / GROUP_VALUES;

    (void)buffer_append_varint(out, ((uint64_t)groups << 1) | 1);
    if (!buffer_reserve(out, groups * width)) {
        return;
    }
    for (size_t g = 0; g < groups; g++) {
        uint64_t group[GROUP_VALUES] = {0};

        for (size_t i = 0; i < GROUP_VALUES && g * GROUP_VALUES + i < count; i++) {
            group[i] = values[g * GROUP_VALUES + i];
        }
        (void)pack_bits(out->bytes + out->size, group, GROUP_VALUES, width);
        out->size += width;
    }
}

void hybrid_append(struct buffer *out, const uint32_t *values, size_t count, unsigned width)
{
    size_t packed_from = 0; /* values[packed_from .. at) wait to be packed, in whole eights */
    size_t at = 0;

    while (at < count) {
        size_t length = run_length(values + at, count - at);

        if (length < GROUP_VALUES) {
            at += at + GROUP_VALUES <= count ? GROUP_VALUES : count - at;
            continue;
        }
        if (at > packed_from) {
            put_packed(out, values + packed_from, at - packed_from, width);
        }
        hybrid_append_run(out, values[at], length, width);
        at += length;
        packed_from = at;
    }
    if (count > packed_from) {
        put_packed(out, values + packed_from, count - packed_from, width);
    }
}
