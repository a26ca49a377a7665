/* sync/parquet/writer.h - the footer of a Parquet file (FileMetaData of parquet.thrift).
 *
 * Depends on: column, thrift, schema.  Threads: pure.
 */
#ifndef SYNC_PARQUET_WRITER_H
#define SYNC_PARQUET_WRITER_H

#include "base/buffer.h"
#include "sync/parquet/column.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct parquet_pair {
    const char *key, *value;
};

struct parquet_file {
    const struct schema *schema;
    const struct column *columns;      /* schema->column_count of them */
    const struct column_place *places; /* as many */
    uint64_t row_count;
    const struct parquet_pair *pairs; /* key/value metadata, in this order */
    size_t pair_count;
    const char *created_by;
};

/** Append footer, its length and the magic. false: no memory, or past the buffer's maximum. */
bool parquet_append_footer(struct buffer *file, const struct parquet_file *description);

#endif
