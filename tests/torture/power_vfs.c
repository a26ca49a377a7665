/* The methods of SQLite's VFS and files on a disk in memory. */
#include "tests/torture/power_disk.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { SECTOR_AS_UNIX = 4096, CHUNK_BYTES = 1 << 20 };

/** What SQLite holds of an open file. */
struct open_file {
    sqlite3_file base;
    struct power_disk *disk;
    struct power_file *file;
    bool database;       /* not a journal */
    bool sync_directory; /* with its first sync */
    int keeps_journal;   /* SQLITE_FCNTL_PERSIST_WAL */
};

static struct open_file *opened(sqlite3_file *file)
{
    return (struct open_file *)(void *)file; /* base is its first member */
}

static struct power_disk *disk_of(sqlite3_vfs *vfs)
{
    return vfs->pAppData;
}

static int file_close(sqlite3_file *file)
{
    (void)file; /* the disk keeps it */
    return SQLITE_OK;
}

static int file_read(sqlite3_file *file, void *bytes, int size, sqlite3_int64 offset)
{
    const struct power_file *data = opened(file)->file;
    size_t wanted = (size_t)size, there = 0;

    if (opened(file)->disk->off) {
        return SQLITE_IOERR_READ;
    }
    if ((size_t)offset < data->now_bytes) {
        there = data->now_bytes - (size_t)offset;
        there = there < wanted ? there : wanted;
        memcpy(bytes, data->now + offset, there);
    }
    memset((uint8_t *)bytes + there, 0, wanted - there);
    return there == wanted ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int file_write(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 offset)
{
    bool last;

    if (!power_disk_begin_step(opened(file)->disk, opened(file)->database, &last)) {
        return SQLITE_IOERR_WRITE;
    }
    power_file_write(opened(file)->file, bytes, (size_t)size, (size_t)offset);
    return last ? SQLITE_IOERR_WRITE : SQLITE_OK;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    bool last;

    if (!power_disk_begin_step(opened(file)->disk, opened(file)->database, &last)) {
        return SQLITE_IOERR_TRUNCATE;
    }
    power_file_resize(opened(file)->file, (size_t)size);
    return last ? SQLITE_IOERR_TRUNCATE : SQLITE_OK;
}

static int file_sync(sqlite3_file *file, int flags)
{
    struct open_file *open_file = opened(file);
    struct power_disk *disk = open_file->disk;
    bool last;

    (void)flags;
    if (!power_disk_begin_step(disk, open_file->database, &last) || last) {
        return SQLITE_IOERR_FSYNC;
    }
    power_file_sync(open_file->file, disk->lying_writes);
    if (disk->lying_writes > 0) {
        return SQLITE_OK;
    }
    if (!disk->strict_names) {
        power_disk_sync_names(disk, open_file->file);
    }
    if (open_file->sync_directory) {
        power_disk_sync_names(disk, NULL);
        open_file->sync_directory = false;
    }
    return SQLITE_OK;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    *size = (sqlite3_int64)opened(file)->file->now_bytes;
    return opened(file)->disk->off ? SQLITE_IOERR_FSTAT : SQLITE_OK;
}

static int file_lock(sqlite3_file *file, int level)
{
    (void)file; /* nobody else is there */
    (void)level;
    return SQLITE_OK;
}

static int file_check_reserved_lock(sqlite3_file *file, int *reserved)
{
    (void)file;
    *reserved = 0;
    return SQLITE_OK;
}

/** As SQLite's own does it when a chunk size is set, which the store sets. */
static int claim_size(struct open_file *open_file, sqlite3_int64 size)
{
    size_t wanted = ((size_t)size + CHUNK_BYTES - 1) / CHUNK_BYTES * CHUNK_BYTES;
    bool last;

    if (wanted <= open_file->file->now_bytes) {
        return SQLITE_OK;
    }
    if (!power_disk_begin_step(open_file->disk, open_file->database, &last)) {
        return SQLITE_IOERR_WRITE;
    }
    power_file_resize(open_file->file, wanted);
    return last ? SQLITE_IOERR_WRITE : SQLITE_OK;
}

static int file_control(sqlite3_file *file, int operation, void *argument)
{
    int *yes = argument;

    switch (operation) {
    case SQLITE_FCNTL_SIZE_HINT:
        return claim_size(opened(file), *(sqlite3_int64 *)argument);
    case SQLITE_FCNTL_CHUNK_SIZE:
        return SQLITE_OK;
    case SQLITE_FCNTL_PERSIST_WAL:
        if (*yes < 0) {
            *yes = opened(file)->keeps_journal;
        } else {
            opened(file)->keeps_journal = *yes;
        }
        return SQLITE_OK;
    default:
        return SQLITE_NOTFOUND;
    }
}

static int file_sector_size(sqlite3_file *file)
{
    (void)file;
    return SECTOR_AS_UNIX;
}

static int file_device_characteristics(sqlite3_file *file)
{
    (void)file;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_lock,
    .xCheckReservedLock = file_check_reserved_lock,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_device_characteristics,
};

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                    int *out_flags)
{
    struct power_disk *disk = disk_of(vfs);
    struct power_entry *entry = name != NULL ? power_disk_find_or_add(disk, name) : NULL;
    bool database = (flags & SQLITE_OPEN_MAIN_DB) != 0;
    bool last = false, made = entry == NULL || entry->now == NULL;

    file->pMethods = NULL;
    if (disk->off || (name != NULL && entry == NULL) ||
        (made && (flags & SQLITE_OPEN_CREATE) == 0) ||
        (made && !power_disk_begin_step(disk, database, &last))) {
        return SQLITE_CANTOPEN;
    }
    *opened(file) = (struct open_file){.disk = disk, .database = database};
    if (made) {
        opened(file)->file = power_disk_make_file(disk);
        opened(file)->sync_directory = !database;
    } else {
        opened(file)->file = entry->now;
    }
    if (opened(file)->file == NULL) {
        return SQLITE_CANTOPEN;
    }
    if (entry != NULL) {
        entry->now = opened(file)->file;
    }
    if (out_flags != NULL) {
        *out_flags = flags;
    }
    file->pMethods = last ? NULL : &methods;
    return last ? SQLITE_CANTOPEN : SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync_directory)
{
    struct power_disk *disk = disk_of(vfs);
    struct power_entry *entry = power_disk_find(disk, name);
    bool last;

    if (entry == NULL || entry->now == NULL) {
        return SQLITE_IOERR_DELETE_NOENT;
    }
    if (!power_disk_begin_step(disk, false, &last)) {
        return SQLITE_IOERR_DELETE;
    }
    entry->now = NULL;
    if (sync_directory != 0 && !last && disk->lying_writes == 0) {
        power_disk_sync_names(disk, NULL);
    }
    return last ? SQLITE_IOERR_DELETE : SQLITE_OK;
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *result)
{
    (void)flags;
    *result = power_disk_has(disk_of(vfs), name);
    return disk_of(vfs)->off ? SQLITE_IOERR_ACCESS : SQLITE_OK;
}

