/* drivers/journal/position.h - a cursor of the journal, as short as it finds its entry again.
 *
 * systemd's cursor is "s=..;i=..;b=..;m=..;t=..;x=..": sequence id and number, boot and time since,
 * UTC, a hash of the entry. Boot and time since it (b, m) say nothing that the others do not.
 *
 * Depends on: driver.h.  Threads: pure.
 */
#ifndef DRIVERS_JOURNAL_POSITION_H
#define DRIVERS_JOURNAL_POSITION_H

#include "drivers/driver.h"

/** false: `cursor` is too long to be one. */
bool position_shorten(const char *cursor, char position[DRIVER_POSITION_SIZE]);

/** The time of the entry, UTC; 0: the position does not say. */
int64_t position_time_ns(const char *position);

#endif
