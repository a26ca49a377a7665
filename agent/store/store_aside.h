/* agent/store/store_aside.h - queues that cannot go on under their name: what the agent sees of
 * them.
 *
 *  1. A queue that is damaged, of another machine or name, or of a newer version is kept beside its
 *     path (aside.h has the names), and a new incarnation begins. store_open() says so here, its
 *     first events say so in the lake.
 *  2. A copied queue must not go on, since numbers would be given twice. The store keeps to whom it
 *     belongs (identity.h).
 *
 * Depends on: store.  Threads: all.
 */
#ifndef AGENT_STORE_STORE_ASIDE_H
#define AGENT_STORE_STORE_ASIDE_H

#include "agent/store/store.h"

/** Whose queue it is. What is not known is NULL or "". */
struct store_identity {
    const char *machine, *hardware; /* same text: same machine */
    const char *site, *gateway;     /* as the objects are named */
};

/** What this opening set aside: its name now, and why. "" when it set nothing aside. */
const char *store_kept_as(const struct store *store);
const char *store_kept_because(const struct store *store);

/** A commit failed with ERROR_BAD_DATA: the file is damaged where it must be written. Mark it, so
 *  that the next opening sets it aside for this reason; then close it. Errors: as base/fs.h. */
MUST_CHECK enum error_code store_condemn(struct store *store, const char *reason,
                                         struct error *error);

#endif
