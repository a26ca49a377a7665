/* agent/inspect/wire.h - an answer on its way through the agent's socket.
 *
 *   inspect -> struct answer -> [ WIRE ] ~ socket ~ [ WIRE ] -> struct answer -> files, terminal
 *
 * A row of frames, each a line: `file NAME`; `data SIZE`, then that many bytes; `at DONE TOTAL`;
 * and as the last one `error SENTENCE`, or `end`, after which the summary's JSON follows up to the
 * end of the stream.
 *
 *  W1  An answer that ends without its last frame is incomplete, and said to be.
 *  W2  Lines are at most WIRE_LINE_MAX bytes, data at most WIRE_DATA_MAX; anything else is no
 * answer of an agent.
 *
 * Depends on: answer, local_api, cJSON.  Threads: one user at a time.
 */
#ifndef AGENT_INSPECT_WIRE_H
#define AGENT_INSPECT_WIRE_H

#include "agent/inspect/answer.h"
#include "agent/local/local_api.h"
#include "base/error.h"

#include <cjson/cJSON.h>

enum { WIRE_LINE_MAX = 512, WIRE_DATA_MAX = 64 << 20 };

/** Frames go to `peer`, which must be a stream. */
struct answer wire_answer(struct local_peer *peer);

/** The last frame: the summary, or the error when `summary` is NULL. */
void wire_end(struct local_peer *peer, const cJSON *summary, const struct error *error);

/** Read an answer from `connection` and hand it to `answer`; `*summary` (the caller deletes it) is
 *  what stands at its end. Errors: what the agent says (its sentence, as ERROR_REFUSED),
 *  ERROR_TIMEOUT, ERROR_PROTOCOL (W1, W2), ERROR_IO when `answer` could not take it. */
MUST_CHECK enum error_code wire_receive(int connection, const struct answer *answer,
                                        cJSON **summary, struct error *error);

#endif
