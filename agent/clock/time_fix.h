/* agent/clock/time_fix.h - a record's time is left alone, corrected, flagged, or waited for.
 *
 *   agent/store (a record and its clock's regime) -> [ TIME FIX ] -> agent/cutter
 *
 *  F1  A record of a synchronised clock is right. So is one whose clock turned out to have been
 *      right within TIME_FIX_TOLERANCE_NS.
 *  F2  Else, when the right time of its boot is known, it is corrected: its time of receipt, and
 *      its own time where the source gave none (the two are equal then).
 *  F3  Else it waits, as long as its boot goes on and less than the rules allow went by since.
 *  F4  Else it goes up as it is: flagged, and uncertain if it was good.
 *  F5  A slot of version 1 tells no offset: nothing is corrected, nothing waits; what was recorded
 *      while the kernel called the clock not synchronised is flagged.
 *
 * Depends on: store.  Threads: pure.
 */
#ifndef AGENT_CLOCK_TIME_FIX_H
#define AGENT_CLOCK_TIME_FIX_H

#include "agent/store/store_clock.h"
#include "base/event.h"

#define TIME_FIX_TOLERANCE_NS (10 * NS_PER_MS)
#define TIME_FIX_WAIT_FREE_NS (600 * NS_PER_S) /* a clock that is merely not synchronised */

struct time_rules {
    const struct clock *clock; /* for boot time */
    int64_t wait_ns;           /* clock.wait */
    bool may_wait;             /* false: what would wait goes up as it is */
};

struct time_fix {
    int64_t correction_ns;
    uint32_t quality; /* enum status_time */
    int64_t wait_ns;  /* more than 0: not before the right time is known, or that long from now */
};

struct time_fix time_fix_of(const struct time_rules *rules, const struct store_regime *regime,
                            const struct sample *sample);

/** May records with these stand in one batch? */
bool time_fix_same(const struct time_fix *one, const struct time_fix *other);

/** Change times and status of a record. */
void time_fix_apply(const struct time_fix *fix, struct sample *sample);

/** Change an event's from and to where our clock gave them, since `regime` began; `received_ns` is
 *  that of its record, not changed yet. Those of a clock event show the clock as it was; those of
 * an alarm are the source's. */
void time_fix_apply_event(const struct time_fix *fix, const struct store_regime *regime,
                          int64_t received_ns, struct event *event);

#endif
