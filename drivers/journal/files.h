/* drivers/journal/files.h - journal files that the library would pass over without a word.
 *
 * Depends on: driver.h.  Threads: pure.
 */
#ifndef DRIVERS_JOURNAL_FILES_H
#define DRIVERS_JOURNAL_FILES_H

#include "drivers/driver.h"

/** Reject each file of `directory` (NULL: the system's journal) that is no journal, or is shorter
 *  than it says: what it holds is not read. */
void files_check(const char *directory, int64_t now_ns, struct driver_sink *sink);

#endif
