#include "agent/clock/wall_clock.h"

#include <stdlib.h>

static const struct wall_clock *wall_of(const struct clock *clock)
{
    return (const struct wall_clock *)(const void *)clock; /* its first member */
}

static bool is_credible(const struct wall_clock *wall, int64_t system_ns)
{
    return system_ns >= atomic_load(&wall->floor_ns);
}

static int64_t wall_utc_ns(const struct clock *clock) /* T1, T2 */
{
    const struct wall_clock *wall = wall_of(clock);
    int64_t system_ns = clock_utc_ns(wall->system);

    if (is_credible(wall, system_ns)) {
        return system_ns;
    }
    return clock_boot_ns(wall->system) + atomic_load(&wall->base_ns);
}

static int64_t wall_monotonic_ns(const struct clock *clock)
{
    return clock_monotonic_ns(wall_of(clock)->system);
}

static int64_t wall_boot_ns(const struct clock *clock)
{
    return clock_boot_ns(wall_of(clock)->system);
}

static enum clock_state wall_state(const struct clock *clock) /* T4 */
{
    const struct wall_clock *wall = wall_of(clock);

    if (!is_credible(wall, clock_utc_ns(wall->system))) {
        return CLOCK_LIFTED;
    }
    if (atomic_load(&wall->trusted) || clock_state(wall->system) == CLOCK_SYNCHRONISED) {
        return CLOCK_SYNCHRONISED;
    }
    return CLOCK_FREE;
}

int64_t wall_clock_build_ns(void)
{
    return (int64_t)LEAT_BUILD_TIME * NS_PER_S;
}

/** Where UTC goes on from while the system clock is not credible. */
static void keep_base(struct wall_clock *wall, int64_t boot_ns, int64_t system_ns)
{
    if (is_credible(wall, system_ns)) {
        atomic_store(&wall->base_ns, system_ns - boot_ns);
    } else if (boot_ns + atomic_load(&wall->base_ns) < atomic_load(&wall->floor_ns)) {
        atomic_store(&wall->base_ns, atomic_load(&wall->floor_ns) - boot_ns);
    }
}

static void see(struct wall_clock *wall)
{
    int64_t boot_ns = clock_boot_ns(wall->system);

    wall->seen_system_ns = clock_utc_ns(wall->system) - boot_ns;
    wall->seen_offset_ns = clock_utc_ns(&wall->clock) - boot_ns;
    wall->seen_state = clock_state(&wall->clock);
}

void wall_clock_init(struct wall_clock *wall, const struct clock *system, bool trusted,
                     int64_t build_ns)
{
    wall->clock = (struct clock){wall_utc_ns, wall_monotonic_ns, wall_boot_ns, wall_state};
    wall->system = system;
    wall->build_ns = build_ns;
    atomic_init(&wall->floor_ns, build_ns);
    atomic_init(&wall->base_ns, build_ns - clock_boot_ns(system));
    atomic_init(&wall->trusted, trusted);
    keep_base(wall, clock_boot_ns(system), clock_utc_ns(system));
    see(wall);
}

void wall_clock_raise(struct wall_clock *wall, int64_t newest_stored_ns)
{
    int64_t system_ns = clock_utc_ns(wall->system);

    if (newest_stored_ns <= wall->build_ns ||
        (is_credible(wall, system_ns) && !atomic_load(&wall->trusted) &&
         clock_state(wall->system) == CLOCK_SYNCHRONISED)) {
        return; /* T3 */
    }
    if (system_ns < newest_stored_ns) { /* the base first: T1 holds for who reads meanwhile */
        int64_t base_ns = newest_stored_ns - clock_boot_ns(wall->system);

        if (base_ns > atomic_load(&wall->base_ns)) {
            atomic_store(&wall->base_ns, base_ns);
        }
    }
    atomic_store(&wall->floor_ns, newest_stored_ns);
    see(wall);
}

void wall_clock_trust(struct wall_clock *wall, bool trusted)
{
    atomic_store(&wall->trusted, trusted);
}

/** T3: may the system clock be below the newest stored time, and right? */
static void lower_floor(struct wall_clock *wall, int64_t boot_ns, int64_t system_ns)
{
    bool was_set = llabs(system_ns - boot_ns - wall->seen_system_ns) > WALL_CLOCK_STEP_NS;

    if (system_ns >= wall->build_ns &&
        (atomic_load(&wall->trusted) ? was_set : clock_state(wall->system) == CLOCK_SYNCHRONISED)) {
        atomic_store(&wall->floor_ns, wall->build_ns);
    }
}

bool wall_clock_observe(struct wall_clock *wall, struct wall_change *change)
{
    int64_t boot_ns = clock_boot_ns(wall->system);
    int64_t system_ns = clock_utc_ns(wall->system);

    if (!is_credible(wall, system_ns)) {
        lower_floor(wall, boot_ns, system_ns);
    }
    keep_base(wall, boot_ns, system_ns);
    *change =
        (struct wall_change){.before = wall->seen_state, .from_ns = boot_ns + wall->seen_offset_ns};
    see(wall);
    change->now = wall->seen_state;
    change->to_ns = boot_ns + wall->seen_offset_ns;
    change->stepped = llabs(change->to_ns - change->from_ns) > WALL_CLOCK_STEP_NS;
    return change->stepped || change->now != change->before;
}
