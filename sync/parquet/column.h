/* sync/parquet/column.h - one column of a Parquet file, written chunk by chunk.
 *
 *   cells of a row -> [ COLUMN: values of the open chunk -> pages ] -> sync/parquet/writer
 *
 * Life: column_init() -> { column_set() for each row, column_flush() per chunk }* ->
 * column_append_to() once -> column_clear() or column_deinit().
 *
 *  Q1  Memory is one chunk of values and the compressed pages, each with a maximum. A column in
 *      which a chunk holds nulls alone takes no memory for values.
 *  Q2  Pages are data pages of version 1 with a CRC-32 over the bytes as they stand in the file;
 *      nulls are left out of the values and marked by definition levels, in nullable columns only.
 *  Q3  Minimum and maximum leave NaN out; a minimum of zero is -0.0, a maximum +0.0
 *      (parquet.thrift, ColumnOrder). Texts over COLUMN_BOUND_MAX bytes at a bound: no statistics.
 *
 * Depends on: schema, encodings, dictionary, zstd.  Threads: one user at a time.
 */
#ifndef SYNC_PARQUET_COLUMN_H
#define SYNC_PARQUET_COLUMN_H

#include "base/buffer.h"
#include "sync/parquet/dictionary.h"
#include "sync/schema.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ZSTD_CCtx_s;

enum { COLUMN_BOUND_MAX = 64 };

/** Least or greatest value, in PLAIN encoding. */
struct column_bound {
    uint8_t bytes[COLUMN_BOUND_MAX];
    size_t size_bytes;
};

struct column_statistics {
    struct column_bound least, greatest;
    bool known;   /* some value was counted */
    bool dropped; /* a bound that does not fit: give none */
};

struct column {
    const struct schema_column *schema;
    uint32_t chunk_rows_max;
    void *values;           /* of the open chunk, by row: int64_t, or uint32_t (see column.c) */
    uint8_t *present;       /* by row, of a nullable column; NULL until its first value */
    bool chunk_has_value;   /* else `present` is out of date and all rows are null */
    uint32_t present_count; /* values in the open chunk, once it has one */
    struct buffer texts;    /* of the open chunk: 4-byte length and bytes each */
    struct dictionary dictionary;
    struct buffer pages;
    uint64_t value_count, null_count; /* in `pages` */
    uint64_t uncompressed_bytes;      /* page headers and page bodies before compression */
    struct column_statistics statistics;
};

/** What all columns share while they make pages. */
struct column_workshop {
    struct ZSTD_CCtx_s *zstd;
    struct buffer body, packed, header;
    uint32_t *levels; /* one chunk of definition levels */
};

/** Where a column ended up in the file. */
struct column_place {
    uint64_t first_offset;     /* of the dictionary page if there is one, else of the first page */
    uint64_t data_offset;      /* of the first data page */
    uint64_t compressed_bytes; /* with page headers */
    uint64_t uncompressed_bytes;
};

/** Takes no memory yet. `maximum_bytes` bounds the pages, the dictionary and a chunk's texts. */
void column_init(struct column *column, const struct schema_column *schema, uint32_t chunk_rows_max,
                 size_t maximum_bytes);

/** Accepts a zeroed column, and twice. */
void column_deinit(struct column *column);

/** Forget all rows and pages. */
void column_clear(struct column *column);

/** The value of row `row` of the open chunk; rows come in order from 0. A null is right in nullable
 *  columns only. false: no memory. */
bool column_set(struct column *column, uint32_t row, const struct cell *cell);

/** Give back the memory of the open chunk, and forget its rows. */
void column_release_chunk(struct column *column);

/** Bytes of all that is finished: pages and dictionary. */
size_t column_size_bytes(const struct column *column);

/** Make one page of the open chunk's `row_count` rows and open the next chunk. false: no memory, or
 *  past the maximum. */
bool column_flush(struct column *column, struct column_workshop *workshop, uint32_t row_count);

/** Append the column to the file: dictionary page, pages. Gives its pages' memory back. */
bool column_append_to(struct column *column, struct column_workshop *workshop, struct buffer *file,
                      struct column_place *place);

#endif
