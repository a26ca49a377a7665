/* agent/inspect/csv.h - rows of the lake as lines of a spreadsheet (RFC 4180).
 *
 *   sync/rows -> cells -> [ CSV ] -> text
 *
 *  V1  The columns are those of sync/schema.h; readings have two more, `value` (the raw value
 * scaled into the point's unit) and `unit`. V2  Times are ISO 8601 in UTC with microseconds;
 * numbers have a point and every digit that matters; null is an empty cell; quality is hexadecimal,
 * as in OPC UA's tables. V3  A text that a spreadsheet would run as a formula (it begins with = + -
 * @, a tab or a return) gets an apostrophe in front. Parquet has it as it was.
 *
 * Depends on: buffer, definition, schema.  Threads: pure.
 */
#ifndef AGENT_INSPECT_CSV_H
#define AGENT_INSPECT_CSV_H

#include "base/buffer.h"
#include "base/definition.h"
#include "sync/schema.h"

/** The line of column names. Failures mark the buffer. */
void csv_header(struct buffer *line, enum stream stream);

/** One row. `definition` is that of a reading, else NULL. */
void csv_row(struct buffer *line, enum stream stream, const struct cell *cells,
             const struct definition *definition);

#endif
