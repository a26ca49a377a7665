/* agent/store/slot.h - how 64 KiB of a ring are laid out, and which bytes of them count.
 *
 *   codec -> [ SLOT ] -> database -> [ SLOT ] -> codec
 *
 * A slot is a header of 64 bytes, then batches, each a header of 16 bytes and a payload of the
 * codec. All numbers are little-endian; docs/queue.md has the table. Slots are overwritten lap
 * after lap, so behind the last batch stands whatever an earlier lap left.
 *
 *  L1  A batch counts only if its first sequence number continues the batch before it and its
 *      checksum, which starts from the checksum before it (the first one from the header's, and so
 *      from the incarnation), is right. What an earlier lap left can do neither.
 *  L2  A batch marked fresh starts the codec anew; the first one of a slot always is.
 *  L3  A batch that continues the numbers but not the checksum is damaged: it ends the slot.
 *
 * Depends on: base.  Threads: pure.
 */
#ifndef AGENT_STORE_SLOT_H
#define AGENT_STORE_SLOT_H

#include "base/clock.h"
#include "base/stream.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SLOT_BYTES = 64 << 10,
    SLOT_HEADER_BYTES = 64,
    SLOT_BATCH_HEADER_BYTES = 16,
    SLOT_BOOT_ID_BYTES = 16,
};

struct slot_header {
    enum stream stream;
    enum clock_state clock; /* when the slot was begun */
    unsigned table_log2;    /* of the codec's point table */
    uint64_t incarnation;
    uint64_t first_sequence;
    int64_t t0_ns; /* UTC: the first record's time of receipt */
    uint8_t boot_id[SLOT_BOOT_ID_BYTES];
};

struct slot_batch {
    const uint8_t *payload;
    size_t payload_bytes;
    size_t count;
    uint64_t first_sequence;
    bool fresh;
};

/** Write the header; returns the checksum from which the first batch's starts. */
uint32_t slot_write_header(const struct slot_header *header, uint8_t bytes[SLOT_HEADER_BYTES]);

/** false: not a header of this version, or damaged. */
bool slot_read_header(const uint8_t bytes[SLOT_HEADER_BYTES], struct slot_header *header,
                      uint32_t *chain);

/** Write the header of a batch whose payload already stands at bytes + SLOT_BATCH_HEADER_BYTES.
 *  `chain` is the checksum before; returns the one after. batch->payload is not read. */
uint32_t slot_seal_batch(uint8_t *bytes, const struct slot_batch *batch, uint32_t chain);

/** Where one is in a slot. */
struct slot_cursor {
    const uint8_t *bytes; /* SLOT_BYTES */
    size_t at;
    uint64_t next_sequence;
    uint32_t chain;
};

enum slot_step { SLOT_STEP_BATCH, SLOT_STEP_END, SLOT_STEP_DAMAGED };

/** Stand before the first batch. */
void slot_cursor_init(struct slot_cursor *cursor, const uint8_t *bytes,
                      const struct slot_header *header, uint32_t chain);

/** Go to the next batch (L1, L3). */
enum slot_step slot_cursor_next(struct slot_cursor *cursor, struct slot_batch *batch);

/** After SLOT_STEP_DAMAGED: the highest sequence number that the damaged rest seems to hold. */
uint64_t slot_cursor_last_seen(const struct slot_cursor *cursor);

#endif
