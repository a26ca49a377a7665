/* drivers/filelog/file_log.h - log files as they are written: each line once, whatever happens.
 *
 *   files of a pattern -> [ FILE LOG ] -> collector -> the stream of logs
 *
 * A file is known by device and inode, and by what it held before the place that was read: its
 * first bytes and those just before (a mark each). Lines go to the host in portions, each with the
 * position behind its last line. A file that lines came from is
 * left alone for a moment (REST_MS of file_log.c): what is written all the time comes in portions.
 *
 *  FL1 A file that was renamed is read on to its end under its new name. One whose marks do not
 *      fit any more was truncated: it is read anew, and its copy, if there is one in the folder,
 *      is read from where the file was left.
 *  FL2 A file that begins as one that is followed may be a copy that is being made: it is left
 *      alone until that one is truncated, or for COPY_WAIT_S.
 *  FL3 A record (entry.h) that is too long comes in parts that are numbered. Only a whole record,
 * or a whole part, is handed over; the end of a file without a line feed after IDLE_S. FL4
 * Compressed files are left alone. Of FOLLOWED_MAX files each has one of the host's positions,
 *      given back IDLE_S after its last change when the pattern does not fit the file any more.
 *  FL5 A line that does not have the configured format is kept as it is, with the time of reading
 * and "unparsed" in its fields, and told once: again only after many that had it.
 *
 * Depends on: base, lines.  Threads: one at a time.
 */
#ifndef DRIVERS_FILELOG_FILE_LOG_H
#define DRIVERS_FILELOG_FILE_LOG_H

#include "drivers/driver.h"

extern const struct driver file_log_driver;

#endif
