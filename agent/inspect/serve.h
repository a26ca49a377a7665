/* agent/inspect/serve.h - the request `queue ...` of the agent's socket.
 *
 *   leat queue --(local socket)--> [ SERVE ] --> inspect, wire
 *
 * Depends on: inspect, wire.  Threads: the connection's own; one export at a time, the next one is
 * told so.
 */
#ifndef AGENT_INSPECT_SERVE_H
#define AGENT_INSPECT_SERVE_H

#include "agent/inspect/inspect.h"
#include "agent/local/local_api.h"

#include <stdatomic.h>

/** Serve `peer` until it ends. `arguments` is the request without its first word; `exporting` is
 *  shared by all connections and clear at first. */
void inspect_serve(const struct inspect_source *source, const char *arguments,
                   atomic_flag *exporting, struct local_peer *peer);

#endif
