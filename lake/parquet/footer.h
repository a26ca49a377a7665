/* lake/parquet/footer.h - what a Parquet file says about itself, as far as Leat's profile goes.
 *
 *   object bytes -> [ FOOTER ] -> reader
 *
 *  F1  A file outside the profile is refused with a sentence that names what is outside: nested or
 *      repeated columns, more than one row group, another codec than zstd, another type.
 *  F2  Every column chunk lies between the magic and the footer; its bytes are not looked at here.
 *  F3  Texts are copied and terminated; nothing points into the file afterwards except statistics.
 *
 * Depends on: base/error, thrift.  Threads: pure.
 */
#ifndef LAKE_PARQUET_FOOTER_H
#define LAKE_PARQUET_FOOTER_H

#include "base/error.h"
#include "lake/parquet/thrift.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PARQUET_COLUMNS_MAX = 40,
    PARQUET_NAME_SIZE = 48,
    PARQUET_METADATA_MAX = 24,
    PARQUET_METADATA_SIZE = 256,
};

/* Physical types, as numbered by the format (parquet.thrift, enum Type). */
enum parquet_type {
    PARQUET_INT32 = 1,
    PARQUET_INT64 = 2,
    PARQUET_DOUBLE = 5,
    PARQUET_BYTE_ARRAY = 6,
};

/** What a physical type means; another logical type is refused. */
enum parquet_meaning { PARQUET_PLAIN_VALUE, PARQUET_TEXT, PARQUET_TIMESTAMP_US };

struct parquet_chunk {
    char name[PARQUET_NAME_SIZE];
    enum parquet_type type;
    enum parquet_meaning meaning;
    bool optional;
    size_t first_byte; /* of its first page's header, from the start of the file */
    size_t size_bytes; /* of all its pages with their headers */
    int64_t uncompressed_bytes;
    int64_t null_count;              /* of its statistics; -1: not given */
    struct thrift_bytes least, most; /* of its statistics, PLAIN; size 0: not given */
};

struct parquet_metadata {
    char key[PARQUET_NAME_SIZE];
    char value[PARQUET_METADATA_SIZE];
};

struct parquet_footer {
    size_t first_byte; /* of the footer: the SHA-256 in the metadata covers what is before */
    uint64_t row_count;
    unsigned column_count;
    struct parquet_chunk columns[PARQUET_COLUMNS_MAX];
    unsigned metadata_count;
    struct parquet_metadata metadata[PARQUET_METADATA_MAX];
};

/** Errors: ERROR_BAD_DATA. */
MUST_CHECK enum error_code parquet_footer_parse(const uint8_t *file, size_t size_bytes,
                                                struct parquet_footer *footer, struct error *error);

/** The text under `key` in the file's metadata, or NULL. */
const char *parquet_footer_metadata(const struct parquet_footer *footer, const char *key);

#endif
