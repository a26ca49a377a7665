#include "lake/parquet/footer.h"

#include "lake/parquet/schema.h"

#include <string.h>

enum { MAGIC_SIZE = 4, TAIL_SIZE = 8, CODEC_ZSTD = 6 };

static void read_statistics(struct thrift_reader *reader, struct parquet_chunk *chunk)
{
    struct thrift_field field = {0};

    while (thrift_next_field(reader, &field)) {
        switch (field.id) {
        case 3:
            chunk->null_count = thrift_read_i64(reader, field.type);
            break;
        case 5:
            chunk->most = thrift_read_binary(reader, field.type);
            break;
        case 6:
            chunk->least = thrift_read_binary(reader, field.type);
            break;
        default:
            thrift_skip(reader, field.type);
        }
    }
}

struct chunk_place {
    int32_t type;
    int32_t codec;
    int64_t value_count;
    int64_t compressed_bytes;
    int64_t data_offset;
    int64_t dictionary_offset; /* 0: none */
    bool named_as_schema;
};

/** path_in_schema must be the one name of a flat column. */
static bool path_names(struct thrift_reader *reader, enum thrift_type type, const char *name)
{
    uint32_t parts = thrift_read_list(reader, type, THRIFT_BINARY);
    bool same = parts == 1;

    for (uint32_t i = 0; i < parts; i++) {
        struct thrift_bytes part = thrift_read_binary(reader, THRIFT_BINARY);

        same &= part.size == strlen(name) && memcmp(part.bytes, name, part.size) == 0;
    }
    return same;
}

static struct chunk_place read_column_metadata(struct thrift_reader *reader,
                                               struct parquet_chunk *chunk)
{
    struct chunk_place place = {0};
    struct thrift_field field = {0};

    while (thrift_next_field(reader, &field)) {
        switch (field.id) {
        case 1:
            place.type = thrift_read_i32(reader, field.type);
            break;
        case 3:
            place.named_as_schema = path_names(reader, field.type, chunk->name);
            break;
        case 4:
            place.codec = thrift_read_i32(reader, field.type);
            break;
        case 5:
            place.value_count = thrift_read_i64(reader, field.type);
            break;
        case 6:
            chunk->uncompressed_bytes = thrift_read_i64(reader, field.type);
            break;
        case 7:
            place.compressed_bytes = thrift_read_i64(reader, field.type);
            break;
        case 9:
            place.data_offset = thrift_read_i64(reader, field.type);
            break;
        case 11:
            place.dictionary_offset = thrift_read_i64(reader, field.type);
            break;
        case 12:
            if (thrift_enter_struct(reader, field.type)) {
                read_statistics(reader, chunk);
            }
            break;
        default:
            thrift_skip(reader, field.type);
        }
    }
    return place;
}

static enum error_code place_chunk(const struct parquet_footer *footer,
                                   const struct chunk_place *place, struct parquet_chunk *chunk,
                                   struct error *error)
{
    int64_t first = place->dictionary_offset != 0 ? place->dictionary_offset : place->data_offset;

    if (place->type != (int32_t)chunk->type || !place->named_as_schema) {
        return error_set(error, ERROR_BAD_DATA,
                         "the chunk of column '%s' is not the column of the schema", chunk->name);
    }
    if (place->codec != CODEC_ZSTD) {
        return error_set(error, ERROR_BAD_DATA, "column '%s' is not compressed with zstd",
                         chunk->name);
    }
    if (place->value_count < 0 || (uint64_t)place->value_count != footer->row_count) {
        return error_set(error, ERROR_BAD_DATA, "column '%s' has %lld values for %llu rows",
                         chunk->name, (long long)place->value_count,
                         (unsigned long long)footer->row_count);
    }
    if (first < MAGIC_SIZE || place->compressed_bytes <= 0 || place->data_offset < first ||
        (uint64_t)first > footer->first_byte ||
        (uint64_t)place->compressed_bytes > footer->first_byte - (uint64_t)first) { /* F2 */
        return error_set(error, ERROR_BAD_DATA, "column '%s' does not lie within the file",
                         chunk->name);
    }
    chunk->first_byte = (size_t)first;
    chunk->size_bytes = (size_t)place->compressed_bytes;
    return ERROR_OK;
}

static enum error_code read_chunk(struct thrift_reader *reader, const struct parquet_footer *footer,
                                  struct parquet_chunk *chunk, struct error *error)
{
    struct chunk_place place = {0};
    struct thrift_field field = {0};

    while (thrift_next_field(reader, &field)) {
        if (field.id == 1) {
            return error_set(error, ERROR_BAD_DATA, "column '%s' stands in another file",
                             chunk->name);
        }
        if (field.id == 3 && thrift_enter_struct(reader, field.type)) {
            place = read_column_metadata(reader, chunk);
        } else {
            thrift_skip(reader, field.type);
        }
    }
    if (reader->failed) {
        return error_set(error, ERROR_BAD_DATA, "the footer is cut off or damaged");
    }
    return place_chunk(footer, &place, chunk, error);
}

/** All chunks of the row group; `*complete`: as many as there are columns. */
static enum error_code read_chunks(struct thrift_reader *reader, enum thrift_type type,
                                   struct parquet_footer *footer, bool *complete,
                                   struct error *error)
{
    uint32_t count = thrift_read_list(reader, type, THRIFT_STRUCT);

    *complete = count == footer->column_count && count > 0;
    for (uint32_t i = 0; *complete && i < count; i++) {
        enum error_code code = read_chunk(reader, footer, &footer->columns[i], error);

        if (code != ERROR_OK) {
            return code;
        }
    }
    return ERROR_OK;
}

