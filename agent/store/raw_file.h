/* agent/store/raw_file.h - read a file of SQLite's without SQLite, through the same VFS.
 *
 * A test that makes a lying VFS the default one lies here too.
 *
 * Life: zeroed -> raw_file_open() -> raw_file_read()* -> raw_file_close().
 *
 * Depends on: SQLite.  Threads: one user at a time.
 */
#ifndef AGENT_STORE_RAW_FILE_H
#define AGENT_STORE_RAW_FILE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct raw_file {
    sqlite3_file *file; /* NULL: not open */
    int64_t size_bytes; /* when it was opened; -1: there is none, or it cannot be read */
};

/** `name` comes from sqlite3_create_filename() and lives as long as the file; `flags` are those of
 *  sqlite3_vfs.xOpen. false: it cannot be opened; then size_bytes is -1. */
bool raw_file_open(struct raw_file *file, sqlite3_vfs *vfs, const char *name, int flags);

/** Accepts one that is not open. */
void raw_file_close(struct raw_file *file);

/** false: not all of these bytes could be read. */
bool raw_file_read(const struct raw_file *file, void *bytes, size_t size_bytes, int64_t at);

/** Big-endian, as everything of SQLite's is. */
uint32_t raw_get(const uint8_t *bytes, size_t size_bytes);

#endif
