/* drivers/journal/journal.h - the systemd journal as a device: its entries become lines of the logs
 * stream.
 *
 *   /var/log/journal -> libsystemd -> [ JOURNAL ] -> collector
 *
 *  J1  Every entry that matches, once: its position is durable exactly when its line is, and
 * reading goes on behind it, after a restart and after a kill. J2  Where the entry of the position
 * is gone (vacuumed, a wiped disk), the loss is told with the time it spans, and reading goes on at
 * the oldest entry behind it. J3  A journal file that is none, or is cut off, is told once and left
 * alone.
 *
 * libsystemd is loaded when a journal is opened (library.h), so a gateway without systemd needs
 * none.
 *
 * Depends on: base.  Threads: one at a time.
 */
#ifndef DRIVERS_JOURNAL_JOURNAL_H
#define DRIVERS_JOURNAL_JOURNAL_H

#include "drivers/driver.h"

extern const struct driver journal_driver;

#endif
