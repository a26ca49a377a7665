/* agent/store/salvage.h - from a damaged queue to a new one that holds all that can be read of it.
 *
 *   <path>.damaged-<n>, never written to -> [ SALVAGE ] -> a queue of the same incarnation
 *
 *  1. Whole slots, and whole batches of damaged ones, keep their bytes and their numbers; opening
 *     and reading the new queue turns what is missing into gap events, as always (S4).
 *  2. What the tables still say is copied: definitions, cuts, notes, how far it was acknowledged. A
 *     definition that is missing becomes a placeholder, "unknown/<handle>", so that its readings
 *     reach the lake. A ring's row that cannot be read is made from the slots themselves; then
 *     records that the lake has may go up again, under the numbers they have there.
 *  3. If the newest numbers are not known for sure (the journal is lost or damaged) the new queue's
 *     own events go on above any number that was ever reserved, and a gap event says so.
 *  4. The new queue becomes visible under its name when it is whole and on disk.
 *
 * Memory: stray_slot.h, one slot, one decoder, SQLite twice. It reads the file about twice.
 *
 * Depends on: database, stray_slot, codec.  Threads: any, one at a time per file.
 */
#ifndef AGENT_STORE_SALVAGE_H
#define AGENT_STORE_SALVAGE_H

#include "agent/store/store.h"

struct salvage_report {
    char incarnation[STORE_INCARNATION_SIZE];
    uint64_t slots;               /* that hold something */
    uint64_t records;             /* in them, acknowledged ones too */
    uint64_t points, made_points; /* definitions that were read; placeholders */
    bool is_guessed;              /* rule 3 */
};

/** Make the queue `to`, which must not exist. Errors: ERROR_BAD_DATA: nothing in `from` is a
 *  queue's; as database.h. */
MUST_CHECK enum error_code salvage_queue(const char *from, const char *to,
                                         struct salvage_report *report, struct error *error);

#endif
