#include "agent/local/local_client.h"

#include "agent/local/local_api.h"
#include "base/cleanup.h"
#include "base/fs.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

enum { PIECE_BYTES = 4096 };

enum error_code local_address(const char *path, struct sockaddr_un *address, struct error *error)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address->sun_path)) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "the socket's path is longer than %zu characters: %.100s",
                         sizeof(address->sun_path) - 1, path);
    }
    memcpy(address->sun_path, path, strlen(path));
    return ERROR_OK;
}

enum error_code local_connect(const char *path, int timeout_s, int *connection, struct error *error)
{
    const struct timeval timeout = {.tv_sec = timeout_s};
    struct sockaddr_un address;
    enum error_code code = local_address(path, &address, error);

    if (code != ERROR_OK) {
        return code;
    }
    CLEANUP(cleanup_close) int made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (made < 0) {
        return fs_error(error, errno, "make a socket for", path);
    }
    /* Without them a peer that hangs would be waited for; these options cannot fail on a socket. */
    (void)setsockopt(made, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    (void)setsockopt(made, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
    if (connect(made, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        return errno == ECONNREFUSED || errno == ENOENT
                   ? error_set(error, ERROR_UNREACHABLE, "no agent is running behind %s", path)
                   : fs_error(error, errno, "connect to", path);
    }
    *connection = made;
    made = -1;
    return ERROR_OK;
}

/** false: it could not all be sent; errno says why. */
static bool send_all(int connection, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(connection, bytes, size, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent <= 0) {
            return false;
        }
        bytes += sent;
        size -= (size_t)sent;
    }
    return true;
}

static enum error_code receive_all(const struct local_question *question, int connection,
                                   struct buffer *reply, struct error *error)
{
    for (;;) {
        ssize_t got;

        if (!buffer_reserve(reply, PIECE_BYTES)) {
            return error_set(error, ERROR_BAD_DATA, "the answer of %s is too long", question->path);
        }
        got = recv(connection, reply->bytes + reply->size, PIECE_BYTES, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got == 0 || (got < 0 && errno == ECONNRESET)) { /* reset: it left some input unread */
            return ERROR_OK;
        }
        if (got < 0) {
            return error_set(error, ERROR_TIMEOUT, "the agent behind %s did not answer",
                             question->path);
        }
        reply->size += (size_t)got;
    }
}

static bool has_left(int system_errno)
{
    return system_errno == EPIPE || system_errno == ECONNRESET;
}

enum error_code local_ask_with_input(const struct local_question *question, struct buffer *reply,
                                     struct error *error)
{
    CLEANUP(cleanup_close) int connection = -1;
    enum error_code code = local_connect(question->path, question->timeout_s, &connection, error);

    if (code != ERROR_OK) {
        return code;
    }
    if (!send_all(connection, question->request, strlen(question->request)) ||
        !send_all(connection, "\n", 1) ||
        !send_all(connection, question->input, question->input_bytes)) {
        if (!has_left(errno)) { /* else its answer may be there all the same */
            return fs_error(error, errno, "ask the agent behind", question->path);
        }
    }
    (void)shutdown(connection, SHUT_WR); /* fails when it has left; its answer is read anyway */
    return receive_all(question, connection, reply, error);
}

enum error_code local_ask(const char *path, const char *request, struct buffer *reply,
                          struct error *error)
{
    const struct local_question question = {path, request, NULL, 0, LOCAL_TIMEOUT_S};
    size_t before = reply->size;
    enum error_code code = local_ask_with_input(&question, reply, error);

    if (code == ERROR_OK && reply->size == before) {
        code = error_set(error, ERROR_TIMEOUT, "the agent behind %s ended without an answer", path);
    }
    return code;
}