static int vfs_full_pathname(sqlite3_vfs *vfs, const char *name, int size, char *result)
{
    (void)vfs;
    return snprintf(result, (size_t)size, "%s", name) < size ? SQLITE_OK : SQLITE_CANTOPEN;
}

static int vfs_randomness(sqlite3_vfs *vfs, int size, char *bytes)
{
    for (int i = 0; i < size; i++) {
        bytes[i] = (char)power_mix(disk_of(vfs)->random_seed++, 1);
    }
    return size;
}

static int vfs_sleep(sqlite3_vfs *vfs, int microseconds)
{
    (void)vfs; /* nobody has a lock to wait for */
    return microseconds;
}

static int vfs_current_time(sqlite3_vfs *vfs, double *julian_day)
{
    (void)vfs;
    *julian_day = 2461367.5; /* any: the store asks SQLite for no time */
    return SQLITE_OK;
}

static int vfs_last_error(sqlite3_vfs *vfs, int size, char *text)
{
    (void)vfs;
    (void)size;
    (void)text;
    return EIO;
}

void power_vfs_init(struct power_disk *disk)
{
    disk->vfs = (sqlite3_vfs){.iVersion = 1,
                              .szOsFile = (int)sizeof(struct open_file),
                              .mxPathname = POWER_NAME_SIZE,
                              .zName = "power",
                              .pAppData = disk,
                              .xOpen = vfs_open,
                              .xDelete = vfs_delete,
                              .xAccess = vfs_access,
                              .xFullPathname = vfs_full_pathname,
                              .xRandomness = vfs_randomness,
                              .xSleep = vfs_sleep,
                              .xCurrentTime = vfs_current_time,
                              .xGetLastError = vfs_last_error};
}
