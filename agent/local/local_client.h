/* agent/local/local_client.h - ask the running agent through its socket (local_api.h).
 *
 * Depends on: base.  Threads: all; each call has a connection of its own.
 */
#ifndef AGENT_LOCAL_LOCAL_CLIENT_H
#define AGENT_LOCAL_LOCAL_CLIENT_H

#include "base/buffer.h"
#include "base/error.h"

#include <sys/un.h>

/** Errors: ERROR_BAD_CONFIG: the path is too long for a socket. */
MUST_CHECK enum error_code local_address(const char *path, struct sockaddr_un *address,
                                         struct error *error);

/** A connection whose sends and receives wait at most `timeout_s`. ERROR_UNREACHABLE: no agent is
 *  running there; ERROR_REFUSED: no right to ask. */
MUST_CHECK enum error_code local_connect(const char *path, int timeout_s, int *connection,
                                         struct error *error);

/** Ask the agent behind `path`; its answer is appended to `reply`. Errors: as local_connect();
 *  ERROR_TIMEOUT; ERROR_BAD_DATA: the answer is longer than `reply` takes. */
MUST_CHECK enum error_code local_ask(const char *path, const char *request, struct buffer *reply,
                                     struct error *error);

/** A request that input follows. */
struct local_question {
    const char *path;
    const char *request;
    const void *input;
    size_t input_bytes;
    int timeout_s; /* how long the agent may keep silent */
};

/** The same with input. An agent that takes only part of it, or ends before it answered, is no
 *  error here: `reply` says how far it came. */
MUST_CHECK enum error_code local_ask_with_input(const struct local_question *question,
                                                struct buffer *reply, struct error *error);

#endif
