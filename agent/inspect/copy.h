/* agent/inspect/copy.h - a copy of a queue that no agent uses, to look into.
 *
 *   queue.db, queue.db-wal -> [ COPY ] -> WORK/leat-queue-XXXXXX/queue.db
 *
 *  Y1  The original is only read. It is locked against an agent that starts meanwhile, and a copy
 * is not made of one that an agent has open: the agent itself answers then. Y2  Room is looked for
 * before anything is copied; what is missing is told in figures. Y3  queue_copy_remove() leaves
 * nothing behind.
 *
 * Depends on: base/fs.  Threads: one user at a time.
 */
#ifndef AGENT_INSPECT_COPY_H
#define AGENT_INSPECT_COPY_H

#include "base/error.h"

#include <limits.h>

struct queue_copy {
    char folder[PATH_MAX]; /* "" when there is none */
    char path[PATH_MAX];   /* of the copied database */
};

/** Copy the queue `path` into a folder of its own below `work_folder`. Errors: ERROR_UNREACHABLE
 *  (no such queue), ERROR_BAD_CONFIG (an agent has it), ERROR_NO_SPACE, ERROR_REFUSED, ERROR_IO. */
MUST_CHECK enum error_code queue_copy_make(const char *path, const char *work_folder,
                                           struct queue_copy *copy, struct error *error);

/** Accepts a zeroed one. */
void queue_copy_remove(struct queue_copy *copy);

#endif
