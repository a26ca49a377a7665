/* drivers/lines/severity.h - the words that programs have for how grave a line is.
 *
 * Depends on: base/log_record.  Threads: pure.
 */
#ifndef DRIVERS_LINES_SEVERITY_H
#define DRIVERS_LINES_SEVERITY_H

#include "base/log_record.h"

/** The word in any case: those of syslog (emerg, alert, crit, err, warning, notice, info, debug)
 * and what Java, .NET, Python, Go and others write (FATAL, SEVERE, WARN, WRN, FINE, TRACE,
 * verbose). LOG_SEVERITY_UNKNOWN: not one of them. */
enum log_severity severity_of_word(const char *word, size_t size);

#endif
