/* agent/clock/wall_clock.h - the clock that the whole agent uses: UTC that is never absurd.
 *
 *   base/clock (the system's) -> [ WALL CLOCK ] -> store, collectors, drivers, uplink
 *
 * A system clock before the floor is certainly wrong: it is not believed, and UTC goes on, by boot
 * time, from where it was last credible; at first, from the floor. It is then CLOCK_LIFTED. The
 * system's clock itself is never set; that is for NTP (docs/adr/0011-the-clock.md).
 *
 *  T1  UTC is never below the floor: the later of the build time and the newest stored time.
 *  T2  The moment the system clock is credible it counts, with no look in between: a record is
 *      never stamped with the sum of two corrections.
 *  T3  A clock that the kernel calls synchronised, or one that is trusted and was set while we
 *      watched, is bound by the build time only: a stored time from the future must not hold it.
 *  T4  Trusted means CLOCK_SYNCHRONISED unless it is lifted; else the kernel's word counts, and
 *      what it does not know is CLOCK_FREE.
 *
 * Life: wall_clock_init() -> wall_clock_raise() -> wall_clock_observe()*.
 *
 * Depends on: base.  Threads: the clock is read by all; observing, raising and trusting are the
 * main thread's.
 */
#ifndef AGENT_CLOCK_WALL_CLOCK_H
#define AGENT_CLOCK_WALL_CLOCK_H

#include "base/clock.h"

#include <stdatomic.h>

#define WALL_CLOCK_STEP_NS (250 * NS_PER_MS) /* a smaller change is not worth a word */

struct wall_clock {
    struct clock clock; /* first: what everyone is given */
    const struct clock *system;
    int64_t build_ns;
    _Atomic int64_t floor_ns;
    _Atomic int64_t base_ns; /* UTC - boot time when the system clock was last credible */
    _Atomic bool trusted;
    int64_t seen_offset_ns; /* UTC - boot time, as last observed */
    int64_t seen_system_ns; /* the same of the system's UTC */
    enum clock_state seen_state;
};

/** When this program was made, UTC: SOURCE_DATE_EPOCH, or the time of its last commit. */
int64_t wall_clock_build_ns(void);

void wall_clock_init(struct wall_clock *wall, const struct clock *system, bool trusted,
                     int64_t build_ns);

/** The newest stored time is known now. */
void wall_clock_raise(struct wall_clock *wall, int64_t newest_stored_ns);

void wall_clock_trust(struct wall_clock *wall, bool trusted);

/** What changed since the last observation. */
struct wall_change {
    enum clock_state before, now;
    bool stepped;
    int64_t from_ns, to_ns; /* UTC of this instant by the clock as it was, and as it is */
};

/** Look, at least once a second; true: the clock stepped or its state changed. */
bool wall_clock_observe(struct wall_clock *wall, struct wall_change *change);

#endif
