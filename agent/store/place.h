/* agent/store/place.h - where the slots of a ring stand on disk: which index, which one is evicted.
 *
 * Depends on: inside.  Threads: with both locks of the store held, where nothing else is said.
 */
#ifndef AGENT_STORE_PLACE_H
#define AGENT_STORE_PLACE_H

#include "agent/store/inside.h"

/** Let go of slots that are wholly acknowledged. */
void place_settle_tail(struct store *store, struct ring *ring);

/** Give an image its index, evicting the oldest slot if the policy says so.
 *  Errors: ERROR_NO_SPACE. */
MUST_CHECK enum error_code place_image(struct store *store, struct ring *ring, struct image *image,
                                       struct error *error);

/** Was a slot in use not to be found? What leads to the slots is damaged, and they may be whole:
 *  setting the queue aside and salvaging it finds them, going on would overwrite them.
 *  Errors: ERROR_BAD_DATA. Needs only `database_lock`. */
MUST_CHECK enum error_code place_check_rows(const struct store *store, struct error *error);

/** Read the header of a slot on disk; false: it is none of ours, or damaged. Needs only
 *  `database_lock`. */
bool place_read_header(struct store *store, enum stream stream, uint32_t index,
                       struct slot_header *header);

#endif
