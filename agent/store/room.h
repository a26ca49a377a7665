/* agent/store/room.h - the file's own room and the disk's: slots are made in it and given back to
 * it.
 *
 * Depends on: database.  Threads: as database.h.
 */
#ifndef AGENT_STORE_ROOM_H
#define AGENT_STORE_ROOM_H

#include "agent/store/database.h"

/** Would the file system keep `keep_free_bytes` after `count` slots were made? Pages of the file
 *  that are free count as room; where the file system does not tell, the answer is yes. */
bool room_is_left(struct database *database, uint32_t count, uint64_t keep_free_bytes);

/** Make slots first .. first + count - 1 of a stream, zeroed, in a transaction of their own. */
MUST_CHECK enum error_code room_make_slots(struct database *database, enum stream stream,
                                           uint32_t first, uint32_t count, struct error *error);

/** Has the stream a slot with index `from` or above? */
bool room_has_slots(struct database *database, enum stream stream, uint32_t from);

/** Delete at most `count` slots of a stream with index `from` or above, in a transaction of their
 *  own; `*left` false: there is none any more. */
MUST_CHECK enum error_code room_drop_slots(struct database *database, enum stream stream,
                                           uint32_t from, uint32_t count, bool *left,
                                           struct error *error);

#endif
