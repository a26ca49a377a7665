/* base/facts.h - what the agent knows of itself, for whoever reports on the gateway.
 *
 *   agent/store, agent/status_board --(agent/machine/self.h)--> [ FACTS ] --> drivers/gateway
 *
 * A driver may not look into the agent; so the agent hands each turn a source, and the driver asks
 * it (docs/adr/0015-facts.md).
 *
 * Depends on: stream.  Threads: read() from any thread, the facts belong to the caller.
 */
#ifndef BASE_FACTS_H
#define BASE_FACTS_H

#include "base/stream.h"

#include <stdbool.h>
#include <stdint.h>

/** One ring of the queue. */
struct facts_ring {
    uint64_t waiting;    /* records that have not reached the lake */
    uint64_t used_bytes; /* by them */
    uint64_t size_bytes; /* that it may have */
    uint64_t lost;       /* records that were dropped or damaged before they reached the lake */
    int64_t oldest_ns;   /* age of the oldest that waits; 0: none waits */
};

struct facts {
    const char *queue_path;                     /* of its file; lives as long as the source */
    struct facts_ring rings[STREAM_RING_COUNT]; /* by enum stream */
    bool has_target;                            /* data goes somewhere */
    bool uplink_up;
    bool has_succeeded;      /* something was uploaded since the start of the agent */
    int64_t last_success_ns; /* age of the last upload; without one, of the agent */
    uint64_t uplink_failures, uplink_bytes; /* since the start of the agent, as the next four */
    uint64_t devices_up, devices_down;      /* now; one that is being tried first is neither */
    uint64_t polls_missed;
    uint64_t payloads_rejected;
};

struct facts_source {
    void (*read)(const struct facts_source *source, struct facts *facts);
};

#endif
