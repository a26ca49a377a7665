/* tests/support/milestone.h - wait in one process until a count in another one has come that far.
 *
 *   who counts --milestone_pass(count)--> [ MILESTONE, in memory that both map ] -->
 * milestone_wait()
 *
 * The waiter is woken once, when its goal is reached: what is counted costs a load each.
 *
 * Life: zeroed. Threads: one waits, one counts.
 */
#ifndef TESTS_SUPPORT_MILESTONE_H
#define TESTS_SUPPORT_MILESTONE_H

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifdef SYS_futex_time64 /* 32 bits: struct timespec has 64 of them here */
#define MILESTONE_FUTEX SYS_futex_time64
#else
#define MILESTONE_FUTEX SYS_futex
#endif

struct milestone {
    _Atomic uint64_t goal; /* 0: nobody waits */
    _Atomic uint32_t reached;
    uint32_t unused;
};

/** Of who counts, behind each change of its count. */
static inline void milestone_pass(struct milestone *milestone, uint64_t count)
{
    uint64_t goal = atomic_load(&milestone->goal);

    if (goal != 0 && count >= goal) {
        atomic_store(&milestone->goal, 0);
        atomic_store(&milestone->reached, 1);
        (void)syscall(SYS_futex, &milestone->reached, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
    }
}

/** false: `count` did not come to `goal` within that many seconds. */
static inline bool milestone_wait(struct milestone *milestone, const _Atomic uint64_t *count,
                                  uint64_t goal, unsigned seconds)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += seconds;
    atomic_store(&milestone->reached, 0);
    atomic_store(&milestone->goal, goal);
    while (atomic_load(count) < goal && atomic_load(&milestone->reached) == 0) {
        if (syscall(MILESTONE_FUTEX, &milestone->reached, FUTEX_WAIT_BITSET, 0, &until, NULL,
                    FUTEX_BITSET_MATCH_ANY) != 0 &&
            errno == ETIMEDOUT) {
            break;
        }
    }
    atomic_store(&milestone->goal, 0);
    return atomic_load(count) >= goal;
}

#endif
