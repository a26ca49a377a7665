/* agent/inspect/repair.h - `leat queue repair`: a new queue from what is whole in a damaged one.
 *
 *   queue file -> copy -> agent/store/salvage -> OUTPUT
 *
 *  1. The original is only read, and only its copy is worked on; OUTPUT is a new file.
 *  2. An agent that has the queue open is not worked around: it mends its own queue by itself.
 *
 * Depends on: copy, inspect, table, agent/store/salvage.  Threads: called on the main thread.
 */
#ifndef AGENT_INSPECT_REPAIR_H
#define AGENT_INSPECT_REPAIR_H

#include "base/error.h"

#include <stdbool.h>

struct repair {
    const char *queue_path;
    const char *output;
    const char *work_folder;
};

/** Make `output` and tell on standard output what was kept, what is missing, and what to do next.
 *  Errors: ERROR_REFUSED (`output` is there), ERROR_BAD_DATA (nothing in it is a queue's); as
 *  queue_copy_make() and store_open(). */
MUST_CHECK enum error_code repair_queue(const struct repair *repair, struct error *error);

#endif
