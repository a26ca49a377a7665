/* agent/store/aside.h - queues that cannot go on under their name are kept beside it.
 *
 *   queue.db -> queue.db.damaged-1, queue.db.other-host-1, queue.db.newer-1 (each with its -wal)
 *
 * Depends on: base.  Threads: pure.
 */
#ifndef AGENT_STORE_ASIDE_H
#define AGENT_STORE_ASIDE_H

#include "agent/store/store.h"

enum aside_kind {
    ASIDE_DAMAGED,    /* what can be saved of it is in the salvaged queue of the same number */
    ASIDE_OTHER_HOST, /* whole, but of another machine, or under another name */
    ASIDE_NEWER,      /* made by a newer version; this one leaves it alone */
    ASIDE_SALVAGED,   /* made from a damaged one */
    ASIDE_KIND_COUNT
};

/** "damaged", "other-host" ... */
const char *aside_word(enum aside_kind kind);

/** <path>.<word>-<number>. false: too long. */
bool aside_name(char *name, size_t size, const char *path, enum aside_kind kind, unsigned number);

/** Rename the closed queue `from`, with its journal, to the next free name beside `path`; `kept_as`
 *  (of `kept_size` bytes) is it. Durable when it returns. Errors: as base/fs.h. */
MUST_CHECK enum error_code aside_put(const char *from, const char *path, enum aside_kind kind,
                                     char *kept_as, size_t kept_size, struct error *error);

/** Say that the next opening must set the queue aside, and why. Errors: as base/fs.h. */
MUST_CHECK enum error_code aside_condemn(const char *path, const char *reason, struct error *error);

/** Was it said? Then `reason` (of `size` bytes) tells why. aside_put() takes it back. */
bool aside_is_condemned(const char *path, char *reason, size_t size);

/** The incarnation of a queue that nobody can open: looked for in its first bytes and its
 * journal's.
 *  "" when it is not found. */
void aside_incarnation(const char *path, char incarnation[STORE_INCARNATION_SIZE]);

/** Give a queue that was closed well another name; its journal, which it needs no more, goes.
 *  Durable when it returns. Errors: as base/fs.h. */
MUST_CHECK enum error_code aside_rename(const char *from, const char *to, struct error *error);

/** Remove a queue and its journal. Durable when it returns. */
MUST_CHECK enum error_code aside_remove(const char *path, struct error *error);

#endif
