#include "lake/parquet/column.h"

#include "lake/parquet/statistics.h"

#include <string.h>

enum { INDEX_WIDTH_MAX = 32 };

/* What the reading of one chunk needs beside the column. */
struct chunk_reader {
    const struct parquet_chunk *chunk;
    struct parquet_column *column;
    uint64_t dictionary_count;
    bool has_dictionary;
};

void parquet_column_init(struct parquet_column *column, const struct parquet_limits *limits)
{
    *column = (struct parquet_column){0};
    buffer_init(&column->values, limits->column_bytes);
    buffer_init(&column->present, limits->column_bytes);
    buffer_init(&column->texts, limits->column_bytes);
    buffer_init(&column->dictionary, limits->column_bytes);
    buffer_init(&column->page, limits->column_bytes);
}

void parquet_column_deinit(struct parquet_column *column)
{
    buffer_deinit(&column->values);
    buffer_deinit(&column->present);
    buffer_deinit(&column->texts);
    buffer_deinit(&column->dictionary);
    buffer_deinit(&column->page);
}

static enum error_code no_room(const struct chunk_reader *reader, struct error *error)
{
    return error_set(error, ERROR_NO_MEMORY, "column '%s' does not fit into the memory allowed",
                     reader->chunk->name);
}

static enum error_code damaged(const struct chunk_reader *reader, const char *what,
                               struct error *error)
{
    return error_set(error, ERROR_BAD_DATA, "column '%s': %s", reader->chunk->name, what);
}

/** Room for `count` more values at the end of `values`; not NULL for none either. NULL: no room. */
static union parquet_value *extend(struct buffer *values, size_t count)
{
    union parquet_value *first;

    if (count >= SIZE_MAX / sizeof(*first) ||
        !buffer_reserve(values, (count + 1) * sizeof(*first))) {
        return NULL;
    }
    first = (union parquet_value *)(void *)(values->bytes + values->size);
    values->size += count * sizeof(*first);
    return first;
}

static enum error_code decode_text(const struct chunk_reader *reader, struct byte_span *span,
                                   union parquet_value *value, struct error *error)
{
    struct buffer *texts = &reader->column->texts;
    uint32_t size;

    if (!decode_u32(span, &size) || size > byte_span_left(span)) {
        return damaged(reader, "a text is longer than its page", error);
    }
    if (texts->size > UINT32_MAX || !buffer_append(texts, span->at, size)) {
        return no_room(reader, error);
    }
    value->text.offset = (uint32_t)(texts->size - size);
    value->text.size = size;
    span->at += size;
    return ERROR_OK;
}

static uint64_t decode_word(const uint8_t *bytes, size_t size)
{
    uint64_t word = 0;

    for (size_t i = 0; i < size; i++) {
        word |= (uint64_t)bytes[i] << (8 * i);
    }
    return word;
}

static enum error_code decode_plain(const struct chunk_reader *reader, struct byte_span *span,
                                    union parquet_value *values, size_t count, struct error *error)
{
    size_t size = reader->chunk->type == PARQUET_INT32 ? 4 : 8;

    if (reader->chunk->type == PARQUET_BYTE_ARRAY) {
        for (size_t i = 0; i < count; i++) {
            enum error_code code = decode_text(reader, span, &values[i], error);

            if (code != ERROR_OK) {
                return code;
            }
        }
        return ERROR_OK;
    }
    if (byte_span_left(span) / size < count) {
        return damaged(reader, "a page has fewer values than it says", error);
    }
    for (size_t i = 0; i < count; i++, span->at += size) {
        uint64_t word = decode_word(span->at, size);

        if (reader->chunk->type == PARQUET_DOUBLE) {
            memcpy(&values[i].real, &word, sizeof(word));
        } else {
            values[i].integer = size == 4 ? (int32_t)(uint32_t)word : (int64_t)word;
        }
    }
    return ERROR_OK;
}

static enum error_code decode_indices(const struct chunk_reader *reader, struct byte_span *span,
                                      union parquet_value *values, size_t count,
                                      struct error *error)
{
    const union parquet_value *dictionary =
        (const union parquet_value *)(const void *)reader->column->dictionary.bytes;
    struct rle_decoder rle;
    uint32_t index;

