#include "lake/parquet/page.h"

#include "base/crc.h"
#include "lake/parquet/thrift.h"

#include <zstd.h>
#include <zstd_errors.h>

enum { KIND_DATA = 0, KIND_DICTIONARY = 2, FIELD_DATA = 5, FIELD_DICTIONARY = 7 };

struct page_header {
    int32_t kind;
    int32_t uncompressed_bytes, compressed_bytes;
    uint32_t crc;
    bool has_crc;
    int32_t value_count, encoding;
    int32_t definition_encoding;
    bool has_details; /* of its own kind */
};

/** DataPageHeader and DictionaryPageHeader begin alike: value count, encoding. */
static void read_details(struct thrift_reader *reader, struct page_header *header)
{
    struct thrift_field field = {0};

    while (thrift_next_field(reader, &field)) {
        if (field.id == 1) {
            header->value_count = thrift_read_i32(reader, field.type);
        } else if (field.id == 2) {
            header->encoding = thrift_read_i32(reader, field.type);
        } else if (field.id == 3 && header->kind == KIND_DATA) {
            header->definition_encoding = thrift_read_i32(reader, field.type);
        } else {
            thrift_skip(reader, field.type);
        }
    }
}

static struct page_header read_header(struct thrift_reader *reader)
{
    struct page_header header = {.kind = -1, .definition_encoding = PARQUET_RLE};
    struct thrift_field field = {0};

    while (thrift_next_field(reader, &field)) {
        switch (field.id) {
        case 1:
            header.kind = thrift_read_i32(reader, field.type);
            break;
        case 2:
            header.uncompressed_bytes = thrift_read_i32(reader, field.type);
            break;
        case 3:
            header.compressed_bytes = thrift_read_i32(reader, field.type);
            break;
        case 4:
            header.crc = (uint32_t)thrift_read_i32(reader, field.type);
            header.has_crc = true;
            break;
        case FIELD_DATA:
        case FIELD_DICTIONARY:
            if (thrift_enter_struct(reader, field.type)) {
                read_details(reader, &header);
                header.has_details =
                    field.id == (header.kind == KIND_DATA ? FIELD_DATA : FIELD_DICTIONARY);
            }
            break;
        default:
            thrift_skip(reader, field.type);
        }
    }
    return header;
}

static enum error_code check_header(const struct page_header *header, size_t place, size_t left,
                                    const struct parquet_limits *limits, struct error *error)
{
    if ((header->kind != KIND_DATA && header->kind != KIND_DICTIONARY) || !header->has_details ||
        header->definition_encoding != PARQUET_RLE) {
        return error_set(error, ERROR_BAD_DATA,
                         "the page at byte %zu is not a page of version 1 as Leat writes them",
                         place);
    }
    if (header->compressed_bytes < 0 || (uint32_t)header->compressed_bytes > left ||
        header->uncompressed_bytes < 0 ||
        (uint32_t)header->uncompressed_bytes > limits->column_bytes || header->value_count < 0) {
        return error_set(error, ERROR_BAD_DATA, "the page at byte %zu has impossible sizes", place);
    }
    if (!header->has_crc && !limits->ignore_checksums) {
        return error_set(error, ERROR_BAD_DATA, "the page at byte %zu has no checksum", place);
    }
    return ERROR_OK;
}

static enum error_code expand(const uint8_t *bytes, const struct page_header *header, size_t place,
                              struct buffer *content, struct error *error)
{
    size_t size;

    buffer_clear(content);
    /* One more, so that an empty page has a place in memory too. */
    if (!buffer_reserve(content, (size_t)header->uncompressed_bytes + 1)) {
        return error_set(error, ERROR_NO_MEMORY, "there is no memory for the page at byte %zu",
                         place);
    }
    size = ZSTD_decompress(content->bytes, (uint32_t)header->uncompressed_bytes, bytes,
                           (uint32_t)header->compressed_bytes);
    if (ZSTD_getErrorCode(size) == ZSTD_error_memory_allocation) {
        return error_set(error, ERROR_NO_MEMORY,
                         "there is no memory to expand the page at byte %zu", place);
    }
    if (ZSTD_isError(size) || size != (uint32_t)header->uncompressed_bytes) {
        return error_set(error, ERROR_BAD_DATA, "the page at byte %zu does not decompress: %s",
                         place, ZSTD_isError(size) ? ZSTD_getErrorName(size) : "wrong size");
    }
    content->size = size;
    return ERROR_OK;
}

enum error_code parquet_page_read(const uint8_t *file, struct byte_span *chunk,
                                  const struct parquet_limits *limits, struct parquet_page *page,
                                  struct buffer *content, struct error *error)
{
    size_t place = (size_t)(chunk->at - file);
    struct thrift_reader reader;
    struct page_header header;
    size_t header_size;
    enum error_code code;

    thrift_init(&reader, chunk->at, byte_span_left(chunk));
    header = read_header(&reader);
    if (reader.failed) {
        return error_set(error, ERROR_BAD_DATA, "the page header at byte %zu is damaged", place);
    }
    header_size = (size_t)(reader.at - chunk->at);
    code = check_header(&header, place, (size_t)(reader.end - reader.at), limits, error);
    if (code != ERROR_OK) {
        return code;
    }
    if (!limits->ignore_checksums &&
        crc32_gzip(0, reader.at, (uint32_t)header.compressed_bytes) != header.crc) {
        return error_set(error, ERROR_BAD_DATA, "the page at byte %zu fails its checksum", place);
    }
    code = expand(reader.at, &header, place, content, error);
    if (code != ERROR_OK) {
        return code;
    }
    page->dictionary = header.kind == KIND_DICTIONARY;
    page->value_count = (uint32_t)header.value_count;
    page->encoding = header.encoding;
    page->uncompressed_bytes = header_size + content->size;
    chunk->at = reader.at + header.compressed_bytes;
    return ERROR_OK;
}
