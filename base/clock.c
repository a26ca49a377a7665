#include "base/clock.h"

#include <stdio.h>
#include <sys/timex.h>
#include <time.h>

static int64_t read_ns(clockid_t id)
{
    struct timespec now = {0};

    (void)clock_gettime(id, &now); /* cannot fail for these three ids */
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

static int64_t system_utc_ns(const struct clock *clock)
{
    (void)clock;
    return read_ns(CLOCK_REALTIME);
}

static int64_t system_monotonic_ns(const struct clock *clock)
{
    (void)clock;
    return read_ns(CLOCK_MONOTONIC);
}

static int64_t system_boot_ns(const struct clock *clock)
{
    (void)clock;
    return read_ns(CLOCK_BOOTTIME);
}

static enum clock_state system_state(const struct clock *clock)
{
    struct timex state = {0};
    int result = adjtimex(&state);

    (void)clock;
    return result < 0 ? CLOCK_UNKNOWN : (result == TIME_ERROR ? CLOCK_FREE : CLOCK_SYNCHRONISED);
}

const struct clock clock_system = {system_utc_ns, system_monotonic_ns, system_boot_ns,
                                   system_state};

static int64_t fixed_utc_ns(const struct clock *clock)
{
    return ((const struct fixed_clock *)(const void *)clock)->utc_now_ns;
}

static int64_t fixed_monotonic_ns(const struct clock *clock)
{
    return ((const struct fixed_clock *)(const void *)clock)->monotonic_now_ns;
}

static int64_t fixed_boot_ns(const struct clock *clock)
{
    return ((const struct fixed_clock *)(const void *)clock)->boot_now_ns;
}

static enum clock_state fixed_state(const struct clock *clock)
{
    return ((const struct fixed_clock *)(const void *)clock)->state_now;
}

void fixed_clock_init(struct fixed_clock *fixed, int64_t utc_ns)
{
    fixed->clock = (struct clock){fixed_utc_ns, fixed_monotonic_ns, fixed_boot_ns, fixed_state};
    fixed->utc_now_ns = utc_ns;
    fixed->monotonic_now_ns = fixed->boot_now_ns = NS_PER_S;
    fixed->state_now = CLOCK_SYNCHRONISED;
}

void fixed_clock_advance(struct fixed_clock *fixed, int64_t ns)
{
    fixed->utc_now_ns += ns;
    fixed->monotonic_now_ns += ns;
    fixed->boot_now_ns += ns;
}

static int64_t floor_divide(int64_t value, int64_t divisor)
{
    int64_t quotient = value / divisor;

    return value % divisor < 0 ? quotient - 1 : quotient;
}

int64_t clock_day_of(int64_t utc_ns)
{
    return floor_divide(utc_ns, NS_PER_DAY);
}

/* Gregorian calendar arithmetic in eras of 400 years that begin on 1 March, so that the leap day is
 * the last day of a year. 719468 is the number of days from 0000-03-01 to 1970-01-01. */
enum { DAYS_PER_ERA = 146097, DAYS_TO_1970 = 719468 };

int64_t clock_day_from_date(int64_t year, unsigned month, unsigned day)
{
    int64_t march_year = month <= 2 ? year - 1 : year;
    int64_t era = floor_divide(march_year, 400);
    int64_t year_of_era = march_year - era * 400;
    int64_t march_month = ((int64_t)month + 9) % 12;
    int64_t day_of_year = (153 * march_month + 2) / 5 + (int64_t)day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * DAYS_PER_ERA + day_of_era - DAYS_TO_1970;
}

void clock_format_date(int64_t day, char *text, size_t text_size)
{
    int64_t shifted = day + DAYS_TO_1970;
    int64_t era = floor_divide(shifted, DAYS_PER_ERA);
    int64_t day_of_era = shifted - era * DAYS_PER_ERA;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t march_month = (5 * day_of_year + 2) / 153;
    int64_t month = march_month < 10 ? march_month + 3 : march_month - 9;
    int64_t year = era * 400 + year_of_era + (month <= 2 ? 1 : 0);
    int64_t day_of_month = day_of_year - (153 * march_month + 2) / 5 + 1;

    (void)snprintf(text, text_size, "%04lld-%02d-%02d", (long long)year, (int)month,
                   (int)day_of_month);
}

void clock_format_stamp(int64_t utc_ns, char *text, size_t text_size)
{
    int64_t day = clock_day_of(utc_ns);
    int64_t ms = (utc_ns - day * NS_PER_DAY) / NS_PER_MS;
    char date[CLOCK_DATE_SIZE];

    clock_format_date(day, date, sizeof(date));
    (void)snprintf(text, text_size, "%sT%02d:%02d:%02d.%03dZ", date, (int)(ms / 3600000),
                   (int)(ms / 60000 % 60), (int)(ms / 1000 % 60), (int)(ms % 1000));
}
