/* agent/local/identify_request.h - `leat identify`, as the running agent serves it.
 *
 *   leat identify --(local socket)--> [ IDENTIFY_REQUEST ] --errand--> collector ->
 * driver.identify()
 *
 * The request is `identify device`; the answer one JSON object, {"error": sentence} or
 *
 *   {"device": name, "identity": [{"name": "vendor", "value": "..."}, ...], "notes": [sentence,
 * ...]}
 *
 * Depends on: errand, local_api, cJSON.  Threads: called on the connections' threads.
 */
#ifndef AGENT_LOCAL_IDENTIFY_REQUEST_H
#define AGENT_LOCAL_IDENTIFY_REQUEST_H

#include "agent/collect/errand.h"
#include "agent/local/local_api.h"
#include "base/clock.h"

enum { IDENTIFY_MAX_S = 10 };

void identify_request_serve(struct errand_board *errands, const struct clock *clock,
                            const char *device, struct local_peer *peer);

/** The answer, from malloc(). NULL: no memory. */
char *identify_json(const char *device, const struct driver_identity *identity);

#endif
