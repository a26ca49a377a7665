#include "tests/torture/clock_world.h"

#include "tests/support/store_room.h"

#define NS_PER_HOUR (3600 * NS_PER_S)
#define NEVER       INT64_MAX

const char *const world_fault_names[WORLD_FAULT_COUNT] = {
    [WORLD_BOOT_1970] = "boots in 1970",
    [WORLD_BOOT_BEHIND] = "boots hours or days behind",
    [WORLD_BOOT_AHEAD] = "boots hours ahead",
    [WORLD_NEVER_RIGHT] = "of these, never set until the next boot",
    [WORLD_NTP_FORWARD] = "NTP steps forward",
    [WORLD_NTP_BACK] = "NTP steps back",
    [WORLD_SET_WRONG] = "set wrong by hours, by hand",
    [WORLD_FLAPPING] = "synchronisation lost and found",
    [WORLD_SUSPEND] = "suspend",
    [WORLD_RESTART] = "agent restarted",
    [WORLD_KILL] = "agent killed with records in memory",
    [WORLD_NO_TARGET] = "target away while the clock changes",
    [WORLD_MIDNIGHT] = "midnight",
};

uint64_t world_dice(struct world *world, uint64_t sides)
{
    return room_random(&world->seed) % sides;
}

static int64_t between(struct world *world, int64_t least_ns, int64_t most_ns)
{
    return least_ns + (int64_t)world_dice(world, (uint64_t)(most_ns - least_ns) + 1);
}

static void show(struct world *world)
{
    world->machine.utc_now_ns = world->true_ns + world->error_ns;
}

void world_ntp(struct world *world)
{
    int64_t before_ns = world->error_ns;

    world->error_ns = between(world, -3 * NS_PER_MS, 3 * NS_PER_MS); /* as good as NTP is */
    world->counts[before_ns < world->error_ns ? WORLD_NTP_FORWARD : WORLD_NTP_BACK]++;
    world->machine.state_now = CLOCK_SYNCHRONISED;
    world->ntp_at_ns = NEVER;
    show(world);
}

static void start_wrong(struct world *world)
{
    uint64_t dice = world_dice(world, 10);

    if (dice < 5 || world->boots == 1) {
        world->counts[WORLD_BOOT_1970]++;
        world->error_ns =
            between(world, 0, 60 * NS_PER_S) - world->true_ns; /* what the kernel took */
    } else if (dice < 8) {
        world->counts[WORLD_BOOT_BEHIND]++;
        world->error_ns = -between(world, NS_PER_S, 200 * NS_PER_HOUR);
    } else {
        world->counts[WORLD_BOOT_AHEAD]++;
        world->error_ns = between(world, NS_PER_S, 9 * NS_PER_HOUR);
    }
    world->machine.state_now = CLOCK_FREE;
}

void world_boot(struct world *world, int64_t off_ns)
{
    static const int64_t after_s[] = {20, 90, 500, 2000, 20000, 80000};

    world->true_ns += off_ns;
    world->boots++;
    for (size_t i = 0; i < SLOT_BOOT_ID_BYTES; i++) {
        world->boot_id[i] = (uint8_t)(world->boots >> (8 * (i % 8)));
    }
    world->machine.boot_now_ns = between(world, 5 * NS_PER_S, 40 * NS_PER_S);
    world->booted_ns = world->true_ns;
    start_wrong(world);
    world->ntp_at_ns = world->true_ns + after_s[world_dice(world, 6)] * NS_PER_S +
                       between(world, 0, 60 * NS_PER_S);
    if (world_dice(world, 6) == 0) {
        world->counts[WORLD_NEVER_RIGHT]++;
        world->ntp_at_ns = NEVER;
    }
    show(world);
}

void world_init(struct world *world, uint64_t seed, int64_t true_ns)
{
    *world = (struct world){.seed = seed, .true_ns = true_ns, .ntp_at_ns = NEVER};
    fixed_clock_init(&world->machine, true_ns);
    world->machine.monotonic_now_ns = INT64_MAX / 2; /* deadlines made of it are not reached */
    world_boot(world, 0);
}

static void pass(struct world *world, int64_t ns)
{
    int64_t day = clock_day_of(world->true_ns);

    world->true_ns += ns;
    world->machine.boot_now_ns += ns;
    world->machine.monotonic_now_ns += ns;
    world->counts[WORLD_MIDNIGHT] += clock_day_of(world->true_ns) != day;
    show(world);
}

void world_go_on(struct world *world, int64_t ns)
{
    int64_t left_ns = world->ntp_at_ns - world->true_ns;

    if (left_ns <= ns) {
        left_ns = left_ns > 0 ? left_ns : 0; /* it was to be while the machine slept */
        pass(world, left_ns);
        world_ntp(world);
        ns -= left_ns;
    }
    pass(world, ns);
}

/** The kernel forgets that it was synchronised when somebody sets the clock. */
static void set_wrong(struct world *world)
{
    int64_t by_ns = between(world, NS_PER_S, 11 * NS_PER_HOUR);

    world->counts[WORLD_SET_WRONG]++;
    world->error_ns += world_dice(world, 2) == 0 ? by_ns : -by_ns;
    world->machine.state_now = CLOCK_FREE;
    world->ntp_at_ns = world->true_ns + between(world, NS_PER_S, 3 * NS_PER_HOUR);
    show(world);
}

static void flap(struct world *world)
{
    world->counts[WORLD_FLAPPING]++;
    world->machine.state_now = CLOCK_FREE;
    world->ntp_at_ns = world->true_ns + between(world, NS_PER_MS, 900 * NS_PER_S);
}

static void sleep_a_while(struct world *world)
{
    int64_t ns = between(world, NS_PER_S, 12 * NS_PER_HOUR);

    world->counts[WORLD_SUSPEND]++;
    pass(world, ns);
    world->machine.monotonic_now_ns -= ns;
}

void world_trouble(struct world *world)
{
    bool is_right = world->machine.state_now == CLOCK_SYNCHRONISED;
    uint64_t dice = world_dice(world, 6000);

    if (dice < 6 && is_right) {
        set_wrong(world);
    } else if (dice < 20 && is_right) {
        flap(world);
    } else if (dice < 23) {
        sleep_a_while(world);
    }
}
