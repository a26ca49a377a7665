/* agent/local/line_reader.h - from bytes that arrive in pieces to lines, each bounded.
 *
 *  R1  A line ends at a line feed, which is not part of it. What came after the last one waits.
 *  R2  Of a longer line only the first LINE_READER_MAX bytes are kept: one byte more than a log
 *      record keeps, so that the cut is marked there (base/log_record.h, L2).
 *
 * Life: a zeroed struct is ready.  Depends on: log_record.  Threads: one user at a time.
 */
#ifndef AGENT_LOCAL_LINE_READER_H
#define AGENT_LOCAL_LINE_READER_H

#include "base/log_record.h"

#include <stdbool.h>
#include <stddef.h>

enum { LINE_READER_MAX = LOG_MESSAGE_MAX + 1 };

struct line_reader {
    size_t size;
    bool begun; /* something came after the last line feed */
    char line[LINE_READER_MAX];
};

/** One line, not terminated, borrowed. Return false to stop. */
typedef bool line_reader_take(void *context, const char *line, size_t size);

/** Take these bytes; each line that ends in them is given on. false: take() stopped it; the bytes
 *  after that line are forgotten. */
bool line_reader_feed(struct line_reader *reader, const char *bytes, size_t size,
                      line_reader_take *take, void *context);

#endif
