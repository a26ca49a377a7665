/* agent/local/write_request.h - `leat write`, as the running agent serves it.
 *
 *   leat write --(local socket)--> [ WRITE_REQUEST ] --errand--> collector -> driver.write()
 *
 * The request is `write now|dry-run device/point value`; the answer one JSON object, as
 * write_record_json() has it.
 *
 *  W1  Nothing is written unless `writes.enabled` stands in this gateway's own configuration, the
 *      point is marked writable and the value, as it would be written, lies within its limits.
 *  W2  No record, no write: that it was asked is on disk before anything is sent, and how it ended
 *      before the answer (agent/local/write_audit.h). Refusals are recorded, too. A dry run is not.
 *  W3  The value is given in the point's unit; what is sent is the nearest value that the point can
 *      hold, and the answer says which.
 *
 * Depends on: errand, store, write_audit, pipeline.  Threads: called on the connections' threads.
 */
#ifndef AGENT_LOCAL_WRITE_REQUEST_H
#define AGENT_LOCAL_WRITE_REQUEST_H

#include "agent/collect/errand.h"
#include "agent/local/local_api.h"
#include "agent/store/store.h"
#include "base/clock.h"

struct write_source {
    struct store *store;
    struct errand_board *errands;
    const struct clock *clock;
    bool enabled; /* W1 */
};

void write_request_serve(const struct write_source *source, const char *arguments,
                         struct local_peer *peer);

#endif
