/* drivers/lines/time_format.h - how a technician writes down what a time looks like.
 *
 *  | %Y %y      | year of four or two digits (69 to 99: 19..)  | %b %B | Jan or January, in any
 * case | | %m %d %e   | month, day; of one digit, with a blank before | %a %A | a weekday; not
 * looked at    | | %H %I %p   | hour; of 12, with AM or PM                    | %M %S | minute,
 * second              | | %f         | digits behind the second                      | %z    | Z or
 * +02:00; counts instead of the zone | | %F %T      | %Y-%m-%d and %H:%M:%S | %s    | seconds since
 * 1970          | | %%         | a %                                           |       | other
 * characters: themselves |
 *
 * As strptime(3) and Python have them. Month names are English whatever the machine speaks.
 *
 * Depends on: line_time.  Threads: pure.
 */
#ifndef DRIVERS_LINES_TIME_FORMAT_H
#define DRIVERS_LINES_TIME_FORMAT_H

#include "base/error.h"
#include "drivers/lines/line_time.h"

/** Are all letters known, and do they tell a time and a day? Errors: ERROR_BAD_CONFIG. */
MUST_CHECK enum error_code time_format_check(const char *format, struct error *error);

/** Take a time that is written so. false: what is there is not; the cursor stands anywhere. */
bool time_format_take(const char *format, struct cursor *cursor, struct line_time *time);

#endif
