#include "sync/encoder.h"

#include "sync/digest.h"
#include "sync/object.h"
#include "sync/object_name.h"
#include "sync/parquet/column.h"
#include "sync/parquet/page.h"
#include "sync/rows.h"

#include <stdlib.h>

enum {
    CHUNK_ROWS = 32768,         /* rows of one page of each column: what is held unpacked */
    CHUNK_TEXT_BYTES = 262144,  /* a chunk also ends when its texts are longer than this */
    CELL_BYTES = 9,             /* most that a number takes in any encoding, level included */
    PAGE_OVERHEAD_BYTES = 2048, /* header, a delta block's padding, zstd's worst case */
    FOOTER_BYTES = 16384,       /* most that the footer takes: 20 columns, 11 pairs */
    LEAST_ROOM_BYTES = 65536,   /* with less room left a batch counts as full */
    COMPRESSION_GUESS = 16,     /* of rows that are not packed yet */
};

struct encoder {
    size_t maximum_bytes;
    struct batch_header header;
    const struct schema *schema; /* NULL: no batch has begun */
    struct column columns[SCHEMA_COLUMNS_MAX];
    struct column_workshop workshop;
    struct digest digest;
    struct buffer repaired; /* texts of one row that were not UTF-8 */
    struct buffer object;
    uint32_t chunk_rows;
    size_t chunk_bytes;      /* most that the open chunk can take in the object */
    size_t chunk_text_bytes; /* texts that the open chunk holds unpacked */
    size_t packed_bytes;     /* of the finished pages and dictionaries */
    uint64_t first, next;    /* sequence numbers; first 0: no row yet */
    bool full;               /* a row was refused: none is taken after it */
    bool failed;             /* half a row was taken: only begin() helps (E4) */
};

enum error_code encoder_create(size_t maximum_bytes, struct encoder **encoder, struct error *error)
{
    struct encoder *made = calloc(1, sizeof(*made));
    enum error_code code;

    if (made == NULL) {
        return error_set(error, ERROR_NO_MEMORY, "no memory for an encoder");
    }
    made->maximum_bytes = maximum_bytes;
    buffer_init(&made->object, maximum_bytes);
    buffer_init(&made->repaired, 4 * maximum_bytes); /* a bad byte becomes three */
    code = column_workshop_init(&made->workshop, CHUNK_ROWS, maximum_bytes + FOOTER_BYTES, error);
    if (code == ERROR_OK) {
        code = digest_init(&made->digest, error);
    }
    if (code != ERROR_OK) {
        encoder_free(made);
        return code;
    }
    *encoder = made;
    return ERROR_OK;
}

static void drop_columns(struct encoder *encoder)
{
    for (size_t i = 0; i < SCHEMA_COLUMNS_MAX; i++) {
        column_deinit(&encoder->columns[i]);
    }
    encoder->schema = NULL;
}

void encoder_free(struct encoder *encoder)
{
    if (encoder == NULL) {
        return;
    }
    drop_columns(encoder);
    column_workshop_deinit(&encoder->workshop);
    digest_deinit(&encoder->digest);
    buffer_deinit(&encoder->object);
    buffer_deinit(&encoder->repaired);
    free(encoder);
}

static enum error_code check_header(const struct batch_header *header, struct error *error)
{
    if (schema_of(header->stream) == NULL) {
        return error_set(error, ERROR_BUG, "stream number %d has no rows in version %d",
                         (int)header->stream, SCHEMA_VERSION);
    }
    if (!object_label_is_valid(header->site) || !object_label_is_valid(header->gateway)) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "site '%.64s' or gateway '%.64s' is not 1 to %d letters, digits, '-', '_' "
                         "or '.'",
                         header->site, header->gateway, OBJECT_LABEL_MAX);
    }
    if (!object_hex_is_valid(header->incarnation, OBJECT_INCARNATION_SIZE - 1) ||
        (header->previous_digest[0] != '\0' &&
         !object_hex_is_valid(header->previous_digest, BATCH_DIGEST_SIZE - 1))) {
        return error_set(error, ERROR_BUG, "incarnation or previous digest is not hexadecimal");
    }
    return ERROR_OK;
}

enum error_code encoder_begin(struct encoder *encoder, const struct batch_header *header,
                              struct error *error)
{
    const struct schema *schema = schema_of(header->stream);
    enum error_code code = check_header(header, error);
    char hex[DIGEST_HEX_SIZE];

