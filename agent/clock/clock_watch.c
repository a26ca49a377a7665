#include "agent/clock/clock_watch.h"

#include "agent/journal.h"
#include "base/log.h"

enum { HOUR_S = 3600 };

const char *clock_watch_state_name(enum clock_state state)
{
    return state == CLOCK_SYNCHRONISED ? "synchronised"
           : state == CLOCK_LIFTED     ? "lifted"
                                       : "unsynchronised";
}

static const char *reason_of(const struct wall_change *change)
{
    if (change->now == change->before) {
        return "the system clock was set";
    }
    switch (change->now) {
    case CLOCK_SYNCHRONISED:
        return "the clock is right from now on; what was recorded before is corrected";
    case CLOCK_LIFTED:
        return "the system clock is before the build of this program or the newest record; time "
               "goes on from there until the clock is right";
    default:
        return "the system clock is not synchronised any more, or not yet";
    }
}

static void tell(struct clock_watch *watch, const struct wall_change *change)
{
    char from[CLOCK_STAMP_SIZE], to[CLOCK_STAMP_SIZE];
    const struct event event = {
        .kind = "clock",
        .subject = change->now == change->before ? "step" : clock_watch_state_name(change->now),
        .reason = reason_of(change),
        .count = watch->untold,
        .from_ns = change->from_ns,
        .to_ns = change->to_ns,
    };

    clock_format_stamp(change->from_ns, from, sizeof(from));
    clock_format_stamp(change->to_ns, to, sizeof(to));
    journal_append(watch->store, &watch->wall.clock, &event);
    if (change->now == CLOCK_SYNCHRONISED) {
        log_info("clock", "change=%s from=%s to=%s untold=%llu", event.subject, from, to,
                 (unsigned long long)watch->untold);
    } else {
        log_warning("clock", "change=%s from=%s to=%s untold=%llu reason=\"%s\"", event.subject,
                    from, to, (unsigned long long)watch->untold, event.reason);
    }
    watch->untold = 0;
    watch->told++;
}

void clock_watch_init(struct clock_watch *watch, const struct clock *system, bool trusted,
                      int64_t build_ns)
{
    *watch = (struct clock_watch){.hour_ns = clock_monotonic_ns(system)};
    wall_clock_init(&watch->wall, system, trusted, build_ns);
    atomic_store(&watch->since_ns, clock_boot_ns(system));
}

void clock_watch_start(struct clock_watch *watch, struct store *store)
{
    const struct clock *clock = &watch->wall.clock;
    struct wall_change change = {.before = CLOCK_SYNCHRONISED};

    watch->store = store;
    wall_clock_raise(&watch->wall, store_newest_ns(store));
    store_look_at_clock(store);
    change.now = clock_state(clock);
    change.from_ns = clock_utc_ns(watch->wall.system);
    change.to_ns = clock_utc_ns(clock);
    if (change.now != CLOCK_SYNCHRONISED) {
        tell(watch, &change);
    }
}

/** What came while nothing more was to be told is summed up by its last change. */
static void begin_hour(struct clock_watch *watch, int64_t now_ns)
{
    watch->hour_ns = now_ns;
    watch->told = 0;
    if (watch->untold > 0) {
        watch->untold--; /* the last one is told itself */
        tell(watch, &watch->last);
    }
}

void clock_watch_look(struct clock_watch *watch) /* N1 */
{
    int64_t now_ns = clock_monotonic_ns(&watch->wall.clock);
    struct wall_change change;
    bool changed = wall_clock_observe(&watch->wall, &change);

    store_look_at_clock(watch->store);
    if (now_ns - watch->hour_ns >= HOUR_S * NS_PER_S) {
        begin_hour(watch, now_ns);
    }
    if (!changed) {
        return;
    }
    if (change.now != change.before) {
        atomic_store(&watch->since_ns, clock_boot_ns(&watch->wall.clock));
    }
    if (watch->told < CLOCK_TOLD_PER_HOUR) {
        tell(watch, &change);
    } else {
        watch->last = change;
        watch->untold++;
    }
}
