/* lake/parquet/column.h - one column of an object, decoded into memory.
 *
 *   object bytes + footer -> [ COLUMN ] -> verify
 *
 * Life: parquet_column_init() -> parquet_column_read()* -> parquet_column_deinit(). Reading again
 * keeps the memory.
 *
 *  N1  Reads exactly the encodings of Leat's profile: PLAIN, RLE_DICTIONARY, DELTA_BINARY_PACKED,
 *      RLE definition levels, pages of version 1, zstd. Anything else is refused with a sentence.
 *  N2  Every length that the file claims is checked against what is there; what is decoded is
 *      bounded by the limits, whatever the file claims.
 *  N3  The chunk's pages fill it exactly, give exactly the rows of the file, and lie within the
 *      statistics that the footer has for them.
 *
 * Depends on: base, decode, footer, page, statistics, values.  Threads: a column belongs to one.
 */
#ifndef LAKE_PARQUET_COLUMN_H
#define LAKE_PARQUET_COLUMN_H

#include "base/error.h"
#include "lake/parquet/footer.h"
#include "lake/parquet/page.h"
#include "lake/parquet/values.h"

#include <stdint.h>

void parquet_column_init(struct parquet_column *column, const struct parquet_limits *limits);
void parquet_column_deinit(struct parquet_column *column);

/** Decode the chunk. Errors: ERROR_BAD_DATA (the sentence names the column), ERROR_NO_MEMORY. */
MUST_CHECK enum error_code parquet_column_read(const uint8_t *file,
                                               const struct parquet_footer *footer,
                                               const struct parquet_chunk *chunk,
                                               const struct parquet_limits *limits,
                                               struct parquet_column *column, struct error *error);

#endif
