/* tests/fuzz/fuzz_slot.c - any bytes as a slot: header, batches, columns (rule C5 of codec.h). The
 * checksums are made right first, or no input would get past them. */
#include "agent/store/codec.h"
#include "agent/store/slot.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

/** Put the header and the batch headers around the input: sizes and counts are its own bytes. */
static void make_slot(uint8_t slot[SLOT_BYTES], const uint8_t *bytes, size_t size_bytes)
{
    struct slot_header header = {.first_sequence = 1, .table_log2 = size_bytes % 8};
    struct slot_batch batch = {.first_sequence = 1, .fresh = true};
    uint32_t chain = slot_write_header(&header, slot);
    size_t at = SLOT_HEADER_BYTES;

    while (size_bytes > 3) {
        batch.payload_bytes = (size_t)bytes[0] | (size_t)(bytes[1] & 0x0f) << 8;
        batch.count = (size_t)bytes[2] + 1;
        bytes += 3;
        size_bytes -= 3;
        if (batch.payload_bytes > size_bytes) {
            batch.payload_bytes = size_bytes;
        }
        if (at + SLOT_BATCH_HEADER_BYTES + batch.payload_bytes > SLOT_BYTES) {
            return;
        }
        memcpy(slot + at + SLOT_BATCH_HEADER_BYTES, bytes, batch.payload_bytes);
        chain = slot_seal_batch(slot + at, &batch, chain);
        at += SLOT_BATCH_HEADER_BYTES + batch.payload_bytes;
        bytes += batch.payload_bytes;
        size_bytes -= batch.payload_bytes;
        batch.first_sequence += batch.count;
        batch.fresh = false;
    }
}

/** Read what was decoded, so that a wild pointer is noticed. */
static void touch_texts(const struct sample *samples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t size = samples[i].type == SAMPLE_TEXT ? samples[i].value.text.size_bytes : 0;

        for (uint32_t k = 0; k < size; k++) {
            volatile char byte = samples[i].value.text.bytes[k];

            (void)byte;
        }
    }
}

static void decode_slot(const uint8_t slot[SLOT_BYTES])
{
    struct codec_decoder *decoder = codec_decoder_create();
    struct slot_header header;
    struct slot_cursor cursor;
    struct slot_batch batch;
    uint32_t chain;

    if (decoder != NULL && slot_read_header(slot, &header, &chain)) {
        slot_cursor_init(&cursor, slot, &header, chain);
        while (slot_cursor_next(&cursor, &batch) == SLOT_STEP_BATCH) {
            const struct sample *samples = NULL;

            if (!batch.fresh || codec_decoder_start(decoder, header.table_log2, header.t0_ns)) {
                samples = codec_decode(decoder, batch.payload, batch.payload_bytes, batch.count);
            }
            if (samples == NULL) {
                break;
            }
            touch_texts(samples, batch.count);
        }
        if (slot_cursor_last_seen(&cursor) + 1 < cursor.next_sequence) {
            abort();
        }
    }
    codec_decoder_free(decoder);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes)
{
    uint8_t *slot = calloc(1, SLOT_BYTES);

    if (slot == NULL) {
        return 0;
    }
    memcpy(slot, bytes, size_bytes < SLOT_BYTES ? size_bytes : SLOT_BYTES);
    decode_slot(slot); /* as it is: the header is foreign too */
    memset(slot, 0, SLOT_BYTES);
    make_slot(slot, bytes, size_bytes);
    decode_slot(slot);
    free(slot);
    return 0;
}
