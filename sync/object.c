#include "sync/object.h"

#include "sync/object_name.h"
#include "sync/parquet/format.h"
#include "sync/parquet/writer.h"

#include <stdio.h>
#include <string.h>

enum { NUMBER_TEXT_SIZE = 24 };

/** Magic and columns; gives each column's place. */
static bool append_columns(const struct object_parts *parts, struct buffer *object,
                           struct column_place *places)
{
    if (!buffer_append(object, PARQUET_MAGIC, PARQUET_MAGIC_SIZE)) {
        return false;
    }
    for (size_t i = 0; i < parts->schema->column_count; i++) {
        if (!column_append_to(&parts->columns[i], parts->workshop, object, &places[i])) {
            return false;
        }
    }
    return true;
}

static bool append_footer(const struct object_parts *parts, struct buffer *object,
                          const struct column_place *places, const char *row_digest,
                          const char *sha256)
{
    const struct batch_header *header = parts->header;
    char first[NUMBER_TEXT_SIZE];
    char last[NUMBER_TEXT_SIZE];
    const struct parquet_pair pairs[] = {
        {"leat.format", "1"},
        {"leat.site", header->site},
        {"leat.gateway", header->gateway},
        {"leat.stream", stream_name(header->stream)},
        {"leat.incarnation", header->incarnation},
        {"leat.first", first},
        {"leat.last", last},
        {"leat.digest", row_digest},
        {"leat.previous", header->previous_digest},
        {"leat.encoder", "1"},
        {"leat.sha256", sha256},
    };
    const struct parquet_file description = {
        .schema = parts->schema,
        .columns = parts->columns,
        .places = places,
        .row_count = parts->last - parts->first + 1,
        .pairs = pairs,
        .pair_count = sizeof(pairs) / sizeof(pairs[0]),
        .created_by = "leat encoder 1",
    };

    _Static_assert(SCHEMA_VERSION == 1 && ENCODER_VERSION == 1, "the texts above say so");
    (void)snprintf(first, sizeof(first), "%llu", (unsigned long long)parts->first); /* fits */
    (void)snprintf(last, sizeof(last), "%llu", (unsigned long long)parts->last);
    return parquet_append_footer(object, &description);
}

static enum error_code fill_batch(const struct object_parts *parts, const struct buffer *object,
                                  const char *row_digest, struct batch *batch, struct error *error)
{
    const struct batch_header *header = parts->header;
    struct batch made = {
        .first_sequence = parts->first,
        .last_sequence = parts->last,
        .bytes = object->bytes,
        .size_bytes = object->size,
    };
    struct object_name name = {
        .stream = header->stream,
        .day = header->day,
        .first = parts->first,
        .last = parts->last,
    };
    enum error_code code;

    memcpy(made.digest, row_digest, BATCH_DIGEST_SIZE - 1);
    memcpy(name.digest, row_digest, BATCH_DIGEST_SIZE - 1);
    memcpy(name.site, header->site, strnlen(header->site, OBJECT_LABEL_MAX));
    memcpy(name.gateway, header->gateway, strnlen(header->gateway, OBJECT_LABEL_MAX));
    memcpy(name.incarnation, header->incarnation, OBJECT_INCARNATION_SIZE - 1);
    code = object_name_build(&name, made.object_name, error);
    if (code == ERROR_OK) {
        *batch = made;
    }
    return code;
}

enum error_code object_seal(const struct object_parts *parts, struct buffer *object,
                            struct batch *batch, struct error *error)
{
    struct column_place places[SCHEMA_COLUMNS_MAX];
    char row_hex[DIGEST_HEX_SIZE];
    char object_hex[DIGEST_HEX_SIZE];
    enum error_code code = digest_finish(parts->digest, row_hex, error);

    if (code != ERROR_OK) {
        return code;
    }
    row_hex[BATCH_DIGEST_SIZE - 1] = '\0'; /* names and footer carry the first digits */
    if (!append_columns(parts, object, places)) {
        return error_set(error, ERROR_NO_MEMORY, "no memory to complete a batch");
    }
    digest_add(parts->digest, object->bytes, object->size);
    code = digest_finish(parts->digest, object_hex, error);
    if (code != ERROR_OK) {
        return code;
    }
    if (!append_footer(parts, object, places, row_hex, object_hex)) {
        return error_set(error, ERROR_NO_MEMORY, "no memory to complete a batch");
    }
    return fill_batch(parts, object, row_hex, batch, error);
}