    if (code == ERROR_OK) {
        code = digest_finish(&encoder->digest, hex, error); /* forgets what an unfinished one had */
    }
    if (code != ERROR_OK) {
        return code;
    }
    if (encoder->schema != schema) {
        drop_columns(encoder);
        encoder->schema = schema;
        for (size_t i = 0; i < schema->column_count; i++) {
            column_init(&encoder->columns[i], &schema->columns[i], CHUNK_ROWS,
                        encoder->maximum_bytes);
        }
    }
    for (size_t i = 0; i < schema->column_count; i++) {
        column_clear(&encoder->columns[i]);
    }
    buffer_clear(&encoder->object);
    encoder->header = *header;
    encoder->chunk_rows = 0;
    encoder->chunk_bytes = encoder->chunk_text_bytes = encoder->packed_bytes = 0;
    encoder->first = encoder->next = 0;
    encoder->full = encoder->failed = false;
    return ERROR_OK;
}

static enum error_code flush_chunk(struct encoder *encoder, struct error *error)
{
    const struct schema *schema = encoder->schema;

    if (encoder->chunk_rows == 0) {
        return ERROR_OK;
    }
    encoder->packed_bytes = 0;
    for (size_t i = 0; i < schema->column_count; i++) {
        if (!column_flush(&encoder->columns[i], &encoder->workshop, encoder->chunk_rows)) {
            encoder->failed = true;
            return error_set(error, ERROR_NO_MEMORY, "no memory to pack column '%s' of a batch",
                             schema->columns[i].name);
        }
        encoder->packed_bytes += column_size_bytes(&encoder->columns[i]);
    }
    encoder->chunk_rows = 0;
    encoder->chunk_bytes = encoder->chunk_text_bytes = 0;
    return ERROR_OK;
}

struct row_size {
    size_t bytes;      /* most that the row can take in the object */
    size_t text_bytes; /* of it, texts that are held unpacked */
};

static struct row_size size_of_row(const struct schema *schema, const struct cell *cells)
{
    struct row_size size = {0, 0};

    for (size_t i = 0; i < schema->column_count; i++) {
        size.bytes += cells[i].present ? CELL_BYTES : 1;
        if (schema->columns[i].type == COLUMN_STRING && cells[i].present) {
            size.bytes += cells[i].value.text.size_bytes;
            size.text_bytes += schema->columns[i].encoding == COLUMN_DICTIONARY
                                   ? 0
                                   : cells[i].value.text.size_bytes;
        }
    }
    return size;
}

/** Bytes that the object may still take when the open chunk takes the most it can. */
static size_t room_left(const struct encoder *encoder)
{
    size_t taken = encoder->packed_bytes + encoder->chunk_bytes + FOOTER_BYTES +
                   encoder->schema->column_count * (size_t)PAGE_OVERHEAD_BYTES;

    taken += taken / 128; /* zstd's worst case */
    return taken < encoder->maximum_bytes ? encoder->maximum_bytes - taken : 0;
}

static enum error_code refuse(struct encoder *encoder, const struct row_size *size,
                              struct error *error)
{
    if (encoder->first == 0) {
        return error_set(error, ERROR_BAD_DATA,
                         "a record of %zu bytes fits in no batch of %zu bytes", size->bytes,
                         encoder->maximum_bytes);
    }
    encoder->full = true;
    return error_set(error, ERROR_NO_SPACE, "the batch is full at %llu records",
                     (unsigned long long)encoder_row_count(encoder));
}

/** Does a row of this size still fit? Packs the open chunk when that could help. */
static enum error_code make_room(struct encoder *encoder, const struct row_size *size,
                                 struct error *error)
{
    size_t least = encoder->maximum_bytes / 4 < LEAST_ROOM_BYTES ? 0 : LEAST_ROOM_BYTES;
    bool chunk_is_full = encoder->chunk_rows == CHUNK_ROWS ||
                         encoder->chunk_text_bytes + size->text_bytes > CHUNK_TEXT_BYTES;
    enum error_code code;

    if (encoder->full) {
        return refuse(encoder, size, error);
    }
    if (!chunk_is_full && room_left(encoder) >= size->bytes) {
        return ERROR_OK;
    }
    code = flush_chunk(encoder, error);
    if (code != ERROR_OK) {
        return code;
    }
    return room_left(encoder) >= size->bytes + (encoder->first == 0 ? 0 : least)
               ? ERROR_OK
               : refuse(encoder, size, error);
}

