#include "agent/store/slot.h"

#include "agent/store/codec.h"
#include "base/crc.h"

#include <string.h>

enum { FRESH_FLAG = 0x8000, MARK_FLAG = 0x4000, CRC_AT = SLOT_HEADER_BYTES - 4 };

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
    put(bytes + 8, SLOT_VERSION, 2);
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
        .version = (unsigned)get(bytes + 8, 2),
        .stream = (enum stream)bytes[10],
        .clock = (enum clock_state)bytes[11],
        .table_log2 = bytes[12],
        .incarnation = get(bytes + 16, 8),
        .first_sequence = get(bytes + 24, 8),
        .t0_ns = (int64_t)get(bytes + 32, 8),
    };
    uint32_t crc = crc32c(0, bytes, CRC_AT);

    if (memcmp(bytes, magic, sizeof(magic)) != 0 || found.version < 1 ||
        found.version > SLOT_VERSION || bytes[11] > CLOCK_LIFTED ||
        found.table_log2 > CODEC_TABLE_LOG2_MAX || found.first_sequence == 0 ||
        get(bytes + CRC_AT, 4) != crc) {
        return false;
    }
    memcpy(found.boot_id, bytes + 40, SLOT_BOOT_ID_BYTES);
    *header = found;
    *chain = crc;
    return true;
}

/* boot time, UTC, state: 8 + 8 + 1 bytes. */
static void put_mark(uint8_t bytes[SLOT_MARK_BYTES], const struct slot_regime *regime)
{
    put(bytes, (uint64_t)regime->boot_ns, 8);
    put(bytes + 8, (uint64_t)regime->utc_ns, 8);
    bytes[16] = (uint8_t)regime->state;
}

static bool get_mark(const uint8_t bytes[SLOT_MARK_BYTES], struct slot_regime *regime)
{
    int64_t offset_ns;

    *regime = (struct slot_regime){
        .boot_ns = (int64_t)get(bytes, 8),
        .utc_ns = (int64_t)get(bytes + 8, 8),
        .state = (enum clock_state)bytes[16],
    };
    return bytes[16] <= CLOCK_LIFTED &&
           !__builtin_sub_overflow(regime->utc_ns, regime->boot_ns, &offset_ns) &&
           slot_offset_is_plausible(offset_ns);
}

/* crc, size of mark and payload, count with the flags, first sequence: 4 + 2 + 2 + 8 bytes. */
uint32_t slot_seal_batch(uint8_t *bytes, const struct slot_batch *batch, uint32_t chain)
{
    size_t size = slot_batch_overhead_bytes(batch) + batch->payload_bytes;
    unsigned flags = (batch->fresh ? FRESH_FLAG : 0U) | (batch->marked ? MARK_FLAG : 0U);
    uint32_t crc;

    put(bytes + 4, size - SLOT_BATCH_HEADER_BYTES, 2);
    put(bytes + 6, batch->count | flags, 2);
    put(bytes + 8, batch->first_sequence, 8);
    if (batch->marked) {
        put_mark(bytes + SLOT_BATCH_HEADER_BYTES, &batch->regime);
    }
    crc = crc32c(chain, bytes + 4, size - 4);
    put(bytes, crc, 4);
    return crc;
}

void slot_cursor_init(struct slot_cursor *cursor, const uint8_t *bytes,
                      const struct slot_header *header, uint32_t chain)
{
    *cursor = (struct slot_cursor){.bytes = bytes,
                                   .at = SLOT_HEADER_BYTES,
                                   .next_sequence = header->first_sequence,
                                   .chain = chain};
}

/** What the bytes at the cursor are, if a batch begins there. false: there is no room for one. */
static bool parse_batch(const struct slot_cursor *cursor, struct slot_batch *batch)
{
    const unsigned flags = FRESH_FLAG | MARK_FLAG;
    const uint8_t *bytes = cursor->bytes + cursor->at;
    size_t room = SLOT_BYTES - cursor->at;

    if (room <= SLOT_BATCH_HEADER_BYTES) {
        return false;
    }
    *batch = (struct slot_batch){
        .payload = bytes + SLOT_BATCH_HEADER_BYTES,
        .payload_bytes = (size_t)get(bytes + 4, 2),
        .count = (size_t)get(bytes + 6, 2) & ~(size_t)flags,
        .first_sequence = cursor->next_sequence,
        .fresh = (get(bytes + 6, 2) & FRESH_FLAG) != 0,
        .marked = (get(bytes + 6, 2) & MARK_FLAG) != 0,
    };
    return true;
}

