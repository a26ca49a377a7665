/* sync/rows.h - records of the agent as rows of the lake (columns: sync/schema.h).
 *
 *   sample, event, log record, definition -> [ ROWS ] -> cells -> sync/encoder
 *
 * Texts of the cells are borrowed from the record.
 *
 * Depends on: sample, event, log_record, definition, schema, utf8.  Threads: pure.
 */
#ifndef SYNC_ROWS_H
#define SYNC_ROWS_H

#include "base/buffer.h"
#include "base/definition.h"
#include "base/event.h"
#include "base/log_record.h"
#include "base/sample.h"
#include "sync/schema.h"

#include <stdbool.h>
#include <stdint.h>

void row_of_reading(uint64_t sequence, uint32_t handle, const struct definition *definition,
                    const struct sample *sample, struct cell cells[SCHEMA_COLUMNS_MAX]);

void row_of_event(uint64_t sequence, const struct sample *sample, const struct event *event,
                  struct cell cells[SCHEMA_COLUMNS_MAX]);

void row_of_log(uint64_t sequence, const struct sample *sample, const struct log_record *record,
                struct cell cells[SCHEMA_COLUMNS_MAX]);

void row_of_definition(uint64_t sequence, int64_t received_ns, const struct definition *definition,
                       struct cell cells[SCHEMA_COLUMNS_MAX]);

/** Replace each byte that is not UTF-8 by U+FFFD: one bad byte makes a whole file unreadable for
 *  some engines. The new texts stand in `repaired`, until the next row. false: no memory. */
bool row_repair_texts(const struct schema *schema, struct cell *cells, struct buffer *repaired);

#endif
