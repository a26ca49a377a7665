/* lake/parquet/column.h - one column of an object, decoded into memory.
 *
 *   object bytes + footer -> [ COLUMN ] -> verify
 *
 * Life: parquet_column_init() -> parquet_column_read()* -> parquet_column_deinit(). Reading again
 * keeps the memory.
 *
 *  N1  Reads exactly the encodings of Leat's profile: PLAIN, RLE_DICTIONARY, DELTA_BINARY_PACKED,
 *      RLE definition levels, pages of version 1, zstd. Anything else is refused with a sentence.
 *  N2  Every length that the file claims is checked against what is there; what is decoded is
 *      bounded by the limits, whatever the file claims.
 *  N3  The chunk's pages fill it exactly, give exactly the rows of the file, and lie within the
 *      statistics that the footer has for them.
 *
 * Depends on: base, decode, footer, page.  Threads: a column belongs to one.
 */
#ifndef LAKE_PARQUET_COLUMN_H
#define LAKE_PARQUET_COLUMN_H

#include "base/buffer.h"
#include "base/error.h"
#include "lake/parquet/footer.h"
#include "lake/parquet/page.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A value of any type; the column's type says which. INT32 is in `integer`. */
union parquet_value {
    int64_t integer;
    double real;
    struct {
        uint32_t offset, size; /* into column.texts */
    } text;
};

struct parquet_column {
    uint64_t row_count;
    struct buffer values;     /* union parquet_value per row; empty when every row is null */
    struct buffer present;    /* a byte per row: 0 for null; empty when no row can be null */
    struct buffer texts;      /* the bytes of all texts */
    struct buffer dictionary; /* union parquet_value; while reading */
    struct buffer page;       /* while reading */
};

void parquet_column_init(struct parquet_column *column, const struct parquet_limits *limits);
void parquet_column_deinit(struct parquet_column *column);

/** Decode the chunk. Errors: ERROR_BAD_DATA (the sentence names the column), ERROR_NO_MEMORY. */
MUST_CHECK enum error_code parquet_column_read(const uint8_t *file,
                                               const struct parquet_footer *footer,
                                               const struct parquet_chunk *chunk,
                                               const struct parquet_limits *limits,
                                               struct parquet_column *column, struct error *error);

static inline bool parquet_column_is_null(const struct parquet_column *column, uint64_t row)
{
    return column->present.size != 0 && column->present.bytes[row] == 0;
}

/** The value of a row that is not null. */
static inline const union parquet_value *parquet_column_at(const struct parquet_column *column,
                                                           uint64_t row)
{
    return (const union parquet_value *)(const void *)column->values.bytes + row;
}

#endif
