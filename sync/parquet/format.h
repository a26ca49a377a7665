/* sync/parquet/format.h - numbers of the Parquet format (parquet.thrift of apache/parquet-format).
 *
 * Only those of our profile. Shared by the writer here and the reader in lake/.
 *
 * Depends on: nothing.  Threads: constants.
 */
#ifndef SYNC_PARQUET_FORMAT_H
#define SYNC_PARQUET_FORMAT_H

#define PARQUET_MAGIC "PAR1"

enum {
    PARQUET_MAGIC_SIZE = 4,
    PARQUET_TAIL_SIZE = 8, /* the footer's length, 4 bytes little-endian, and the magic */
    PARQUET_FILE_VERSION = 2
};

enum parquet_type {
    PARQUET_TYPE_INT32 = 1,
    PARQUET_TYPE_INT64 = 2,
    PARQUET_TYPE_DOUBLE = 5,
    PARQUET_TYPE_BYTE_ARRAY = 6,
};

enum parquet_repetition { PARQUET_REQUIRED = 0, PARQUET_OPTIONAL = 1 };

enum parquet_converted { PARQUET_CONVERTED_UTF8 = 0, PARQUET_CONVERTED_TIMESTAMP_MICROS = 10 };

enum parquet_encoding {
    PARQUET_ENCODING_PLAIN = 0,
    PARQUET_ENCODING_RLE = 3,
    PARQUET_ENCODING_DELTA_BINARY_PACKED = 5,
    PARQUET_ENCODING_RLE_DICTIONARY = 8,
};

enum parquet_page { PARQUET_PAGE_DATA = 0, PARQUET_PAGE_DICTIONARY = 2 };

enum { PARQUET_CODEC_ZSTD = 6 };

#endif
