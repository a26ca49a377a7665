/* lake/workspace.h - a folder beside the warehouse, where the next state of it is made.
 *
 *   integrate -> [ WORKSPACE ] -> dbt works on a copy -> the warehouse
 *
 * Life: workspace_open() -> workspace_copy_in()? -> ... -> workspace_publish()? ->
 * workspace_close().
 *
 *  W1  The warehouse is replaced by one rename, when everything has succeeded: readers keep the
 *      file they opened, nobody ever sees a half-built one, and a failed run changes nothing.
 *  W2  One run at a time: the folder is locked. What a run that was killed left in it is removed by
 *      the next.
 *  W3  The copy has the warehouse's own file name: DuckDB names the database after the file, and
 *      views name the database.
 *  W4  A warehouse with a journal beside it (FILE.wal) is refused: a copy would lack what stands in
 *      it, and the journal would be applied to the warehouse that takes this one's place.
 *
 * Depends on: base/fs.  Threads: one user at a time.
 */
#ifndef LAKE_WORKSPACE_H
#define LAKE_WORKSPACE_H

#include "base/error.h"

#include <limits.h>
#include <stdbool.h>

struct workspace {
    int lock;                 /* the folder's descriptor, while it is open */
    char warehouse[PATH_MAX]; /* as given, made absolute */
    char folder[PATH_MAX];    /* "" when there is none */
    char copy[PATH_MAX];      /* of the warehouse, inside the folder */
};

/** Make the folder beside `warehouse`, whose own folder must be there. Errors: ERROR_REFUSED
 * (another run holds it, W4, or rights), ERROR_UNREACHABLE, ERROR_NO_SPACE, ERROR_IO,
 * ERROR_BAD_CONFIG.
 */
MUST_CHECK enum error_code workspace_open(const char *warehouse, struct workspace *workspace,
                                          struct error *error);

/** Copy the warehouse into the folder; without one there is nothing to copy. */
MUST_CHECK enum error_code workspace_copy_in(const struct workspace *workspace,
                                             struct error *error);

/** Put the copy in the warehouse's place (W1). */
MUST_CHECK enum error_code workspace_publish(const struct workspace *workspace,
                                             struct error *error);

/** Remove the folder and all in it. Accepts a zeroed workspace, and twice. */
void workspace_close(struct workspace *workspace);

#endif
