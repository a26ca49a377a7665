#include "lake/object.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/status_code.h"
#include "sync/digest.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

static const struct parquet_limits limits = {.rows = OBJECT_ROWS_MAX,
                                             .column_bytes = OBJECT_COLUMN_MAX};

void object_reader_init(struct object_reader *reader)
{
    buffer_init(&reader->file, OBJECT_BYTES_MAX + 1); /* reading needs room to see the end */
    buffer_init(&reader->order, OBJECT_ROWS_MAX * sizeof(uint32_t));
    for (size_t i = 0; i < SCHEMA_COLUMNS_MAX; i++) {
        parquet_column_init(&reader->columns[i], &limits);
    }
}

void object_reader_deinit(struct object_reader *reader)
{
    buffer_deinit(&reader->file);
    buffer_deinit(&reader->order);
    for (size_t i = 0; i < SCHEMA_COLUMNS_MAX; i++) {
        parquet_column_deinit(&reader->columns[i]);
    }
}

static enum error_code check_text(const struct parquet_footer *footer, const char *key,
                                  const char *expected, struct error *error)
{
    const char *text = parquet_footer_metadata(footer, key);

    if (text == NULL) {
        return error_set(error, ERROR_BAD_DATA, "its footer has no %s", key);
    }
    if (strcmp(text, expected) != 0) {
        return error_set(error, ERROR_BAD_DATA, "its footer says %s = '%.70s', its name says '%s'",
                         key, text, expected);
    }
    return ERROR_OK;
}

static enum error_code check_metadata(const struct parquet_footer *footer,
                                      struct object_facts *facts, struct error *error)
{
    const struct object_name *name = &facts->name;
    const char *previous = parquet_footer_metadata(footer, "leat.previous");
    char first[24];
    char last[24];

    (void)snprintf(first, sizeof(first), "%" PRIu64, name->first); /* 20 digits at most */
    (void)snprintf(last, sizeof(last), "%" PRIu64, name->last);
    const char *const expected[][2] = {
        {"leat.format", "1"},
        {"leat.site", name->site},
        {"leat.gateway", name->gateway},
        {"leat.stream", stream_name(name->stream)},
        {"leat.incarnation", name->incarnation},
        {"leat.first", first},
        {"leat.last", last},
        {"leat.digest", name->digest},
    };

    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        enum error_code code = check_text(footer, expected[i][0], expected[i][1], error);

        if (code != ERROR_OK) {
            return code;
        }
    }
    if (previous == NULL ||
        (previous[0] != '\0' && !object_hex_is_valid(previous, BATCH_DIGEST_SIZE - 1))) {
        return error_set(error, ERROR_BAD_DATA, "its footer has no usable leat.previous");
    }
    memcpy(facts->previous, previous, strlen(previous) + 1);
    return ERROR_OK;
}

static enum error_code check_sha256(const struct object_reader *reader, struct error *error)
{
    CLEANUP(digest_deinit) struct digest digest = {0};
    char hex[DIGEST_HEX_SIZE];
    enum error_code code = digest_init(&digest, error);

    if (code != ERROR_OK) {
        return code;
    }
    digest_add(&digest, reader->file.bytes, reader->footer.first_byte);
    code = digest_finish(&digest, hex, error);
    if (code != ERROR_OK) {
        return code;
    }
    if (check_text(&reader->footer, "leat.sha256", hex, NULL) != ERROR_OK) {
        return error_set(error, ERROR_BAD_DATA,
                         "its bytes are not those that were written: the SHA-256 differs");
    }
    return ERROR_OK;
}

static bool column_is(const struct parquet_chunk *chunk, const struct schema_column *column)
{
    static const struct {
        enum parquet_type type;
        enum parquet_meaning meaning;
    } forms[] = {
        [COLUMN_INT32] = {PARQUET_INT32, PARQUET_PLAIN_VALUE},
        [COLUMN_INT64] = {PARQUET_INT64, PARQUET_PLAIN_VALUE},
        [COLUMN_TIMESTAMP] = {PARQUET_INT64, PARQUET_TIMESTAMP_US},
        [COLUMN_DOUBLE] = {PARQUET_DOUBLE, PARQUET_PLAIN_VALUE},
        [COLUMN_STRING] = {PARQUET_BYTE_ARRAY, PARQUET_TEXT},
    };

    return strcmp(chunk->name, column->name) == 0 && chunk->type == forms[column->type].type &&
           chunk->meaning == forms[column->type].meaning && chunk->optional == column->nullable;
}

