#include "agent/store/vfs.h"

#include <stdio.h>
#include <string.h>

enum { BLOCK_BYTES = 4096 }; /* what Linux and its file systems write at least */

/** Ours, then the wrapped VFS's own struct. */
struct metered_file {
    sqlite3_file base;
    struct store_vfs *meter;
    uint64_t unsynced_bytes;
    sqlite3_int64 last_block; /* written since the last sync; -1: none */
    uint64_t wrapped[];       /* SQLite aligns to 8 bytes */
};

static struct metered_file *metered(sqlite3_file *file)
{
    return (struct metered_file *)(void *)file; /* base is its first member */
}

static sqlite3_file *wrapped(sqlite3_file *file)
{
    return (sqlite3_file *)(void *)metered(file)->wrapped;
}

static int file_close(sqlite3_file *file)
{
    return wrapped(file)->pMethods->xClose(wrapped(file));
}

static int file_read(sqlite3_file *file, void *bytes, int size, sqlite3_int64 offset)
{
    return wrapped(file)->pMethods->xRead(wrapped(file), bytes, size, offset);
}

/** SQLite writes in order of places, so that a block it comes back to is the last one. */
static void count_blocks(struct metered_file *file, int size, sqlite3_int64 offset)
{
    sqlite3_int64 first = offset / BLOCK_BYTES;
    sqlite3_int64 last = (offset + size - 1) / BLOCK_BYTES;
    uint64_t blocks = (uint64_t)(last - first + (first != file->last_block));

    file->last_block = last;
    file->unsynced_bytes += blocks * BLOCK_BYTES;
    file->meter->written_bytes += blocks * BLOCK_BYTES;
}

static int file_write(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 offset)
{
    count_blocks(metered(file), size, offset);
    return wrapped(file)->pMethods->xWrite(wrapped(file), bytes, size, offset);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return wrapped(file)->pMethods->xTruncate(wrapped(file), size);
}

static int file_sync(sqlite3_file *file, int flags)
{
    struct store_vfs *meter = metered(file)->meter;
    uint64_t page = meter->program_page_bytes;

    meter->sync_count++;
    meter->programmed_bytes += (metered(file)->unsynced_bytes + page - 1) / page * page;
    metered(file)->unsynced_bytes = 0;
    metered(file)->last_block = -1;
    return wrapped(file)->pMethods->xSync(wrapped(file), flags);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return wrapped(file)->pMethods->xFileSize(wrapped(file), size);
}

static int file_lock(sqlite3_file *file, int level)
{
    return wrapped(file)->pMethods->xLock(wrapped(file), level);
}

static int file_unlock(sqlite3_file *file, int level)
{
    return wrapped(file)->pMethods->xUnlock(wrapped(file), level);
}

static int file_check_reserved_lock(sqlite3_file *file, int *reserved)
{
    return wrapped(file)->pMethods->xCheckReservedLock(wrapped(file), reserved);
}

static int file_control(sqlite3_file *file, int operation, void *argument)
{
    return wrapped(file)->pMethods->xFileControl(wrapped(file), operation, argument);
}

static int file_sector_size(sqlite3_file *file)
{
    return wrapped(file)->pMethods->xSectorSize(wrapped(file));
}

static int file_device_characteristics(sqlite3_file *file)
{
    return wrapped(file)->pMethods->xDeviceCharacteristics(wrapped(file));
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
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_reserved_lock,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_device_characteristics,
};

static sqlite3_vfs *below(sqlite3_vfs *vfs)
{
    return vfs->pAppData;
}

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                    int *out_flags)
{
    int code = below(vfs)->xOpen(below(vfs), name, wrapped(file), flags, out_flags);

    metered(file)->meter = (struct store_vfs *)(void *)vfs; /* vfs is its first member */
    metered(file)->unsynced_bytes = 0;
    metered(file)->last_block = -1;
    file->pMethods = wrapped(file)->pMethods != NULL ? &methods : NULL;
    return code;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync_directory)
{
    return below(vfs)->xDelete(below(vfs), name, sync_directory);
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *result)
{
    return below(vfs)->xAccess(below(vfs), name, flags, result);
}

static int vfs_full_pathname(sqlite3_vfs *vfs, const char *name, int size, char *result)
{
    return below(vfs)->xFullPathname(below(vfs), name, size, result);
}

static int vfs_randomness(sqlite3_vfs *vfs, int size, char *bytes)
{
    return below(vfs)->xRandomness(below(vfs), size, bytes);
}

static int vfs_sleep(sqlite3_vfs *vfs, int microseconds)
{
    return below(vfs)->xSleep(below(vfs), microseconds);
}

static int vfs_current_time(sqlite3_vfs *vfs, double *julian_day)
{
    return below(vfs)->xCurrentTime(below(vfs), julian_day);
}

static int vfs_last_error(sqlite3_vfs *vfs, int size, char *text)
{
    return below(vfs)->xGetLastError(below(vfs), size, text);
}

bool store_vfs_open(struct store_vfs *vfs)
{
    sqlite3_vfs *real = sqlite3_vfs_find(NULL);

    if (real == NULL) {
        return false;
    }
    *vfs = (struct store_vfs){.vfs =
                                  {
                                      .iVersion = 1,
                                      .szOsFile = (int)sizeof(struct metered_file) + real->szOsFile,
                                      .mxPathname = real->mxPathname,
                                      .zName = vfs->name,
                                      .pAppData = real,
                                      .xOpen = vfs_open,
                                      .xDelete = vfs_delete,
                                      .xAccess = vfs_access,
                                      .xFullPathname = vfs_full_pathname,
                                      .xRandomness = vfs_randomness,
                                      .xSleep = vfs_sleep,
                                      .xCurrentTime = vfs_current_time,
                                      .xGetLastError = vfs_last_error,
                                  },
                              .program_page_bytes = STORE_PROGRAM_PAGE_BYTES};
    (void)snprintf(vfs->name, sizeof(vfs->name), "leat-%p", (void *)vfs); /* unique; fits */
    return sqlite3_vfs_register(&vfs->vfs, 0) == SQLITE_OK;
}

void store_vfs_close(struct store_vfs *vfs)
{
    if (vfs->vfs.pAppData != NULL) {
        (void)sqlite3_vfs_unregister(&vfs->vfs); /* cannot fail for one that is registered */
        vfs->vfs.pAppData = NULL;
    }
}
