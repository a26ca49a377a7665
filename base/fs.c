#include "base/fs.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COPY_STEP_BYTES = 1 << 20 };

static enum error_code code_of(int system_errno)
{
    switch (system_errno) {
    case ENOSPC:
    case EDQUOT:
        return ERROR_NO_SPACE;
    case EROFS:
    case EACCES:
    case EPERM:
        return ERROR_REFUSED;
    case ENOENT:
    case ENOTDIR:
        return ERROR_UNREACHABLE;
    case ENOMEM:
        return ERROR_NO_MEMORY;
    default:
        return ERROR_IO;
    }
}

static const char *advice_of(int system_errno)
{
    switch (system_errno) {
    case ENOSPC:
    case EDQUOT:
        return "; free some space there";
    case EROFS:
        return "; it is mounted read-only";
    case EACCES:
    case EPERM:
        return "; give the user that runs this program the right to it";
    default:
        return "";
    }
}

enum error_code fs_error(struct error *error, int system_errno, const char *step, const char *path)
{
    enum error_code code = error_set(error, code_of(system_errno), "cannot %s %s: %s%s", step, path,
                                     strerrordesc_np(system_errno), advice_of(system_errno));

    if (error != NULL) {
        error->system_errno = system_errno;
    }
    return code;
}

enum error_code fs_read_file(const char *path, struct buffer *content, struct error *error)
{
    CLEANUP(cleanup_close) int file = open(path, O_RDONLY | O_CLOEXEC);

    if (file < 0) {
        return fs_error(error, errno, "open", path);
    }
    for (;;) {
        uint8_t beyond; /* read when the buffer is full, to see whether the file ends there */
        bool full = content->size == content->maximum;
        ssize_t got;

        if (!full && !buffer_reserve(content, 1)) {
            return error_set(error, ERROR_NO_MEMORY, "cannot read %s: not enough memory", path);
        }
        got = full ? read(file, &beyond, 1)
                   : read(file, content->bytes + content->size, content->capacity - content->size);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return fs_error(error, errno, "read", path);
        }
        if (got == 0) {
            return ERROR_OK;
        }
        if (full) {
            return error_set(error, ERROR_BAD_DATA, "%s is larger than %zu bytes", path,
                             content->maximum);
        }
        content->size += (size_t)got;
    }
}

static bool is_directory(const char *path)
{
    struct stat found;

    return stat(path, &found) == 0 && S_ISDIR(found.st_mode);
}

static enum error_code sync_directory_of(const char *path, struct error *error)
{
    char directory[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t size = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);

    memcpy(directory, size == 0 ? "." : path, size == 0 ? 1 : size);
    directory[size == 0 ? 1 : size] = '\0';
    CLEANUP(cleanup_close) int handle = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (handle < 0) {
        return fs_error(error, errno, "open the directory", directory);
    }
    if (fsync(handle) != 0 && errno != EINVAL) { /* some network file systems have no such call */
        return fs_error(error, errno, "sync the directory", directory);
    }
    return ERROR_OK;
}

static enum error_code write_all(int file, const char *path, const uint8_t *bytes,
                                 size_t size_bytes, struct error *error)
{
    while (size_bytes > 0) {
        ssize_t put = write(file, bytes, size_bytes);

        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put < 0) {
            return fs_error(error, errno, "write", path);
        }
        bytes += put;
        size_bytes -= (size_t)put;
    }
    return ERROR_OK;
}

static enum error_code write_and_sync(int file, const char *path, const uint8_t *bytes,
                                      size_t size_bytes, struct error *error)
{
    enum error_code code = write_all(file, path, bytes, size_bytes, error);

    if (code == ERROR_OK && fsync(file) != 0) {
        return fs_error(error, errno, "sync", path);
    }
    return code;
}

/** A synced temporary file beside `path`; its name goes to `temporary` (PATH_MAX bytes). On failure
 *  nothing is left behind. */
static enum error_code write_temporary(const char *path, const void *bytes, size_t size_bytes,
                                       unsigned mode, char *temporary, struct error *error)
{
    const char *slash = strrchr(path, '/');
    int directory_size = slash == NULL ? 0 : (int)(slash - path) + 1;
    int length = snprintf(temporary, PATH_MAX, "%.*s.%s.XXXXXX", directory_size, path,
                          path + directory_size);
    enum error_code code;

    if (length < 0 || length >= PATH_MAX) {
        return error_set(error, ERROR_BAD_CONFIG, "the path %.100s... is too long", path);
    }
    CLEANUP(cleanup_close) int file = mkostemp(temporary, O_CLOEXEC);

    if (file < 0) {
        return fs_error(error, errno, "create a file beside", path);
    }
    code = fchmod(file, (mode_t)mode) != 0 ? fs_error(error, errno, "set the mode of", path)
                                           : write_and_sync(file, path, bytes, size_bytes, error);
    if (code != ERROR_OK) {
        (void)unlink(temporary); /* the failure itself is what gets reported */
    }
    return code;
}

