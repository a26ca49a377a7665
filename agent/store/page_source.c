#include "agent/store/page_source.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE_BYTES = 1024, HEADER_BYTES = 100 };

struct source_file {
    sqlite3_file base;
    struct page_source *source;
};

static enum error_code open_files(struct page_source *source, const char *path, struct error *error)
{
    sqlite3_vfs *below = sqlite3_vfs_find(NULL);
    char wal_path[PATH_MAX], journal_path[PATH_MAX];
    int kind;

    source->database.size_bytes = source->journal.size_bytes = -1;
    if (snprintf(wal_path, sizeof(wal_path), "%s-wal", path) >= (int)sizeof(wal_path) ||
        snprintf(journal_path, sizeof(journal_path), "%s-journal", path) >=
            (int)sizeof(journal_path)) {
        return error_set(error, ERROR_BAD_CONFIG, "the path %s is too long", path);
    }
    source->file_name = sqlite3_create_filename(path, journal_path, wal_path, 0, NULL);
    if (source->file_name == NULL || below == NULL) {
        return error_set(error, ERROR_NO_MEMORY, "not enough memory to read %s", path);
    }
    (void)raw_file_open(&source->database, below, source->file_name,
                        SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_READONLY);
    kind = source->database.file != NULL ? SQLITE_OPEN_WAL : SQLITE_OPEN_SUPER_JOURNAL;
    (void)raw_file_open(&source->journal, below, sqlite3_filename_wal(source->file_name),
                        kind | SQLITE_OPEN_READONLY);
    if (source->database.size_bytes <= 0 && source->journal.size_bytes <= 0) {
        return error_set(error, ERROR_IO, "nothing can be read of %s", path);
    }
    return ERROR_OK;
}

static bool is_page_size(uint32_t size)
{
    return size >= 512 && size <= 65536 && (size & (size - 1)) == 0;
}

/** As page 1 of the file says; else as our queues have it. */
static uint32_t page_bytes_of(const struct page_source *source)
{
    uint8_t header[HEADER_BYTES];
    uint32_t size;

    if (!raw_file_read(&source->database, header, sizeof(header), 0)) {
        return PAGE_BYTES;
    }
    size = raw_get(header + 16, 2);
    size = size == 1 ? 65536 : size;
    return memcmp(header, "SQLite format 3", 16) == 0 && is_page_size(size) ? size : PAGE_BYTES;
}

enum error_code page_source_open(struct page_source *source, const char *path, struct error *error)
{
    struct wal_scan scan;
    enum error_code code;
    int64_t pages;

    *source = (struct page_source){0};
    code = open_files(source, path, error);
    if (code != ERROR_OK) {
        return code;
    }
    source->page_bytes = page_bytes_of(source);
    if (!wal_open(&source->wal, &source->journal, source->page_bytes)) {
        return error_set(error, ERROR_NO_MEMORY, "not enough memory to read %s", path);
    }
    wal_scan(&source->wal, &scan);
    if (scan.chain_end > 0 && scan.chain_end == source->wal.frame_count) {
        scan.ranges[0] = (struct wal_range){0, scan.chain_end}; /* rule 3: the rest is cut off */
        scan.range_count = 1;
    }
    source->journal_is_whole = source->wal.has_header && !scan.damaged;
    if (source->wal.page_bytes != source->page_bytes && source->database.size_bytes > 0) {
        if (source->wal.has_header) { /* another database stands in its place */
            raw_file_close(&source->database);
        } else {
            scan.range_count = 0; /* not a journal of this database */
        }
    }
    source->page_bytes = source->wal.has_header ? source->wal.page_bytes : source->page_bytes;
    source->page = malloc(source->page_bytes);
    if (source->page == NULL || !wal_map_make(&source->wal, &scan, &source->map)) {
        return error_set(error, ERROR_NO_MEMORY, "not enough memory to read %s", path);
    }
    pages = source->database.size_bytes > 0
                ? source->database.size_bytes / (int64_t)source->page_bytes
                : 0;
    if (source->map.count > 0 &&
        (int64_t)(source->map.entries[source->map.count - 1] >> 32) > pages) {
        pages = (int64_t)(source->map.entries[source->map.count - 1] >> 32);
    }
    source->page_count = pages < UINT32_MAX ? (uint32_t)pages : UINT32_MAX;
    return ERROR_OK;
}

void page_source_close(struct page_source *source)
{
    if (source->handle != NULL) {
        (void)sqlite3_close(source->handle); /* nothing of it is in use */
        (void)sqlite3_vfs_unregister(&source->vfs);
    }
    wal_map_free(&source->map);
    wal_close(&source->wal);
    raw_file_close(&source->journal);
    raw_file_close(&source->database);
    if (source->file_name != NULL) {
        sqlite3_free_filename(source->file_name);
    }
    free(source->page);
    *source = (struct page_source){0};
}

