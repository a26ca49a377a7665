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
 *  L4  A marked batch has the clock's regime in front of its payload: it holds for this batch and
 *      all that follow up to the next mark. The first batch of a slot is marked, and whichever
 *      comes when the clock was set; slots of version 1 have no marks.
 *  L5  A batch of which only the number is damaged has the right checksum for the number that must
 *      come next: it counts.
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
    SLOT_MARK_BYTES = 17,
    SLOT_BOOT_ID_BYTES = 16,
};

enum { SLOT_VERSION = 2 };

/** A clock that was not set meanwhile: what both clocks said at one instant, and what was known of
 *  UTC. Within a regime UTC - boot time is the same. */
struct slot_regime {
    int64_t boot_ns, utc_ns;
    enum clock_state state;
};

/** The difference of two such offsets fits an int64_t; they reach from 1896 to 2189. */
static inline bool slot_offset_is_plausible(int64_t offset_ns)
{
    return offset_ns >= -(INT64_MAX / 4) && offset_ns <= INT64_MAX / 4 * 3;
}

static inline int64_t slot_regime_offset_ns(const struct slot_regime *regime)
{
    return regime->utc_ns - regime->boot_ns; /* fits: slot_cursor_next() takes no other */
}

struct slot_header {
    unsigned version; /* read: 1 or SLOT_VERSION; what is written is of SLOT_VERSION */
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
    bool marked;
    struct slot_regime regime; /* only of a marked one */
};

/** What stands in front of a batch's payload. */
static inline size_t slot_batch_overhead_bytes(const struct slot_batch *batch)
{
    return SLOT_BATCH_HEADER_BYTES + (batch->marked ? (size_t)SLOT_MARK_BYTES : 0);
}

/** Write the header; returns the checksum from which the first batch's starts. */
uint32_t slot_write_header(const struct slot_header *header, uint8_t bytes[SLOT_HEADER_BYTES]);

/** false: not a header of this version, or damaged. */
bool slot_read_header(const uint8_t bytes[SLOT_HEADER_BYTES], struct slot_header *header,
                      uint32_t *chain);

/** Write what stands in front of a batch's payload, which is already there, at bytes +
 *  slot_batch_overhead_bytes(). `chain` is the checksum before; returns the one after.
 * batch->payload is not read. */
uint32_t slot_seal_batch(uint8_t *bytes, const struct slot_batch *batch, uint32_t chain);

/** Where one is in a slot. */
struct slot_cursor {
    const uint8_t *bytes; /* SLOT_BYTES */
    size_t at;
    uint64_t next_sequence;
    uint32_t chain;
    bool regime_known;         /* false before the first mark, and in slots of version 1 */
    struct slot_regime regime; /* of the batch that was read last (L4) */
};

enum slot_step { SLOT_STEP_BATCH, SLOT_STEP_END, SLOT_STEP_DAMAGED };

/** Stand before the first batch. */
void slot_cursor_init(struct slot_cursor *cursor, const uint8_t *bytes,
                      const struct slot_header *header, uint32_t chain);

/** Go to the next batch (L1, L3). */
enum slot_step slot_cursor_next(struct slot_cursor *cursor, struct slot_batch *batch);

/** After SLOT_STEP_DAMAGED: the highest sequence number that the damaged rest seems to hold;
 *  `*is_certain` (may be NULL) when whole batches up to it follow the damaged one. */
uint64_t slot_cursor_last_seen(const struct slot_cursor *cursor, bool *is_certain);

#endif
