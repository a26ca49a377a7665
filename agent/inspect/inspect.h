/* agent/inspect/inspect.h - look into a queue: what is in it, is it whole, give it to me.
 *
 *   `leat queue ...` -> the agent's socket, or a copy of the file -> [ INSPECT ] -> struct answer
 *
 *  Q1  Nothing is acknowledged, no cut is saved. Damage that an export meets becomes a gap event,
 * as with any other reader. Q2  The agent goes on: the store's lock is held for one slot at a time,
 * memory is bounded (a slot and a decoder; an export as Parquet also an encoder,
 * INSPECT_BATCH_BYTES and 3 MiB). Q3 What is exported is what would be uploaded: the same columns,
 * rows, batches that never span a gap or a day.
 *
 * Depends on: cutter, csv, request, answer, store.  Threads: any; one call at a time is enough.
 */
#ifndef AGENT_INSPECT_INSPECT_H
#define AGENT_INSPECT_INSPECT_H

#include "agent/inspect/answer.h"
#include "agent/inspect/request.h"
#include "agent/store/store.h"

#include <cjson/cJSON.h>

enum { INSPECT_BATCH_BYTES = 4 << 20 };

struct inspect_source {
    struct store *store;
    const struct clock *clock;
    const char *path; /* of the queue */
    const char *site, *gateway;
};

/** Do what `request` says; files and progress go to `answer`, and `*summary` (the caller deletes
 * it) is the object at the end. ERROR_UNREACHABLE: whoever asked went away. Or what the store
 * gives. */
MUST_CHECK enum error_code inspect_run(const struct inspect_source *source,
                                       const struct inspect_request *request,
                                       const struct answer *answer, cJSON **summary,
                                       struct error *error);

/* Its three parts; as inspect_run(). */

MUST_CHECK enum error_code inspect_stat(const struct inspect_source *source, cJSON *summary,
                                        struct error *error);
MUST_CHECK enum error_code inspect_check(const struct inspect_source *source,
                                         const struct answer *answer, cJSON *summary,
                                         struct error *error);
MUST_CHECK enum error_code inspect_export(const struct inspect_source *source,
                                          const struct inspect_request *request,
                                          const struct answer *answer, cJSON *summary,
                                          struct error *error);

#endif
