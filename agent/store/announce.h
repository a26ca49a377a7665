/* agent/store/announce.h - what an opening has to say becomes events.
 *
 * Depends on: append, commit, identity, inside, note, recover, ring.  Threads: while the store is
 * opened, by whoever opens it; the locks are taken here.
 */
#ifndef AGENT_STORE_ANNOUNCE_H
#define AGENT_STORE_ANNOUNCE_H

#include "agent/store/inside.h"
#include "agent/store/recover.h"

/** Who the queue is, if it is new, what it came after, and the gaps that were found: durable before
 *  anything else is. `predecessor`: the incarnation that was set aside, or "". Errors: as
 *  store_commit(). */
MUST_CHECK enum error_code announce_opening(struct store *store,
                                            const struct store_settings *settings,
                                            const struct recovered_gaps *gaps,
                                            const char *predecessor, struct error *error);

/** Which rings were made larger or smaller since the last opening. Errors: as store_commit(). */
MUST_CHECK enum error_code announce_sizes(struct store *store, struct error *error);

#endif
