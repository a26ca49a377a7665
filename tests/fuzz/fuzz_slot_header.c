/* tests/fuzz/fuzz_slot_header.c - any 64 bytes as the header of a slot, as they are and with the
 * checksum made right. What is read must say the same once it is written and read again. */
#include "agent/store/codec.h"
#include "agent/store/slot.h"
#include "base/crc.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

static bool same(const struct slot_header *left, const struct slot_header *right)
{
    return left->stream == right->stream && left->clock == right->clock &&
           left->table_log2 == right->table_log2 && left->incarnation == right->incarnation &&
           left->first_sequence == right->first_sequence && left->t0_ns == right->t0_ns &&
           memcmp(left->boot_id, right->boot_id, SLOT_BOOT_ID_BYTES) == 0;
}

static void read_header(const uint8_t bytes[SLOT_HEADER_BYTES])
{
    uint8_t again[SLOT_HEADER_BYTES];
    struct slot_header header, second;
    uint32_t chain, second_chain;

    if (!slot_read_header(bytes, &header, &chain)) {
        return;
    }
    second_chain = slot_write_header(&header, again);
    if (header.table_log2 > CODEC_TABLE_LOG2_MAX || header.first_sequence == 0 ||
        !slot_read_header(again, &second, &chain) || chain != second_chain ||
        !same(&header, &second)) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes)
{
    uint8_t header[SLOT_HEADER_BYTES] = {0};
    uint32_t crc;

    memcpy(header, bytes, size_bytes < sizeof(header) ? size_bytes : sizeof(header));
    read_header(header);
    crc = crc32c(0, header, sizeof(header) - 4);
    for (unsigned i = 0; i < 4; i++) {
        header[sizeof(header) - 4 + i] = (uint8_t)(crc >> (8 * i));
    }
    read_header(header);
    return 0;
}
