/* agent/local/status_disk.h - what the queue costs the disk, and what stands beside it.
 *
 * Depends on: card, wear, store, cJSON.  Threads: all; `wear` under its user's lock.
 */
#ifndef AGENT_LOCAL_STATUS_DISK_H
#define AGENT_LOCAL_STATUS_DISK_H

#include "agent/local/status_report.h"

#include <cjson/cJSON.h>

/** Add the object "disk" to the report. */
void status_disk_add(cJSON *report, const struct status_source *source);

/** Print that object. */
void status_disk_print(const cJSON *disk, FILE *output);

#endif
