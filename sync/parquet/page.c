#include "sync/parquet/page.h"

#include "base/crc.h"
#include "sync/parquet/thrift.h"

#include <stdlib.h>
#include <zstd.h>

/* Level 3 with small tables: a gateway has little memory. 64 KiB reach back to the same point's
 * last value with up to 8,192 points polled in turn; a larger window gains nothing with fewer
 * (measured). */
enum { ZSTD_LEVEL = 3, ZSTD_WINDOW_LOG = 16, ZSTD_HASH_LOG = 15, ZSTD_CHAIN_LOG = 15 };

enum error_code column_workshop_init(struct column_workshop *workshop, uint32_t chunk_rows_max,
                                     size_t maximum_bytes, struct error *error)
{
    static const struct {
        ZSTD_cParameter parameter;
        int value;
    } settings[] = {
        {ZSTD_c_compressionLevel, ZSTD_LEVEL},
        {ZSTD_c_windowLog, ZSTD_WINDOW_LOG},
        {ZSTD_c_hashLog, ZSTD_HASH_LOG},
        {ZSTD_c_chainLog, ZSTD_CHAIN_LOG},
        {ZSTD_c_checksumFlag, 0}, /* pages have a CRC of their own */
    };

    *workshop = (struct column_workshop){.zstd = ZSTD_createCCtx()};
    buffer_init(&workshop->body, maximum_bytes);
    buffer_init(&workshop->packed, ZSTD_compressBound(maximum_bytes));
    buffer_init(&workshop->header, 256);
    workshop->levels = calloc(chunk_rows_max, sizeof(*workshop->levels));
    if (workshop->zstd == NULL || workshop->levels == NULL) {
        return error_set(error, ERROR_NO_MEMORY, "no memory to compress batches");
    }
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        if (ZSTD_isError(
                ZSTD_CCtx_setParameter(workshop->zstd, settings[i].parameter, settings[i].value))) {
            return error_set(error, ERROR_BUG, "zstd refuses setting %zu of the encoder", i);
        }
    }
    return ERROR_OK;
}

void column_workshop_deinit(struct column_workshop *workshop)
{
    (void)ZSTD_freeCCtx(workshop->zstd); /* cannot fail for one of this kind */
    free(workshop->levels);
    buffer_deinit(&workshop->body);
    buffer_deinit(&workshop->packed);
    buffer_deinit(&workshop->header);
    *workshop = (struct column_workshop){0};
}

enum parquet_encoding page_encoding_of(enum column_encoding encoding)
{
    static const enum parquet_encoding of[] = {
        [COLUMN_PLAIN] = PARQUET_ENCODING_PLAIN,
        [COLUMN_DELTA] = PARQUET_ENCODING_DELTA_BINARY_PACKED,
        [COLUMN_DICTIONARY] = PARQUET_ENCODING_RLE_DICTIONARY,
    };

    return of[encoding];
}

void page_append_little_endian(struct buffer *out, uint64_t value, size_t size_bytes)
{
    uint8_t bytes[sizeof(value)];

    for (size_t i = 0; i < sizeof(value); i++) {
        bytes[i] = (uint8_t)(value >> (8 * i));
    }
    (void)buffer_append(out, bytes, size_bytes); /* sticks */
}

/** PageHeader of parquet.thrift. */
static void put_header(struct column_workshop *workshop, const struct page *page)
{
    struct buffer *packed = &workshop->packed;
    struct thrift_writer writer;

    buffer_clear(&workshop->header);
    thrift_begin(&writer, &workshop->header);
    thrift_i32(&writer, 1, page->is_dictionary ? PARQUET_PAGE_DICTIONARY : PARQUET_PAGE_DATA);
    thrift_i32(&writer, 2, (int32_t)workshop->body.size);
    thrift_i32(&writer, 3, (int32_t)packed->size);
    thrift_i32(&writer, 4, (int32_t)crc32_gzip(0, packed->bytes, packed->size));
    thrift_struct(&writer, page->is_dictionary ? 7 : 5);
    thrift_i32(&writer, 1, (int32_t)page->value_count);
    thrift_i32(&writer, 2, (int32_t)page->encoding);
    if (!page->is_dictionary) {
        thrift_i32(&writer, 3, PARQUET_ENCODING_RLE); /* of definition levels */
        thrift_i32(&writer, 4, PARQUET_ENCODING_RLE); /* of repetition levels: there are none */
    }
    thrift_end(&writer);
    thrift_end(&writer);
}

bool page_append(struct buffer *out, const struct page *page, struct column_workshop *workshop,
                 uint64_t *uncompressed_bytes)
{
    struct buffer *body = &workshop->body;
    struct buffer *packed = &workshop->packed;
    size_t bound = ZSTD_compressBound(body->size);
    size_t got;

    buffer_clear(packed);
    if (body->failed || body->size > INT32_MAX || !buffer_reserve(packed, bound)) {
        return false;
    }
    got = ZSTD_compress2(workshop->zstd, packed->bytes, packed->capacity, body->bytes, body->size);
    if (ZSTD_isError(got)) {
        return false; /* the room is enough, so what is missing is memory */
    }
    packed->size = got;
    put_header(workshop, page);
    *uncompressed_bytes += workshop->header.size + body->size;
    return !workshop->header.failed &&
           buffer_append(out, workshop->header.bytes, workshop->header.size) &&
           buffer_append(out, packed->bytes, packed->size);
}
