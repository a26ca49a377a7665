/* base/log.h - what the operator reads: one line per change of state, `level id key=value ...`.
 *
 * Only agent/ and lake/ log. The id is stable (scripts match it); values with spaces are written in
 * double quotes by the caller: log_info("uplink-failed", "target=%s error=\"%s\"", ...). Control
 * characters become spaces, so foreign text cannot forge a line. Lines go to standard error with
 * the systemd priority prefix when standard error is the journal.
 *
 * Depends on: nothing.  Threads: all; a line is one write().
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/error.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO };

void log_line(enum log_level level, const char *id, const char *format, ...) PRINTF_LIKE(3, 4);

#define log_error(...)   log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...)    log_line(LOG_LEVEL_INFO, __VA_ARGS__)

#endif
