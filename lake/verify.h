/* lake/verify.h - the whole raw zone, object by object and number by number (promise P3).
 *
 *   LAKE -> [ VERIFY ] -> report, integrate
 *
 * Life: verification_init() -> verification_run() -> read its parts -> verification_deinit().
 *
 * Depends on: account, claim, inventory, lineage, object.  Threads: one user at a time.
 */
#ifndef LAKE_VERIFY_H
#define LAKE_VERIFY_H

#include "lake/book.h"
#include "lake/claim.h"

struct verification {
    struct inventory inventory;
    struct claims claims;
    struct account_book book;
};

void verification_init(struct verification *verification);
void verification_deinit(struct verification *verification);

/** Errors: those of inventory_collect() and account_all(). Holes and damage are no error but
 *  problems. */
MUST_CHECK enum error_code verification_run(const char *lake, struct verification *verification,
                                            struct error *error);

/** Is every number accounted for and every object sound, and no queue forked? */
static inline bool verification_is_whole(const struct verification *verification)
{
    return verification->book.problems.size == 0;
}

#endif
