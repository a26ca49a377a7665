/* base/device_line.h - a line of a log, as a driver hands it to the sink (drivers/driver.h), and
 * how far its source was read.
 *
 * Depends on: log_record.  Threads: as of the sink.
 */
#ifndef BASE_DEVICE_LINE_H
#define BASE_DEVICE_LINE_H

#include "base/log_record.h"

enum {
    DRIVER_POSITION_SIZE = 104,
    DRIVER_POSITIONS = 32,
    DRIVER_LINES_MAX = 32,     /* of one call of lines() */
    DRIVER_LINES_BYTES = 4096, /* of their texts, without those of the last */
};

/** All texts are borrowed. */
struct driver_line {
    int64_t time_ns; /* UTC, by the source */
    struct log_record record;
    const char *position; /* to go on behind it (P1); NULL: the source keeps it until committed() */
};

/** What of its texts counts for DRIVER_LINES_BYTES. */
static inline size_t driver_line_bytes(const struct driver_line *line)
{
    const struct log_record *record = &line->record;

    return (size_t)record->source.size_bytes + record->fields.size_bytes +
           record->message.size_bytes;
}

#endif
