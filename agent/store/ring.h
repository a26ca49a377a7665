/* agent/store/ring.h - what happens in memory: samples wait raw, are encoded, fill images.
 *
 * Depends on: inside.  Threads: all with the store's `lock` held.
 */
#ifndef AGENT_STORE_RING_H
#define AGENT_STORE_RING_H

#include "agent/store/inside.h"

enum { RING_SWITCHES_MAX = 3 }; /* between regimes, of one call */

void ring_deinit(struct ring *ring);

/** Make room for `count` samples with `text_bytes` of texts (I3). `*commit_first`: a commit would
 *  make the room that is missing. Errors: ERROR_NO_MEMORY, ERROR_NO_SPACE (S3). */
MUST_CHECK enum error_code ring_reserve(struct store *store, struct ring *ring, size_t count,
                                        size_t text_bytes, bool *commit_first, struct error *error);

/** The same for `count` events of our own, which no policy holds back: the newest push the oldest
 *  out, for nobody may be kept from saying what was lost. Errors: ERROR_NO_MEMORY. */
MUST_CHECK enum error_code ring_reserve_own(struct store *store, size_t count, bool *commit_first,
                                            struct error *error);

/** Look at the clock; what is learned of it rides in the next commit. */
void ring_look_at_clock(struct store *store, bool ask_state);

/** Take one sample for which there is room, give it its number. `*switches_left` bounds how often a
 *  call may go from one regime to another, for each change costs a batch. */
void ring_push(struct store *store, struct ring *ring, const struct sample *sample,
               unsigned *switches_left);

/** Encode what is raw. */
void ring_encode(struct store *store, struct ring *ring);

/** Slots in use, counting images that have no index yet. */
uint32_t ring_used_slots(const struct ring *ring);

/** A gap event without times. Needs no lock. */
struct event ring_gap_event(enum stream stream, uint64_t first, uint64_t last, const char *reason);

/** An event of our own; a commit always has room for those it makes. */
void ring_push_event(struct store *store, const struct event *event);

/** An image that is empty. NULL only when `ring_reserve()` was not asked. */
struct image *image_take(struct store *store);
void image_give_back(struct store *store, struct image *image);

#endif
