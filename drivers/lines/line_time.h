/* drivers/lines/line_time.h - the time that a line begins with, as it is written there.
 *
 * Depends on: cursor, zone.  Threads: pure, but for the zone.
 */
#ifndef DRIVERS_LINES_LINE_TIME_H
#define DRIVERS_LINES_LINE_TIME_H

#include "drivers/lines/cursor.h"
#include "drivers/lines/zone.h"

#include <stdint.h>

/** A date and a time of day that may be none: line_time_utc() tells. */
struct line_time {
    unsigned year; /* 0: not said */
    unsigned month, day, hour, minute, second;
    int64_t fraction_ns;
    bool has_offset; /* `offset_s` east of UTC is said; else the zone tells */
    int32_t offset_s;
    bool is_epoch; /* `epoch_s` is the time, and nothing above but the fraction */
    int64_t epoch_s;
};

/** YYYY-MM-DD, one of "Tt ", hh:mm:ss, a fraction behind . or , and Z or an offset, if they are
 *  there (ISO 8601, RFC 3339). */
bool line_time_take_iso(struct cursor *cursor, struct line_time *time);

/** Mmm dd hh:mm:ss: RFC 3164, chapter 4.1.2; a fraction is taken, too. */
bool line_time_take_bsd(struct cursor *cursor, struct line_time *time);

/** hh:mm:ss, and what may stand behind it. */
bool line_time_take_clock(struct cursor *cursor, struct line_time *time);
bool line_time_take_fraction(struct cursor *cursor, struct line_time *time);
/** Z, +hh:mm, +hhmm or +hh. false: none of these. */
bool line_time_take_offset(struct cursor *cursor, struct line_time *time);
/** Jan or January, in any case. */
bool line_time_take_month(struct cursor *cursor, struct line_time *time);

/** UTC nanoseconds. Without a year it is the latest one in which the time is not more than a day
 *  after `now_ns`. false: there is no such time, or it is outside 1678 to 2261. */
bool line_time_utc(const struct line_time *time, struct zone *zone, int64_t now_ns,
                   int64_t *utc_ns);

#endif
