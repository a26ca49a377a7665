/* agent/store/vfs.h - SQLite's way to the disk, with a meter in it.
 *
 * Bytes are counted as the disk gets them, in blocks of 4 KiB that were written to between two
 * syncs: 100 bytes and a sync are a block.
 *
 * A flash programs whole pages: what was written to a file since its last sync is rounded up to
 * program_page_bytes at the next one, so that a commit of 200 bytes counts as a page.
 *
 * Wraps the process's default VFS and counts what is handed down; a test that makes a lying VFS the
 * default one lies to the store through it. It offers no shared memory: the database is opened in
 * exclusive mode, where SQLite needs none.
 *
 * Life: store_vfs_open() -> sqlite3_open_v2(..., vfs->name) ... sqlite3_close() ->
 * store_vfs_close().
 *
 * Depends on: SQLite.  Threads: the meter is read by the thread that uses the connection.
 */
#ifndef AGENT_STORE_VFS_H
#define AGENT_STORE_VFS_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

enum { STORE_PROGRAM_PAGE_BYTES = 16 << 10 }; /* unless something else is set */

struct store_vfs {
    sqlite3_vfs vfs;
    char name[32];
    uint64_t written_bytes;
    uint64_t sync_count;
    uint64_t programmed_bytes;
    uint64_t program_page_bytes; /* may be set while it is open */
};

/** false: SQLite has no memory. `vfs` must stay where it is until it is closed. */
bool store_vfs_open(struct store_vfs *vfs);
void store_vfs_close(struct store_vfs *vfs);

#endif