    if (!reader->has_dictionary || byte_span_left(span) == 0 || *span->at > INDEX_WIDTH_MAX) {
        return damaged(reader, "a page refers to a dictionary that is not there", error);
    }
    rle_init(&rle, (struct byte_span){span->at + 1, span->end}, *span->at);
    for (size_t i = 0; i < count; i++) {
        if (!rle_next(&rle, &index) || index >= reader->dictionary_count) {
            return damaged(reader, "an index lies outside the dictionary", error);
        }
        values[i] = dictionary[index];
    }
    return ERROR_OK;
}

static enum error_code decode_deltas(const struct chunk_reader *reader, struct byte_span *span,
                                     union parquet_value *values, size_t count, struct error *error)
{
    struct delta_decoder delta;
    bool narrow = reader->chunk->type == PARQUET_INT32;

    if ((!narrow && reader->chunk->type != PARQUET_INT64) || !delta_init(&delta, *span) ||
        delta.count != count) {
        return damaged(reader, "a page of deltas has an impossible head", error);
    }
    for (size_t i = 0; i < count; i++) {
        int64_t value;

        if (!delta_next(&delta, &value)) {
            return damaged(reader, "a page of deltas ends early", error);
        }
        values[i].integer = narrow ? (int32_t)(uint32_t)(uint64_t)value : value;
    }
    return ERROR_OK;
}

static enum error_code decode_values(const struct chunk_reader *reader, int32_t encoding,
                                     struct byte_span *span, size_t count, struct error *error)
{
    union parquet_value *values;

    /* A page of deltas or indices can claim far more values than it has bytes: rows bound it. */
    values = extend(&reader->column->values, count);
    if (values == NULL) {
        return no_room(reader, error);
    }
    switch (encoding) {
    case PARQUET_PLAIN:
        return decode_plain(reader, span, values, count, error);
    case PARQUET_PLAIN_DICTIONARY:
    case PARQUET_RLE_DICTIONARY:
        return decode_indices(reader, span, values, count, error);
    case PARQUET_DELTA_BINARY_PACKED:
        return decode_deltas(reader, span, values, count, error);
    default:
        return damaged(reader, "a page has an encoding that Leat's profile does not have", error);
    }
}

/** Definition levels: 0 is null, 1 is a value. Gives how many are values. */
static enum error_code decode_levels(const struct chunk_reader *reader, struct byte_span *span,
                                     size_t count, size_t *value_count, struct error *error)
{
    struct buffer *present = &reader->column->present;
    struct rle_decoder rle;
    uint32_t size;
    uint32_t level;

    if (!decode_u32(span, &size) || size > byte_span_left(span)) {
        return damaged(reader, "the levels are longer than their page", error);
    }
    if (!buffer_reserve(present, count)) {
        return no_room(reader, error);
    }
    rle_init(&rle, (struct byte_span){span->at, span->at + size}, 1);
    *value_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (!rle_next(&rle, &level) || level > 1) {
            return damaged(reader, "the levels of a page are damaged", error);
        }
        present->bytes[present->size++] = (uint8_t)level;
        *value_count += level;
    }
    span->at += size;
    return ERROR_OK;
}

/** The page's values stand together at the end: give each the place of its row. */
static enum error_code spread(const struct chunk_reader *reader, size_t count, size_t value_count,
                              struct error *error)
{
    struct parquet_column *column = reader->column;
    const uint8_t *present = column->present.bytes + column->present.size - count;
    size_t first = column->values.size / sizeof(union parquet_value) - value_count;
    union parquet_value *extra = extend(&column->values, count - value_count);
    union parquet_value *values = (union parquet_value *)(void *)column->values.bytes + first;

    if (extra == NULL) {
        return no_room(reader, error);
    }
    for (size_t i = count; i-- > 0;) {
        values[i] = present[i] != 0 ? values[--value_count] : (union parquet_value){0};
    }
    return ERROR_OK;
}

