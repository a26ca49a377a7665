#include "agent/collect/lateness.h"

void lateness_note(struct lateness *lateness, const struct clock *clock, uint64_t missed)
{
    if (missed == 0) {
        return;
    }
    lateness->to_ns = clock_utc_ns(clock);
    lateness->last_ns = clock_monotonic_ns(clock);
    if (lateness->missed == 0) {
        lateness->from_ns = lateness->to_ns;
        lateness->began_ns = lateness->last_ns;
    }
    lateness->missed += missed;
}

bool lateness_tell(struct lateness *lateness, const struct clock *clock, bool at_once,
                   struct event *event)
{
    int64_t now_ns = clock_monotonic_ns(clock);

    if (lateness->missed == 0 ||
        (!at_once && now_ns - lateness->last_ns < LATENESS_OVER_S * NS_PER_S &&
         now_ns - lateness->began_ns < LATENESS_MOST_S * NS_PER_S)) {
        return false;
    }
    event->reason = "polls were skipped: the one before took longer than the interval";
    event->count = lateness->missed;
    event->from_ns = lateness->from_ns;
    event->to_ns = lateness->to_ns;
    *lateness = (struct lateness){0};
    return true;
}
