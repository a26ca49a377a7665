#include "agent/store/database.h"

#include "agent/store/inspect.h"
#include "agent/store/slot.h"
#include "base/fs.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

enum {
    APPLICATION_ID = INSPECT_APPLICATION_ID,
    SCHEMA_VERSION = INSPECT_FORM,
    CHUNK_BYTES = 1 << 20,
    JOURNAL_BYTES = 4 << 20, /* checkpointed pages and the largest transaction, 1 MiB, fit in it */
};

/* Page size by measurement, docs/queue.md. */
static const char pragmas[] = "PRAGMA locking_mode=EXCLUSIVE;"
                              "PRAGMA page_size=1024;"
                              "PRAGMA journal_mode=WAL;"
                              "PRAGMA synchronous=FULL;"
                              "PRAGMA secure_delete=OFF;"
                              "PRAGMA cache_size=-256;"
                              "PRAGMA mmap_size=0;"
                              "PRAGMA temp_store=MEMORY;"
                              "PRAGMA wal_autocheckpoint=2700;";

static const char schema[] =
    "BEGIN;"
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE slot(id INTEGER PRIMARY KEY, data BLOB NOT NULL);" /* stream << 32 | index */
    "CREATE TABLE ring(stream INTEGER PRIMARY KEY, made INTEGER, tail INTEGER, head INTEGER,"
    " head_first INTEGER, reserved INTEGER, acknowledged INTEGER, lost_count INTEGER,"
    " damage_reported INTEGER);"
    "CREATE TABLE cut(stream INTEGER PRIMARY KEY, active INTEGER, first INTEGER, last INTEGER,"
    " day INTEGER, encoder_version INTEGER, digest TEXT, previous_digest TEXT,"
    " correction_ns INTEGER DEFAULT 0, time_quality INTEGER DEFAULT 0);"
    "CREATE TABLE point(handle INTEGER PRIMARY KEY, point_id TEXT, device TEXT, name TEXT,"
    " type TEXT, unit TEXT, role TEXT, address TEXT, labels TEXT, scale REAL, offset REAL,"
    " range_low REAL, range_high REAL, deadband REAL, deadband_percent REAL, interval_ns INTEGER,"
    " heartbeat_ns INTEGER, revision INTEGER, valid_from_ns INTEGER);"
    "INSERT INTO meta VALUES('incarnation', '%s');"
    "PRAGMA application_id=%d;"
    "PRAGMA user_version=%d;"
    "COMMIT;";

/* Of version 1, in one transaction. */
static const char migration_from_1[] = "BEGIN;"
                                       "ALTER TABLE cut ADD COLUMN correction_ns INTEGER DEFAULT 0;"
                                       "ALTER TABLE cut ADD COLUMN time_quality INTEGER DEFAULT 0;"
                                       "PRAGMA user_version=2;"
                                       "COMMIT;";

static const char *const statement_texts[DATABASE_STATEMENT_COUNT] = {
    [DATABASE_BEGIN] = "BEGIN IMMEDIATE",
    [DATABASE_COMMIT] = "COMMIT",
    [DATABASE_ROLLBACK] = "ROLLBACK",
    [DATABASE_MAKE_SLOT] = "INSERT OR REPLACE INTO slot VALUES(?1, zeroblob(65536))",
    [DATABASE_DROP_SLOTS] = ("DELETE FROM slot WHERE id IN"
                             " (SELECT id FROM slot WHERE id >= ?1 AND id < ?2 LIMIT ?3)"),
    [DATABASE_SAVE_RING] = "INSERT OR REPLACE INTO ring VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    [DATABASE_LOAD_RING] = "SELECT * FROM ring WHERE stream = ?1",
    [DATABASE_SAVE_CUT] = ("INSERT OR REPLACE INTO cut VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8,"
                           " ?9, ?10)"),
    [DATABASE_LOAD_CUT] = "SELECT * FROM cut WHERE stream = ?1",
    [DATABASE_ADD_POINT] = ("INSERT INTO point VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11,"
                            " ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)"),
    [DATABASE_SAVE_NOTE] = "INSERT OR REPLACE INTO meta VALUES(?1, ?2)",
    [DATABASE_LIST_NOTES] = "SELECT key, value FROM meta",
    [DATABASE_LIST_POINTS] = "SELECT * FROM point ORDER BY handle",
};

