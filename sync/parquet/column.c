#include "sync/parquet/column.h"

#include "sync/parquet/encodings.h"
#include "sync/parquet/page.h"
#include "sync/parquet/statistics.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { LENGTH_BYTES = 4 };

void column_init(struct column *column, const struct schema_column *schema, uint32_t chunk_rows_max,
                 size_t maximum_bytes)
{
    *column = (struct column){.schema = schema, .chunk_rows_max = chunk_rows_max};
    buffer_init(&column->texts, maximum_bytes);
    buffer_init(&column->pages, maximum_bytes);
    dictionary_init(&column->dictionary, maximum_bytes);
}

void column_deinit(struct column *column)
{
    column_release_chunk(column);
    buffer_deinit(&column->pages);
    dictionary_deinit(&column->dictionary);
    *column = (struct column){0};
}

void column_clear(struct column *column)
{
    column->chunk_has_value = false;
    buffer_clear(&column->texts);
    buffer_clear(&column->pages);
    dictionary_clear(&column->dictionary);
    column->value_count = column->null_count = column->uncompressed_bytes = 0;
    column->statistics = (struct column_statistics){0};
}

/** Narrow values are 4 bytes a row: an INT32, a dictionary's number, an offset into `texts`. */
static bool is_narrow(const struct column *column)
{
    return column->schema->type == COLUMN_INT32 || column->schema->type == COLUMN_STRING;
}

/** Memory for a chunk's values, at the first one (Q1). */
static bool begin_values(struct column *column, uint32_t row)
{
    size_t width = is_narrow(column) ? sizeof(uint32_t) : sizeof(int64_t);

    if (column->values == NULL) {
        column->values = malloc(column->chunk_rows_max * width);
    }
    if (column->schema->nullable && column->present == NULL) {
        column->present = malloc(column->chunk_rows_max);
    }
    if (column->values == NULL || (column->schema->nullable && column->present == NULL)) {
        return false;
    }
    if (column->schema->nullable) {
        memset(column->present, 0, row); /* the rows before were all null */
    }
    column->present_count = 0;
    column->chunk_has_value = true;
    return true;
}

static bool set_text(struct column *column, uint32_t row, const struct cell *cell)
{
    const char *bytes = cell->value.text.bytes;
    uint32_t size = cell->value.text.size_bytes;
    uint32_t *numbers = column->values;
    uint8_t length[LENGTH_BYTES] = {(uint8_t)size, (uint8_t)(size >> 8), (uint8_t)(size >> 16),
                                    (uint8_t)(size >> 24)};

    if (column->schema->encoding == COLUMN_DICTIONARY) {
        return dictionary_find_or_add(&column->dictionary, cell->value.text.hash, bytes, size,
                                      &numbers[row]);
    }
    numbers[row] = (uint32_t)column->texts.size;
    return buffer_append(&column->texts, length, LENGTH_BYTES) &&
           buffer_append(&column->texts, bytes, size);
}

bool column_set(struct column *column, uint32_t row, const struct cell *cell)
{
    assert(row < column->chunk_rows_max);
    assert(cell->present || column->schema->nullable);
    if (!column->chunk_has_value) {
        if (!cell->present) {
            return true;
        }
        if (!begin_values(column, row)) {
            return false;
        }
    }
    if (column->schema->nullable) {
        column->present[row] = cell->present;
    }
    if (!cell->present) {
        return true;
    }
    column->present_count++;
    if (column->schema->type == COLUMN_STRING) {
        if (!set_text(column, row, cell)) {
            return false;
        }
    } else if (column->schema->type == COLUMN_INT32) {
        ((int32_t *)column->values)[row] = (int32_t)cell->value.integer;
    } else if (column->schema->type == COLUMN_DOUBLE) {
        memcpy((int64_t *)column->values + row, &cell->value.real, sizeof(int64_t));
    } else {
        ((int64_t *)column->values)[row] = cell->value.integer;
    }
    statistics_add(&column->statistics, column->schema->type, cell);
    return true;
}

void column_release_chunk(struct column *column)
{
    free(column->values);
    free(column->present);
    buffer_deinit(&column->texts);
    column->values = NULL;
    column->present = NULL;
    column->chunk_has_value = false;
}

size_t column_size_bytes(const struct column *column)
{
    return column->pages.size + column->dictionary.plain.size;
}

/** Is there a value in this row of the open chunk? The chunk has one somewhere. */
static bool has_value(const struct column *column, uint32_t row)
{
    return !column->schema->nullable || column->present[row];
}

