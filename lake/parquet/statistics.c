#include "lake/parquet/statistics.h"

#include <string.h>

static uint64_t count_nulls(const struct parquet_column *column)
{
    uint64_t nulls = 0;

    for (size_t i = 0; i < column->present.size; i++) {
        nulls += column->present.bytes[i] == 0;
    }
    return nulls;
}

static int compare_texts(const struct parquet_column *column, const union parquet_value *value,
                         struct thrift_bytes bound)
{
    size_t size = value->text.size;
    size_t common = size < bound.size ? size : bound.size;
    int order =
        common == 0 ? 0 : memcmp(column->texts.bytes + value->text.offset, bound.bytes, common);

    return order != 0 ? order : (size > bound.size) - (size < bound.size);
}

static uint64_t decode_word(struct thrift_bytes bound)
{
    uint64_t word = 0;

    for (size_t i = 0; i < bound.size; i++) {
        word |= (uint64_t)bound.bytes[i] << (8 * i);
    }
    return word;
}

/** The order of a value and a bound; 0 also for NaN. */
static int compare(enum parquet_type type, const struct parquet_column *column,
                   const union parquet_value *value, struct thrift_bytes bound)
{
    uint64_t word;
    double real;
    int64_t integer;

    if (type == PARQUET_BYTE_ARRAY) {
        return compare_texts(column, value, bound);
    }
    word = decode_word(bound);
    if (type == PARQUET_DOUBLE) {
        memcpy(&real, &word, sizeof(real));
        return (value->real > real) - (value->real < real);
    }
    integer = type == PARQUET_INT32 ? (int32_t)(uint32_t)word : (int64_t)word;
    return (value->integer > integer) - (value->integer < integer);
}

static bool has_the_size_of_its_type(enum parquet_type type, struct thrift_bytes bound)
{
    return bound.bytes == NULL || type == PARQUET_BYTE_ARRAY ||
           bound.size == (type == PARQUET_INT32 ? 4 : 8);
}

static bool lies_within(const struct parquet_chunk *chunk, const struct parquet_column *column,
                        uint64_t row)
{
    const union parquet_value *value = parquet_column_at(column, row);

    return (chunk->least.bytes == NULL || compare(chunk->type, column, value, chunk->least) >= 0) &&
           (chunk->most.bytes == NULL || compare(chunk->type, column, value, chunk->most) <= 0);
}

enum error_code parquet_statistics_check(const struct parquet_chunk *chunk,
                                         const struct parquet_column *column, struct error *error)
{
    if (chunk->null_count >= 0 && (uint64_t)chunk->null_count != count_nulls(column)) {
        return error_set(error, ERROR_BAD_DATA,
                         "column '%s': the statistics count other nulls than there are",
                         chunk->name);
    }
    if (!has_the_size_of_its_type(chunk->type, chunk->least) ||
        !has_the_size_of_its_type(chunk->type, chunk->most)) {
        return error_set(error, ERROR_BAD_DATA,
                         "column '%s': the statistics are not of the column's type", chunk->name);
    }
    for (uint64_t row = 0; row < column->row_count; row++) {
        if (!parquet_column_is_null(column, row) && !lies_within(chunk, column, row)) {
            return error_set(error, ERROR_BAD_DATA,
                             "column '%s': a value lies outside the statistics", chunk->name);
        }
    }
    return ERROR_OK;
}
