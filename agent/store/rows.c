/* The rows and BLOBs of database.h. */
#include "agent/store/database.h"
#include "agent/store/slot.h"

#include <math.h>
#include <string.h>

enum error_code database_run(struct database *database, int which, const char *step,
                             struct error *error)
{
    sqlite3_stmt *statement = database->statements[which];
    enum error_code code = ERROR_OK;

    if (sqlite3_step(statement) != SQLITE_DONE) {
        code = database_error(database, step, error);
    }
    (void)sqlite3_reset(statement); /* repeats the failure that was just reported */
    return code;
}

enum error_code database_begin(struct database *database, struct error *error)
{
    return database_run(database, DATABASE_BEGIN, "write", error);
}

enum error_code database_commit(struct database *database, struct error *error)
{
    return database_run(database, DATABASE_COMMIT, "commit to", error);
}

void database_rollback(struct database *database)
{
    sqlite3_stmt *statement = database->statements[DATABASE_ROLLBACK];

    if (sqlite3_get_autocommit(database->handle) == 0) {
        (void)sqlite3_step(statement); /* the failure before it counts */
        (void)sqlite3_reset(statement);
    }
}

enum error_code database_read_slot(struct database *database, struct database_place place,
                                   void *bytes, size_t size_bytes, struct error *error)
{
    sqlite3_blob *blob = NULL;
    enum error_code code = ERROR_OK;
    int opened = sqlite3_blob_open(database->handle, "main", "slot", "data",
                                   database_slot_id(place.stream, place.index), 0, &blob);

    database->slot_is_lost |= opened == SQLITE_ERROR || (opened & 0xff) == SQLITE_CORRUPT;
    if (opened != SQLITE_OK || sqlite3_blob_read(blob, bytes, (int)size_bytes, 0) != SQLITE_OK) {
        code = database_error(database, "read a slot of", error);
    }
    (void)sqlite3_blob_close(blob); /* was only read */
    return code;
}

enum error_code database_write_slot(struct database *database, struct database_place place,
                                    const uint8_t *bytes, size_t from, size_t to,
                                    struct error *error)
{
    sqlite3_blob *blob = NULL;
    enum error_code code = ERROR_OK;

    if (sqlite3_blob_open(database->handle, "main", "slot", "data",
                          database_slot_id(place.stream, place.index), 1, &blob) != SQLITE_OK ||
        sqlite3_blob_write(blob, bytes + from, (int)(to - from), (int)from) != SQLITE_OK) {
        code = database_error(database, "write a slot of", error);
    }
    if (sqlite3_blob_close(blob) != SQLITE_OK && code == ERROR_OK) {
        code = database_error(database, "write a slot of", error);
    }
    return code;
}

/** Step a query for the row of `stream`: *found, or the end. The caller resets it. */
static enum error_code find_row(struct database *database, int which, enum stream stream,
                                bool *found, struct error *error)
{
    sqlite3_stmt *statement = database->statements[which];
    int code;

    (void)sqlite3_bind_int(statement, 1, (int)stream); /* in range */
    code = sqlite3_step(statement);
    *found = code == SQLITE_ROW;
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
        return database_error(database, "read", error);
    }
    return ERROR_OK;
}

static uint64_t column_unsigned(sqlite3_stmt *statement, int column)
{
    return (uint64_t)sqlite3_column_int64(statement, column);
}

enum error_code database_load_ring(struct database *database, enum stream stream,
                                   struct database_ring *ring, struct error *error)
{
    sqlite3_stmt *row = database->statements[DATABASE_LOAD_RING];
    bool found;
    enum error_code code = find_row(database, DATABASE_LOAD_RING, stream, &found, error);

    *ring = (struct database_ring){0};
    if (code == ERROR_OK && found) {
        *ring = (struct database_ring){
            .made = (uint32_t)column_unsigned(row, 1),
            .tail = (uint32_t)column_unsigned(row, 2),
            .head = (uint32_t)column_unsigned(row, 3),
            .head_first = column_unsigned(row, 4),
            .reserved = column_unsigned(row, 5),
            .acknowledged = column_unsigned(row, 6),
            .lost_count = column_unsigned(row, 7),
            .damage_reported = column_unsigned(row, 8),
        };
    }
    (void)sqlite3_reset(row); /* repeats the failure that was just reported */
    if (code == ERROR_OK && ring->head_first > 0 &&
        (ring->tail >= ring->made || ring->head >= ring->made)) {
        return error_set(error, ERROR_BAD_DATA, "the queue %s contradicts itself", database->path);
    }
    return code;
}

