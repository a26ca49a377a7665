/* agent/store/grow.h - how many slots a ring has: made ahead of need, kept off the disk's last
 * room, let go of when a smaller size was configured.
 *
 *  W1  Slots are made before a commit needs them, so that nobody waits with `lock` held.
 *  W2  The first RING_SLOTS_LEAST slots of a ring are made in any case. Further ones are not made
 *      when the file system would have less than keep_free left, or has no room: the ring turns
 *      within what it has (`growth` says why) and looks again at each commit.
 *  W3  A ring with more slots than configured lets go of those above as soon as the run in use lies
 *      below: first its row says so, durably, then the slots are deleted, a few with each commit,
 *      so that the file's pages serve the other rings. A slot above `made` is never read; those
 *      that a crash leaves behind are found by the next opening.
 *
 * Depends on: inside, room.  Threads: `database_lock` held and `lock` not, but for grow_is_due().
 */
#ifndef AGENT_STORE_GROW_H
#define AGENT_STORE_GROW_H

#include "agent/store/inside.h"

/** Set the ring's size as configured, or as made when that is more. While the store is opened. */
void grow_init(struct store *store, struct ring *ring, uint64_t ring_bytes);

/** Before a commit: make what the ring will need (W1, W2), give up what it should not have (W3).
 *  Fails only when the ring has no slot at all. */
MUST_CHECK enum error_code grow_ahead(struct store *store, struct ring *ring, struct error *error);

/** Does a ring wait for room on the disk, or to become smaller? Then a commit with nothing to write
 *  looks at it all the same. Under `lock`. */
bool grow_is_due(const struct store *store);

#endif
