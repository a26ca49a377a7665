#include "sync/parquet/writer.h"

#include "sync/parquet/format.h"
#include "sync/parquet/page.h"
#include "sync/parquet/thrift.h"

static enum parquet_type physical_type_of(enum column_type type)
{
    static const enum parquet_type of[] = {
        [COLUMN_INT32] = PARQUET_TYPE_INT32,       [COLUMN_INT64] = PARQUET_TYPE_INT64,
        [COLUMN_TIMESTAMP] = PARQUET_TYPE_INT64,   [COLUMN_DOUBLE] = PARQUET_TYPE_DOUBLE,
        [COLUMN_STRING] = PARQUET_TYPE_BYTE_ARRAY,
    };

    return of[type];
}

/** LogicalType is a union: a struct with one field, here 1 (STRING) or 8 (TIMESTAMP). */
static void put_logical_type(struct thrift_writer *writer, enum column_type type)
{
    thrift_struct(writer, 10);
    if (type == COLUMN_STRING) {
        thrift_struct(writer, 1);
    } else {
        thrift_struct(writer, 8);
        thrift_bool(writer, 1, true); /* adjusted to UTC */
        thrift_struct(writer, 2);
        thrift_struct(writer, 2); /* MICROS */
        thrift_end(writer);
        thrift_end(writer);
    }
    thrift_end(writer);
    thrift_end(writer);
}

/** SchemaElement of a column. */
static void put_schema_column(struct thrift_writer *writer, const struct schema_column *column)
{
    thrift_element_struct(writer);
    thrift_i32(writer, 1, (int32_t)physical_type_of(column->type));
    thrift_i32(writer, 3, column->nullable ? PARQUET_OPTIONAL : PARQUET_REQUIRED);
    thrift_text(writer, 4, column->name);
    if (column->type == COLUMN_STRING) {
        thrift_i32(writer, 6, PARQUET_CONVERTED_UTF8);
        put_logical_type(writer, column->type);
    } else if (column->type == COLUMN_TIMESTAMP) {
        thrift_i32(writer, 6, PARQUET_CONVERTED_TIMESTAMP_MICROS);
        put_logical_type(writer, column->type);
    }
    thrift_end(writer);
}

static void put_schema(struct thrift_writer *writer, const struct schema *schema)
{
    thrift_list(writer, 2, THRIFT_STRUCT, schema->column_count + 1);
    thrift_element_struct(writer);
    thrift_text(writer, 4, "row");
    thrift_i32(writer, 5, (int32_t)schema->column_count);
    thrift_end(writer);
    for (size_t i = 0; i < schema->column_count; i++) {
        put_schema_column(writer, &schema->columns[i]);
    }
}

static void put_statistics(struct thrift_writer *writer, const struct column *column)
{
    const struct column_statistics *statistics = &column->statistics;

    thrift_struct(writer, 12);
    thrift_i64(writer, 3, (int64_t)column->null_count);
    if (statistics->known && !statistics->dropped) {
        thrift_binary(writer, 5, statistics->greatest.bytes, statistics->greatest.size_bytes);
        thrift_binary(writer, 6, statistics->least.bytes, statistics->least.size_bytes);
    }
    thrift_end(writer);
}

/** ColumnMetaData of parquet.thrift. */
static void put_column_metadata(struct thrift_writer *writer, const struct column *column,
                                const struct column_place *place)
{
    bool has_dictionary = column->schema->encoding == COLUMN_DICTIONARY;
    enum parquet_encoding encoding = page_encoding_of(column->schema->encoding);

    thrift_struct(writer, 3);
    thrift_i32(writer, 1, (int32_t)physical_type_of(column->schema->type));
    thrift_list(writer, 2, THRIFT_I32, has_dictionary ? 3 : 2);
    thrift_element_i32(writer, (int32_t)encoding);
    thrift_element_i32(writer, PARQUET_ENCODING_RLE);
    if (has_dictionary) {
        thrift_element_i32(writer, PARQUET_ENCODING_PLAIN);
    }
    thrift_list(writer, 3, THRIFT_BINARY, 1);
    thrift_element_text(writer, column->schema->name);
    thrift_i32(writer, 4, PARQUET_CODEC_ZSTD);
    thrift_i64(writer, 5, (int64_t)column->value_count);
    thrift_i64(writer, 6, (int64_t)place->uncompressed_bytes);
    thrift_i64(writer, 7, (int64_t)place->compressed_bytes);
    thrift_i64(writer, 9, (int64_t)place->data_offset);
    if (has_dictionary) {
        thrift_i64(writer, 11, (int64_t)place->first_offset);
    }
    put_statistics(writer, column);
    thrift_end(writer);
}

static void put_row_group(struct thrift_writer *writer, const struct parquet_file *description)
{
    uint64_t uncompressed = 0;
    uint64_t compressed = 0;

    thrift_element_struct(writer);
    thrift_list(writer, 1, THRIFT_STRUCT, description->schema->column_count);
    for (size_t i = 0; i < description->schema->column_count; i++) {
        const struct column_place *place = &description->places[i];

        thrift_element_struct(writer);
        thrift_i64(writer, 2, (int64_t)place->first_offset);
        put_column_metadata(writer, &description->columns[i], place);
        thrift_end(writer);
        uncompressed += place->uncompressed_bytes;
        compressed += place->compressed_bytes;
    }
    thrift_i64(writer, 2, (int64_t)uncompressed);
    thrift_i64(writer, 3, (int64_t)description->row_count);
    thrift_i64(writer, 5, (int64_t)description->places[0].first_offset);
    thrift_i64(writer, 6, (int64_t)compressed);
    thrift_end(writer);
}

static void put_pairs(struct thrift_writer *writer, const struct parquet_file *description)
{
    thrift_list(writer, 5, THRIFT_STRUCT, description->pair_count);
    for (size_t i = 0; i < description->pair_count; i++) {
        thrift_element_struct(writer);
        thrift_text(writer, 1, description->pairs[i].key);
        thrift_text(writer, 2, description->pairs[i].value);
        thrift_end(writer);
    }
}

/** Without these, readers must not trust minimum and maximum (ColumnOrder, TypeDefinedOrder). */
static void put_column_orders(struct thrift_writer *writer, size_t column_count)
{
    thrift_list(writer, 7, THRIFT_STRUCT, column_count);
    for (size_t i = 0; i < column_count; i++) {
        thrift_element_struct(writer);
        thrift_struct(writer, 1);
        thrift_end(writer);
        thrift_end(writer);
    }
}

bool parquet_append_footer(struct buffer *file, const struct parquet_file *description)
{
    size_t footer_at = file->size;
    struct thrift_writer writer;

    thrift_begin(&writer, file);
    thrift_i32(&writer, 1, PARQUET_FILE_VERSION);
    put_schema(&writer, description->schema);
    thrift_i64(&writer, 3, (int64_t)description->row_count);
    thrift_list(&writer, 4, THRIFT_STRUCT, 1);
    put_row_group(&writer, description);
    put_pairs(&writer, description);
    thrift_text(&writer, 6, description->created_by);
    put_column_orders(&writer, description->schema->column_count);
    thrift_end(&writer);
    page_append_little_endian(file, file->size - footer_at, 4);
    return buffer_append(file, PARQUET_MAGIC, PARQUET_MAGIC_SIZE);
}
