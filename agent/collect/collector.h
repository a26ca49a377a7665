/* agent/collect/collector.h - one device, one thread: connect, read when due, hand on, reconnect.
 *
 *   driver --read--> [ COLLECTOR ] --> agent/pipeline --> agent/store
 *
 *  K1  A failure stays with its device (P4): it is logged and shown once per change of state, every
 *      point gets one bad reading, and the connection is tried again after a back-off of 1 s that
 *      doubles up to 30 s, jittered by a quarter; at 30 s at once when the class is CONFIG.
 *  K2  What could not be read while a device was away becomes an `unread` event when it is back, or
 *      when the collector stops: how many polls, from when to when, why.
 *  K3  Payloads that no point could be made of become `rejected` events, at most one a second: with
 *      the first one's source, reason and bytes, and the count of all. A flood must not push older
 *      events out of the queue; a kill may cost the count of one second of it.
 *  K4  A pushing device's turn ends with a commit and then committed() (P1): nothing is
 *      acknowledged to a source that is not on disk.
 *  K5  The pipeline remembers a sample as kept only when the store has taken it.
 *  K6  What was read of a polled device while the store refused it becomes one `unread` event when
 *      the store takes readings again, or when the collector stops; the log has two lines of it.
 *
 *  K7  A kept reading of a point of role `alarm` is committed at the end of its turn, and a change
 *      of its value or status is an `alarm` event as well. What amounts to COLLECTOR_PENDING_BYTES
 *      is committed at the end of a turn, too.
 *  K8  Polls that came too late and were skipped become `unread` events (agent/collect/lateness.h).
 *  K9  What the driver learned of the device outlives the agent (agent/collect/learned.h).
 *  K10 Errands (agent/collect/errand.h) are run between two reads, and while the device is away.
 *      One that breaks the connection is as a read that failed; what one reads is kept like the
 *      rest.
 *  K11 Behind a failure the driver may ask for more time than the back-off, for others on its link:
 *      that is waited for like the back-off, and no failure of its own.
 *
 * Life: collector_start() -> collector_ask_to_stop() -> collector_join() -> gone.
 *
 * Depends on: config, pipeline, store, status_board, schedule, learned, links, drivers.  Threads:
 * its own.
 */
#ifndef AGENT_COLLECT_COLLECTOR_H
#define AGENT_COLLECT_COLLECTOR_H

#include "agent/collect/links.h"
#include "agent/config/config.h"
#include "agent/status_board.h"
#include "agent/store/store.h"
#include "base/clock.h"

enum { COLLECTOR_PENDING_BYTES = 16 << 10 };

struct collector;

struct collector_settings {
    struct store *store;
    struct status_board *board;
    const struct clock *clock;
    const struct facts_source *host; /* for drivers that report on the gateway; may be NULL */
    const char *learned_folder;      /* of agent/collect/learned.h; NULL: nothing is kept */
    struct errand_board *errands;    /* NULL: nobody has any */
    struct links *links;             /* NULL: devices share no connections */
};

/** Takes `device` on success. `rank`: of agent/collect/schedule.h, H4. */
MUST_CHECK enum error_code collector_start(const struct collector_settings *settings,
                                           struct config_device *device, uint32_t rank,
                                           struct collector **collector, struct error *error);

/** Wakes it; it finishes the read it is in and ends. Any thread. */
void collector_ask_to_stop(struct collector *collector);

/** Wait until it has ended, at most until `deadline_ns` (monotonic), and free it with its device.
 *  false: it is still in its driver; it lives on and must be joined again or left to the exit. */
MUST_CHECK bool collector_join(struct collector *collector, int64_t deadline_ns);

const struct config_device *collector_device(const struct collector *collector);

#endif
