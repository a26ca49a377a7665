#include "lake/parquet/schema.h"

enum { REPETITION_OPTIONAL = 1 };

/** LogicalType is a union: STRING = 1, TIMESTAMP = 8 {isAdjustedToUTC, unit}. */
static bool read_timestamp(struct thrift_reader *reader)
{
    struct thrift_field field = {0};
    bool utc = false;
    bool microseconds = false;

    while (thrift_next_field(reader, &field)) {
        if (field.id == 1) {
            utc = thrift_read_bool(reader, field.type);
        } else if (field.id == 2 && thrift_enter_struct(reader, field.type)) {
            struct thrift_field unit = {0};

            while (thrift_next_field(reader, &unit)) {
                microseconds = unit.id == 2;
                thrift_skip(reader, unit.type);
            }
        } else {
            thrift_skip(reader, field.type);
        }
    }
    return utc && microseconds;
}

/** false: a logical type the profile does not have. */
static bool read_logical_type(struct thrift_reader *reader, enum parquet_meaning *meaning)
{
    struct thrift_field field = {0};
    bool known = false;

    while (thrift_next_field(reader, &field)) {
        if (field.id == 1) {
            thrift_skip(reader, field.type);
            *meaning = PARQUET_TEXT;
            known = true;
        } else if (field.id == 8 && thrift_enter_struct(reader, field.type)) {
            known = read_timestamp(reader);
            *meaning = PARQUET_TIMESTAMP_US;
        } else {
            thrift_skip(reader, field.type);
        }
    }
    return known;
}

struct element {
    struct parquet_chunk chunk;
    int32_t children;
    bool usable;
};

static struct element read_element(struct thrift_reader *reader)
{
    struct element element = {.usable = true};
    struct thrift_field field = {0};
    int32_t repetition = 0;

    while (thrift_next_field(reader, &field)) {
        switch (field.id) {
        case 1:
            element.chunk.type = (enum parquet_type)thrift_read_i32(reader, field.type);
            break;
        case 3:
            repetition = thrift_read_i32(reader, field.type);
            break;
        case 4:
            element.usable &= thrift_copy_text(element.chunk.name, sizeof(element.chunk.name),
                                               thrift_read_binary(reader, field.type));
            break;
        case 5:
            element.children = thrift_read_i32(reader, field.type);
            break;
        case 10:
            element.usable &= thrift_enter_struct(reader, field.type) &&
                              read_logical_type(reader, &element.chunk.meaning);
            break;
        default:
            thrift_skip(reader, field.type);
        }
    }
    element.usable &= repetition == 0 || repetition == REPETITION_OPTIONAL;
    element.chunk.optional = repetition == REPETITION_OPTIONAL;
    return element;
}

static bool column_fits_the_profile(const struct element *element)
{
    const struct parquet_chunk *chunk = &element->chunk;

    if (!element->usable || element->children != 0 || chunk->name[0] == '\0') {
        return false;
    }
    switch (chunk->meaning) {
    case PARQUET_TEXT:
        return chunk->type == PARQUET_BYTE_ARRAY;
    case PARQUET_TIMESTAMP_US:
        return chunk->type == PARQUET_INT64;
    default:
        return chunk->type == PARQUET_INT32 || chunk->type == PARQUET_INT64 ||
               chunk->type == PARQUET_DOUBLE;
    }
}

enum error_code parquet_schema_read(struct thrift_reader *reader, enum thrift_type type,
                                    struct parquet_footer *footer, struct error *error)
{
    uint32_t count = thrift_read_list(reader, type, THRIFT_STRUCT);
    struct element root;

    if (count < 2 || count > PARQUET_COLUMNS_MAX + 1) {
        return error_set(error, ERROR_BAD_DATA, "the schema has %u elements; 2 to %d are expected",
                         count, PARQUET_COLUMNS_MAX + 1);
    }
    root = read_element(reader);
    if (root.children < 0 || (uint32_t)root.children != count - 1) {
        return error_set(error, ERROR_BAD_DATA, "the schema is nested; flat columns are expected");
    }
    for (uint32_t i = 0; i + 1 < count; i++) {
        struct element element = read_element(reader);

        if (reader->failed || !column_fits_the_profile(&element)) {
            return error_set(error, ERROR_BAD_DATA,
                             "column %u ('%s') is of a kind that Leat's "
                             "profile does not have",
                             i + 1, element.chunk.name);
        }
        footer->columns[i] = element.chunk;
        footer->columns[i].null_count = -1;
    }
    footer->column_count = count - 1;
    return ERROR_OK;
}