static enum error_code read_columns(struct object_reader *reader, const struct schema *schema,
                                    struct error *error)
{
    const struct parquet_footer *footer = &reader->footer;

    if (footer->column_count != schema->column_count) {
        return error_set(error, ERROR_BAD_DATA, "it has %u columns; %zu are expected",
                         footer->column_count, schema->column_count);
    }
    for (unsigned i = 0; i < footer->column_count; i++) {
        enum error_code code;

        if (!column_is(&footer->columns[i], &schema->columns[i])) {
            return error_set(error, ERROR_BAD_DATA,
                             "its column %u is '%s'; '%s' of the rows of version 1 is expected",
                             i + 1, footer->columns[i].name, schema->columns[i].name);
        }
        code = parquet_column_read(reader->file.bytes, footer, &footer->columns[i], &limits,
                                   &reader->columns[i], error);
        if (code != ERROR_OK) {
            return code;
        }
    }
    return ERROR_OK;
}

/** Where each sequence number stands in the file; every one must be there once (O2). */
static enum error_code order_rows(struct object_reader *reader, const struct object_name *name,
                                  struct error *error)
{
    const struct parquet_column *sequence = &reader->columns[0];
    uint64_t count = reader->footer.row_count;
    uint32_t *order;

    if (name->last - name->first + 1 != count) {
        return error_set(error, ERROR_BAD_DATA, "it has %" PRIu64 " rows; its name says %" PRIu64,
                         count, name->last - name->first + 1);
    }
    buffer_clear(&reader->order);
    if (!buffer_reserve(&reader->order, (size_t)count * sizeof(*order))) {
        return error_set(error, ERROR_NO_MEMORY, "there is no memory for %" PRIu64 " rows", count);
    }
    order = (uint32_t *)(void *)reader->order.bytes;
    memset(order, 0xff, (size_t)count * sizeof(*order));
    for (uint64_t row = 0; row < count; row++) {
        uint64_t number = (uint64_t)parquet_column_at(sequence, row)->integer;

        if (number < name->first || number > name->last ||
            order[number - name->first] != UINT32_MAX) {
            return error_set(error, ERROR_BAD_DATA,
                             "sequence number %" PRIu64 " is in it twice or does not belong there",
                             number);
        }
        order[number - name->first] = (uint32_t)row;
    }
    return ERROR_OK;
}

static struct cell cell_of(const struct parquet_column *column, enum column_type type, uint64_t row)
{
    struct cell cell = {0};
    const union parquet_value *value;

    if (parquet_column_is_null(column, row)) {
        return cell;
    }
    value = parquet_column_at(column, row);
    if (type == COLUMN_DOUBLE) {
        return cell_real(value->real);
    }
    if (type != COLUMN_STRING) {
        return cell_integer(value->integer);
    }
    cell.present = true;
    cell.value.text.size_bytes = value->text.size;
    cell.value.text.bytes = value->text.size == 0 /* of empty texts alone there are no bytes */
                                ? ""
                                : (const char *)column->texts.bytes + value->text.offset;
    return cell;
}

static enum error_code check_digest(const struct object_reader *reader, const struct schema *schema,
                                    const char *expected, struct error *error)
{
    CLEANUP(digest_deinit) struct digest digest = {0};
    const uint32_t *order = (const uint32_t *)(const void *)reader->order.bytes;
    struct cell cells[SCHEMA_COLUMNS_MAX];
    char hex[DIGEST_HEX_SIZE];
    enum error_code code = digest_init(&digest, error);

    if (code != ERROR_OK) {
        return code;
    }
    for (uint64_t i = 0; i < reader->footer.row_count; i++) {
        for (size_t column = 0; column < schema->column_count; column++) {
            cells[column] =
                cell_of(&reader->columns[column], schema->columns[column].type, order[i]);
        }
        digest_add_row(&digest, schema, cells);
    }
    code = digest_finish(&digest, hex, error);
    if (code == ERROR_OK && strncmp(hex, expected, BATCH_DIGEST_SIZE - 1) != 0) {
        code = error_set(error, ERROR_BAD_DATA, "its rows have the digest %.12s, its name says %s",
                         hex, expected);
    }
    return code;
}

