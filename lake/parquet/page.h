/* lake/parquet/page.h - one page of a column: header, checksum, zstd.
 *
 *   column chunk -> [ PAGE ] -> column
 *
 *  G1  A page without a CRC, with a wrong one, larger than the limit, of version 2 or of a kind
 *      the profile does not have is refused with a sentence that names its place in the file.
 *
 * Depends on: base/buffer, base/crc, thrift, zstd.  Threads: pure.
 */
#ifndef LAKE_PARQUET_PAGE_H
#define LAKE_PARQUET_PAGE_H

#include "base/buffer.h"
#include "base/error.h"
#include "lake/parquet/decode.h"

#include <stdbool.h>
#include <stdint.h>

/* As numbered by the format (parquet.thrift, enum Encoding). */
enum parquet_encoding {
    PARQUET_PLAIN = 0,
    PARQUET_PLAIN_DICTIONARY = 2, /* the old name of RLE_DICTIONARY; PLAIN in a dictionary page */
    PARQUET_RLE = 3,
    PARQUET_DELTA_BINARY_PACKED = 5,
    PARQUET_RLE_DICTIONARY = 8,
};

struct parquet_limits {
    uint64_t rows;         /* of a file */
    size_t column_bytes;   /* of one column, decoded, and of one page */
    bool ignore_checksums; /* for the fuzzer alone: it cannot guess a CRC */
};

struct parquet_page {
    bool dictionary;
    uint32_t value_count; /* with nulls */
    int32_t encoding;
    size_t uncompressed_bytes; /* with its header */
};

/** Read the page at the front of `chunk`, which moves on; its content replaces `content`.
 *  `file` is where the file begins, for the sentence. Errors: ERROR_BAD_DATA, ERROR_NO_MEMORY. */
MUST_CHECK enum error_code parquet_page_read(const uint8_t *file, struct byte_span *chunk,
                                             const struct parquet_limits *limits,
                                             struct parquet_page *page, struct buffer *content,
                                             struct error *error);

#endif
