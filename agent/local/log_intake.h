/* agent/local/log_intake.h - the request `log`: lines from the local socket into the logs stream.
 *
 *   leat log --(local socket)--> [ LOG INTAKE ] --> agent/store
 *
 * The request is "log SEVERITY SOURCE" (SEVERITY: a digit, 0 to 7; SOURCE: the rest of the line),
 * then each line is a record. The answers are JSON objects, one per line of answer:
 * {"stored":N}: N lines of this connection are on disk. One with "error" is the last, and N still
 * counts; it says why the lines after the first N are not stored.
 *
 *  N1  A line is counted after store_commit(), never before: what was answered survives a power
 *      cut (P1). All lines that have arrived share one commit.
 *  N2  Lines are taken in order; after one that the store refuses none is taken. So the stored ones
 *      are always the first N.
 *  N3  A line that does not end with a line feed is not one: its sender was cut off.
 *
 * What was taken but not answered (the commit failed, the agent ended) may still reach the lake.
 *
 * Depends on: store, local_api, line_reader.  Threads: any number, each with a peer of its own.
 */
#ifndef AGENT_LOCAL_LOG_INTAKE_H
#define AGENT_LOCAL_LOG_INTAKE_H

#include "agent/local/local_api.h"
#include "agent/store/store.h"
#include "base/clock.h"

/** Serve `peer` until it ends. `arguments` is the request without its first word. */
void log_intake_serve(struct store *store, const struct clock *clock, const char *arguments,
                      struct local_peer *peer);

#endif
