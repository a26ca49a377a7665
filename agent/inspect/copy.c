#include "agent/inspect/copy.h"

#include "base/cleanup.h"
#include "base/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

/* Where SQLite's unix VFS keeps its locks (file format documentation, "the lock-byte page"): a
 * reader holds a read lock on the shared range, an agent a write lock on it. */
enum { LOCK_PENDING = 0x40000000, LOCK_SHARED_FIRST = LOCK_PENDING + 2, LOCK_SHARED_SIZE = 510 };

enum { MIB = 1 << 20 };

static enum error_code lock_as_reader(int file, const char *path, struct error *error)
{
    struct flock lock = {.l_type = F_RDLCK,
                         .l_whence = SEEK_SET,
                         .l_start = LOCK_SHARED_FIRST,
                         .l_len = LOCK_SHARED_SIZE};

    if (fcntl(file, F_SETLK, &lock) == 0) {
        return ERROR_OK;
    }
    return errno == EACCES || errno == EAGAIN
               ? error_set(error, ERROR_BAD_CONFIG,
                           "an agent has the queue %.200s open; give its --socket instead of the "
                           "file, or stop it first",
                           path)
               : fs_error(error, errno, "lock", path);
}

/** Y2 */
static enum error_code look_for_room(const char *work_folder, uint64_t wanted_bytes,
                                     struct error *error)
{
    struct statvfs room;
    uint64_t free_bytes;

    if (statvfs(work_folder, &room) != 0) {
        return fs_error(error, errno, "use the folder", work_folder);
    }
    free_bytes = (uint64_t)room.f_bavail * room.f_frsize;
    return free_bytes >= wanted_bytes
               ? ERROR_OK
               : error_set(error, ERROR_NO_SPACE,
                           "a copy of the queue needs %llu MiB and %.150s has %llu; name a folder "
                           "with more room with --work-folder",
                           (unsigned long long)(wanted_bytes / MIB + 1), work_folder,
                           (unsigned long long)(free_bytes / MIB));
}

static enum error_code make_folder(const char *work_folder, struct queue_copy *copy,
                                   struct error *error)
{
    int length = snprintf(copy->folder, sizeof(copy->folder), "%s/leat-queue-XXXXXX", work_folder);

    if (length < 0 || (size_t)length + sizeof("/queue.db-wal") > sizeof(copy->folder)) {
        copy->folder[0] = '\0';
        return error_set(error, ERROR_BAD_CONFIG, "the path %.100s is too long", work_folder);
    }
    if (mkdtemp(copy->folder) == NULL) {
        int made_errno = errno;

        copy->folder[0] = '\0';
        return fs_error(error, made_errno, "make a folder for a copy in", work_folder);
    }
    memcpy(copy->path, copy->folder, (size_t)length);
    memcpy(copy->path + length, "/queue.db", sizeof("/queue.db"));
    return ERROR_OK;
}

static enum error_code copy_both(const char *path, const char *journal,
                                 const struct queue_copy *copy, struct error *error)
{
    char copied_journal[PATH_MAX + sizeof("-wal")];
    enum error_code code = fs_copy_file(path, copy->path, error);

    (void)snprintf(copied_journal, sizeof(copied_journal), "%s-wal", copy->path); /* fits */
    if (code == ERROR_OK) {
        code = fs_copy_file(journal, copied_journal, error);
        code = code == ERROR_UNREACHABLE ? ERROR_OK : code; /* it may have none */
    }
    return code;
}

enum error_code queue_copy_make(const char *path, const char *work_folder, struct queue_copy *copy,
                                struct error *error)
{
    CLEANUP(cleanup_close) int file = open(path, O_RDONLY | O_CLOEXEC);
    char journal[PATH_MAX + sizeof("-wal")];
    struct stat database = {0}, log = {0};
    enum error_code code;

    *copy = (struct queue_copy){0};
    if (file < 0) {
        return errno == ENOENT
                   ? error_set(error, ERROR_UNREACHABLE, "there is no queue %.200s", path)
                   : fs_error(error, errno, "open the queue", path);
    }
    if (snprintf(journal, sizeof(journal), "%s-wal", path) >= (int)sizeof(journal) ||
        fstat(file, &database) != 0) {
        return fs_error(error, errno, "look at the queue", path);
    }
    (void)stat(journal, &log); /* it may have none */
    code = lock_as_reader(file, path, error);
    if (code == ERROR_OK) {
        code =
            look_for_room(work_folder, (uint64_t)database.st_size + (uint64_t)log.st_size, error);
    }
    if (code == ERROR_OK) {
        code = make_folder(work_folder, copy, error);
    }
    if (code == ERROR_OK) {
        code = copy_both(path, journal, copy, error);
    }
    if (code != ERROR_OK) {
        queue_copy_remove(copy);
    }
    return code;
}

void queue_copy_remove(struct queue_copy *copy)
{
    DIR *folder = copy->folder[0] == '\0' ? NULL : opendir(copy->folder);
    const struct dirent *entry;

    /* The folder is ours alone, and holds files only. What cannot be removed is a temporary file.
     */
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        (void)unlinkat(dirfd(folder), entry->d_name, 0);
    }
    if (folder != NULL) {
        (void)closedir(folder);
        (void)rmdir(copy->folder);
    }
    copy->folder[0] = '\0';
}
