/* agent/machine/self.h - what the agent knows of itself, for drivers (base/facts.h).
 *
 *   store, status_board -> [ SELF ] -> driver_turn.host
 *
 * Depends on: store, status_board.  Threads: reading from any; made before the first.
 */
#ifndef AGENT_MACHINE_SELF_H
#define AGENT_MACHINE_SELF_H

#include "agent/status_board.h"
#include "agent/store/store.h"
#include "base/facts.h"

#include <limits.h>

struct self {
    struct facts_source source; /* first: a driver holds a pointer to it */
    struct store *store;
    struct status_board *board;
    const struct clock *clock;
    int64_t started_ns;        /* monotonic */
    char queue_path[PATH_MAX]; /* as opened: the configuration may have changed since */
};

void self_init(struct self *self, const char *queue_path, struct store *store,
               struct status_board *board, const struct clock *clock);

#endif