static enum error_code read_row_group(struct thrift_reader *reader, struct parquet_footer *footer,
                                      struct error *error)
{
    struct thrift_field field = {0};
    bool complete = false;
    bool same_rows = false;

    while (thrift_next_field(reader, &field)) {
        if (field.id == 1) {
            enum error_code code = read_chunks(reader, field.type, footer, &complete, error);

            if (code != ERROR_OK) {
                return code;
            }
            if (!complete) {
                break;
            }
        } else if (field.id == 3) {
            int64_t rows = thrift_read_i64(reader, field.type);

            same_rows = rows >= 0 && (uint64_t)rows == footer->row_count;
        } else {
            thrift_skip(reader, field.type);
        }
    }
    return complete && same_rows ? ERROR_OK
                                 : error_set(error, ERROR_BAD_DATA,
                                             "the row group has not the columns and rows of the "
                                             "file");
}

static enum error_code read_metadata(struct thrift_reader *reader, enum thrift_type type,
                                     struct parquet_footer *footer, struct error *error)
{
    uint32_t count = thrift_read_list(reader, type, THRIFT_STRUCT);

    for (uint32_t i = 0; i < count; i++) {
        struct parquet_metadata entry = {0};
        struct thrift_field field = {0};
        bool whole = true;

        while (thrift_next_field(reader, &field)) {
            if (field.id == 1) {
                whole &= thrift_copy_text(entry.key, sizeof(entry.key),
                                          thrift_read_binary(reader, field.type));
            } else if (field.id == 2) {
                whole &= thrift_copy_text(entry.value, sizeof(entry.value),
                                          thrift_read_binary(reader, field.type));
            } else {
                thrift_skip(reader, field.type);
            }
        }
        if (!whole) {
            continue; /* another writer's: too long to be one of ours */
        }
        if (footer->metadata_count == PARQUET_METADATA_MAX) {
            return error_set(error, ERROR_BAD_DATA, "the footer has more than %d metadata entries",
                             PARQUET_METADATA_MAX);
        }
        footer->metadata[footer->metadata_count++] = entry;
    }
    return ERROR_OK;
}

/** FileMetaData lists schema, row count and row groups in this order; ours always does. */
static enum error_code read_field(struct thrift_reader *reader, const struct thrift_field *field,
                                  struct parquet_footer *footer, struct error *error)
{
    int64_t rows;

    switch (field->id) {
    case 2:
        return parquet_schema_read(reader, field->type, footer, error);
    case 3:
        rows = thrift_read_i64(reader, field->type);
        if (rows <= 0) {
            return error_set(error, ERROR_BAD_DATA, "the file has no rows");
        }
        footer->row_count = (uint64_t)rows;
        return ERROR_OK;
    case 4:
        if (thrift_read_list(reader, field->type, THRIFT_STRUCT) != 1) {
            return error_set(error, ERROR_BAD_DATA, "the file has not exactly one row group");
        }
        return read_row_group(reader, footer, error);
    case 5:
        return read_metadata(reader, field->type, footer, error);
    default:
        thrift_skip(reader, field->type);
        return ERROR_OK;
    }
}

static enum error_code find_footer(const uint8_t *file, size_t size_bytes, size_t *first,
                                   size_t *size, struct error *error)
{
    static const char magic[] = "PAR1";
    const uint8_t *tail;

    if (size_bytes < MAGIC_SIZE + TAIL_SIZE || memcmp(file, magic, MAGIC_SIZE) != 0 ||
        memcmp(file + size_bytes - MAGIC_SIZE, magic, MAGIC_SIZE) != 0) {
        return error_set(error, ERROR_BAD_DATA,
                         "it does not begin and end as a Parquet file does (%zu bytes)",
                         size_bytes);
    }
    tail = file + size_bytes - TAIL_SIZE;
    *size = (size_t)tail[0] | (size_t)tail[1] << 8 | (size_t)tail[2] << 16 | (size_t)tail[3] << 24;
    if (*size > size_bytes - MAGIC_SIZE - TAIL_SIZE) {
        return error_set(error, ERROR_BAD_DATA, "its footer would be larger than the file");
    }
    *first = size_bytes - TAIL_SIZE - *size;
    return ERROR_OK;
}

enum error_code parquet_footer_parse(const uint8_t *file, size_t size_bytes,
                                     struct parquet_footer *footer, struct error *error)
{
    struct thrift_reader reader;
    struct thrift_field field = {0};
    size_t size = 0; /* optimised gcc does not see that find_footer() fills it */
    bool groups_seen = false;
    enum error_code code;

    memset(footer, 0, sizeof(*footer));
    code = find_footer(file, size_bytes, &footer->first_byte, &size, error);
    if (code != ERROR_OK) {
        return code;
    }
    thrift_init(&reader, file + footer->first_byte, size);
    while (thrift_next_field(&reader, &field)) {
        code = read_field(&reader, &field, footer, error);
        if (code != ERROR_OK) {
            return code;
        }
        groups_seen |= field.id == 4;
    }
    if (reader.failed || reader.at != reader.end || !groups_seen) {
        return error_set(error, ERROR_BAD_DATA, "the footer is cut off or damaged");
    }
    return ERROR_OK;
}

const char *parquet_footer_metadata(const struct parquet_footer *footer, const char *key)
{
    for (unsigned i = 0; i < footer->metadata_count; i++) {
        if (strcmp(footer->metadata[i].key, key) == 0) {
            return footer->metadata[i].value;
        }
    }
    return NULL;
}
