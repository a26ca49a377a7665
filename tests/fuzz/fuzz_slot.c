/* tests/fuzz/fuzz_slot.c - any bytes as a slot: header, batches, columns (rule C5 of codec.h).
 *
 * What is checked before it is parsed, the fuzzer could never guess, so it is made right: checksums
 * and sequence numbers, and the zstd around the columns. First byte: the codec's table (bits 0 to
 * 2), version 2 (bit 7). Then batches: a byte of `enum twist`; the field count and flags as it is
 * on disk (2 bytes); how many bytes follow (2); those. What could be decoded must come back from
 * encoding it once more (C1, C2), and each batch is sealed as it was (L1, L4).
 *
 * Parser: agent/store/slot.c agent/store/codec_decode.c agent/store/codec_state.c
 */
#include "agent/store/codec.h"
#include "agent/store/slot.h"
#include "base/crc.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

enum twist { AS_IT_IS = 1, BROKEN_CHECKSUM = 2, LONG_SIZE = 4, NEXT_LAP = 8 };

enum {
    BATCH_INPUT_BYTES = 5,
    FRESH_FLAG = 0x8000,
    MARK_FLAG = 0x4000, /* then a mark stands in front of the payload */
    MARK_BYTES = 17,
    TABLE_LOG2 = 7,
};

struct input {
    const uint8_t *at, *end;
};

/** What is used for every input: making it anew would take longer than the parsing. */
struct bench {
    ZSTD_CCtx *zstd;
    struct codec_encoder *encoder;
    struct codec_decoder *decoder, *second;
    uint8_t slot[SLOT_BYTES], again[2 * CODEC_COLUMNS_MAX], texts[CODEC_COLUMNS_MAX];
    bool comparing;
};

static void put(uint8_t *bytes, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(value >> (8 * i));
    }
}

static size_t get16(const uint8_t *bytes)
{
    return bytes[0] | (size_t)bytes[1] << 8;
}

static size_t compress(struct bench *bench, uint8_t *target, size_t room, const uint8_t *bytes,
                       size_t size)
{
    ZSTD_inBuffer in = {bytes, size, 0};
    ZSTD_outBuffer out = {target, room, 0};
    size_t left = ZSTD_compressStream2(bench->zstd, &out, &in, ZSTD_e_flush);

    return left == 0 ? out.pos : 0;
}

/** The payload of a batch from `size` bytes of input; 0: there is no room. */
static size_t make_payload(struct bench *bench, size_t at, const uint8_t *head,
                           const uint8_t *bytes, size_t size)
{
    size_t room = SLOT_BYTES - at;
    size_t mark = (get16(head + 1) & MARK_FLAG) == 0 ? 0 : size < MARK_BYTES ? size : MARK_BYTES;

    if ((get16(head + 1) & FRESH_FLAG) != 0) {
        (void)ZSTD_CCtx_reset(bench->zstd, ZSTD_reset_session_only); /* cannot fail */
    }
    if ((head[0] & AS_IT_IS) != 0) {
        mark = size;
    }
    if (mark > room) {
        return 0;
    }
    memcpy(bench->slot + at, bytes, mark);
    return mark == size ? size
                        : mark + compress(bench, bench->slot + at + mark, room - mark, bytes + mark,
                                          size - mark);
}

/** Bytes of the batch that was written at `at`; 0: the input or the slot is at its end. */
static size_t make_batch(struct bench *bench, size_t at, struct input *input, uint64_t sequence,
                         uint32_t *chain)
{
    const uint8_t *head = input->at;
    uint8_t *bytes = bench->slot + at;
    size_t size, payload;

    if (input->end - input->at < BATCH_INPUT_BYTES || at + SLOT_BATCH_HEADER_BYTES >= SLOT_BYTES) {
        return 0;
    }
    input->at += BATCH_INPUT_BYTES;
    size = get16(head + 3);
    size = size < (size_t)(input->end - input->at) ? size : (size_t)(input->end - input->at);
    payload = make_payload(bench, at + SLOT_BATCH_HEADER_BYTES, head, input->at, size);
    input->at += size;
    put(bytes + 4, (head[0] & LONG_SIZE) != 0 ? 0xffff : payload, 2);
    put(bytes + 6, get16(head + 1), 2);
    put(bytes + 8, (head[0] & NEXT_LAP) != 0 ? sequence + 1 : sequence, 8);
    *chain = crc32c(*chain, bytes + 4, SLOT_BATCH_HEADER_BYTES - 4 + payload);
    put(bytes, (head[0] & BROKEN_CHECKSUM) != 0 ? ~*chain : *chain, 4);
    return payload == 0 ? 0 : SLOT_BATCH_HEADER_BYTES + payload;
}

