/* lake/parquet/schema.h - the columns that a footer declares.
 *
 *   footer -> [ SCHEMA ] -> footer.columns
 *
 *  F1 of footer.h: only flat columns of the profile's types, required or optional.
 *
 * Depends on: footer, thrift.  Threads: pure.
 */
#ifndef LAKE_PARQUET_SCHEMA_H
#define LAKE_PARQUET_SCHEMA_H

#include "lake/parquet/footer.h"

/** Read the list of schema elements at `reader` into names, types and flags of footer->columns.
 *  Errors: ERROR_BAD_DATA. */
MUST_CHECK enum error_code parquet_schema_read(struct thrift_reader *reader, enum thrift_type type,
                                               struct parquet_footer *footer, struct error *error);

#endif
