/* agent/uplink/uplink.h - one thread that carries batches to the target and never gives up.
 *
 *   agent/store --> agent/cutter --> [ UPLINK ] --> sync/target --> lake
 *
 *  U1  A stream is due, unless its records wait for the clock (agent/clock/time_fix.h), when its
 *      oldest record is max_age old or of a day that is over, when about max_bytes wait, or when
 * the queue's ring is half full. When one is due, or someone asks (uplink_flush), all streams go,
 *      up to what was on disk at that moment.
 *  U2  The catalogue goes first: no reading arrives before its definition. Events go last: when a
 *      high-water mark arrives, everything below it has arrived.
 *  U3  A batch is acknowledged in the store after the target said that it has it, and not before.
 *  U4  A failed upload is retried: after 1 s, doubling up to 5 min, jittered; a minute at once when
 *      a person must act. Told once per change of state. Acquisition never waits for it (P4).
 *  U5  Queues that were set aside go when the live one has nothing due (agent/uplink/leftovers.h).
 *
 * Life: uplink_start() -> uplink_ask_to_stop() -> uplink_join(). In the caller's thread:
 * uplink_create() -> uplink_turn()* -> uplink_free(); or uplink_drain() alone.
 *
 * Depends on: cutter, status_board, store, sync.  Threads: its own.
 */
#ifndef AGENT_UPLINK_UPLINK_H
#define AGENT_UPLINK_UPLINK_H

#include "agent/config/config.h"
#include "agent/status_board.h"
#include "agent/store/store.h"
#include "base/clock.h"

#include <stdbool.h>

struct uplink;

struct uplink_settings {
    const struct config *config; /* outlives the uplink; its target's state is used */
    struct store *store;
    struct status_board *board;
    const struct clock *clock;
};

MUST_CHECK enum error_code uplink_start(const struct uplink_settings *settings,
                                        struct uplink **uplink, struct error *error);

MUST_CHECK enum error_code uplink_create(const struct uplink_settings *settings,
                                         struct uplink **uplink, struct error *error);

/** What the thread does once a second: upload, if anything is due (U1) or was asked for. */
void uplink_turn(struct uplink *uplink);

/** Accepts NULL. */
void uplink_free(struct uplink *uplink);

/** Upload all that waits now, soon. Any thread. */
void uplink_flush(struct uplink *uplink);

void uplink_ask_to_stop(struct uplink *uplink);

/** As collector_join(). Accepts NULL. */
MUST_CHECK bool uplink_join(struct uplink *uplink, int64_t deadline_ns);

/** Upload all that waits, in this thread; the first failure ends it. */
MUST_CHECK enum error_code uplink_drain(const struct uplink_settings *settings,
                                        struct error *error);

#endif
