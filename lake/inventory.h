/* lake/inventory.h - which files lie in the raw zone of a lake.
 *
 *   LAKE/raw -> [ INVENTORY ] -> object, account
 *
 * Life: inventory_init() -> inventory_collect() -> inventory_deinit().
 *
 *  I1  Everything below raw/ is either an object of ours by its name, or foreign. Names that begin
 *      with '.' are other programs' unfinished business and are passed over.
 *  I2  Objects come sorted by site, gateway, incarnation, stream, sequence numbers, digest.
 *  I3  A folder without raw/ is no lake: a wrong path and a share that is not mounted are no proof
 *      that nothing is missing.
 *
 * Depends on: base/buffer, sync/object_name.  Threads: one user at a time.
 */
#ifndef LAKE_INVENTORY_H
#define LAKE_INVENTORY_H

#include "base/buffer.h"
#include "base/error.h"
#include "sync/object_name.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OBJECT_PROBLEM_SIZE = 256 };

/** One object: its name, and after lake/object.h has read it, what it holds. */
struct object_facts {
    struct object_name name;
    uint64_t size_bytes;
    bool sound;                        /* everything in it agrees with everything else */
    char problem[OBJECT_PROBLEM_SIZE]; /* why it is not sound */
    char previous[BATCH_DIGEST_SIZE];  /* digest of its predecessor; "" for the first */
    int64_t least_us, most_us;         /* of its `ts` (catalogue: valid_from), UTC; if sound */
    /* Of its `received_ts`, UTC, where the clock was right; if sound. Empty: least > most. */
    int64_t least_received_us, most_received_us;
};

struct inventory {
    struct buffer objects; /* struct object_facts */
    struct buffer foreign; /* paths below the lake, each terminated */
};

void inventory_init(struct inventory *inventory);
void inventory_deinit(struct inventory *inventory);

/** Walk `lake`/raw; without that folder there is nothing, which is no error. Errors:
 *  ERROR_UNREACHABLE (no such lake), ERROR_REFUSED, ERROR_IO, ERROR_NO_MEMORY. */
MUST_CHECK enum error_code inventory_collect(const char *lake, struct inventory *inventory,
                                             struct error *error);

size_t inventory_count(const struct inventory *inventory);
struct object_facts *inventory_at(const struct inventory *inventory, size_t index);

/** Do both come from the same incarnation of the same gateway? */
bool object_same_incarnation(const struct object_name *one, const struct object_name *two);

/** And from the same stream? */
bool object_same_stream(const struct object_name *one, const struct object_name *two);

#endif
