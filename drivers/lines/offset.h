/* drivers/lines/offset.h - how far a written time is from UTC.
 *
 * Depends on: cursor.  Threads: pure.
 */
#ifndef DRIVERS_LINES_OFFSET_H
#define DRIVERS_LINES_OFFSET_H

#include "drivers/lines/cursor.h"

#include <stdint.h>

/** Z, +hh:mm, +hhmm or +hh (ISO 8601): seconds east of UTC. false: none of these. */
bool offset_take(struct cursor *cursor, int32_t *offset_s);

#endif
