/* agent/local/local_api.h - the socket on which the agent answers the technician's commands.
 *
 *   leat status, upload, log ... --(agent/local_client)--> [ LOCAL API ] --> the serve function
 *
 * A unix stream socket of mode 0660, so that the file's group decides who may ask. One request is
 * one line of at most LOCAL_REQUEST_MAX bytes; input may follow it; then comes the answer, of as
 * many pieces as the request has, and the end of the stream.
 *
 *  A1  A socket file that nobody answers on was left behind and is replaced; one that an agent
 *      answers on is ERROR_BAD_CONFIG.
 *  A2  Each connection has a thread; LOCAL_CONNECTIONS_MAX are served at once, the next ones wait.
 *  A3  A peer has LOCAL_TIMEOUT_S for its request and the answer in all. One that is to have more
 *      (much input, a long answer) becomes a stream: then every wait for it has that time. Only
 *      LOCAL_STREAMS_MAX may be streams at once, so however slow they are, `leat status` answers.
 *  A4  When the agent ends no peer is waited for. What a peer was promised is still sent when its
 *      socket takes it at once.
 *
 * Life: local_api_start() -> local_api_stop().
 *
 * Depends on: base.  Threads: one accepts, one per connection; the serve function is called on the
 * connection's, on several at the same time.
 */
#ifndef AGENT_LOCAL_LOCAL_API_H
#define AGENT_LOCAL_LOCAL_API_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    LOCAL_REQUEST_MAX = 512,
    LOCAL_TIMEOUT_S = 5,
    LOCAL_CONNECTIONS_MAX = 12,
    LOCAL_STREAMS_MAX = 8,
};

struct local_api;
struct local_peer; /* one connection, as long as the serve function runs */

/** Serve `request` (without its newline). The connection is closed when it returns. */
typedef void local_api_serve(void *context, const char *request, struct local_peer *peer);

MUST_CHECK enum error_code local_api_start(const char *path, local_api_serve *serve, void *context,
                                           struct local_api **api, struct error *error);

/** Let every peer go, end the threads, remove the socket. Waits for serve functions that are at
 *  work. Accepts NULL. */
void local_api_stop(struct local_api *api);

/** Make this peer a stream (A3). false: there are too many by now. */
MUST_CHECK bool local_peer_become_stream(struct local_peer *peer);

/** Who asks, as the kernel says (SO_PEERCRED of unix(7)): when it connected. */
struct local_identity {
    unsigned uid;
    int pid;
};

/** false: the kernel does not know. */
MUST_CHECK bool local_peer_identity(const struct local_peer *peer, struct local_identity *identity);

/** Send all of it. false: the peer left, does not take it in time, or the agent ends: return. */
bool local_peer_send(struct local_peer *peer, const void *bytes, size_t size);

enum local_input {
    LOCAL_INPUT_MORE, /* some bytes came */
    LOCAL_INPUT_END,  /* the peer said that it was all */
    LOCAL_INPUT_LOST, /* nothing came in time, or the agent ends: return */
};

/** Wait for what follows the request: at most `size` bytes, at least one when there is more. */
MUST_CHECK enum local_input local_peer_receive(struct local_peer *peer, void *bytes, size_t size,
                                               size_t *received);

#endif
