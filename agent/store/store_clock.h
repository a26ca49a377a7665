/* agent/store/store_clock.h - what the queue knows of the clock its records were stamped by.
 *
 *   store (a record's regime) -> [ STORE CLOCK ] -> agent/time_fix, uplink
 *
 * The store looks at its clock when records are appended and committed, and marks where it was set
 * (docs/queue.md, "The clock"); once the clock is right it knows how far off it was before.
 *
 * Depends on: store.  Threads: as store.h.
 */
#ifndef AGENT_STORE_STORE_CLOCK_H
#define AGENT_STORE_STORE_CLOCK_H

#include "agent/store/store.h"

/** By which clock a record was stamped, and what is known of it now (docs/queue.md, "The clock").
 */
struct store_regime {
    enum clock_state state;
    bool this_boot;        /* of the boot that runs now */
    bool is_known;         /* false: of a slot of version 1, which tells no more than the state */
    int64_t began_ns;      /* UTC by that clock, when it was noticed first */
    int64_t offset_ns;     /* UTC by that clock - boot time */
    bool is_right_known;   /* the clock was right at some time of that boot */
    int64_t correction_ns; /* then: what makes UTC by that clock right */
};

/** Look at the clock, so that a change of it is noticed where nothing is appended: once a second.
 */
void store_look_at_clock(struct store *store);

/** Grows when more is known of the right time than before. */
uint64_t store_clock_version(struct store *store);

/** When the newest record that was there at the opening was received: UTC, corrected where that is
 *  known; 0: there was none. */
int64_t store_newest_ns(const struct store *store);

/** 16 bytes that change with each boot of the machine. */
const uint8_t *store_boot_id(const struct store *store);

#endif
