/* agent/store/recover.h - from what is on disk to a ring that goes on (S4 of store.h).
 *
 * Depends on: inside.  Threads: while the store is opened: nobody else is there.
 */
#ifndef AGENT_STORE_RECOVER_H
#define AGENT_STORE_RECOVER_H

#include "agent/store/inside.h"

/** A range of numbers that recovery found missing; `reason` NULL: none. */
struct recovered_gap {
    const char *reason; /* NULL: none */
    uint64_t first, last;
    int64_t from_ns, to_ns;
};

/** What the opening found missing of a ring. */
struct recovered_gaps {
    struct recovered_gap oldest, newest;
};

/** Fill a ring from the database. Errors: as database.h. */
MUST_CHECK enum error_code recover_ring(struct store *store, struct ring *ring,
                                        struct recovered_gaps *gaps, struct error *error);

#endif
