#include "lake/workspace.h"

#include "base/cleanup.h"
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COPY_STEP_BYTES = 1 << 20 };

enum error_code workspace_open(const char *warehouse, struct workspace *workspace,
                               struct error *error)
{
    const char *slash = strrchr(warehouse, '/');
    const char *base = slash == NULL ? warehouse : slash + 1;
    char parent[PATH_MAX];
    char resolved[PATH_MAX];
    int length;

    memset(workspace, 0, sizeof(*workspace));
    length =
        snprintf(parent, sizeof(parent), "%.*s", slash == NULL ? 1 : (int)(slash - warehouse) + 1,
                 slash == NULL ? "." : warehouse);
    if (length < 0 || (size_t)length >= sizeof(parent) || base[0] == '\0') {
        return error_set(error, ERROR_BAD_CONFIG, "'%.100s' cannot be the name of a warehouse file",
                         warehouse);
    }
    if (realpath(parent, resolved) == NULL) {
        return fs_error(error, errno, "find the folder of the warehouse", parent);
    }
    length = snprintf(workspace->copy, sizeof(workspace->copy), "%s/.leat-lake-XXXXXX/%s", resolved,
                      base);
    if (length < 0 || (size_t)length >= sizeof(workspace->copy) ||
        snprintf(workspace->warehouse, sizeof(workspace->warehouse), "%s/%s", resolved, base) < 0) {
        return error_set(error, ERROR_BAD_CONFIG, "the path %.100s... is too long", warehouse);
    }
    memcpy(parent, workspace->copy, (size_t)length + 1);
    parent[(size_t)length - strlen(base) - 1] = '\0';
    if (mkdtemp(parent) == NULL) {
        return fs_error(error, errno, "make a folder beside", workspace->warehouse);
    }
    memcpy(workspace->folder, parent, strlen(parent) + 1);
    memcpy(workspace->copy, parent, strlen(parent));
    return ERROR_OK;
}

static enum error_code copy_bytes(int from, int to, const struct workspace *workspace,
                                  struct error *error)
{
    CLEANUP(cleanup_free) char *bytes = malloc(COPY_STEP_BYTES);
    ssize_t got;

    if (bytes == NULL) {
        return error_set(error, ERROR_NO_MEMORY, "there is no memory to copy %.100s",
                         workspace->warehouse);
    }
    while ((got = read(from, bytes, COPY_STEP_BYTES)) != 0) {
        ssize_t done = 0;

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return fs_error(error, errno, "read", workspace->warehouse);
        }
        while (done < got) {
            ssize_t put = write(to, bytes + done, (size_t)(got - done));

            if (put < 0 && errno != EINTR) {
                return fs_error(error, errno, "write", workspace->copy);
            }
            done += put > 0 ? put : 0;
        }
    }
    return ERROR_OK;
}

enum error_code workspace_copy_in(const struct workspace *workspace, struct error *error)
{
    CLEANUP(cleanup_close) int from = open(workspace->warehouse, O_RDONLY | O_CLOEXEC);

    if (from < 0) {
        return errno == ENOENT ? ERROR_OK : fs_error(error, errno, "open", workspace->warehouse);
    }
    CLEANUP(cleanup_close)
    int to = open(workspace->copy, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

    return to < 0 ? fs_error(error, errno, "create", workspace->copy)
                  : copy_bytes(from, to, workspace, error);
}

static enum error_code sync_path(const char *path, int flags, struct error *error)
{
    CLEANUP(cleanup_close) int handle = open(path, flags | O_CLOEXEC);

    if (handle < 0) {
        return fs_error(error, errno, "open", path);
    }
    return fsync(handle) != 0 && errno != EINVAL ? fs_error(error, errno, "sync", path) : ERROR_OK;
}

enum error_code workspace_publish(const struct workspace *workspace, struct error *error)
{
    char parent[PATH_MAX];
    enum error_code code = sync_path(workspace->copy, O_RDONLY, error);

    if (code != ERROR_OK) {
        return code;
    }
    if (rename(workspace->copy, workspace->warehouse) != 0) {
        return fs_error(error, errno, "put the new state in the place of", workspace->warehouse);
    }
    memcpy(parent, workspace->folder, sizeof(parent));
    *strrchr(parent, '/') = '\0'; /* the folder's path is absolute and not the root */
    return sync_path(parent[0] == '\0' ? "/" : parent, O_RDONLY | O_DIRECTORY, error);
}

void workspace_close(struct workspace *workspace)
{
    char *roots[] = {workspace->folder, NULL};
    FTS *walk;
    FTSENT *entry;

    if (workspace->folder[0] == '\0') {
        return;
    }
    walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    while (walk != NULL && (entry = fts_read(walk)) != NULL) {
        if (entry->fts_info != FTS_D) {
            (void)remove(entry->fts_path); /* what stays is a hidden folder of scratch files */
        }
    }
    if (walk != NULL) {
        (void)fts_close(walk); /* it was only read */
    }
    workspace->folder[0] = '\0';
}
