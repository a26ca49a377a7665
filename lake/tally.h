/* lake/tally.h - losses by reason and outages by gateway, summed up for the report.
 *
 *   book + claims -> [ TALLY ] -> report
 *
 * Life: tally_init() -> tally_fill() -> tally_deinit().
 *
 * Depends on: verify.  Threads: one user at a time.
 */
#ifndef LAKE_TALLY_H
#define LAKE_TALLY_H

#include "lake/verify.h"

/** What one stream of an incarnation lost for one reason. */
struct loss {
    const struct object_name *name;
    enum stream stream;
    const char *reason;
    uint64_t ranges, count;
    int64_t from_us, to_us; /* from the first to the last; 0: unknown */
};

struct tally {
    struct buffer losses;  /* struct loss, in the accounts' order, by reason */
    struct buffer outages; /* struct outage, one per gateway and kind; its name is any of theirs */
};

void tally_init(struct tally *tally);
void tally_deinit(struct tally *tally);

/** Errors: ERROR_NO_MEMORY. */
MUST_CHECK enum error_code tally_fill(const struct verification *verification, struct tally *tally,
                                      struct error *error);

size_t tally_loss_count(const struct tally *tally);
const struct loss *tally_loss_at(const struct tally *tally, size_t index);

size_t tally_outage_count(const struct tally *tally);
const struct outage *tally_outage_at(const struct tally *tally, size_t index);

#endif
