/* agent/local/requests.h - what the agent answers on its socket: a function for each request.
 *
 *   leat status, upload, log, queue, write --(local socket)--> [ REQUESTS ] --> status_report,
 * uplink ...
 *
 * Depends on: config, store, uplink, upkeep, status_report, log_intake, inspect, write_request.
 * Threads: requests are served on the connections' threads; the main thread changes what `lock`
 * guards.
 */
#ifndef AGENT_LOCAL_REQUESTS_H
#define AGENT_LOCAL_REQUESTS_H

#include "agent/clock/clock_watch.h"
#include "agent/collect/errand.h"
#include "agent/config/config.h"
#include "agent/local/local_api.h"
#include "agent/machine/upkeep.h"
#include "agent/uplink/uplink.h"

#include <pthread.h>
#include <stdatomic.h>

/** What the main thread and the connections' threads share. */
struct shared {
    pthread_mutex_t lock; /* guards config, uplink, upkeep, queue_error */
    struct config *config;
    struct uplink *uplink; /* NULL without a target, and while a configuration is applied */
    struct upkeep upkeep;
    char queue_error[256]; /* "" while commits go through */

    const struct clock_watch *clock_watch; /* from here on: set before the first request */
    const struct clock *clock;
    struct store *store;
    struct status_board *board;
    struct errand_board *errands;
    int64_t started_ns;    /* monotonic */
    atomic_flag exporting; /* one export of the queue at a time */
};

/** local_api_serve; `context` is a struct shared. A request is a word, which may have arguments
 *  after a space. */
void requests_serve(void *context, const char *request, struct local_peer *peer);

#endif
