/* lake/overlap.h - do two objects say the same about the numbers that both hold?
 *
 *   object -> [ OVERLAP ] -> account
 *
 * Life: overlap_init() -> overlap_compare()* -> overlap_deinit().
 *
 *  V1  The same rows in two objects are no harm: a batch was cut again after a part of it had been
 *      evicted, or a queue was copied and drained twice. Different rows are: somebody gave the
 *      same numbers out again.
 *  V2  A clock that became right moves times. A reading that is marked so (base/status_code.h) on
 *      either side is the same when all but its times and its quality is.
 *  V3  Memory is that of two objects. Whoever compares neighbours in turn reads each object about
 *      once.
 *
 * Depends on: object, ranges.  Threads: one user at a time.
 */
#ifndef LAKE_OVERLAP_H
#define LAKE_OVERLAP_H

#include "lake/object.h"
#include "lake/ranges.h"

struct overlap {
    const char *lake; /* borrowed */
    struct object_reader readers[2];
    const struct object_facts *held[2]; /* what each reader has read */
};

void overlap_init(struct overlap *overlap, const char *lake);
void overlap_deinit(struct overlap *overlap);

/** Compare the rows of these `numbers`, which both of these sound objects of one stream hold.
 *  `*differs` is the first number whose rows differ, 0: none. Errors: ERROR_NO_MEMORY, ERROR_IO
 *  (an object has changed since it was found sound). */
MUST_CHECK enum error_code overlap_compare(struct overlap *overlap, const struct object_facts *one,
                                           const struct object_facts *two,
                                           const struct range *numbers, uint64_t *differs,
                                           struct error *error);

#endif
