/* agent/uplink/leftovers.h - queues that were set aside go to the lake, too, in the background.
 *
 *   queue.db.other-host-<n> ----------------------------> [ LEFTOVERS ] -> agent/uplink
 *   queue.db.damaged-<n> -> salvage -> .salvaged-<n> --------^
 *
 *  O1  One queue at a time, one batch per turn, when the live queue has nothing to do: what is
 *      collected now does not wait for what was.
 *  O2  Under its own incarnation, and its own site and gateway where it knows them.
 *  O3  A queue of which everything is acknowledged is removed, and a `queue` event and a log line
 *      say what went up. A damaged original is never removed, and never written to; a file beside
 *      it, <name>.done, says what became of it, so that it is not salvaged again.
 *  O4  What cannot be read at all is told once and left alone (.done, too). What may work later (no
 *      room on the disk) is tried again after RETRY_S.
 *  O5  Queues of a newer version are not touched.
 *
 * Depends on: config, cutter, journal, store.  Threads: the uplink's.
 */
#ifndef AGENT_UPLINK_LEFTOVERS_H
#define AGENT_UPLINK_LEFTOVERS_H

#include "agent/config/config.h"
#include "agent/store/store.h"
#include "sync/encoder.h"

#include <stdbool.h>

struct leftovers;

/** Upload a batch of `store` and acknowledge it there. Errors: the target's. */
typedef enum error_code leftovers_put(void *context, struct store *store, enum stream stream,
                                      const struct batch *batch, struct error *error);

struct leftovers_settings {
    const struct config *config; /* outlives it, as the others */
    struct store *live;          /* where events go */
    const struct clock *clock;
    struct encoder *encoder; /* shared with the uplink's own batches */
    leftovers_put *put;
    void *context; /* of put */
};

/** NULL: no memory. */
struct leftovers *leftovers_create(const struct leftovers_settings *settings);

/** Accepts NULL. */
void leftovers_free(struct leftovers *leftovers);

/** Do a little: upload a batch, or salvage a queue. `*more`: there is more to do at once.
 *  Errors: only what `put` gives; the same batch is next, then. */
MUST_CHECK enum error_code leftovers_turn(struct leftovers *leftovers, bool *more,
                                          struct error *error);

#endif