enum error_code database_save_ring(struct database *database, enum stream stream,
                                   const struct database_ring *ring, struct error *error)
{
    sqlite3_stmt *row = database->statements[DATABASE_SAVE_RING];
    const uint64_t columns[] = {(uint64_t)stream,   ring->made,       ring->tail,
                                ring->head,         ring->head_first, ring->reserved,
                                ring->acknowledged, ring->lost_count, ring->damage_reported};

    for (int i = 0; i < (int)(sizeof(columns) / sizeof(columns[0])); i++) {
        (void)sqlite3_bind_int64(row, i + 1, (sqlite3_int64)columns[i]); /* in range */
    }
    return database_run(database, DATABASE_SAVE_RING, "write", error);
}

static void copy_digest(char digest[STORE_DIGEST_SIZE], sqlite3_stmt *row, int column)
{
    const char *text = (const char *)sqlite3_column_text(row, column);

    (void)snprintf(digest, STORE_DIGEST_SIZE, "%s", text != NULL ? text : ""); /* cut if foreign */
}

enum error_code database_load_cut(struct database *database, enum stream stream,
                                  struct store_cut *cut, bool *active, struct error *error)
{
    sqlite3_stmt *row = database->statements[DATABASE_LOAD_CUT];
    bool found;
    enum error_code code = find_row(database, DATABASE_LOAD_CUT, stream, &found, error);

    *cut = (struct store_cut){0};
    *active = false;
    if (code == ERROR_OK && found) {
        *active = sqlite3_column_int(row, 1) != 0;
        cut->first = column_unsigned(row, 2);
        cut->last = column_unsigned(row, 3);
        cut->day = sqlite3_column_int64(row, 4);
        cut->encoder_version = (uint32_t)column_unsigned(row, 5);
        copy_digest(cut->digest, row, 6);
        copy_digest(cut->previous_digest, row, 7);
        cut->correction_ns = sqlite3_column_int64(row, 8);
        cut->time_quality = (uint32_t)column_unsigned(row, 9);
    }
    (void)sqlite3_reset(row); /* repeats the failure that was just reported */
    return code;
}

static void bind_text(sqlite3_stmt *row, int column, const char *text)
{
    (void)sqlite3_bind_text(row, column, text, -1, SQLITE_STATIC); /* in range; nothing is copied */
}

enum error_code database_save_cut(struct database *database, enum stream stream,
                                  const struct store_cut *cut, bool active, struct error *error)
{
    sqlite3_stmt *row = database->statements[DATABASE_SAVE_CUT];
    const int64_t columns[] = {(int64_t)stream,    active,   (int64_t)cut->first,
                               (int64_t)cut->last, cut->day, cut->encoder_version};
    enum error_code code;

    for (int i = 0; i < (int)(sizeof(columns) / sizeof(columns[0])); i++) {
        (void)sqlite3_bind_int64(row, i + 1, columns[i]); /* in range */
    }
    bind_text(row, 7, cut->digest);
    bind_text(row, 8, cut->previous_digest);
    (void)sqlite3_bind_int64(row, 9, cut->correction_ns); /* in range, as the next */
    (void)sqlite3_bind_int64(row, 10, cut->time_quality);
    code = database_run(database, DATABASE_SAVE_CUT, "write", error);
    (void)sqlite3_clear_bindings(row); /* the texts are the caller's; cannot fail */
    return code;
}

enum error_code database_save_note(struct database *database, const char *key, const char *value,
                                   struct error *error)
{
    sqlite3_stmt *row = database->statements[DATABASE_SAVE_NOTE];
    enum error_code code;

    bind_text(row, 1, key);
    bind_text(row, 2, value);
    code = database_run(database, DATABASE_SAVE_NOTE, "write", error);
    (void)sqlite3_clear_bindings(row); /* the texts are the caller's; cannot fail */
    return code;
}