static enum error_code add_row(struct encoder *encoder, enum stream stream, uint64_t sequence,
                               struct cell *cells, struct error *error)
{
    const struct schema *schema = encoder->schema;
    struct row_size size;
    enum error_code code;

    if (schema == NULL || schema != schema_of(stream) || encoder->failed) {
        return error_set(error, ERROR_BUG, "a record for a batch that was not begun for it");
    }
    if (sequence == 0 || (encoder->first != 0 && sequence != encoder->next)) { /* E1 */
        return error_set(error, ERROR_BUG, "record %llu where the batch continues with %llu",
                         (unsigned long long)sequence, (unsigned long long)encoder->next);
    }
    if (!row_repair_texts(schema, cells, &encoder->repaired)) {
        return error_set(error, ERROR_NO_MEMORY, "no memory for the texts of record %llu",
                         (unsigned long long)sequence);
    }
    size = size_of_row(schema, cells);
    code = make_room(encoder, &size, error);
    if (code != ERROR_OK) {
        return code;
    }
    for (size_t i = 0; i < schema->column_count; i++) {
        if (!column_set(&encoder->columns[i], encoder->chunk_rows, &cells[i])) {
            encoder->failed = true;
            return error_set(error, ERROR_NO_MEMORY, "no memory for record %llu of a batch",
                             (unsigned long long)sequence);
        }
    }
    digest_add_row(&encoder->digest, schema, cells);
    encoder->chunk_rows++;
    encoder->chunk_bytes += size.bytes;
    encoder->chunk_text_bytes += size.text_bytes;
    encoder->first = encoder->first == 0 ? sequence : encoder->first;
    encoder->next = sequence + 1;
    return ERROR_OK;
}

enum error_code encoder_add_reading(struct encoder *encoder, uint64_t sequence, uint32_t handle,
                                    const struct definition *definition,
                                    const struct sample *sample, struct error *error)
{
    struct cell cells[SCHEMA_COLUMNS_MAX];

    row_of_reading(sequence, handle, definition, sample, cells);
    return add_row(encoder, STREAM_READINGS, sequence, cells, error);
}

enum error_code encoder_add_event(struct encoder *encoder, uint64_t sequence,
                                  const struct sample *sample, const struct event *event,
                                  struct error *error)
{
    struct cell cells[SCHEMA_COLUMNS_MAX];

    row_of_event(sequence, sample, event, cells);
    return add_row(encoder, STREAM_EVENTS, sequence, cells, error);
}

enum error_code encoder_add_log(struct encoder *encoder, uint64_t sequence,
                                const struct sample *sample, const struct log_record *record,
                                struct error *error)
{
    struct cell cells[SCHEMA_COLUMNS_MAX];

    row_of_log(sequence, sample, record, cells);
    return add_row(encoder, STREAM_LOGS, sequence, cells, error);
}

enum error_code encoder_add_definition(struct encoder *encoder, uint64_t sequence,
                                       int64_t received_ns, const struct definition *definition,
                                       struct error *error)
{
    struct cell cells[SCHEMA_COLUMNS_MAX];

    row_of_definition(sequence, received_ns, definition, cells);
    return add_row(encoder, STREAM_CATALOGUE, sequence, cells, error);
}

size_t encoder_size_estimate_bytes(const struct encoder *encoder)
{
    return encoder->packed_bytes + encoder->chunk_bytes / COMPRESSION_GUESS;
}

uint64_t encoder_row_count(const struct encoder *encoder)
{
    return encoder->next - encoder->first;
}

enum error_code encoder_finish(struct encoder *encoder, struct batch *batch, struct error *error)
{
    struct object_parts parts = {
        .header = &encoder->header,
        .first = encoder->first,
        .last = encoder->next - 1,
        .schema = encoder->schema,
        .columns = encoder->columns,
        .workshop = &encoder->workshop,
        .digest = &encoder->digest,
    };
    enum error_code code;

    if (encoder->schema == NULL || encoder->failed || encoder->first == 0) {
        return error_set(error, ERROR_BUG, "a batch without records cannot be finished");
    }
    code = flush_chunk(encoder, error);
    encoder->failed = true; /* whatever comes, only begin() opens the next one */
    if (code != ERROR_OK) {
        return code;
    }
    for (size_t i = 0; i < encoder->schema->column_count; i++) {
        column_release_chunk(&encoder->columns[i]); /* before the object needs room */
    }
    return object_seal(&parts, &encoder->object, batch, error);
}