bool page_source_read(struct page_source *source, uint32_t number, uint8_t *bytes)
{
    struct wal_frame frame;
    uint32_t index;

    if (number > 0 && wal_map_find(&source->map, number, &index) &&
        wal_read(&source->wal, index, &frame)) {
        memcpy(bytes, frame.bytes + WAL_FRAME_HEADER_BYTES, source->page_bytes);
        return true;
    }
    if (number > 0 && raw_file_read(&source->database, bytes, source->page_bytes,
                                    ((int64_t)number - 1) * (int64_t)source->page_bytes)) {
        return true;
    }
    memset(bytes, 0, source->page_bytes);
    return false;
}

/* --- as a VFS --- */

static int file_close(sqlite3_file *file)
{
    (void)file;
    return SQLITE_OK;
}

/** SQLite reads a page, or a part of one. */
static int file_read(sqlite3_file *file, void *bytes, int size, sqlite3_int64 offset)
{
    struct page_source *source = ((struct source_file *)(void *)file)->source;
    uint32_t number = (uint32_t)(offset / source->page_bytes) + 1;
    size_t at = (size_t)(offset % source->page_bytes);
    bool there;

    if (at + (size_t)size > source->page_bytes) {
        return SQLITE_IOERR_READ;
    }
    there = page_source_read(source, number, source->page);
    if (number == 1 && there) {
        source->page[18] = source->page[19] = 1; /* "without a journal": it is laid over here */
    }
    memcpy(bytes, source->page + at, (size_t)size);
    return there ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int file_write(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 offset)
{
    (void)file;
    (void)bytes;
    (void)size;
    (void)offset;
    return SQLITE_READONLY;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    (void)file;
    (void)size;
    return SQLITE_READONLY;
}

static int file_sync(sqlite3_file *file, int flags)
{
    (void)file;
    (void)flags;
    return SQLITE_OK;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    const struct page_source *source = ((struct source_file *)(void *)file)->source;

    *size = (sqlite3_int64)source->page_count * (sqlite3_int64)source->page_bytes;
    return SQLITE_OK;
}

static int file_lock(sqlite3_file *file, int level)
{
    (void)file;
    (void)level;
    return SQLITE_OK;
}

static int file_check_reserved_lock(sqlite3_file *file, int *reserved)
{
    (void)file;
    *reserved = 0;
    return SQLITE_OK;
}

static int file_control(sqlite3_file *file, int operation, void *argument)
{
    (void)file;
    (void)operation;
    (void)argument;
    return SQLITE_NOTFOUND;
}

static int file_sector_size(sqlite3_file *file)
{
    (void)file;
    return 512;
}

static int file_characteristics(sqlite3_file *file)
{
    (void)file;
    return SQLITE_IOCAP_IMMUTABLE;
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
    .xDeviceCharacteristics = file_characteristics,
};

static int source_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                       int *out_flags)
{
    struct source_file *opened = (struct source_file *)(void *)file;

    (void)name;
    file->pMethods = NULL;
    if ((flags & SQLITE_OPEN_MAIN_DB) == 0) {
        return SQLITE_CANTOPEN;
    }
    opened->source = vfs->pAppData;
    file->pMethods = &methods;
    if (out_flags != NULL) {
        *out_flags = SQLITE_OPEN_READONLY;
    }
    return SQLITE_OK;
}

static int source_access(sqlite3_vfs *vfs, const char *name, int flags, int *result)
{
    (void)vfs;
    (void)name;
    (void)flags;
    *result = 0;
    return SQLITE_OK;
}

static int source_full_pathname(sqlite3_vfs *vfs, const char *name, int size, char *result)
{
    (void)vfs;
    (void)snprintf(result, (size_t)size, "%s", name); /* a word of ours */
    return SQLITE_OK;
}

sqlite3 *page_source_connect(struct page_source *source)
{
    const int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX;
    const sqlite3_vfs *below = sqlite3_vfs_find(NULL);

    if (below == NULL || source->handle != NULL) {
        return source->handle;
    }
    source->vfs = *below; /* its clock and its random numbers */
    source->vfs.iVersion = 1;
    source->vfs.pNext = NULL;
    source->vfs.szOsFile = (int)sizeof(struct source_file);
    source->vfs.zName = source->name;
    source->vfs.pAppData = source;
    source->vfs.xOpen = source_open;
    source->vfs.xAccess = source_access;
    source->vfs.xFullPathname = source_full_pathname;
    (void)snprintf(source->name, sizeof(source->name), "leat-pages-%p", (void *)source); /* fits */
    if (sqlite3_vfs_register(&source->vfs, 0) != SQLITE_OK) {
        return NULL;
    }
    if (sqlite3_open_v2("pages", &source->handle, flags, source->name) != SQLITE_OK ||
        sqlite3_exec(source->handle, "PRAGMA writable_schema=ON; PRAGMA cache_size=-256;", NULL,
                     NULL, NULL) != SQLITE_OK) {
        (void)sqlite3_close(source->handle); /* it was not used */
        (void)sqlite3_vfs_unregister(&source->vfs);
        source->handle = NULL;
    }
    return source->handle;
}