/** Rows before the first value have taken no room so far. */
static enum error_code catch_up(const struct chunk_reader *reader, struct error *error)
{
    struct parquet_column *column = reader->column;
    union parquet_value *nulls;

    if (column->values.size > 0 || column->row_count == 0) {
        return ERROR_OK;
    }
    nulls = extend(&column->values, (size_t)column->row_count);
    if (nulls == NULL) {
        return no_room(reader, error);
    }
    memset(nulls, 0, (size_t)column->row_count * sizeof(*nulls));
    return ERROR_OK;
}

static enum error_code decode_data_page(const struct chunk_reader *reader,
                                        const struct parquet_page *page, struct error *error)
{
    struct parquet_column *column = reader->column;
    struct byte_span span = {column->page.bytes, column->page.bytes + column->page.size};
    size_t value_count = page->value_count;
    enum error_code code;

    if (reader->chunk->optional) {
        code = decode_levels(reader, &span, page->value_count, &value_count, error);
        if (code != ERROR_OK) {
            return code;
        }
    }
    if (value_count > 0 || column->values.size > 0) {
        code = catch_up(reader, error);
        if (code == ERROR_OK) {
            code = decode_values(reader, page->encoding, &span, value_count, error);
        }
        if (code == ERROR_OK && value_count < page->value_count) {
            code = spread(reader, page->value_count, value_count, error);
        }
        if (code != ERROR_OK) {
            return code;
        }
    }
    column->row_count += page->value_count;
    return ERROR_OK;
}

static enum error_code decode_dictionary(struct chunk_reader *reader,
                                         const struct parquet_page *page, struct error *error)
{
    struct parquet_column *column = reader->column;
    struct byte_span span = {column->page.bytes, column->page.bytes + column->page.size};
    union parquet_value *values;

    if (reader->has_dictionary || column->row_count > 0 ||
        (page->encoding != PARQUET_PLAIN && page->encoding != PARQUET_PLAIN_DICTIONARY)) {
        return damaged(reader, "a dictionary stands where none is expected", error);
    }
    if (page->value_count > column->page.size) { /* an entry takes four bytes at least */
        return damaged(reader, "a dictionary has fewer entries than it says", error);
    }
    values = extend(&column->dictionary, page->value_count);
    if (values == NULL) {
        return no_room(reader, error);
    }
    reader->has_dictionary = true;
    reader->dictionary_count = page->value_count;
    return decode_plain(reader, &span, values, page->value_count, error);
}

static void begin(struct parquet_column *column)
{
    column->row_count = 0;
    buffer_clear(&column->values);
    buffer_clear(&column->present);
    buffer_clear(&column->texts);
    buffer_clear(&column->dictionary);
}

enum error_code parquet_column_read(const uint8_t *file, const struct parquet_footer *footer,
                                    const struct parquet_chunk *chunk,
                                    const struct parquet_limits *limits,
                                    struct parquet_column *column, struct error *error)
{
    struct chunk_reader reader = {.chunk = chunk, .column = column};
    struct byte_span span = {file + chunk->first_byte,
                             file + chunk->first_byte + chunk->size_bytes};

    begin(column);
    if (footer->row_count > limits->rows) {
        return error_set(error, ERROR_BAD_DATA, "it has %llu rows; at most %llu are read",
                         (unsigned long long)footer->row_count, (unsigned long long)limits->rows);
    }
    while (byte_span_left(&span) > 0) {
        struct parquet_page page;
        enum error_code code = parquet_page_read(file, &span, limits, &page, &column->page, error);

        if (code != ERROR_OK) {
            return error_prefix(error, code, "column '%s': ", chunk->name);
        }
        if (!page.dictionary && page.value_count > footer->row_count - column->row_count) {
            return damaged(&reader, "its pages have more rows than the file", error);
        }
        code = page.dictionary ? decode_dictionary(&reader, &page, error)
                               : decode_data_page(&reader, &page, error);
        if (code != ERROR_OK) {
            return code;
        }
    }
    if (column->row_count != footer->row_count) {
        return damaged(&reader, "its pages have fewer rows than the file", error);
    }
    return parquet_statistics_check(chunk, column, error);
}