static void make_slot(struct bench *bench, struct input input)
{
    const struct slot_header header = {.first_sequence = 1, .table_log2 = *input.at & 7U};
    uint64_t sequence = 1;
    uint32_t chain;
    size_t size, at = SLOT_HEADER_BYTES;

    memset(bench->slot, 0, SLOT_BYTES);
    (void)slot_write_header(&header, bench->slot); /* whose checksum changes with the version */
    bench->slot[8] = *input.at++ < 0x80 ? 1 : 2;
    chain = crc32c(0, bench->slot, SLOT_HEADER_BYTES - 4);
    put(bench->slot + SLOT_HEADER_BYTES - 4, chain, 4);
    (void)ZSTD_CCtx_reset(bench->zstd, ZSTD_reset_session_only); /* cannot fail */
    do {
        size = make_batch(bench, at, &input, sequence, &chain);
        sequence += get16(bench->slot + at + 6) & (MARK_FLAG - 1);
        at += size;
    } while (size > 0);
}

static void expect(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void expect_same(const struct sample *left, const struct sample *right)
{
    expect(left->point_id == right->point_id && left->time_ns == right->time_ns &&
           left->received_ns == right->received_ns && left->status == right->status &&
           left->type == right->type);
    if (left->type == SAMPLE_TEXT) {
        expect(left->value.text.size_bytes == right->value.text.size_bytes &&
               memcmp(left->value.text.bytes, right->value.text.bytes,
                      left->value.text.size_bytes) == 0);
    } else {
        expect(left->value.integer == right->value.integer); /* the bits of a double, too */
    }
}

/** Collect the texts, and so read them: a wild pointer is noticed. Returns their size. */
static size_t collect_texts(struct bench *bench, const struct sample *samples, size_t count)
{
    size_t total = 0;

    for (size_t i = 0; i < count; i++) {
        size_t size = samples[i].type == SAMPLE_TEXT ? samples[i].value.text.size_bytes : 0;

        expect(size <= sizeof(bench->texts) - total); /* no batch holds more */
        if (size > 0) {
            memcpy(bench->texts + total, samples[i].value.text.bytes, size);
        }
        total += size;
    }
    return total;
}

/** Once through the encoder and back. */
static void encode_again(struct bench *bench, const struct sample *samples, size_t count,
                         bool fresh)
{
    size_t size, text_bytes = collect_texts(bench, samples, count);
    const struct sample *decoded;

    if (fresh) {
        codec_encoder_start(bench->encoder, 0);
        bench->comparing = codec_decoder_start(bench->second, TABLE_LOG2, 0);
    }
    bench->comparing =
        bench->comparing && count * CODEC_SAMPLE_WORST + text_bytes <= CODEC_COLUMNS_MAX;
    if (!bench->comparing) {
        return; /* no store would hand it such a batch */
    }
    size = codec_encode(bench->encoder, samples, count, bench->texts, bench->again,
                        sizeof(bench->again));
    expect(size > 0);
    decoded = codec_decode(bench->second, bench->again, size, count);
    expect(decoded != NULL);
    for (size_t i = 0; i < count; i++) {
        expect_same(&samples[i], &decoded[i]);
    }
}

/** A batch that was read must be sealed as it stood there. */
static void seal_again(const struct slot_batch *batch, uint32_t chain)
{
    static uint8_t sealed[SLOT_BYTES];
    size_t front = slot_batch_overhead_bytes(batch);

    memcpy(sealed + front, batch->payload, batch->payload_bytes);
    (void)slot_seal_batch(sealed, batch, chain); /* the checksum is among the bytes compared */
    expect(memcmp(sealed, batch->payload - front, front + batch->payload_bytes) == 0);
}

static void decode_slot(struct bench *bench)
{
    struct slot_header header;
    struct slot_cursor cursor;
    struct slot_batch batch;
    bool started = false;
    uint32_t chain;

    if (!slot_read_header(bench->slot, &header, &chain)) {
        return;
    }
    slot_cursor_init(&cursor, bench->slot, &header, chain);
    while (slot_cursor_next(&cursor, &batch) == SLOT_STEP_BATCH) {
        const struct sample *samples;

        expect(batch.payload + batch.payload_bytes <= bench->slot + SLOT_BYTES);
        seal_again(&batch, chain);
        chain = cursor.chain;
        if (batch.fresh) {
            started = codec_decoder_start(bench->decoder, header.table_log2, header.t0_ns);
        }
        samples =
            started ? codec_decode(bench->decoder, batch.payload, batch.payload_bytes, batch.count)
                    : NULL;
        if (samples == NULL) {
            break;
        }
        encode_again(bench, samples, batch.count, batch.fresh);
    }
    expect(slot_cursor_last_seen(&cursor, NULL) + 1 >= cursor.next_sequence);
}

static struct bench *make_bench(void)
{
    struct bench *bench = calloc(1, sizeof(*bench));

    expect(bench != NULL);
    bench->zstd = ZSTD_createCCtx();
    bench->encoder = codec_encoder_create(TABLE_LOG2);
    bench->decoder = codec_decoder_create();
    bench->second = codec_decoder_create();
    expect(bench->zstd != NULL && bench->encoder != NULL && bench->decoder != NULL &&
           bench->second != NULL);
    return bench;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes)
{
    static struct bench *bench;

    if (bench == NULL) {
        bench = make_bench();
    }
    if (size_bytes > 0) {
        make_slot(bench, (struct input){bytes, bytes + size_bytes});
        decode_slot(bench);
    }
    return 0;
}
