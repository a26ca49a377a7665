/* agent/store/codec.h - samples to few bytes and back: delta columns, then one zstd stream per
 * slot.
 *
 *   ring -> [ CODEC ] -> slot (a batch's payload) -> [ CODEC ] -> store_read()
 *
 * A batch is six columns over its samples, in this order: point, time, lag (received - time),
 * status, kind, value; then the bytes of its texts. A column is a row of symbols: 0 says "as
 * predicted", any other number says how it differs. Runs of 0 are counted. docs/queue.md has the
 * layout.
 *
 * Life: encoder_create() -> { encoder_start() -> encode()* }* -> encoder_free(); decoders alike.
 *
 *  C1  Bit-exact: every bit pattern of a double, every int64, time, status and text comes back.
 *  C2  Encoder and decoder go through the same states: whatever a prediction reads is written from
 *      what the decoder knows too. A batch can only be decoded after all batches before it, back to
 *      one that started fresh.
 *  C3  Memory is bounded: points share a table of 1 << table_log2 rows; who collides only
 *      compresses worse.
 *  C4  An encode() that did not fit leaves the encoder unusable until encoder_start().
 *  C5  The decoder trusts nothing: bad bytes give false, never a wild read.
 *
 * Depends on: base, zstd.  Threads: one user at a time per object.
 */
#ifndef AGENT_STORE_CODEC_H
#define AGENT_STORE_CODEC_H

#include "base/sample.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CODEC_BATCH_MAX = 1024,       /* samples in a batch */
    CODEC_COLUMNS_MAX = 60 << 10, /* bytes of a batch before zstd */
    CODEC_SAMPLE_WORST = 44,      /* bytes a sample can need before zstd, without its text */
    CODEC_TABLE_LOG2_MAX = 13,
};

struct codec_encoder;
struct codec_decoder;

/** NULL: no memory. Everything an encoder will ever need is allocated here. */
struct codec_encoder *codec_encoder_create(unsigned table_log2);
void codec_encoder_free(struct codec_encoder *encoder);

/** How many points have a row of their own, as log2. */
unsigned codec_encoder_table_log2(const struct codec_encoder *encoder);

/** Forget everything; times are told relative to `t0_ns`. */
void codec_encoder_start(struct codec_encoder *encoder, int64_t t0_ns);

/** Compress `count` samples (1 to CODEC_BATCH_MAX, at most CODEC_COLUMNS_MAX of CODEC_SAMPLE_WORST
 *  each and their texts) into `bytes`. `texts` holds the texts of all SAMPLE_TEXT samples, in
 *  order; sample.value.text.bytes is not read. Returns the size, or 0: it does not fit (C4). */
size_t codec_encode(struct codec_encoder *encoder, const struct sample *samples, size_t count,
                    const uint8_t *texts, uint8_t *bytes, size_t capacity_bytes);

/** NULL: no memory. */
struct codec_decoder *codec_decoder_create(void);
void codec_decoder_free(struct codec_decoder *decoder);

/** As codec_encoder_start(), for a table of `table_log2`. false: no memory, or a size that no
 *  encoder uses. */
bool codec_decoder_start(struct codec_decoder *decoder, unsigned table_log2, int64_t t0_ns);

/** Decompress a batch of `count` samples; they and their texts are the decoder's until the next
 *  call. NULL: the bytes are not such a batch. */
const struct sample *codec_decode(struct codec_decoder *decoder, const uint8_t *bytes,
                                  size_t size_bytes, size_t count);

#endif
