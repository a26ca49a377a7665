/* agent/uplink/cutter.h - from what waits to one batch of a stream: where it begins and ends.
 *
 *   agent/store --> [ CUTTER ] --> sync/encoder --> agent/uplink
 *
 *  B1  A batch begins at the oldest record not acknowledged and ends before the first of: a missing
 *      sequence number, the caller's limit, another UTC day of receipt, a record received more than
 *      max_age after the first (or before it by that much), max_bytes encoded, a record whose time
 *      needs another correction or quality. Days and ages are those of corrected times.
 *  B2  Its range and digest are saved in the store before anyone may upload it, with the correction
 *      and the quality of its times. A range that was saved is made again, not chosen again; if
 *      some of it is gone meanwhile (evicted: a gap event says so) what is left is cut anew.
 *  B3  A record that waits for the clock (agent/clock/time_fix.h) begins no batch. Where one
 *      begins that has waited long enough, those after it need not, or each would become a batch.
 *
 * Depends on: store, time_fix, sync/encoder.  Threads: the uplink's.
 */
#ifndef AGENT_UPLINK_CUTTER_H
#define AGENT_UPLINK_CUTTER_H

#include "agent/clock/time_fix.h"
#include "agent/store/store.h"
#include "sync/encoder.h"

#include <stdbool.h>

struct cutter {
    struct store *store;
    struct encoder *encoder;
    const char *site, *gateway;
    uint64_t max_bytes;
    int64_t max_age_ns;
    struct time_rules time_rules;
    int64_t clock_wait_ns; /* the last call made nothing, since the records wait for the clock, at
                              most this long from now; 0: it is not that */
};

/** Make the stream's next batch, with no record after `limit`. `*made` false: nothing waits up to
 *  there, or it waits for the clock (clock_wait_ns). The batch lives until the next call. Errors:
 * what the store and the encoder give. */
MUST_CHECK enum error_code cutter_next(struct cutter *cutter, enum stream stream, uint64_t limit,
                                       struct batch *batch, bool *made, struct error *error);

/** Sequence numbers, both inclusive. */
struct cutter_range {
    uint64_t first, last;
};

/** The batch that begins with `range` or the next record that is there, for somebody who only looks
 *  on: nothing is saved, nobody may upload it. As cutter_next() else. */
MUST_CHECK enum error_code cutter_look(struct cutter *cutter, enum stream stream,
                                       struct cutter_range range, struct batch *batch, bool *made,
                                       struct error *error);

#endif
