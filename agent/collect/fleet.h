/* agent/collect/fleet.h - the collectors that run, started and stopped together.
 *
 * Depends on: collector, config.  Threads: the main thread's.
 */
#ifndef AGENT_COLLECT_FLEET_H
#define AGENT_COLLECT_FLEET_H

#include "agent/collect/collector.h"
#include "agent/collect/links.h"
#include "agent/config/config.h"

#include <stddef.h>

struct fleet {
    struct collector_settings settings; /* but for the links, which are these */
    struct links links;
    struct collector **running;
    size_t count, capacity;
    size_t
        abandoned; /* collectors that did not end in time: no longer in the list, still running */
};

/** What changed by fleet_apply(). */
struct fleet_change {
    size_t kept, started, stopped, failed;
    bool interrupted;
};

/** Called while waiting for a collector to end, about every 50 ms. false: wait no longer. */
typedef bool fleet_tick(void *context);

/** Make the running devices those of `config`, taking its devices. A device that runs already with
 *  the same fingerprint stays as it is. A device that cannot be started is logged and counted.
 *  When `tick` ends the waiting, nothing is started: fleet_stop() must follow. */
struct fleet_change fleet_apply(struct fleet *fleet, struct config *config, fleet_tick *tick,
                                void *context);

/** Stop them all; `deadline_ns` is monotonic. Returns how many are still in their drivers;
 *  what they use must then be left to the exit. */
size_t fleet_stop(struct fleet *fleet, int64_t deadline_ns);

/** Forget the list; the collectors have ended or are left to the exit. */
void fleet_deinit(struct fleet *fleet);

#endif
