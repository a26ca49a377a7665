/* sync/batch.h - a run of stored records, encoded, ready to leave the site.
 *
 * Depends on: nothing.  Threads: constant once made.
 */
#ifndef SYNC_BATCH_H
#define SYNC_BATCH_H

#include <stddef.h>
#include <stdint.h>

enum { BATCH_NAME_MAX = 512, BATCH_DIGEST_SIZE = 13 };

struct batch {
    char object_name[BATCH_NAME_MAX]; /* sync/object_name.h: prefix, date, incarnation, range,
                                         digest */
    char digest[BATCH_DIGEST_SIZE];   /* 12 hex digits: SHA-256 over the canonical rows */
    uint64_t first_sequence;          /* of the first record in it, inclusive */
    uint64_t last_sequence;           /* and of the last, inclusive; rows = last - first + 1 */
    const uint8_t *bytes;             /* owned by the encoder that made it */
    size_t size_bytes;
};

#endif
