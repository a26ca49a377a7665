/* sync/parquet/statistics.h - least and greatest value of a column (rule Q3 of column.h).
 *
 * Depends on: column, schema.  Threads: one user at a time.
 */
#ifndef SYNC_PARQUET_STATISTICS_H
#define SYNC_PARQUET_STATISTICS_H

#include "sync/parquet/column.h"
#include "sync/schema.h"

/** Count a value that is present. */
void statistics_add(struct column_statistics *statistics, enum column_type type,
                    const struct cell *cell);

#endif
