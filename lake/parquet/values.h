/* lake/parquet/values.h - the values of one column in memory.
 *
 * Made by column.h, which also gives them back.
 *
 * Depends on: base.  Threads: plain data.
 */
#ifndef LAKE_PARQUET_VALUES_H
#define LAKE_PARQUET_VALUES_H

#include "base/buffer.h"

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
