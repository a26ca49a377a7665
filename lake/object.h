/* lake/object.h - is one object what its name says, down to the last row?
 *
 *   inventory -> [ OBJECT ] -> account
 *
 *  O1  The footer's leat.* texts agree with the name; the SHA-256 in it covers every byte before
 *      it; every page passes its CRC.
 *  O2  The columns are those of sync/schema.h; every sequence number from first to last is there
 *      once; the digest over the canonical rows is the name's.
 *  O3  An object that is not sound costs a sentence, never the run.
 *  O4  Memory is that of one object, about 70 bytes a row, at most OBJECT_ROWS_MAX rows.
 *
 * Depends on: base/fs, parquet/column, sync/digest, sync/schema.  Threads: one user at a time.
 */
#ifndef LAKE_OBJECT_H
#define LAKE_OBJECT_H

#include "base/stream.h"
#include "lake/inventory.h"
#include "lake/parquet/column.h"
#include "sync/schema.h"

enum {
    OBJECT_BYTES_MAX = 64 << 20,  /* of a file: eight times the largest batch */
    OBJECT_ROWS_MAX = 16 << 20,   /* of a file */
    OBJECT_COLUMN_MAX = 256 << 20 /* bytes of one decoded column */
};

/** What an events object says about the sequence numbers of its gateway (base/event.h). */
struct claim {
    const struct object_name *gateway; /* site, gateway and incarnation count */
    enum stream stream;
    bool gap; /* first..last are lost; else last is the highest number issued */
    uint64_t first, last;
};

/** Memory that is kept from object to object. */
struct object_reader {
    struct buffer file;
    struct buffer order; /* uint32_t row of each sequence number */
    struct parquet_footer footer;
    struct parquet_column columns[SCHEMA_COLUMNS_MAX];
};

void object_reader_init(struct object_reader *reader);
void object_reader_deinit(struct object_reader *reader);

/** Read the object that `facts` names and fill the rest of it. `claims` gets a struct claim for
 *  every gap and high-water event of a sound object. Errors: ERROR_NO_MEMORY; a bad object is
 *  `!facts->sound` (O3). */
MUST_CHECK enum error_code object_check(struct object_reader *reader, const char *lake,
                                        struct object_facts *facts, struct buffer *claims,
                                        struct error *error);

#endif
