#include "agent/store/raw_file.h"

#include <stdlib.h>

bool raw_file_open(struct raw_file *file, sqlite3_vfs *vfs, const char *name, int flags)
{
    sqlite3_file *opened = calloc(1, (size_t)vfs->szOsFile);
    sqlite3_int64 size = 0;
    int out_flags = 0;

    *file = (struct raw_file){.size_bytes = -1};
    if (opened == NULL) {
        return false;
    }
    if (vfs->xOpen(vfs, name, opened, flags, &out_flags) != SQLITE_OK) {
        if (opened->pMethods != NULL) {
            (void)opened->pMethods->xClose(opened); /* SQLite asks for that, too */
        }
        free(opened);
        return false;
    }
    file->file = opened;
    if (opened->pMethods->xFileSize(opened, &size) != SQLITE_OK) {
        raw_file_close(file);
        return false;
    }
    file->size_bytes = size;
    return true;
}

void raw_file_close(struct raw_file *file)
{
    if (file->file != NULL) {
        (void)file->file->pMethods->xClose(file->file); /* was only read */
        free(file->file);
    }
    *file = (struct raw_file){.size_bytes = -1};
}

bool raw_file_read(const struct raw_file *file, void *bytes, size_t size_bytes, int64_t at)
{
    return file->file != NULL && at >= 0 && at + (int64_t)size_bytes <= file->size_bytes &&
           file->file->pMethods->xRead(file->file, bytes, (int)size_bytes, at) == SQLITE_OK;
}

uint32_t raw_get(const uint8_t *bytes, size_t size_bytes)
{
    uint32_t value = 0;

    for (size_t i = 0; i < size_bytes; i++) {
        value = value << 8 | bytes[i];
    }
    return value;
}
