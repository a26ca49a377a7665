/* agent/store/stray_slot.h - find the slots of a damaged queue by what they look like.
 *
 *   page_source -> [ STRAY SLOT ] -> salvage
 *
 *  1. A slot begins with a header whose checksum is right, somewhere in a leaf page; the rest of
 * its 64 KiB follows in a chain of overflow pages (sqlite.org/fileformat2.html, 1.6), whose place
 *     and number the page size gives. No table of the database is needed.
 *  2. Each page number is checked, a chain has its fixed length, so garbage cannot hold anyone up.
 *  3. What cannot be read of a slot is zeros: its batches' checksums end it there.
 *  4. The same slot may be seen twice, since SQLite leaves old copies of leaf pages behind: of
 * those that begin with the same number the longest counts.
 *
 * Memory: 24 bytes for each slot that is found, STRAY_SLOTS_MAX of them at most.
 *
 * Depends on: slot, page_source.  Threads: one user at a time.
 */
#ifndef AGENT_STORE_STRAY_SLOT_H
#define AGENT_STORE_STRAY_SLOT_H

#include "agent/store/page_source.h"
#include "agent/store/slot.h"

enum { STRAY_SLOTS_MAX = 1 << 20 };

struct stray_slot {
    uint64_t first_sequence;
    uint32_t page;
    uint16_t offset; /* of the header in the page */
    uint8_t stream;
};

struct stray_slots {
    struct stray_slot *list; /* by stream, then first_sequence */
    size_t count, capacity;
};

/** Find the slots of this incarnation; 0: of the first one that is seen, which is then filled in.
 *  Errors: ERROR_NO_MEMORY. */
MUST_CHECK enum error_code stray_slots_find(struct page_source *source, uint64_t *incarnation,
                                            struct stray_slots *slots, struct error *error);
void stray_slots_free(struct stray_slots *slots);

/** Read it (rule 3). */
void stray_slot_read(struct page_source *source, const struct stray_slot *slot,
                     uint8_t bytes[SLOT_BYTES]);

#endif
