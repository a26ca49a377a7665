#include "drivers/lines/line_time.h"

#include "base/clock.h"
#include "drivers/lines/offset.h"

#include <string.h>
#include <strings.h>

enum { LEAP_YEARS_APART = 8 }; /* 1896 to 1904 */

bool line_time_take_fraction(struct cursor *cursor, struct line_time *time)
{
    int64_t unit = NS_PER_S / 10;

    if (!cursor_sees_digit(cursor)) {
        return false;
    }
    time->fraction_ns = 0;
    for (; cursor_sees_digit(cursor); cursor->at++, unit /= 10) { /* below 1 ns: dropped */
        time->fraction_ns += (*cursor->at - '0') * unit;
    }
    return true;
}

bool line_time_take_clock(struct cursor *cursor, struct line_time *time)
{
    struct cursor behind;

    if (!cursor_take_number(cursor, 2, 2, &time->hour) || !cursor_take(cursor, ':') ||
        !cursor_take_number(cursor, 2, 2, &time->minute) || !cursor_take(cursor, ':') ||
        !cursor_take_number(cursor, 2, 2, &time->second)) {
        return false;
    }
    behind = *cursor;
    if ((cursor_take(&behind, '.') || cursor_take(&behind, ',')) &&
        line_time_take_fraction(&behind, time)) {
        *cursor = behind;
    }
    return true;
}

bool line_time_take_offset(struct cursor *cursor, struct line_time *time)
{
    time->has_offset = offset_take(cursor, &time->offset_s);
    return time->has_offset;
}

bool line_time_take_iso(struct cursor *cursor, struct line_time *time)
{
    if (!cursor_take_number(cursor, 4, 4, &time->year) || !cursor_take(cursor, '-') ||
        !cursor_take_number(cursor, 2, 2, &time->month) || !cursor_take(cursor, '-') ||
        !cursor_take_number(cursor, 2, 2, &time->day) ||
        (!cursor_take(cursor, 'T') && !cursor_take(cursor, 't') && !cursor_take(cursor, ' ')) ||
        !line_time_take_clock(cursor, time)) {
        return false;
    }
    (void)line_time_take_offset(cursor, time); /* may be left out */
    return time->year > 0;
}

bool line_time_take_month(struct cursor *cursor, struct line_time *time)
{
    static const char *const names[] = {"January",   "February", "March",    "April",
                                        "May",       "June",     "July",     "August",
                                        "September", "October",  "November", "December"};
    size_t left = (size_t)(cursor->end - cursor->at);

    for (unsigned i = 0; i < 12; i++) {
        size_t size = strlen(names[i]);

        if (left >= 3 && strncasecmp(cursor->at, names[i], 3) == 0) {
            cursor->at += left >= size && strncasecmp(cursor->at, names[i], size) == 0 ? size : 3;
            time->month = i + 1;
            return true;
        }
    }
    return false;
}

bool line_time_take_bsd(struct cursor *cursor, struct line_time *time)
{
    return line_time_take_month(cursor, time) && cursor_take(cursor, ' ') &&
           (cursor_take(cursor, ' ') ? cursor_take_number(cursor, 1, 1, &time->day)
                                     : cursor_take_number(cursor, 1, 2, &time->day)) &&
           cursor_take(cursor, ' ') && line_time_take_clock(cursor, time);
}

static unsigned days_in_month(unsigned year, unsigned month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && leap ? 1U : 0U);
}

static bool utc_in_year(const struct line_time *time, unsigned year, struct zone *zone,
                        int64_t now_s, int64_t *utc_s)
{
    int64_t local_s;

    if (time->month < 1 || time->month > 12 || time->day < 1 ||
        time->day > days_in_month(year, time->month) || time->hour > 23 || time->minute > 59 ||
        time->second > 60) { /* 60: a leap second, counted as the first of the next minute */
        return false;
    }
    local_s = clock_day_from_date(year, time->month, time->day) * 86400 +
              (int64_t)time->hour * 3600 + (int64_t)time->minute * 60 + time->second;
    *utc_s = time->has_offset ? local_s - time->offset_s : zone_utc(zone, local_s, now_s);
    return true;
}

static unsigned year_of(int64_t utc_ns)
{
    char date[CLOCK_DATE_SIZE];
    unsigned year = 0;

    clock_format_date(clock_day_of(utc_ns), date, sizeof(date));
    (void)cursor_take_number(&(struct cursor){date, date + 4}, 4, 4, &year); /* 1678 to 2261 */
    return year;
}

static bool utc_in_latest_year(const struct line_time *time, struct zone *zone, int64_t now_ns,
                               int64_t *utc_s)
{
    unsigned next = year_of(now_ns) + 1;

    for (unsigned year = next; year >= next - 1 - LEAP_YEARS_APART; year--) {
        if (utc_in_year(time, year, zone, now_ns / NS_PER_S, utc_s) &&
            *utc_s <= now_ns / NS_PER_S + 86400) {
            return true;
        }
    }
    return false;
}

bool line_time_utc(const struct line_time *time, struct zone *zone, int64_t now_ns, int64_t *utc_ns)
{
    int64_t utc_s = time->epoch_s;

    if (!time->is_epoch &&
        !(time->year == 0 ? utc_in_latest_year(time, zone, now_ns, &utc_s)
                          : utc_in_year(time, time->year, zone, now_ns / NS_PER_S, &utc_s))) {
        return false;
    }
    return !__builtin_mul_overflow(utc_s, NS_PER_S, &utc_s) &&
           !__builtin_add_overflow(utc_s, time->fraction_ns, utc_ns);
}
