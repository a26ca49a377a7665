/* drivers/lines/syslog.h - lines as syslog has them, on the wire and in files.
 *
 * Depends on: cursor, line_time, members.  Threads: pure.
 */
#ifndef DRIVERS_LINES_SYSLOG_H
#define DRIVERS_LINES_SYSLOG_H

#include "drivers/lines/format.h"
#include "drivers/lines/line_time.h"

/** RFC 3164, chapter 4.1, and what syslogd writes into files: a PRI may be there or not, the time
 * may be of RFC 3339. Host, process id and facility become members. */
bool syslog_3164_parse(struct cursor line, struct line_time *time, struct line_parts *parts);

/** RFC 5424, chapter 6. Host, process id, message id, facility and structured data become members.
 *  `has_time`: false for a NILVALUE. */
bool syslog_5424_parse(struct cursor line, struct line_time *time, bool *has_time,
                       struct line_parts *parts);

#endif
