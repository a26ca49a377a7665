/* agent/collect/lateness.h - polls that were skipped since they came too late, told now and then.
 *
 * They are counted together until none was skipped for LATENESS_OVER_S, or for LATENESS_MOST_S:
 * a line that is always too slow costs four events an hour.
 *
 * Depends on: base.  Threads: belongs to one collector.
 */
#ifndef AGENT_COLLECT_LATENESS_H
#define AGENT_COLLECT_LATENESS_H

#include "base/clock.h"
#include "base/event.h"

#include <stdbool.h>
#include <stdint.h>

enum { LATENESS_OVER_S = 60, LATENESS_MOST_S = 900 };

/** All zero: nothing to tell. */
struct lateness {
    uint64_t missed;
    int64_t from_ns, to_ns;    /* UTC */
    int64_t began_ns, last_ns; /* monotonic */
};

/** So many polls were skipped just now. */
void lateness_note(struct lateness *lateness, const struct clock *clock, uint64_t missed);

/** Is it time to tell, or is there something and `at_once`? Then fill reason, count and times of
 *  `event` and begin anew. */
bool lateness_tell(struct lateness *lateness, const struct clock *clock, bool at_once,
                   struct event *event);

#endif
