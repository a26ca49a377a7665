/* sync/schema.h - the columns of each stream: version 1 of the rows (docs/lake-format.md).
 *
 *   [ SCHEMA ] -> sync/encoder, sync/digest -> lake
 *
 * Order and types are frozen: version 1 may only gain nullable columns at the end.
 *
 * Depends on: stream.  Threads: constants; a cell is plain data.
 */
#ifndef SYNC_SCHEMA_H
#define SYNC_SCHEMA_H

#include "base/stream.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SCHEMA_VERSION = 1, SCHEMA_COLUMNS_MAX = 20 };

enum column_type {
    COLUMN_INT32,
    COLUMN_INT64,
    COLUMN_TIMESTAMP, /* microseconds since 1970, UTC */
    COLUMN_DOUBLE,
    COLUMN_STRING, /* UTF-8 */
};

/** How the encoder writes the values. Any reader finds it in the file again; it is no contract. */
enum column_encoding { COLUMN_PLAIN, COLUMN_DELTA, COLUMN_DICTIONARY };

struct schema_column {
    const char *name;
    enum column_type type;
    enum column_encoding encoding;
    bool nullable;
};

struct schema {
    const struct schema_column *columns;
    size_t column_count;
};

/** One value of a row, as the lake sees it. */
struct cell {
    bool present; /* false: null */
    union {
        int64_t integer; /* COLUMN_INT32, COLUMN_INT64, COLUMN_TIMESTAMP */
        double real;
        struct {
            const char *bytes; /* not terminated, borrowed */
            uint32_t size_bytes;
            uint32_t hash; /* any number, but the same for the same bytes */
        } text;
    } value;
};

/** The rows of `stream`, or NULL: version 1 has none for it. */
const struct schema *schema_of(enum stream stream);

/** Nanoseconds to microseconds, rounded down (also before 1970). */
static inline int64_t schema_micros(int64_t ns)
{
    return ns / 1000 - (ns % 1000 < 0 ? 1 : 0);
}

static inline struct cell cell_integer(int64_t value)
{
    return (struct cell){.present = true, .value.integer = value};
}

static inline struct cell cell_real(double value)
{
    return (struct cell){.present = true, .value.real = value};
}

#endif
