/* tests/torture/clock_world.h - a gateway in simulated time: what is true, what its clock says, and
 * what happens to it.
 *
 * True time goes on by itself; the machine's UTC is off by `error_ns`, its boot time counts from
 * the last boot, its monotonic time leaves out what it slept. Everything comes from a seed.
 */
#ifndef TESTS_TORTURE_CLOCK_WORLD_H
#define TESTS_TORTURE_CLOCK_WORLD_H

#include "agent/store/slot.h"
#include "base/clock.h"

#include <stdbool.h>

enum world_fault {
    WORLD_BOOT_1970,
    WORLD_BOOT_BEHIND,
    WORLD_BOOT_AHEAD,
    WORLD_NEVER_RIGHT, /* a boot during which nobody sets the clock */
    WORLD_NTP_FORWARD,
    WORLD_NTP_BACK,
    WORLD_SET_WRONG,
    WORLD_FLAPPING,
    WORLD_SUSPEND,
    WORLD_RESTART,
    WORLD_KILL,
    WORLD_NO_TARGET,
    WORLD_MIDNIGHT,
    WORLD_FAULT_COUNT
};

extern const char *const world_fault_names[WORLD_FAULT_COUNT];

struct world {
    struct fixed_clock machine; /* what the agent's wall clock stands on */
    uint64_t seed;
    int64_t true_ns;   /* UTC */
    int64_t error_ns;  /* the machine's UTC - true_ns */
    int64_t ntp_at_ns; /* true time at which NTP sets the clock; INT64_MAX: not in this boot */
    int64_t booted_ns; /* true time of the boot */
    uint64_t boots;
    uint8_t boot_id[SLOT_BOOT_ID_BYTES];
    uint64_t counts[WORLD_FAULT_COUNT];
};

void world_init(struct world *world, uint64_t seed, int64_t true_ns);

uint64_t world_dice(struct world *world, uint64_t sides);

/** Time goes on; NTP sets the clock when it is time for it. */
void world_go_on(struct world *world, int64_t ns);

/** The machine is switched off for so long and boots: another boot id, mostly a wrong clock. */
void world_boot(struct world *world, int64_t off_ns);

/** Something that may happen to a clock, now and then: mostly nothing does. */
void world_trouble(struct world *world);

/** NTP sets the clock now. */
void world_ntp(struct world *world);

#endif