enum error_code database_list_notes(struct database *database, database_take_note *take,
                                    void *context, struct error *error)
{
    sqlite3_stmt *row = database->statements[DATABASE_LIST_NOTES];
    enum error_code code = ERROR_OK;
    int step;

    while ((step = sqlite3_step(row)) == SQLITE_ROW) {
        const char *key = (const char *)sqlite3_column_text(row, 0);
        const char *value = (const char *)sqlite3_column_text(row, 1);

        if (key != NULL && value != NULL) {
            take(context, key, value);
        }
    }
    if (step != SQLITE_DONE) {
        code = database_error(database, "read", error);
    }
    (void)sqlite3_reset(row); /* repeats the failure that was just reported */
    return code;
}

enum error_code database_add_point(struct database *database, uint32_t handle,
                                   const struct definition *definition, struct error *error)
{
    sqlite3_stmt *row = database->statements[DATABASE_ADD_POINT];
    const char *const texts[] = {definition->point_id, definition->device, definition->name,
                                 definition->type,     definition->unit,   definition->role,
                                 definition->address,  definition->labels};
    const double reals[] = {definition->scale,     definition->offset,
                            definition->range_low, definition->range_high,
                            definition->deadband,  definition->deadband_percent};
    const int64_t integers[] = {definition->interval_ns, definition->heartbeat_ns,
                                definition->revision, definition->valid_from_ns};
    enum error_code code;

    (void)sqlite3_bind_int64(row, 1, handle); /* in range, as all below */
    for (int i = 0; i < 8; i++) {
        bind_text(row, 2 + i, texts[i]);
    }
    for (int i = 0; i < 6; i++) {
        (void)sqlite3_bind_double(row, 10 + i, reals[i]); /* NaN becomes NULL */
    }
    for (int i = 0; i < 4; i++) {
        (void)sqlite3_bind_int64(row, 16 + i, integers[i]);
    }
    code = database_run(database, DATABASE_ADD_POINT, "write", error);
    (void)sqlite3_clear_bindings(row); /* the texts are the caller's; cannot fail */
    return code;
}

static const char *column_text(sqlite3_stmt *row, int column)
{
    const char *text = (const char *)sqlite3_column_text(row, column);

    return text != NULL ? text : "";
}

static double column_real(sqlite3_stmt *row, int column)
{
    return sqlite3_column_type(row, column) == SQLITE_NULL ? (double)NAN
                                                           : sqlite3_column_double(row, column);
}

struct definition database_definition_of(sqlite3_stmt *row)
{
    return (struct definition){
        .point_id = column_text(row, 1),
        .device = column_text(row, 2),
        .name = column_text(row, 3),
        .type = column_text(row, 4),
        .unit = column_text(row, 5),
        .role = column_text(row, 6),
        .address = column_text(row, 7),
        .labels = column_text(row, 8),
        .scale = column_real(row, 9),
        .offset = column_real(row, 10),
        .range_low = column_real(row, 11),
        .range_high = column_real(row, 12),
        .deadband = column_real(row, 13),
        .deadband_percent = column_real(row, 14),
        .interval_ns = sqlite3_column_int64(row, 15),
        .heartbeat_ns = sqlite3_column_int64(row, 16),
        .revision = (uint32_t)column_unsigned(row, 17),
        .valid_from_ns = sqlite3_column_int64(row, 18),
    };
}

enum error_code database_list_points(struct database *database, database_take_point *take,
                                     void *context, struct error *error)
{
    sqlite3_stmt *row = database->statements[DATABASE_LIST_POINTS];
    enum error_code code = ERROR_OK;
    int step = sqlite3_step(row);

    while (step == SQLITE_ROW && code == ERROR_OK) {
        struct definition definition = database_definition_of(row);

        code = take(context, (uint32_t)column_unsigned(row, 0), &definition, error);
        step = sqlite3_step(row);
    }
    if (code == ERROR_OK && step != SQLITE_DONE) {
        code = database_error(database, "read", error);
    }
    (void)sqlite3_reset(row); /* repeats the failure that was just reported */
    return code;
}
