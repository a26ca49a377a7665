/* agent/store/page_source.h - the pages of a queue that SQLite would refuse, without writing to it.
 *
 *   the database, and over it the journal's frames that were acknowledged -> [ PAGE SOURCE ]
 *       -> salvage: page by page, or through SQLite as a database that cannot be changed
 *
 *  1. A page is taken from its newest frame that counts (wal_file.h), also from behind a bad one,
 *     else from the database. What neither has is zeros.
 *  2. Neither file is ever written to.
 *  3. A journal never ends with its last frame (it is larger), unless it was cut off: then frames
 *     whose transaction's end is missing count, since it was acknowledged.
 *
 * Life: zeroed -> page_source_open() -> page_source_read()*, page_source_connect() ->
 * page_source_close().
 *
 * Depends on: wal_file, SQLite.  Threads: one user at a time.
 */
#ifndef AGENT_STORE_PAGE_SOURCE_H
#define AGENT_STORE_PAGE_SOURCE_H

#include "agent/store/wal_file.h"
#include "base/error.h"

struct page_source {
    sqlite3_vfs vfs; /* ours; registered while a connection is open */
    char name[32];   /* of the VFS */
    const char *file_name;
    struct raw_file database, journal;
    struct wal_file wal;
    struct wal_map map;
    uint32_t page_bytes, page_count;
    bool journal_is_whole; /* nothing behind it was lost */
    sqlite3 *handle;
    uint8_t *page; /* of one page, for reads of a part */
};

/** Must stay where it is until it is closed. Errors: ERROR_NO_MEMORY, ERROR_IO (it cannot be read
 *  at all), ERROR_BAD_CONFIG (the path is too long). */
MUST_CHECK enum error_code page_source_open(struct page_source *source, const char *path,
                                            struct error *error);

/** Accepts one that is zeroed or half-open. */
void page_source_close(struct page_source *source);

/** Page `number`, from 1; `bytes` holds page_bytes. false: there is no such page; then zeros. */
bool page_source_read(struct page_source *source, uint32_t number, uint8_t *bytes);

/** A connection that reads through this source; NULL: SQLite cannot make a database of it. Lives as
 *  long as the source. */
sqlite3 *page_source_connect(struct page_source *source);

#endif