enum error_code fs_replace_file(const char *path, const void *bytes, size_t size_bytes,
                                unsigned mode, struct error *error)
{
    char temporary[PATH_MAX];
    enum error_code code = write_temporary(path, bytes, size_bytes, mode, temporary, error);

    if (code != ERROR_OK) {
        return code;
    }
    if (rename(temporary, path) != 0) {
        code = fs_error(error, errno, "rename a new file to", path);
        (void)unlink(temporary); /* as above */
        return code;
    }
    return sync_directory_of(path, error);
}

/** Name a file on a file system that has no hard links (FAT, some network file systems). 0, or the
 *  errno; EEXIST: the name is taken. */
static int rename_unless_taken(const char *temporary, const char *path)
{
    if (renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RENAME_NOREPLACE) == 0) {
        return 0;
    }
    if (errno != EINVAL && errno != ENOSYS) {
        return errno;
    }
    if (access(path, F_OK) == 0) { /* the file system has neither: look first, then rename */
        return EEXIST;
    }
    return rename(temporary, path) == 0 ? 0 : errno;
}

/** Give a whole file its name, never taking it from another. As above; the temporary name is gone
 *  in any case. */
static int name_unless_taken(const char *temporary, const char *path)
{
    int result = link(temporary, path) == 0 ? 0 : errno;
    bool no_links = result == EPERM || result == EOPNOTSUPP || result == ENOSYS || result == EMLINK;

    if (no_links) {
        result = rename_unless_taken(temporary, path);
    }
    if ((!no_links || result != 0) && unlink(temporary) != 0 && result == 0) {
        result = errno;
    }
    return result;
}

enum error_code fs_create_file(const char *path, const void *bytes, size_t size_bytes,
                               bool *existed, struct error *error)
{
    char temporary[PATH_MAX];
    enum error_code code = write_temporary(path, bytes, size_bytes, 0644, temporary, error);
    int result;

    if (code != ERROR_OK) {
        return code;
    }
    result = name_unless_taken(temporary, path);
    if (result != 0 && result != EEXIST) {
        return fs_error(error, result, "give its name to", path);
    }
    code =
        sync_directory_of(path, error); /* also when it was there: whoever made it may have died */
    if (code == ERROR_OK) {
        *existed = result == EEXIST;
    }
    return code;
}

/** In the kernel, which shares blocks where it can; ENOSYS and its like: not between these two. */
static bool copy_in_kernel(int from, int to)
{
    ssize_t put;

    do {
        put = copy_file_range(from, NULL, to, NULL, COPY_STEP_BYTES, 0);
    } while (put > 0 || (put < 0 && errno == EINTR));
    return put == 0;
}

static enum error_code copy_by_hand(int from, int to, const char *from_path, const char *to_path,
                                    struct error *error)
{
    CLEANUP(cleanup_free) uint8_t *bytes = malloc(COPY_STEP_BYTES);
    ssize_t got;

    if (bytes == NULL) {
        return error_set(error, ERROR_NO_MEMORY, "there is no memory to copy %.200s", from_path);
    }
    while ((got = read(from, bytes, COPY_STEP_BYTES)) != 0) {
        enum error_code code;

        if (got < 0 && errno == EINTR) {
            continue;
        }
        code = got < 0 ? fs_error(error, errno, "read", from_path)
                       : write_all(to, to_path, bytes, (size_t)got, error);
        if (code != ERROR_OK) {
            return code;
        }
    }
    return ERROR_OK;
}

enum error_code fs_copy_file(const char *from_path, const char *to_path, struct error *error)
{
    CLEANUP(cleanup_close) int from = open(from_path, O_RDONLY | O_CLOEXEC);
    enum error_code code = ERROR_OK;

    if (from < 0) {
        return fs_error(error, errno, "open", from_path);
    }
    CLEANUP(cleanup_close) int to = open(to_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

    if (to < 0) {
        return errno == EEXIST
                   ? error_set(error, ERROR_REFUSED,
                               "%.200s is there already and is not overwritten", to_path)
                   : fs_error(error, errno, "create", to_path);
    }
    /* What the kernel did copy moved both files on: reading and writing goes on from there. */
    if (!copy_in_kernel(from, to)) {
        code = copy_by_hand(from, to, from_path, to_path, error);
    }
    if (code != ERROR_OK) {
        (void)unlink(to_path); /* the failure itself is what gets reported */
    }
    return code;
}

enum error_code fs_make_directories(const char *path, struct error *error)
{
    char partial[PATH_MAX];
    size_t length = strlen(path);

    if (length >= sizeof(partial)) {
        return error_set(error, ERROR_BAD_CONFIG, "the path %.100s... is too long", path);
    }
    for (size_t i = 1; i <= length; i++) {
        int make_errno;
        bool made;

        if (path[i] != '/' && path[i] != '\0') {
            continue;
        }
        memcpy(partial, path, i);
        partial[i] = '\0';
        made = mkdir(partial, 0755) == 0;
        make_errno = errno;
        if (made) {
            enum error_code code = sync_directory_of(partial, error);

            if (code != ERROR_OK) {
                return code;
            }
        } else if (!is_directory(partial)) {
            return fs_error(error, make_errno == EEXIST ? ENOTDIR : make_errno,
                            "make the directory", partial);
        }
    }
    return ERROR_OK;
}
