/* agent/collect/schedule.h - when the points of a device are due.
 *
 * Polls are aligned to the UTC clock (an interval of 10 s reads at :00, :10, :20), never drift, and
 * a poll that comes too late is skipped and counted, not caught up with.
 *
 *  H1  A schedule is due once in each of its intervals: from k * interval + phase on, for each k.
 *  H2  A clock that steps, either way, makes each schedule due at once, once. Nothing is counted
 *      as missed then: the jump is told from lateness by the monotonic time that went by.
 *  H3  After a wait of schedule_wait_ns() at least one schedule is due.
 *  H4  Of many devices SCHEDULE_RANKS_PER_MS begin in each millisecond, by their ranks, so that
 *      none waits for the others to be read; within the first tenth of the interval, around which
 *      they go again. The first few have no phase at all.
 *
 * Depends on: base/clock.  Threads: belongs to one collector.
 */
#ifndef AGENT_COLLECT_SCHEDULE_H
#define AGENT_COLLECT_SCHEDULE_H

#include <stdint.h>

enum { SCHEDULE_MAX = 32, SCHEDULE_RANKS_PER_MS = 4 };

struct schedule {
    int64_t intervals_ns[SCHEDULE_MAX];
    int64_t phases_ns[SCHEDULE_MAX]; /* H4 */
    int64_t turns[SCHEDULE_MAX];     /* k of the last turn that was due; INT64_MIN: none yet */
    int64_t last_utc_ns, last_monotonic_ns;
    uint32_t count;
};

/** `rank`: 0 for the first device that is polled, 1 for the next, and so on. */
void schedule_init(struct schedule *schedule, const int64_t *intervals_ns, uint32_t count,
                   uint32_t rank);

/** How long after the clock's whole interval the device of this rank is read (H4). */
int64_t schedule_phase_ns(int64_t interval_ns, uint32_t rank);

/** Which schedules are due now, as bits; they count as done. `*missed` grows by the turns that went
 *  by unread. */
uint32_t schedule_due(struct schedule *schedule, int64_t utc_ns, int64_t monotonic_ns,
                      uint64_t *missed);

/** How long until the next one is due, in nanoseconds; at least 0. */
int64_t schedule_wait_ns(const struct schedule *schedule, int64_t utc_ns);

#endif
