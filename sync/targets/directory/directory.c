#include "sync/targets/directory/directory.h"

#include "base/clock.h"
#include "base/fs.h"
#include "sync/batch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LEFTOVER_AGE_S = 3600 };

struct directory_state {
    const char *path;
    bool mounted;
};

static const struct option_spec directory_options[] = {
    {.type = OPTION_TEXT,
     .key = "path",
     .least = 1,
     .most = PATH_MAX - BATCH_NAME_MAX,
     .offset = offsetof(struct directory_state, path),
     .help = "the folder that holds the lake; it must exist"},
    {.type = OPTION_BOOL,
     .key = "mounted",
     .fallback = "false",
     .offset = offsetof(struct directory_state, mounted),
     .help = "true: path must be a mount point, so nothing is written while it is not mounted"},
    {.type = OPTION_END},
};

static enum error_code check_deadline(const char *path, int64_t deadline_ns, struct error *error)
{
    if (clock_monotonic_ns(&clock_system) >= deadline_ns) {
        return error_set(error, ERROR_TIMEOUT, "%s: no time was left; the file system is slow",
                         path);
    }
    return ERROR_OK;
}

static enum error_code check_mounted(const char *path, const struct stat *root, struct error *error)
{
    char above[PATH_MAX];
    struct stat parent;
    int length = snprintf(above, sizeof(above), "%s/..", path);

    if (length < 0 || length >= (int)sizeof(above) || stat(above, &parent) != 0) {
        return fs_error(error, errno, "look above", path);
    }
    if (parent.st_dev == root->st_dev &&
        parent.st_ino != root->st_ino) { /* "/" is its own parent */
        return error_set(error, ERROR_BAD_CONFIG,
                         "nothing is mounted at %s; mount it, or set 'mounted: false'", path);
    }
    return ERROR_OK;
}

static enum error_code directory_open(void *state, int64_t deadline_ns, struct error *error)
{
    const struct directory_state *directory = state;
    enum error_code code = check_deadline(directory->path, deadline_ns, error);
    struct stat root;

    if (code != ERROR_OK) {
        return code;
    }
    if (stat(directory->path, &root) != 0) { /* Y2 */
        return errno == ENOENT || errno == ENOTDIR
                   ? error_set(error, ERROR_BAD_CONFIG,
                               "the folder %s is not there; mount its disk or make it, it is never "
                               "made by this program",
                               directory->path)
                   : fs_error(error, errno, "look at", directory->path);
    }
    if (!S_ISDIR(root.st_mode)) {
        return error_set(error, ERROR_BAD_CONFIG, "%s is not a folder", directory->path);
    }
    if (faccessat(AT_FDCWD, directory->path, W_OK | X_OK, AT_EACCESS) != 0) {
        return fs_error(error, errno, "write into", directory->path);
    }
    return directory->mounted ? check_mounted(directory->path, &root, error) : ERROR_OK;
}

/** ".<object's own name>.XXXXXX", as base/fs.c makes them. */
static bool is_leftover(const char *name)
{
    static const char before_random[] = ".parquet.";
    const char *end = strstr(name, before_random);

    return name[0] == '.' && end != NULL && strlen(end) == strlen(before_random) + 6;
}

/** Y3. What cannot be removed now may be later: it takes room, it does no other harm. */
static void remove_leftovers(const char *object_path)
{
    char folder[PATH_MAX];
    size_t size = (size_t)(strrchr(object_path, '/') - object_path);
    struct dirent *entry;
    struct stat object;
    DIR *listing;

    memcpy(folder, object_path, size);
    folder[size] = '\0';
    listing = opendir(folder);
    if (listing == NULL || stat(object_path, &object) != 0) {
        object.st_mtime = 0; /* nothing is old enough */
    }
    while (listing != NULL && (entry = readdir(listing)) != NULL) {
        struct stat leftover;

        if (is_leftover(entry->d_name) &&
            fstatat(dirfd(listing), entry->d_name, &leftover, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(leftover.st_mode) && object.st_mtime - leftover.st_mtime > LEFTOVER_AGE_S) {
            (void)unlinkat(dirfd(listing), entry->d_name, 0);
        }
    }
    if (listing != NULL) {
        (void)closedir(listing); /* only read */
    }
}

static enum error_code directory_put(void *state, const struct batch *batch, int64_t deadline_ns,
                                     struct error *error)
{
    const struct directory_state *directory = state;
    char path[PATH_MAX];
    char folder[PATH_MAX];
    int length = snprintf(path, sizeof(path), "%s/%s", directory->path, batch->object_name);
    enum error_code code = directory_open(state, deadline_ns, error); /* a disk may be pulled out */
    const char *slash;
    bool existed;

    if (code != ERROR_OK) {
        return code;
    }
    slash = length < 0 || length >= (int)sizeof(path) ? NULL : strrchr(path, '/');
    if (slash == NULL) {
        return error_set(error, ERROR_BAD_CONFIG, "the path %.100s... is too long",
                         directory->path);
    }
    memcpy(folder, path, (size_t)(slash - path));
    folder[slash - path] = '\0';
    code = fs_make_directories(folder, error);
    if (code == ERROR_OK) {
        code = check_deadline(directory->path, deadline_ns, error);
    }
    if (code == ERROR_OK) {
        code = fs_create_file(path, batch->bytes, batch->size_bytes, &existed, error); /* Y1 */
    }
    if (code == ERROR_OK) {
        remove_leftovers(path);
    }
    return code;
}

static void directory_close(void *state)
{
    (void)state; /* nothing is held between two calls */
}

const struct target directory_target = {
    .name = "directory",
    .summary = "a folder: a disk, an NFS mount, a USB stick",
    .options = directory_options,
    .state_size = sizeof(struct directory_state),
    .open = directory_open,
    .put = directory_put,
    .close = directory_close,
};
