/* agent/cutter.h - from what waits in the queue to one batch of a stream: where it begins and ends.
 *
 *   agent/store --> [ CUTTER ] --> sync/encoder --> agent/uplink
 *
 *  B1  A batch begins at the oldest record not acknowledged and ends before the first of: a missing
 *      sequence number, the caller's limit, another UTC day of receipt, a record received more than
 * max_age after the first (or before it by that much), max_bytes encoded. B2  Its range and digest
 * are saved in the store before anyone may upload it. A range that was saved is made again, not
 * chosen again; if some of it is gone meanwhile (evicted: a gap event says so) what is left is cut
 * anew.
 *
 * Depends on: store, sync/encoder.  Threads: the uplink's.
 */
#ifndef AGENT_CUTTER_H
#define AGENT_CUTTER_H

#include "agent/store/store.h"
#include "sync/encoder.h"

#include <stdbool.h>

struct cutter {
    struct store *store;
    struct encoder *encoder;
    const char *site, *gateway;
    uint64_t max_bytes;
    int64_t max_age_ns;
    int64_t last_received_ns; /* of the last record in the batch made last; UTC */
};

/** Make the stream's next batch, with no record after `limit`. `*made` false: nothing waits up to
 *  there. The batch lives until the next call. Errors: what the store and the encoder give. */
MUST_CHECK enum error_code cutter_next(struct cutter *cutter, enum stream stream, uint64_t limit,
                                       struct batch *batch, bool *made, struct error *error);

#endif
