/* lake/parquet/statistics.h - do a column's values lie within what the footer says of them?
 *
 *   footer + values -> [ STATISTICS ] -> column
 *
 * Engines leave out whole files by the least and the greatest value, so a wrong one hides rows.
 * Bounds may be wider than the values (a long text may be cut) and may be missing; NaN is left out
 * of them.
 *
 * Depends on: base, footer, values.  Threads: pure.
 */
#ifndef LAKE_PARQUET_STATISTICS_H
#define LAKE_PARQUET_STATISTICS_H

#include "base/error.h"
#include "lake/parquet/footer.h"
#include "lake/parquet/values.h"

/** Errors: ERROR_BAD_DATA. */
MUST_CHECK enum error_code parquet_statistics_check(const struct parquet_chunk *chunk,
                                                    const struct parquet_column *column,
                                                    struct error *error);

#endif
