/* sync/object.h - seals a batch: columns and footer become the bytes of one object, with its name.
 *
 *   packed columns, row digest -> [ OBJECT ] -> batch
 *
 * Depends on: batch, digest, encoder (the header of a batch), object_name, parquet.
 * Threads: one user at a time.
 */
#ifndef SYNC_OBJECT_H
#define SYNC_OBJECT_H

#include "base/buffer.h"
#include "base/error.h"
#include "sync/batch.h"
#include "sync/digest.h"
#include "sync/encoder.h"
#include "sync/parquet/column.h"

#include <stdint.h>

struct object_parts {
    const struct batch_header *header; /* checked: its texts can stand in a name */
    uint64_t first, last;              /* sequence numbers, inclusive */
    const struct schema *schema;
    struct column *columns; /* every chunk flushed; their pages are given back on the way */
    struct column_workshop *workshop;
    struct digest *digest; /* holds the canonical rows; ends as new */
};

/** Write the object to `object` (which is empty), fill `*batch`; its bytes are those of `object`.
 *  Errors: ERROR_NO_MEMORY (also past the buffer's maximum), ERROR_BUG, ERROR_BAD_CONFIG. */
MUST_CHECK enum error_code object_seal(const struct object_parts *parts, struct buffer *object,
                                       struct batch *batch, struct error *error);

#endif