static enum error_code code_of(struct database *database)
{
    int system_errno = sqlite3_system_errno(database->handle);

    switch (sqlite3_errcode(database->handle)) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_ERROR: /* a table or column that should be there is not */
    case SQLITE_MISMATCH:
    case SQLITE_CONSTRAINT:
        return ERROR_BAD_DATA;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERROR_BAD_CONFIG;
    case SQLITE_FULL:
        return ERROR_NO_SPACE;
    case SQLITE_NOMEM:
        return ERROR_NO_MEMORY;
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return ERROR_REFUSED;
    case SQLITE_IOERR:
        return system_errno == ENOSPC || system_errno == EDQUOT ? ERROR_NO_SPACE
               : system_errno == EROFS || system_errno == EACCES || system_errno == EPERM
                   ? ERROR_REFUSED
                   : ERROR_IO;
    default:
        return ERROR_IO;
    }
}

enum error_code database_error(struct database *database, const char *step, struct error *error)
{
    enum error_code code = code_of(database);

    database->is_unreadable = sqlite3_extended_errcode(database->handle) == SQLITE_IOERR_READ;
    if (code == ERROR_BAD_CONFIG) {
        return error_set(error, code,
                         "another process has the queue %s open; stop it, or give this one a queue "
                         "of its own",
                         database->path);
    }
    (void)error_set(error, code, "cannot %s the queue %s: %s", step, database->path,
                    sqlite3_errmsg(database->handle));
    if (error != NULL) {
        error->system_errno = sqlite3_system_errno(database->handle);
    }
    return code;
}

static enum error_code run_text(struct database *database, const char *text, const char *step,
                                struct error *error)
{
    if (sqlite3_exec(database->handle, text, NULL, NULL, NULL) != SQLITE_OK) {
        return database_error(database, step, error);
    }
    return ERROR_OK;
}

static enum error_code read_number(struct database *database, const char *text, int64_t *number,
                                   struct error *error)
{
    sqlite3_stmt *statement = NULL;
    enum error_code code = ERROR_OK;

    if (sqlite3_prepare_v2(database->handle, text, -1, &statement, NULL) != SQLITE_OK ||
        sqlite3_step(statement) != SQLITE_ROW) {
        code = database_error(database, "read", error);
    } else {
        *number = sqlite3_column_int64(statement, 0);
    }
    (void)sqlite3_finalize(statement); /* repeats the failure that was just reported */
    return code;
}

static enum error_code make_schema(struct database *database, struct error *error)
{
    uint64_t random;
    char text[sizeof(schema) + 64];

    if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random)) {
        return error_set(error, ERROR_IO, "the system gives no random numbers");
    }
    (void)snprintf(database->incarnation, sizeof(database->incarnation), "%016llx",
                   (unsigned long long)random); /* 16 digits fit */
    (void)snprintf(text, sizeof(text), schema, database->incarnation, APPLICATION_ID,
                   SCHEMA_VERSION); /* the room left is for the three */
    database->fresh = true;
    return run_text(database, text, "make", error);
}

static enum error_code read_incarnation(struct database *database, struct error *error)
{
    sqlite3_stmt *statement = NULL;
    const char *text = NULL;
    enum error_code code = ERROR_OK;

    if (sqlite3_prepare_v2(database->handle, "SELECT value FROM meta WHERE key = 'incarnation'", -1,
                           &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
        text = (const char *)sqlite3_column_text(statement, 0);
    }
    if (text == NULL) {
        code = database_error(database, "read", error);
        code = code == ERROR_OK || code == ERROR_IO ? ERROR_BAD_DATA : code;
    } else if (strspn(text, "0123456789abcdef") != STORE_INCARNATION_SIZE - 1 ||
               strlen(text) != STORE_INCARNATION_SIZE - 1) {
        code = error_set(error, ERROR_BAD_DATA, "the queue %s has no incarnation of ours",
                         database->path);
    } else {
        memcpy(database->incarnation, text, STORE_INCARNATION_SIZE);
    }
    (void)sqlite3_finalize(statement); /* repeats the failure that was just reported */
    return code;
}

/** An empty file becomes a queue; what is there must be one. */
static enum error_code recognise(struct database *database, struct error *error)
{
    int64_t tables = 0, application = 0, version = 0;
    enum error_code code =
        read_number(database, "SELECT count(*) FROM sqlite_master", &tables, error);

