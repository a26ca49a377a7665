/* base/clock.h - what time it is, from a source that a test can set.
 *
 * Three times, all int64_t nanoseconds: UTC since 1970 (may step) names records; monotonic (never
 * steps, restarts at boot, stands still while the machine sleeps) measures intervals and deadlines;
 * boot time (as monotonic, but goes on while the machine sleeps) tells how far apart two moments of
 * one boot really were. Whoever needs time is given a clock.
 *
 * Depends on: nothing.  Threads: reading is safe from any thread; a fixed clock is set by its test.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NS_PER_US  INT64_C(1000)
#define NS_PER_MS  INT64_C(1000000)
#define NS_PER_S   INT64_C(1000000000)
#define NS_PER_DAY (INT64_C(86400) * NS_PER_S)

/** What is known of UTC: FREE is a clock that nobody sets, or nobody has set yet; LIFTED one that
 *  was plainly wrong and goes on from a time that has certainly passed: agent/clock/wall_clock.h */
enum clock_state { CLOCK_UNKNOWN, CLOCK_SYNCHRONISED, CLOCK_FREE, CLOCK_LIFTED };

struct clock {
    int64_t (*utc_ns)(const struct clock *clock);
    int64_t (*monotonic_ns)(const struct clock *clock);
    int64_t (*boot_ns)(const struct clock *clock);
    enum clock_state (*state)(const struct clock *clock);
};

/** The machine's own clocks; the state is what the kernel was told (adjtimex). */
extern const struct clock clock_system;

/** A clock that stands still until it is moved. Give `&fixed.clock` to the code under test. */
struct fixed_clock {
    struct clock clock;
    int64_t utc_now_ns;
    int64_t monotonic_now_ns;
    int64_t boot_now_ns;
    enum clock_state state_now; /* CLOCK_SYNCHRONISED at first */
};

void fixed_clock_init(struct fixed_clock *fixed, int64_t utc_ns);

/** All times go on by `ns`. */
void fixed_clock_advance(struct fixed_clock *fixed, int64_t ns);

static inline int64_t clock_utc_ns(const struct clock *clock)
{
    return clock->utc_ns(clock);
}

static inline int64_t clock_monotonic_ns(const struct clock *clock)
{
    return clock->monotonic_ns(clock);
}

static inline int64_t clock_boot_ns(const struct clock *clock)
{
    return clock->boot_ns(clock);
}

static inline enum clock_state clock_state(const struct clock *clock)
{
    return clock->state(clock);
}

/** Whole UTC days since 1970 of `utc_ns`, rounded down (also before 1970). */
int64_t clock_day_of(int64_t utc_ns);

enum { CLOCK_DATE_SIZE = sizeof("-9999999-12-31"), CLOCK_STAMP_SIZE = 40 };

/** Write `day` (days since 1970) as YYYY-MM-DD into `text` (at least CLOCK_DATE_SIZE bytes). */
void clock_format_date(int64_t day, char *text, size_t text_size);

/** Write `utc_ns` as YYYY-MM-DDTHH:MM:SS.mmmZ into `text` (at least CLOCK_STAMP_SIZE bytes). */
void clock_format_stamp(int64_t utc_ns, char *text, size_t text_size);

/** Days since 1970 of a proleptic Gregorian date; months and days start at 1. */
int64_t clock_day_from_date(int64_t year, unsigned month, unsigned day);

#endif
