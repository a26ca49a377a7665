/* agent/store/database.h - the one SQLite connection: pragmas, schema, statements, slots as BLOBs.
 *
 *   ring, catalogue, cut -> [ DATABASE ] -> the file
 *
 * Life: database_open() -> anything -> database_close().
 *
 *  1. One connection, exclusive: nobody else reads or writes while we run, and SQLite's faults that
 *     need two connections cannot happen.
 *  2. An open BLOB handle makes COMMIT fail, so each read and write opens and closes its own.
 *  3. Slots are made once and then only overwritten; they are deleted only when their ring is made
 *     smaller. Nothing else is ever deleted, nothing vacuumed.
 *  4. Room for new slots is claimed from the file system before they are made (room.h), so a full
 *     disk is met there and not in the middle of a checkpoint.
 *
 * Errors everywhere: ERROR_NO_SPACE, ERROR_NO_MEMORY, ERROR_REFUSED, ERROR_IO; ERROR_BAD_DATA when
 * the file is damaged or not ours, ERROR_BAD_CONFIG when another process has it.
 *
 * Depends on: base, SQLite, vfs.  Threads: one at a time; the store's database lock sees to it.
 */
#ifndef AGENT_STORE_DATABASE_H
#define AGENT_STORE_DATABASE_H

#include "agent/store/aside.h"
#include "agent/store/vfs.h"

enum {
    DATABASE_BEGIN,
    DATABASE_COMMIT,
    DATABASE_ROLLBACK,
    DATABASE_MAKE_SLOT,
    DATABASE_DROP_SLOTS,
    DATABASE_SAVE_RING,
    DATABASE_LOAD_RING,
    DATABASE_SAVE_CUT,
    DATABASE_LOAD_CUT,
    DATABASE_ADD_POINT,
    DATABASE_SAVE_NOTE,
    DATABASE_LIST_NOTES,
    DATABASE_LIST_POINTS,
    DATABASE_STATEMENT_COUNT
};

struct database {
    sqlite3 *handle;
    sqlite3_stmt *statements[DATABASE_STATEMENT_COUNT];
    struct store_vfs vfs;
    char *path;
    char incarnation[STORE_INCARNATION_SIZE];
    bool fresh;            /* made by this opening */
    bool is_made;          /* as the file itself says, without its journal (inspect.h) */
    bool is_unreadable;    /* the last failure was a read that the disk refused */
    bool slot_is_lost;     /* a slot that was asked for has no row, or the way there is damaged */
    enum aside_kind aside; /* after ERROR_BAD_DATA: as what it is to be kept */
    int64_t journal_bytes; /* before the opening; -1: there was none */
    int page_bytes;        /* of the file */
};

/** Open or make the file. `database` must stay where it is until it is closed. Nothing is written
 *  to a file that exists, also not by closing it, before database_accept(); but for bringing an
 *  older form up to date. */
MUST_CHECK enum error_code database_open(struct database *database, const char *path,
                                         struct error *error);

/** It is ours to use: give the journal its size. `*journal_bytes`: the least that it has from now
 *  on; what is to be noted, before anything else is written. */
MUST_CHECK enum error_code database_accept(struct database *database, int64_t *journal_bytes,
                                           struct error *error);

/** Should closing it copy what the journal holds into the file? Accepting it says yes. */
void database_copy_on_close(struct database *database, bool copy);

/** Copy what the journal holds into the file itself. Errors: as everywhere. */
MUST_CHECK enum error_code database_checkpoint(struct database *database, struct error *error);

/** Accepts a zeroed and a half-open one. */
void database_close(struct database *database);

MUST_CHECK enum error_code database_begin(struct database *database, struct error *error);
MUST_CHECK enum error_code database_commit(struct database *database, struct error *error);
/** After a failure inside of begin..commit. */
void database_rollback(struct database *database);

/** Run a statement (DATABASE_...) that gives no rows and make it ready for the next time. */
MUST_CHECK enum error_code database_run(struct database *database, int which, const char *step,
                                        struct error *error);

static inline sqlite3_int64 database_slot_id(enum stream stream, uint32_t index)
{
    return (sqlite3_int64)stream << 32 | (sqlite3_int64)index;
}

/** A slot on disk. */
struct database_place {
    enum stream stream;
    uint32_t index;
};

/** The first `size_bytes` of a slot. */
MUST_CHECK enum error_code database_read_slot(struct database *database,
                                              struct database_place place, void *bytes,
                                              size_t size_bytes, struct error *error);

/** Bytes from..to of a slot that is `bytes` in memory. */
MUST_CHECK enum error_code database_write_slot(struct database *database,
                                               struct database_place place, const uint8_t *bytes,
                                               size_t from, size_t to, struct error *error);

/** The row of a stream's ring; zeroed when there is none yet. */
struct database_ring {
    uint32_t made;       /* slots that exist */
    uint32_t tail, head; /* indexes of the oldest slot in use and of the newest */
    uint64_t head_first; /* first sequence number in the newest slot; 0: no slot in use */
    uint64_t reserved;   /* no number above this one was ever given */
    uint64_t acknowledged;
    uint64_t lost_count;
    uint64_t damage_reported; /* damage up to this number has its gap event */
};

MUST_CHECK enum error_code database_load_ring(struct database *database, enum stream stream,
                                              struct database_ring *ring, struct error *error);
MUST_CHECK enum error_code database_save_ring(struct database *database, enum stream stream,
                                              const struct database_ring *ring,
                                              struct error *error);

/** `*active` false: no cut is under way. */
MUST_CHECK enum error_code database_load_cut(struct database *database, enum stream stream,
                                             struct store_cut *cut, bool *active,
                                             struct error *error);
MUST_CHECK enum error_code database_save_cut(struct database *database, enum stream stream,
                                             const struct store_cut *cut, bool active,
                                             struct error *error);

/** Called for each note; texts are borrowed. */
typedef void database_take_note(void *context, const char *key, const char *value);
MUST_CHECK enum error_code database_list_notes(struct database *database, database_take_note *take,
                                               void *context, struct error *error);
MUST_CHECK enum error_code database_save_note(struct database *database, const char *key,
                                              const char *value, struct error *error);

MUST_CHECK enum error_code database_add_point(struct database *database, uint32_t handle,
                                              const struct definition *definition,
                                              struct error *error);

/** Of a row of table point; texts live as long as the row is not stepped on. */
struct definition database_definition_of(sqlite3_stmt *row);

/** Called for each definition in the order of handles; texts are borrowed. */
typedef enum error_code database_take_point(void *context, uint32_t handle,
                                            const struct definition *definition,
                                            struct error *error);
MUST_CHECK enum error_code database_list_points(struct database *database,
                                                database_take_point *take, void *context,
                                                struct error *error);

/** Fill `error` from SQLite's last failure: "cannot <step> the queue <path>: <reason>". */
enum error_code database_error(struct database *database, const char *step, struct error *error);

#endif
