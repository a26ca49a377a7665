#include "agent/collect/schedule.h"

#include "base/clock.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

/* UTC and monotonic time that disagree by more than this since the last turn: the clock stepped. */
enum { STEP_TOLERANCE_MS = 200, PHASE_SHARE = 10 /* of the interval: a tenth */ };

int64_t schedule_phase_ns(int64_t interval_ns, uint32_t rank)
{
    int64_t room_ns = interval_ns / PHASE_SHARE;

    return room_ns == 0 ? 0 : rank / SCHEDULE_RANKS_PER_MS * NS_PER_MS % room_ns;
}

void schedule_init(struct schedule *schedule, const int64_t *intervals_ns, uint32_t count,
                   uint32_t rank)
{
    assert(count <= SCHEDULE_MAX);
    *schedule = (struct schedule){.count = count};
    for (uint32_t i = 0; i < count; i++) {
        assert(intervals_ns[i] > 0);
        schedule->intervals_ns[i] = intervals_ns[i];
        schedule->phases_ns[i] = schedule_phase_ns(intervals_ns[i], rank);
        schedule->turns[i] = INT64_MIN;
    }
}

/** k of H1. */
static int64_t turn_of(const struct schedule *schedule, uint32_t i, int64_t utc_ns)
{
    int64_t since_ns = utc_ns - schedule->phases_ns[i];
    int64_t turn = since_ns / schedule->intervals_ns[i];

    return since_ns % schedule->intervals_ns[i] < 0 ? turn - 1 : turn;
}

static bool clock_stepped(const struct schedule *schedule, int64_t utc_ns, int64_t monotonic_ns)
{
    int64_t apart = (utc_ns - schedule->last_utc_ns) - (monotonic_ns - schedule->last_monotonic_ns);

    return llabs(apart) > STEP_TOLERANCE_MS * NS_PER_MS;
}

uint32_t schedule_due(struct schedule *schedule, int64_t utc_ns, int64_t monotonic_ns,
                      uint64_t *missed)
{
    bool stepped = clock_stepped(schedule, utc_ns, monotonic_ns);
    uint32_t due = 0;

    for (uint32_t i = 0; i < schedule->count; i++) {
        int64_t turn = turn_of(schedule, i, utc_ns);
        bool first = schedule->turns[i] == INT64_MIN;

        if (!first && !stepped && turn <= schedule->turns[i]) {
            continue; /* <=: a clock slewed back over a boundary does not read twice */
        }
        if (!first && !stepped) {
            *missed += (uint64_t)(turn - schedule->turns[i] - 1);
        }
        schedule->turns[i] = turn;
        due |= UINT32_C(1) << i;
    }
    schedule->last_utc_ns = utc_ns;
    schedule->last_monotonic_ns = monotonic_ns;
    return due;
}

int64_t schedule_wait_ns(const struct schedule *schedule, int64_t utc_ns)
{
    int64_t least = INT64_MAX;

    for (uint32_t i = 0; i < schedule->count; i++) {
        int64_t next_ns =
            (turn_of(schedule, i, utc_ns) + 1) * schedule->intervals_ns[i] + schedule->phases_ns[i];
        int64_t wait_ns = schedule->turns[i] == INT64_MIN ? 0 : next_ns - utc_ns;

        least = wait_ns < least ? wait_ns : least;
    }
    return least;
}
