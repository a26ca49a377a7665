/* agent/clock/clock_watch.h - what happens to the clock: an event and a log line per change.
 *
 *   wall_clock -> [ CLOCK WATCH ] -> events, log, `leat status`
 *
 *  N1  At most CLOCK_TOLD_PER_HOUR changes are told in an hour; the next one that is told counts
 *      those that were not.
 *
 * Depends on: journal, store, wall_clock.  Threads: the main thread's, save for what says
 * otherwise.
 */
#ifndef AGENT_CLOCK_CLOCK_WATCH_H
#define AGENT_CLOCK_CLOCK_WATCH_H

#include "agent/clock/wall_clock.h"
#include "agent/store/store_clock.h"

enum { CLOCK_TOLD_PER_HOUR = 12 };

struct clock_watch {
    struct wall_clock wall;
    struct store *store;
    uint64_t untold;          /* changes since the last one that was told */
    struct wall_change last;  /* of those */
    unsigned told;            /* in this hour */
    int64_t hour_ns;          /* monotonic: when it began */
    _Atomic int64_t since_ns; /* boot time: when the state last changed, or was first seen */
};

/** The clock can be used from now on. */
void clock_watch_init(struct clock_watch *watch, const struct clock *system, bool trusted,
                      int64_t build_ns);

/** The store is open: raise the clock to its newest time, say how the clock stands. */
void clock_watch_start(struct clock_watch *watch, struct store *store);

/** Once a second. */
void clock_watch_look(struct clock_watch *watch);

/** "synchronised", "unsynchronised", "lifted". Any thread. */
const char *clock_watch_state_name(enum clock_state state);

#endif