static void encode_delta(struct column *column, struct buffer *body, uint32_t row_count)
{
    uint32_t count = column->chunk_has_value ? column->present_count : 0;
    bool narrow = is_narrow(column);
    struct delta_encoder delta;

    delta_begin(&delta, body, narrow, count);
    for (uint32_t row = 0; row < row_count && count > 0; row++) {
        if (has_value(column, row)) {
            delta_put(&delta, narrow ? ((const int32_t *)column->values)[row]
                                     : ((const int64_t *)column->values)[row]);
        }
    }
    delta_end(&delta);
}

static void encode_plain_row(const struct column *column, struct buffer *body, uint32_t row)
{
    if (column->schema->type == COLUMN_STRING) {
        const uint8_t *at = column->texts.bytes + ((const uint32_t *)column->values)[row];
        size_t size =
            (size_t)at[0] | (size_t)at[1] << 8 | (size_t)at[2] << 16 | (size_t)at[3] << 24;

        (void)buffer_append(body, at, LENGTH_BYTES + size); /* failures stick */
    } else {
        page_append_little_endian(body, ((const uint64_t *)column->values)[row], sizeof(uint64_t));
    }
}

static void encode_plain(struct column *column, struct buffer *body, uint32_t row_count)
{
    for (uint32_t row = 0; row < row_count && column->chunk_has_value; row++) {
        if (has_value(column, row)) {
            encode_plain_row(column, body, row);
        }
    }
}

static void encode_dictionary(struct column *column, struct buffer *body, uint32_t row_count)
{
    unsigned width = bit_width_of(column->dictionary.entry_count - 1);

    width = width == 0 ? 1 : width;                 /* some readers do not take 0 bits */
    (void)buffer_append_byte(body, (uint8_t)width); /* failures stick */
    hybrid_append(body, column->values, row_count, width);
}

/** Definition levels: 1 for a value, 0 for null, behind their length (Q2). */
static void encode_levels(struct column *column, struct column_workshop *workshop,
                          uint32_t row_count)
{
    uint32_t present_count = column->chunk_has_value ? column->present_count : 0;
    struct buffer *body = &workshop->body;
    size_t length_at = body->size;
    size_t length;

    column->null_count += row_count - present_count;
    page_append_little_endian(body, 0, LENGTH_BYTES);
    if (present_count == 0 || present_count == row_count) { /* nearly always: no need to look */
        hybrid_append_run(body, present_count == 0 ? 0 : 1, row_count, 1);
    } else {
        for (uint32_t row = 0; row < row_count; row++) {
            workshop->levels[row] = column->present[row];
        }
        hybrid_append(body, workshop->levels, row_count, 1);
    }
    if (!body->failed) {
        length = body->size - length_at - LENGTH_BYTES;
        for (size_t i = 0; i < LENGTH_BYTES; i++) {
            body->bytes[length_at + i] = (uint8_t)(length >> (8 * i));
        }
    }
}

bool column_flush(struct column *column, struct column_workshop *workshop, uint32_t row_count)
{
    struct page page = {.value_count = row_count,
                        .encoding = page_encoding_of(column->schema->encoding)};

    buffer_clear(&workshop->body);
    if (column->schema->nullable) {
        encode_levels(column, workshop, row_count);
    }
    if (column->schema->encoding == COLUMN_DELTA) {
        encode_delta(column, &workshop->body, row_count);
    } else if (column->schema->encoding == COLUMN_DICTIONARY) {
        encode_dictionary(column, &workshop->body, row_count);
    } else {
        encode_plain(column, &workshop->body, row_count);
    }
    column->value_count += row_count;
    column->chunk_has_value = false;
    buffer_clear(&column->texts);
    return page_append(&column->pages, &page, workshop, &column->uncompressed_bytes);
}

bool column_append_to(struct column *column, struct column_workshop *workshop, struct buffer *file,
                      struct column_place *place)
{
    struct page page = {.is_dictionary = true,
                        .value_count = column->dictionary.entry_count,
                        .encoding = PARQUET_ENCODING_PLAIN};

    place->first_offset = file->size;
    if (column->schema->encoding == COLUMN_DICTIONARY) {
        buffer_clear(&workshop->body);
        (void)buffer_append(&workshop->body, column->dictionary.plain.bytes,
                            column->dictionary.plain.size); /* failures stick */
        if (!page_append(file, &page, workshop, &column->uncompressed_bytes)) {
            return false;
        }
    }
    place->data_offset = file->size;
    if (!buffer_append(file, column->pages.bytes, column->pages.size)) {
        return false;
    }
    buffer_deinit(&column->pages);
    place->compressed_bytes = file->size - place->first_offset;
    place->uncompressed_bytes = column->uncompressed_bytes;
    return true;
}
