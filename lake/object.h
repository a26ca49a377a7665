/* lake/object.h - is one object what its name says, down to the last row?
 *
 *   inventory -> [ OBJECT ] -> claim, account
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

#include "lake/inventory.h"
#include "lake/parquet/column.h"
#include "sync/schema.h"

enum {
    OBJECT_BYTES_MAX = 64 << 20,  /* of a file: eight times the largest batch */
    OBJECT_ROWS_MAX = 16 << 20,   /* of a file */
    OBJECT_COLUMN_MAX = 256 << 20 /* bytes of one decoded column */
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

/** Read the object that `facts` names and fill the rest of it. Errors: ERROR_NO_MEMORY; a bad
 *  object is `!facts->sound` (O3). */
MUST_CHECK enum error_code object_check(struct object_reader *reader, const char *lake,
                                        struct object_facts *facts, struct error *error);

/** A column of the sound object that was read last, in the file's order of rows. NULL: its stream
 *  has none of that name. */
const struct parquet_column *object_column(const struct object_reader *reader, enum stream stream,
                                           const char *name);

/** The row with this sequence number of the sound object that was read last, whose name is given.
 *  Its texts are the reader's. */
void object_row(const struct object_reader *reader, const struct object_name *name, uint64_t number,
                struct cell cells[SCHEMA_COLUMNS_MAX]);

#endif
