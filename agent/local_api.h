/* agent/local_api.h - the socket on which the running agent answers `leat status` and `leat
 * upload`.
 *
 * A unix stream socket of mode 0660, so that the file's group decides who may ask. One request is
 * one line of at most LOCAL_REQUEST_MAX bytes; the answer is one JSON object, then the end of the
 * stream. One request at a time; a peer has LOCAL_TIMEOUT_S for it in all, and less when the agent
 * ends: then it is not waited for.
 *
 *  A1  A socket file that nobody answers on was left behind and is replaced; one that an agent
 *      answers on is ERROR_BAD_CONFIG.
 *
 * Life: local_api_start() -> local_api_stop().
 *
 * Depends on: base.  Threads: the server has its own; the answer function is called on it.
 */
#ifndef AGENT_LOCAL_API_H
#define AGENT_LOCAL_API_H

#include "base/buffer.h"
#include "base/error.h"

enum { LOCAL_REQUEST_MAX = 64, LOCAL_TIMEOUT_S = 5 };

struct local_api;

/** Answer `request` (without its newline): a JSON text from malloc(), or NULL for "no memory". */
typedef char *local_api_answer(void *context, const char *request);

MUST_CHECK enum error_code local_api_start(const char *path, local_api_answer *answer,
                                           void *context, struct local_api **api,
                                           struct error *error);

/** End the thread, remove the socket. Accepts NULL. */
void local_api_stop(struct local_api *api);

/** Ask the agent behind `path`; its answer is appended to `reply`. ERROR_UNREACHABLE: no agent is
 *  running there; ERROR_REFUSED: no right to ask. */
MUST_CHECK enum error_code local_api_ask(const char *path, const char *request,
                                         struct buffer *reply, struct error *error);

#endif