const struct parquet_column *object_column(const struct object_reader *reader, enum stream stream,
                                           const char *name)
{
    const struct schema *schema = schema_of(stream);

    for (size_t i = 0; schema != NULL && i < schema->column_count; i++) {
        if (strcmp(schema->columns[i].name, name) == 0) {
            return &reader->columns[i];
        }
    }
    return NULL;
}

void object_row(const struct object_reader *reader, const struct object_name *name, uint64_t number,
                struct cell cells[SCHEMA_COLUMNS_MAX])
{
    const struct schema *schema = schema_of(name->stream);
    const uint32_t *order = (const uint32_t *)(const void *)reader->order.bytes;

    for (size_t i = 0; i < schema->column_count; i++) {
        cells[i] =
            cell_of(&reader->columns[i], schema->columns[i].type, order[number - name->first]);
    }
}

/** The least and the most of a column of times. `trusted`: the rows' status codes, to pass over
 *  those whose clock was never right; or NULL. */
static void find_bounds(const struct parquet_column *times, const struct parquet_column *trusted,
                        int64_t *least, int64_t *most)
{
    *least = INT64_MAX;
    *most = INT64_MIN;
    for (uint64_t row = 0; times != NULL && row < times->row_count; row++) {
        int64_t us = parquet_column_at(times, row)->integer;

        if (trusted != NULL &&
            (parquet_column_at(trusted, row)->integer & STATUS_TIME_UNSYNCHRONISED) != 0) {
            continue;
        }
        *least = us < *least ? us : *least;
        *most = us > *most ? us : *most;
    }
}

static void note_times(const struct object_reader *reader, struct object_facts *facts)
{
    enum stream stream = facts->name.stream;
    const char *time = stream == STREAM_CATALOGUE ? "valid_from" : "ts";

    find_bounds(object_column(reader, stream, time), NULL, &facts->least_us, &facts->most_us);
    find_bounds(object_column(reader, stream, "received_ts"),
                object_column(reader, stream, "quality"), &facts->least_received_us,
                &facts->most_received_us);
}

static enum error_code check(struct object_reader *reader, const char *path,
                             struct object_facts *facts, struct error *error)
{
    const struct schema *schema = schema_of(facts->name.stream);
    enum error_code code;

    if (schema == NULL) {
        return error_set(error, ERROR_BAD_DATA, "version 1 has no rows for its stream");
    }
    buffer_clear(&reader->file);
    code = fs_read_file(path, &reader->file, error);
    if (reader->file.failed && facts->size_bytes < OBJECT_BYTES_MAX) {
        return error_set(error, ERROR_NO_MEMORY, "there is no memory to read it");
    }
    if (code == ERROR_OK) {
        code = parquet_footer_parse(reader->file.bytes, reader->file.size, &reader->footer, error);
    }
    if (code == ERROR_OK) {
        code = check_metadata(&reader->footer, facts, error);
    }
    if (code == ERROR_OK) {
        code = check_sha256(reader, error);
    }
    if (code == ERROR_OK) {
        code = read_columns(reader, schema, error);
    }
    if (code == ERROR_OK) {
        code = order_rows(reader, &facts->name, error);
    }
    if (code == ERROR_OK) {
        code = check_digest(reader, schema, facts->name.digest, error);
    }
    if (code != ERROR_OK) {
        return code;
    }
    note_times(reader, facts);
    return ERROR_OK;
}

enum error_code object_check(struct object_reader *reader, const char *lake,
                             struct object_facts *facts, struct error *error)
{
    char name[BATCH_NAME_MAX];
    char path[PATH_MAX];
    struct error problem = {0};
    enum error_code code = object_name_build(&facts->name, name, &problem);
    int length = code == ERROR_OK ? snprintf(path, sizeof(path), "%s/%s", lake, name) : -1;

    if (length < 0 || (size_t)length >= sizeof(path)) {
        return error_set(error, ERROR_BUG, "the path of an object cannot be built: %.150s",
                         problem.text);
    }
    code = check(reader, path, facts, &problem);
    if (code == ERROR_NO_MEMORY) {
        return error_set(error, code, "%.60s...: %.180s", name, problem.text);
    }
    facts->sound = code == ERROR_OK;
    memcpy(facts->problem, problem.text, sizeof(facts->problem));
    return ERROR_OK;
}