    if (code == ERROR_OK) {
        code = read_number(database, "PRAGMA application_id", &application, error);
    }
    if (code == ERROR_OK) {
        code = read_number(database, "PRAGMA user_version", &version, error);
    }
    if (code != ERROR_OK) {
        return code;
    }
    if (tables == 0 && application == 0) {
        return make_schema(database, error);
    }
    if (application != APPLICATION_ID) {
        return error_set(error, ERROR_BAD_DATA, "it is a database, but not a queue");
    }
    if (version > SCHEMA_VERSION) {
        database->aside = ASIDE_NEWER;
        return error_set(error, ERROR_BAD_DATA,
                         "it was made by a newer version (form %lld, this one reads %d)",
                         (long long)version, SCHEMA_VERSION);
    }
    code =
        version == 1 ? run_text(database, migration_from_1, "bring up to date", error) : ERROR_OK;
    return code == ERROR_OK ? read_incarnation(database, error) : code;
}

static enum error_code prepare_statements(struct database *database, struct error *error)
{
    for (size_t i = 0; i < DATABASE_STATEMENT_COUNT; i++) {
        if (sqlite3_prepare_v3(database->handle, statement_texts[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &database->statements[i], NULL) != SQLITE_OK) {
            return database_error(database, "read", error);
        }
    }
    return ERROR_OK;
}

void database_copy_on_close(struct database *database, bool copy)
{
    (void)sqlite3_db_config(database->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, (int)!copy, NULL);
}

static enum error_code open_connection(struct database *database, struct error *error)
{
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int chunk_bytes = CHUNK_BYTES;
    int yes = 1;
    int64_t page_bytes = 0;
    enum error_code code;

    if (sqlite3_open_v2(database->path, &database->handle, flags, database->vfs.name) !=
        SQLITE_OK) {
        return database_error(database, "open", error);
    }
    (void)sqlite3_db_config(database->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1,
                            NULL); /* known */
    code = run_text(database, pragmas, "open", error);
    if (code == ERROR_OK) {
        code = recognise(database, error);
    }
    if (code == ERROR_OK) {
        code = read_number(database, "PRAGMA page_size", &page_bytes, error);
    }
    if (code != ERROR_OK) {
        return code;
    }
    database->page_bytes = (int)page_bytes;
    if (sqlite3_file_control(database->handle, "main", SQLITE_FCNTL_PERSIST_WAL, &yes) !=
            SQLITE_OK ||
        sqlite3_file_control(database->handle, "main", SQLITE_FCNTL_CHUNK_SIZE, &chunk_bytes) !=
            SQLITE_OK) {
        return database_error(database, "open", error);
    }
    return prepare_statements(database, error);
}

/** Give the journal its full size, once: what grows at each commit costs the flash several times
 *  what overwriting does, and a full disk cannot stop a journal that has its room. */
static void fill_journal(struct database *database)
{
    static const uint8_t zeros[SLOT_BYTES];
    sqlite3_file *file = NULL;
    sqlite3_int64 size = 0;
    int code = sqlite3_file_control(database->handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file);

    if (code != SQLITE_OK || file == NULL || file->pMethods == NULL ||
        file->pMethods->xFileSize(file, &size) != SQLITE_OK || size >= JOURNAL_BYTES) {
        return;
    }
    while (size < JOURNAL_BYTES && code == SQLITE_OK) {
        sqlite3_int64 left = JOURNAL_BYTES - size;
        int part = left < (sqlite3_int64)sizeof(zeros) ? (int)left : (int)sizeof(zeros);

        code = file->pMethods->xWrite(file, zeros, part, size); /* no frame of SQLite's is zero */
        size += part;
    }
    (void)file->pMethods->xSync(file, SQLITE_SYNC_NORMAL); /* without the room it grows as ever */
}

/** SQLite says that it cannot open the file, but not what stands in the way: look for it. */
static void explain_refusal(const char *path, struct error *error)
{
    char copy[PATH_MAX];
    const char *folder;
    struct stat about;

    if (snprintf(copy, sizeof(copy), "%s", path) >= (int)sizeof(copy)) {
        return; /* what SQLite said stands */
    }
    folder = dirname(copy);
    if (stat(folder, &about) != 0 && errno == ENOENT) {
        (void)error_set(error, ERROR_REFUSED,
                        "the folder %s of the queue is not there; make it, or write another one in "
                        "queue: path:",
                        folder);
    } else if (stat(path, &about) == 0 && S_ISDIR(about.st_mode)) {
        (void)error_set(error, ERROR_REFUSED,
                        "the queue %s is a folder; write a file in it in queue: path:", path);
    } else if (access(folder, W_OK | X_OK) != 0) {
        (void)fs_error(error, errno, "write the queue into", folder);
    } else if (access(path, R_OK | W_OK) != 0 && errno != ENOENT) {
        (void)fs_error(error, errno, "write the queue", path);
    }
}

enum error_code database_accept(struct database *database, int64_t *journal_bytes,
                                struct error *error)
{
    sqlite3_file *file = NULL;
    sqlite3_int64 size = 0;

