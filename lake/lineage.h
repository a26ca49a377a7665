/* lake/lineage.h - which incarnation followed which, and whether both went on.
 *
 *   inventory + claims -> [ LINEAGE ] -> book -> report
 *
 * An incarnation is the life of one queue. Its first event names the one before it: a queue that
 * was damaged and set aside, one of another machine (a cloned card), one of a newer version.
 *
 *  L1  A predecessor of which nothing has arrived is a problem: nobody knows what it held.
 *  L2  Incarnations that come from one queue, and of which one received readings after another had
 *      begun to, under one gateway's name: a fork, two machines send as one. Only readings whose
 *      clock was right are asked.
 *  L3  A predecessor whose objects arrive late, drained from the queue that was set aside, is no
 *      problem: its readings were received before.
 *  L4  What is unusual and harms nothing is a note.
 *
 * Depends on: book, claim, inventory.  Threads: one user at a time.
 */
#ifndef LAKE_LINEAGE_H
#define LAKE_LINEAGE_H

#include "lake/book.h"
#include "lake/claim.h"

/** Fill the book's lineages; append to its problems and notes. The sources, as for account_all(),
 *  must outlive the book. Errors: ERROR_NO_MEMORY. */
MUST_CHECK enum error_code lineage_trace(const struct inventory *inventory,
                                         const struct claims *claims, struct account_book *book,
                                         struct error *error);

#endif
