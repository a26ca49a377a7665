/* tests/torture/power_disk.h - a disk in memory, as SQLite's default VFS, whose power can be cut.
 *
 *   store -> SQLite -> agent/store/vfs -> [ POWER DISK ] -> power_file
 *
 * Life: power_disk_create() -> a queue works on it -> the watch cuts the power -> everything fails
 * until whoever had files open has closed them -> power_disk_power_on() -> ... ->
 * power_disk_free().
 *
 *  1. What was written and not synced is at the mercy of the cut (power_file.h).
 *  2. So are names. A file that was made is sure to be there after its own sync, as on ext4; with
 *     `strict_names` only after the directory was synced, which SQLite asks for with the first sync
 *     of a journal it made and with most removals.
 *  3. A rename is durable at once: the store syncs the directory itself, before it goes on.
 *  4. A disk that lies says that it synced, and keeps the last `lying_writes` writes of each file
 * to itself. It garbles nothing.
 *
 * Depends on: SQLite, power_file.  Threads: one.
 */
#ifndef TESTS_TORTURE_POWER_DISK_H
#define TESTS_TORTURE_POWER_DISK_H

#include "tests/torture/power_file.h"

#include <sqlite3.h>
#include <stdbool.h>

enum { POWER_NAME_SIZE = 128, POWER_ENTRIES_MAX = 32 };

/** A name and what it stands for: now, and if the power went. NULL: nothing. */
struct power_entry {
    char name[POWER_NAME_SIZE];
    struct power_file *now, *durable;
};

/** Asked before each step that changes the disk (`database`: it concerns the database itself, not
 *  a journal). True: the power goes off in the middle of this step. */
typedef bool power_watch(void *context, bool database);

struct power_disk {
    sqlite3_vfs vfs;
    sqlite3_vfs *real;
    struct power_entry entries[POWER_ENTRIES_MAX];
    struct power_file *files[2 * POWER_ENTRIES_MAX]; /* each that was ever made and not freed */
    power_watch *watch;                              /* NULL: the power stays on */
    void *context;
    uint64_t random_seed;
    bool off;
    bool strict_names;
    size_t lying_writes; /* 0: it does not lie */
};

/** Empty, and the default VFS from now on. */
void power_disk_create(struct power_disk *disk, uint64_t seed);

/** The default VFS is what it was. Nothing may be open. */
void power_disk_free(struct power_disk *disk);

/** Decide what the cut has left. Nothing may be open. */
void power_disk_power_on(struct power_disk *disk, uint64_t seed);

/** Everything is durable, whatever it said before. */
void power_disk_settle(struct power_disk *disk);

bool power_disk_has(const struct power_disk *disk, const char *name);

/** What rename() does; `to` NULL: unlink(). Returns 0, or -1 with errno. */
int power_disk_rename(struct power_disk *disk, const char *from, const char *to);

/* Between power_disk.c and power_vfs.c. */

/** Fill in disk->vfs. */
void power_vfs_init(struct power_disk *disk);

/** A step that changes the disk; `*last`: the power goes off in it. False: it is off. */
bool power_disk_begin_step(struct power_disk *disk, bool database, bool *last);

/** NULL: there is none. */
struct power_entry *power_disk_find(struct power_disk *disk, const char *name);
/** NULL: no room for it, or too long a name. */
struct power_entry *power_disk_find_or_add(struct power_disk *disk, const char *name);
struct power_file *power_disk_make_file(struct power_disk *disk);

/** The names of this file, or all (NULL), stand for the same if the power goes. */
void power_disk_sync_names(struct power_disk *disk, const struct power_file *of);

#endif
