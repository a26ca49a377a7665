/* agent/store/check.h - is every record that a ring should hold there, and whole?
 *
 *   slots on disk -> [ CHECK ] -> findings, for `leat queue check`
 *
 * Reads the slots in use one by one, as store_read() does, but changes nothing: damage that it
 * finds is told to the caller, and becomes a gap event only when a reader of the data meets it.
 *
 *  1. Every header and every batch's checksum is right, every batch can be decoded.
 *  2. Numbers go on without a hole, from slot to slot too.
 *  3. Every reading has its definition.
 *  4. The lock is held for one slot at a time: a running agent goes on collecting. A slot that is
 *     overwritten meanwhile is passed over.
 *
 * Depends on: store, slot, codec.  Threads: any; memory is one slot and one decoder.
 */
#ifndef AGENT_STORE_CHECK_H
#define AGENT_STORE_CHECK_H

#include "agent/store/store.h"

struct store_finding {
    enum stream stream;
    uint32_t slot;        /* index on disk */
    uint64_t first, last; /* numbers of the records concerned */
    const char *what;     /* "the slot's header is damaged" */
    bool told;            /* a gap event says so already */
};

struct store_check {
    void (*found)(void *context, const struct store_finding *finding);
    bool (*progress)(void *context, uint32_t done, uint32_t total); /* or NULL; false stops it */
    void *context;
    uint64_t slots, batches, records, findings; /* counted on, so begin with zeros */
};

/** Check one ring. Findings are no error. Errors: ERROR_NO_MEMORY, ERROR_IO, ERROR_BUG (a stream
 *  without a ring). */
MUST_CHECK enum error_code store_check_ring(struct store *store, enum stream stream,
                                            struct store_check *check, struct error *error);

#endif