    fill_journal(database);
    (void)sqlite3_db_config(database->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0,
                            NULL); /* known */
    if (sqlite3_file_control(database->handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file) !=
            SQLITE_OK ||
        file == NULL || file->pMethods == NULL ||
        file->pMethods->xFileSize(file, &size) != SQLITE_OK) {
        return error_set(error, ERROR_IO, "cannot read the journal of the queue %s",
                         database->path);
    }
    *journal_bytes = size < JOURNAL_BYTES ? size : JOURNAL_BYTES;
    return ERROR_OK;
}

enum error_code database_checkpoint(struct database *database, struct error *error)
{
    if (sqlite3_wal_checkpoint_v2(database->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL) !=
        SQLITE_OK) {
        return database_error(database, "write", error);
    }
    return ERROR_OK;
}

/** What can be said before SQLite touches the files. */
static enum error_code inspect(struct database *database, struct error *error)
{
    struct inspection found;
    char reason[256];

    if (aside_is_condemned(database->path, reason, sizeof(reason))) {
        return error_set(error, ERROR_BAD_DATA, "%s", reason);
    }
    inspect_queue(&database->vfs.vfs, database->path, &found);
    database->is_made = found.is_made;
    database->journal_bytes = found.journal_bytes;
    if (found.verdict == INSPECT_USABLE) {
        return ERROR_OK;
    }
    database->aside = found.verdict == INSPECT_NEWER ? ASIDE_NEWER : ASIDE_DAMAGED;
    return error_set(error, ERROR_BAD_DATA, "%s", found.reason);
}

enum error_code database_open(struct database *database, const char *path, struct error *error)
{
    enum error_code code;

    *database = (struct database){.path = strdup(path)};
    if (database->path == NULL || !store_vfs_open(&database->vfs)) {
        return error_set(error, ERROR_NO_MEMORY, "not enough memory to open the queue %s", path);
    }
    code = inspect(database, error);
    if (code == ERROR_OK) {
        code = open_connection(database, error);
    }
    if (code == ERROR_REFUSED) {
        explain_refusal(path, error);
    }
    return code;
}

void database_close(struct database *database)
{
    for (size_t i = 0; i < DATABASE_STATEMENT_COUNT; i++) {
        (void)sqlite3_finalize(database->statements[i]); /* repeats an old failure */
        database->statements[i] = NULL;
    }
    (void)sqlite3_close(database->handle); /* everything it held was just finalized */
    database->handle = NULL;
    store_vfs_close(&database->vfs);
    free(database->path);
    database->path = NULL;
}