/** Does it say that it continues the numbers? */
static bool claims_to_continue(const struct slot_cursor *cursor)
{
    return get(cursor->bytes + cursor->at + 8, 8) == cursor->next_sequence;
}

/** The checksum of a batch whose number is the one that it must be. */
static uint32_t checksum_of(const struct slot_cursor *cursor, const struct slot_batch *batch)
{
    const uint8_t *bytes = cursor->bytes + cursor->at;
    uint8_t number[8];
    uint32_t crc = crc32c(cursor->chain, bytes + 4, 4);

    put(number, cursor->next_sequence, sizeof(number));
    crc = crc32c(crc, number, sizeof(number));
    return crc32c(crc, batch->payload, batch->payload_bytes);
}

static bool is_plausible(const struct slot_cursor *cursor, const struct slot_batch *batch)
{
    return batch->count > 0 && batch->count <= CODEC_BATCH_MAX &&
           batch->payload_bytes <= SLOT_BYTES - SLOT_BATCH_HEADER_BYTES - cursor->at &&
           (!batch->marked || batch->payload_bytes >= SLOT_MARK_BYTES);
}

/** Part the mark from the payload (L4); false: no such mark is ever written. */
static bool take_mark(struct slot_cursor *cursor, struct slot_batch *batch)
{
    if (!batch->marked) {
        return true;
    }
    if (!get_mark(batch->payload, &batch->regime)) {
        return false;
    }
    batch->payload += SLOT_MARK_BYTES;
    batch->payload_bytes -= SLOT_MARK_BYTES;
    cursor->regime = batch->regime;
    cursor->regime_known = true;
    return true;
}

enum slot_step slot_cursor_next(struct slot_cursor *cursor, struct slot_batch *batch)
{
    const uint8_t *bytes = cursor->bytes + cursor->at;
    struct slot_batch found;
    size_t size;
    uint32_t crc;

    if (!parse_batch(cursor, &found)) {
        return SLOT_STEP_END;
    }
    if (!is_plausible(cursor, &found)) {
        return claims_to_continue(cursor) ? SLOT_STEP_DAMAGED : SLOT_STEP_END;
    }
    size = SLOT_BATCH_HEADER_BYTES + found.payload_bytes;
    crc = checksum_of(cursor, &found); /* L5 */
    if (crc != get(bytes, 4)) {
        return claims_to_continue(cursor) ? SLOT_STEP_DAMAGED : SLOT_STEP_END;
    }
    if (!take_mark(cursor, &found)) {
        return SLOT_STEP_DAMAGED;
    }
    cursor->at += size;
    cursor->next_sequence += found.count;
    cursor->chain = crc;
    *batch = found;
    return SLOT_STEP_BATCH;
}

uint64_t slot_cursor_last_seen(const struct slot_cursor *cursor, bool *is_certain)
{
    struct slot_cursor ahead = *cursor;
    struct slot_batch batch;
    bool certain = false;
    uint64_t extra = 0;

    while (extra == 0 && parse_batch(&ahead, &batch) && claims_to_continue(&ahead)) {
        certain = is_plausible(&ahead, &batch);
        extra = !certain; /* at least one record was here */
        if (certain) {
            certain = checksum_of(&ahead, &batch) == get(ahead.bytes + ahead.at, 4);
            ahead.chain = (uint32_t)get(ahead.bytes + ahead.at, 4);
            ahead.at += SLOT_BATCH_HEADER_BYTES + batch.payload_bytes;
            ahead.next_sequence += batch.count;
        }
    }
    if (is_certain != NULL) {
        *is_certain = certain;
    }
    return ahead.next_sequence - 1 + extra;
}
