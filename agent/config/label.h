/* agent/config/label.h - a point's labels as the JSON object that its definition carries.
 *
 * Depends on: record.  Threads: one user at a time.
 */
#ifndef AGENT_CONFIG_LABEL_H
#define AGENT_CONFIG_LABEL_H

#include "agent/config/record.h"

/** Labels are the fields whose key begins so: "labels.area". */
#define LABEL_PREFIX "labels."

enum { LABEL_JSON_MAX_BYTES = 4096 };

/** {"area":"north"} in `arena`, "" without labels. NULL: a finding, or no memory. */
const char *label_json(struct loading *loading, const struct record *record, struct arena *arena);

#endif
