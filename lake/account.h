/* lake/account.h - every sequence number ever issued: arrived, lost and said so, or missing.
 *
 *   inventory + claims + overlap -> [ ACCOUNT ] -> book -> verify
 *
 * One account per (site, gateway, incarnation, stream). Numbers begin at 1 and never repeat, so
 *
 *  A1  A number that a sound object holds has arrived, whatever else is said of it. Any other is
 *      damaged when a damaged object should hold it, lost when a gap event names it (once, however
 *      many do), in flight when it is above every high-water mark and every object, else missing:
 *      a hole.
 *  A2  Two objects that hold different rows under one number are a fork: two queues went on under
 *      one identity. The same rows in two objects are none (lake/overlap.h).
 *  A3  Each object names the digest of its predecessor. That object must be there, with nothing
 *      but gaps between the two; or the place between is a hole anyway; or the object repeats rows
 *      of one that names the same predecessor. Else one was substituted.
 *  A4  Every hole, fork, substitution and damaged object gives one sentence.
 *  A5  Time is that of sorting the objects and claims; objects are read again only where they
 *      overlap.
 *
 * Depends on: book, claim, inventory, overlap, ranges.  Threads: one user at a time.
 */
#ifndef LAKE_ACCOUNT_H
#define LAKE_ACCOUNT_H

#include "lake/book.h"
#include "lake/claim.h"
#include "lake/overlap.h"

struct account_sources {
    const struct inventory *inventory; /* sorted; its objects have been checked */
    const struct claims *claims;       /* heard in the inventory's order */
    struct overlap *overlap;
};

/** Fill the book. The sources must outlive it. Errors: those of overlap_compare(),
 *  ERROR_NO_MEMORY. */
MUST_CHECK enum error_code account_all(const struct account_sources *sources,
                                       struct account_book *book, struct error *error);

#endif
