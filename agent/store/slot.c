#include "agent/store/slot.h"

#include "agent/store/codec.h"
#include "base/crc.h"

#include <string.h>

enum { VERSION = 1, FRESH_FLAG = 0x8000, CRC_AT = SLOT_HEADER_BYTES - 4 };

static const uint8_t magic[8] = {'L', 'E', 'A', 'T', 'S', 'L', 'O', 'T'};

static void put(uint8_t *bytes, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(value >> (8 * i));
    }
}

static uint64_t get(const uint8_t *bytes, unsigned size)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < size; i++) {
        value |= (uint64_t)bytes[i] << (8 * i);
    }
    return value;
}

uint32_t slot_write_header(const struct slot_header *header, uint8_t bytes[SLOT_HEADER_BYTES])
{
    uint32_t crc;

    memset(bytes, 0, SLOT_HEADER_BYTES);
    memcpy(bytes, magic, sizeof(magic));
    put(bytes + 8, VERSION, 2);
    bytes[10] = (uint8_t)header->stream;
    bytes[11] = (uint8_t)header->clock;
    bytes[12] = (uint8_t)header->table_log2;
    put(bytes + 16, header->incarnation, 8);
    put(bytes + 24, header->first_sequence, 8);
    put(bytes + 32, (uint64_t)header->t0_ns, 8);
    memcpy(bytes + 40, header->boot_id, SLOT_BOOT_ID_BYTES);
    crc = crc32c(0, bytes, CRC_AT);
    put(bytes + CRC_AT, crc, 4);
    return crc;
}

bool slot_read_header(const uint8_t bytes[SLOT_HEADER_BYTES], struct slot_header *header,
                      uint32_t *chain)
{
    struct slot_header found = {
        .stream = (enum stream)bytes[10],
        .clock = (enum clock_state)bytes[11],
        .table_log2 = bytes[12],
        .incarnation = get(bytes + 16, 8),
        .first_sequence = get(bytes + 24, 8),
        .t0_ns = (int64_t)get(bytes + 32, 8),
    };
    uint32_t crc = crc32c(0, bytes, CRC_AT);

    if (memcmp(bytes, magic, sizeof(magic)) != 0 || get(bytes + 8, 2) != VERSION ||
        bytes[11] > CLOCK_FREE || found.table_log2 > CODEC_TABLE_LOG2_MAX ||
        found.first_sequence == 0 || get(bytes + CRC_AT, 4) != crc) {
        return false;
    }
    memcpy(found.boot_id, bytes + 40, SLOT_BOOT_ID_BYTES);
    *header = found;
    *chain = crc;
    return true;
}

/* crc, payload size, count with the fresh flag, first sequence: 4 + 2 + 2 + 8 bytes. */
uint32_t slot_seal_batch(uint8_t *bytes, const struct slot_batch *batch, uint32_t chain)
{
    uint32_t crc;

    put(bytes + 4, batch->payload_bytes, 2);
    put(bytes + 6, batch->count | (batch->fresh ? FRESH_FLAG : 0), 2);
    put(bytes + 8, batch->first_sequence, 8);
    crc = crc32c(chain, bytes + 4, SLOT_BATCH_HEADER_BYTES - 4 + batch->payload_bytes);
    put(bytes, crc, 4);
    return crc;
}

void slot_cursor_init(struct slot_cursor *cursor, const uint8_t *bytes,
                      const struct slot_header *header, uint32_t chain)
{
    *cursor = (struct slot_cursor){bytes, SLOT_HEADER_BYTES, header->first_sequence, chain};
}

/** What the bytes at the cursor claim to be; false: no batch with the next sequence number. */
static bool claimed_batch(const struct slot_cursor *cursor, struct slot_batch *batch)
{
    const uint8_t *bytes = cursor->bytes + cursor->at;
    size_t room = SLOT_BYTES - cursor->at;

    if (room <= SLOT_BATCH_HEADER_BYTES || get(bytes + 8, 8) != cursor->next_sequence) {
        return false;
    }
    *batch = (struct slot_batch){
        .payload = bytes + SLOT_BATCH_HEADER_BYTES,
        .payload_bytes = (size_t)get(bytes + 4, 2),
        .count = (size_t)get(bytes + 6, 2) & ~(size_t)FRESH_FLAG,
        .first_sequence = cursor->next_sequence,
        .fresh = (get(bytes + 6, 2) & FRESH_FLAG) != 0,
    };
    return true;
}

static bool is_plausible(const struct slot_cursor *cursor, const struct slot_batch *batch)
{
    return batch->count > 0 && batch->count <= CODEC_BATCH_MAX &&
           batch->payload_bytes <= SLOT_BYTES - SLOT_BATCH_HEADER_BYTES - cursor->at;
}

enum slot_step slot_cursor_next(struct slot_cursor *cursor, struct slot_batch *batch)
{
    const uint8_t *bytes = cursor->bytes + cursor->at;
    struct slot_batch found;
    uint32_t crc;

    if (!claimed_batch(cursor, &found)) {
        return SLOT_STEP_END;
    }
    if (!is_plausible(cursor, &found)) {
        return SLOT_STEP_DAMAGED;
    }
    crc = crc32c(cursor->chain, bytes + 4, SLOT_BATCH_HEADER_BYTES - 4 + found.payload_bytes);
    if (crc != get(bytes, 4)) {
        return SLOT_STEP_DAMAGED;
    }
    cursor->at += SLOT_BATCH_HEADER_BYTES + found.payload_bytes;
    cursor->next_sequence += found.count;
    cursor->chain = crc;
    *batch = found;
    return SLOT_STEP_BATCH;
}

uint64_t slot_cursor_last_seen(const struct slot_cursor *cursor)
{
    struct slot_cursor ahead = *cursor;
    struct slot_batch batch;

    while (claimed_batch(&ahead, &batch)) {
        if (!is_plausible(&ahead, &batch)) {
            return ahead.next_sequence; /* at least one record was here */
        }
        ahead.at += SLOT_BATCH_HEADER_BYTES + batch.payload_bytes;
        ahead.next_sequence += batch.count;
    }
    return ahead.next_sequence - 1;
}
