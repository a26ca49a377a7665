#include "lake/workspace.h"

#include "base/cleanup.h"
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/** Remove what is below `folder`, and the folder too if `itself`. */
static void remove_tree(char *folder, bool itself)
{
    char *roots[] = {folder, NULL};
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    FTSENT *entry;

    while (walk != NULL && (entry = fts_read(walk)) != NULL) {
        if (entry->fts_info != FTS_D && (itself || entry->fts_level > 0)) {
            (void)remove(
                entry->fts_path); /* what stays is in a hidden folder; the next run tries */
        }
    }
    if (walk != NULL) {
        (void)fts_close(walk); /* it was only read */
    }
}

/** W2 */
static enum error_code lock_folder(struct workspace *workspace, const char *folder,
                                   struct error *error)
{
    if (mkdir(folder, 0755) != 0 && errno != EEXIST) {
        return fs_error(error, errno, "make the folder", folder);
    }
    CLEANUP(cleanup_close) int lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (lock < 0) {
        return fs_error(error, errno, "open the folder", folder);
    }
    if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
        return errno == EWOULDBLOCK
                   ? error_set(error, ERROR_REFUSED,
                               "another run is integrating into %.150s; wait until it has ended",
                               workspace->warehouse)
                   : fs_error(error, errno, "lock the folder", folder);
    }
    memcpy(workspace->folder, folder, strlen(folder) + 1);
    remove_tree(workspace->folder, false);
    workspace->lock = lock;
    lock = -1; /* the workspace has it now */
    return ERROR_OK;
}

/** Paths of the warehouse, the folder and the copy; false: too long, or no name. */
static bool build_paths(struct workspace *workspace, const char *parent, const char *base,
                        char folder[PATH_MAX])
{
    int lengths[] = {
        snprintf(workspace->warehouse, PATH_MAX, "%s/%s", parent, base),
        snprintf(folder, PATH_MAX, "%s/.%s.leat-lake", parent, base),
        snprintf(workspace->copy, PATH_MAX, "%s/.%s.leat-lake/%s", parent, base, base), /* W3 */
    };

    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        if (lengths[i] < 0 || lengths[i] >= PATH_MAX) {
            return false;
        }
    }
    return base[0] != '\0';
}

/** W4 */
static enum error_code refuse_pending_writes(const struct workspace *workspace, struct error *error)
{
    char journal[PATH_MAX + sizeof(".wal")];
    struct stat about;

    (void)snprintf(journal, sizeof(journal), "%s.wal", workspace->warehouse);
    if (stat(journal, &about) != 0 || about.st_size == 0) {
        return ERROR_OK;
    }
    return error_set(error, ERROR_REFUSED,
                     "%.120s.wal holds what another program wrote: close the warehouse there, or, "
                     "if that program has died, open and close the warehouse once with DuckDB",
                     workspace->warehouse);
}

enum error_code workspace_open(const char *warehouse, struct workspace *workspace,
                               struct error *error)
{
    const char *slash = strrchr(warehouse, '/');
    const char *base = slash == NULL ? warehouse : slash + 1;
    char parent[PATH_MAX];
    char resolved[PATH_MAX];
    char folder[PATH_MAX];
    enum error_code code;
    int length;

    memset(workspace, 0, sizeof(*workspace));
    length =
        snprintf(parent, sizeof(parent), "%.*s", slash == NULL ? 1 : (int)(slash - warehouse) + 1,
                 slash == NULL ? "." : warehouse);
    if (length < 0 || (size_t)length >= sizeof(parent)) {
        return error_set(error, ERROR_BAD_CONFIG, "the path %.100s... is too long", warehouse);
    }
    if (realpath(parent, resolved) == NULL) {
        return fs_error(error, errno, "find the folder of the warehouse", parent);
    }
    if (!build_paths(workspace, resolved, base, folder)) {
        return error_set(error, ERROR_BAD_CONFIG, "'%.100s' cannot be the name of a warehouse file",
                         warehouse);
    }
    code = lock_folder(workspace, folder, error);
    return code == ERROR_OK ? refuse_pending_writes(workspace, error) : code;
}

enum error_code workspace_copy_in(const struct workspace *workspace, struct error *error)
{
    enum error_code code = fs_copy_file(workspace->warehouse, workspace->copy, error);

    return code == ERROR_UNREACHABLE ? ERROR_OK : code; /* there is no warehouse yet */
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
    if (workspace->folder[0] == '\0') {
        return;
    }
    remove_tree(workspace->folder, true);
    cleanup_close(&workspace->lock);
    workspace->folder[0] = '\0';
}
