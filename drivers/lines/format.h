/* drivers/lines/format.h - what a line of a log says: when, who, how grave, what.
 *
 *   a line -> [ FORMAT ] -> time, severity, source, message, members of `fields`
 *
 * For every driver whose source gives lines of text. A line is UTF-8 without its end.
 *
 *  LF1 A line that does not have the format is refused as a whole: all of it is the message then,
 * the time that of reading. LF2 The work grows with the length of the line and nothing else: no
 * pattern goes back. LF3 A line that states no time (NILVALUE) has the time of reading. LF4 A time
 * without a zone is of the format's zone (zone.h), one without a year of the latest in which it is
 * not more than a day after the time of reading.
 *
 * Depends on: base, line_time, members, pattern, severity, syslog, time_format, zone.
 * Threads: one at a time per format.
 */
#ifndef DRIVERS_LINES_FORMAT_H
#define DRIVERS_LINES_FORMAT_H

#include "base/log_record.h"
#include "drivers/lines/members.h"
#include "drivers/lines/pattern.h"
#include "drivers/lines/zone.h"

/** In the order of LINE_FORMAT_CHOICES. */
enum line_format_kind {
    LINE_FORMAT_TEXT, /* all of the line is its message */
    LINE_FORMAT_SYSLOG_3164,
    LINE_FORMAT_SYSLOG_5424,
    LINE_FORMAT_ISO,
    LINE_FORMAT_CUSTOM,
};

#define LINE_FORMAT_CHOICES "text|syslog-3164|syslog-5424|iso|custom"

/** What the configuration says; texts that are not said are NULL. */
struct line_format_options {
    uint32_t kind; /* enum line_format_kind */
    const char *pattern, *time_format, *zone;
};

struct line_format {
    enum line_format_kind kind;
    struct pattern pattern;
    const char *time_format;
    struct zone zone;
};

/** What was found in a line; texts point into the line. */
struct line_parts {
    int64_t time_ns; /* UTC */
    enum log_severity severity;
    struct log_text source; /* empty: not said */
    struct log_text message;
    struct members members;
};

/** Make the format, in the memory of the configuration. It borrows the options' texts.
 *  Errors: ERROR_BAD_CONFIG, ERROR_NO_MEMORY. */
MUST_CHECK enum error_code line_format_set(struct line_format *format,
                                           const struct line_format_options *options,
                                           struct arena *arena, struct error *error);

/** All of the line is the message, the time that of reading. */
void line_parts_keep(struct line_parts *parts, const char *line, size_t size, int64_t now_ns);

/** false: the line does not have the format (LF1). `now_ns` is the time of reading, UTC. */
bool line_format_parse(struct line_format *format, const char *line, size_t size, int64_t now_ns,
                       struct line_parts *parts);

/** The same of a record: its first line has the format, the others belong to the message. What does
 *  not have it is kept. false: it does not. */
bool line_format_parse_record(struct line_format *format, const char *text, size_t size,
                              int64_t now_ns, struct line_parts *parts);

#endif
