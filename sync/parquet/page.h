/* sync/parquet/page.h - compresses a page body, puts its header in front, appends both.
 *
 * Depends on: column (the workshop), thrift, crc, zstd.  Threads: one user at a time.
 */
#ifndef SYNC_PARQUET_PAGE_H
#define SYNC_PARQUET_PAGE_H

#include "base/buffer.h"
#include "base/error.h"
#include "sync/parquet/column.h"
#include "sync/parquet/format.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct page {
    bool is_dictionary;
    uint32_t value_count; /* nulls included; of a dictionary: its texts */
    enum parquet_encoding encoding;
};

/** The compressor and the buffers. Errors: ERROR_NO_MEMORY; deinit whatever the answer. */
MUST_CHECK enum error_code column_workshop_init(struct column_workshop *workshop,
                                                uint32_t chunk_rows_max, size_t maximum_bytes,
                                                struct error *error);

/** Accepts a zeroed workshop, and twice. */
void column_workshop_deinit(struct column_workshop *workshop);

enum parquet_encoding page_encoding_of(enum column_encoding encoding);

/** Compress workshop->body and append the page to `out`; adds what a reader counts as uncompressed
 *  to `*uncompressed_bytes`. false: no memory, past a maximum, or the body has failed before. */
bool page_append(struct buffer *out, const struct page *page, struct column_workshop *workshop,
                 uint64_t *uncompressed_bytes);

/** Failures stick in the buffer. */
void page_append_little_endian(struct buffer *out, uint64_t value, size_t size_bytes);

#endif
