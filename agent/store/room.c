#include "agent/store/room.h"

#include "agent/store/slot.h"

#include <stdio.h>
#include <sys/statvfs.h>

/* A slot takes its 64 KiB in overflow pages; an eighth more covers the pages between. */
enum { SLOT_WITH_PAGES_BYTES = SLOT_BYTES + SLOT_BYTES / 8 };

/** A number that SQLite finds in a page or two; 0 when it does not. */
static int64_t ask(struct database *database, const char *question)
{
    sqlite3_stmt *statement = NULL;
    int64_t number = 0;

    if (sqlite3_prepare_v2(database->handle, question, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
        number = sqlite3_column_int64(statement, 0);
    }
    (void)sqlite3_finalize(statement); /* whoever uses the database next meets the failure */
    return number;
}

/** How large the file must be to hold `count` slots more. */
static int64_t wanted_bytes(struct database *database, uint32_t count)
{
    int64_t used_pages =
        ask(database, "PRAGMA page_count") - ask(database, "PRAGMA freelist_count");

    return used_pages * database->page_bytes + (int64_t)count * SLOT_WITH_PAGES_BYTES;
}

static int64_t file_bytes(struct database *database)
{
    sqlite3_file *file = NULL;
    sqlite3_int64 size = 0;

    if (sqlite3_file_control(database->handle, "main", SQLITE_FCNTL_FILE_POINTER, &file) !=
            SQLITE_OK ||
        file->pMethods->xFileSize(file, &size) != SQLITE_OK) {
        return 0;
    }
    return size;
}

bool room_is_left(struct database *database, uint32_t count, uint64_t keep_free_bytes)
{
    int64_t more_bytes = wanted_bytes(database, count) - file_bytes(database);
    struct statvfs disk;
    uint64_t free_bytes;

    if (more_bytes <= 0 || statvfs(database->path, &disk) != 0) {
        return true;
    }
    free_bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
    return free_bytes >= keep_free_bytes && free_bytes - keep_free_bytes >= (uint64_t)more_bytes;
}

bool room_has_slots(struct database *database, enum stream stream, uint32_t from)
{
    char text[120];

    (void)snprintf(text, sizeof(text),
                   "SELECT EXISTS(SELECT 1 FROM slot WHERE id >= %lld AND id < %lld)",
                   (long long)database_slot_id(stream, from),
                   (long long)database_slot_id((enum stream)((int)stream + 1), 0)); /* fits */
    return ask(database, text) != 0;
}

static enum error_code end_transaction(struct database *database, enum error_code code,
                                       struct error *error)
{
    if (code == ERROR_OK) {
        code = database_commit(database, error);
    }
    if (code != ERROR_OK) {
        database_rollback(database);
    }
    return code;
}

enum error_code room_make_slots(struct database *database, enum stream stream, uint32_t first,
                                uint32_t count, struct error *error)
{
    sqlite3_stmt *statement = database->statements[DATABASE_MAKE_SLOT];
    sqlite3_int64 size = wanted_bytes(database, count);
    enum error_code code;

    if (sqlite3_file_control(database->handle, "main", SQLITE_FCNTL_SIZE_HINT, &size) !=
        SQLITE_OK) {
        return error_set(error, ERROR_NO_SPACE,
                         "there is no room to enlarge the queue %s by %u slots of 64 KiB",
                         database->path, (unsigned)count);
    }
    code = database_begin(database, error);
    for (uint32_t i = 0; i < count && code == ERROR_OK; i++) {
        (void)sqlite3_bind_int64(statement, 1, database_slot_id(stream, first + i)); /* in range */
        code = database_run(database, DATABASE_MAKE_SLOT, "enlarge", error);
    }
    return end_transaction(database, code, error);
}

enum error_code room_drop_slots(struct database *database, enum stream stream, uint32_t from,
                                uint32_t count, bool *left, struct error *error)
{
    sqlite3_stmt *statement = database->statements[DATABASE_DROP_SLOTS];
    enum error_code code = database_begin(database, error);

    (void)sqlite3_bind_int64(statement, 1,
                             database_slot_id(stream, from)); /* in range, as the next */
    (void)sqlite3_bind_int64(statement, 2, database_slot_id((enum stream)((int)stream + 1), 0));
    (void)sqlite3_bind_int64(statement, 3, count);
    if (code == ERROR_OK) {
        code = database_run(database, DATABASE_DROP_SLOTS, "make smaller", error);
    }
    *left = code == ERROR_OK && (uint32_t)sqlite3_changes(database->handle) == count;
    return end_transaction(database, code, error);
}
