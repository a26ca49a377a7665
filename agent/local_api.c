#include "agent/local_api.h"

#include "agent/waiter.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>

enum { BACKLOG = 32, STACK_BYTES = 128 * 1024, ACCEPT_PAUSE_MS = 100 };

struct local_api {
    local_api_answer *answer;
    void *context;
    pthread_t thread;
    int listener;
    int stop_event;
    struct sockaddr_un address;
};

static enum error_code address_of(const char *path, struct sockaddr_un *address,
                                  struct error *error)
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

static void set_timeouts(int connection)
{
    const struct timeval timeout = {.tv_sec = LOCAL_TIMEOUT_S};

    /* Without them a peer that hangs would be waited for; these options cannot fail on a socket. */
    (void)setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    (void)setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
}

static enum error_code connect_to(const char *path, int *connection, struct error *error)
{
    struct sockaddr_un address;
    enum error_code code = address_of(path, &address, error);

    if (code != ERROR_OK) {
        return code;
    }
    CLEANUP(cleanup_close) int made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (made < 0) {
        return fs_error(error, errno, "make a socket for", path);
    }
    set_timeouts(made);
    if (connect(made, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        return errno == ECONNREFUSED || errno == ENOENT
                   ? error_set(error, ERROR_UNREACHABLE, "no agent is running behind %s", path)
                   : fs_error(error, errno, "connect to", path);
    }
    *connection = made;
    made = -1;
    return ERROR_OK;
}

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

/** A peer, and until when it is waited for in all (monotonic). */
struct peer {
    const struct local_api *api;
    int connection;
    int64_t deadline_ns;
};

/** Wait until the peer can be read from or written to; false: its time is up, or the agent ends. */
static bool wait_for(const struct peer *peer, short events)
{
    struct pollfd ready[] = {{.fd = peer->connection, .events = events},
                             {.fd = peer->api->stop_event, .events = POLLIN}};
    int64_t left_ns = peer->deadline_ns - clock_monotonic_ns(&clock_system);
    int waited = left_ns <= 0 ? 0 : poll(ready, 2, (int)(left_ns / NS_PER_MS) + 1);

    return waited > 0 && ready[1].revents == 0;
}

/** One line into `request`; false when the peer sends too much, nothing, or too slowly. */
static bool receive_line(const struct peer *peer, char request[LOCAL_REQUEST_MAX])
{
    size_t size = 0;

    while (size < LOCAL_REQUEST_MAX - 1 && wait_for(peer, POLLIN)) {
        ssize_t got =
            recv(peer->connection, request + size, LOCAL_REQUEST_MAX - 1 - size, MSG_DONTWAIT);
        char *newline;

        if (got < 0 && errno == EAGAIN) {
            continue;
        }
        if (got <= 0) {
            return false;
        }
        size += (size_t)got;
        request[size] = '\0';
        newline = strchr(request, '\n');
        if (newline != NULL) {
            *newline = '\0';
            return true;
        }
    }
    return false;
}

static void send_reply(const struct peer *peer, const char *reply)
{
    size_t size = strlen(reply);

    while (size > 0 && wait_for(peer, POLLOUT)) {
        ssize_t sent = send(peer->connection, reply, size, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (sent < 0 && errno != EAGAIN) {
            return; /* a peer that left needs no answer */
        }
        reply += sent > 0 ? sent : 0;
        size -= sent > 0 ? (size_t)sent : 0;
    }
}

static void serve(struct local_api *api)
{
    CLEANUP(cleanup_close) int connection = accept4(api->listener, NULL, NULL, SOCK_CLOEXEC);
    const struct peer peer = {api, connection,
                              clock_monotonic_ns(&clock_system) + LOCAL_TIMEOUT_S * NS_PER_S};
    char request[LOCAL_REQUEST_MAX];

    if (connection < 0) {
        struct pollfd stop = {.fd = api->stop_event, .events = POLLIN};

        /* The peer went away again, or the process has no descriptor left: do not spin on that. */
        (void)poll(&stop, 1, ACCEPT_PAUSE_MS);
        return;
    }
    if (receive_line(&peer, request)) {
        CLEANUP(cleanup_free) char *reply = api->answer(api->context, request);

        if (reply != NULL) {
            send_reply(&peer, reply);
        }
    }
}

static void *local_api_run(void *argument)
{
    struct local_api *api = argument;

    for (;;) {
        struct pollfd ready[] = {{.fd = api->listener, .events = POLLIN},
                                 {.fd = api->stop_event, .events = POLLIN}};

        if (poll(ready, 2, -1) < 0 && errno != EINTR) {
            return NULL;
        }
        if (ready[1].revents != 0) {
            return NULL;
        }
        if (ready[0].revents != 0) {
            serve(api);
        }
    }
}

/** A1: of what may stand there, only a socket is ours to remove. */
static enum error_code remove_old_socket(const char *path, struct error *error)
{
    struct stat found;

    if (lstat(path, &found) != 0) {
        return errno == ENOENT ? ERROR_OK : fs_error(error, errno, "look for the socket", path);
    }
    if (!S_ISSOCK(found.st_mode)) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "%s is there and is not a socket; give another path with --socket", path);
    }
    return unlink(path) == 0 || errno == ENOENT
               ? ERROR_OK
               : fs_error(error, errno, "remove the old socket", path);
}

static enum error_code bind_socket(const struct local_api *api, const char *path,
                                   struct error *error)
{
    if (bind(api->listener, (const struct sockaddr *)&api->address, sizeof(api->address)) == 0) {
        return ERROR_OK;
    }
    return errno == ENOENT
               ? error_set(error, ERROR_UNREACHABLE,
                           "the folder of the socket %s is not there; make it, or give another "
                           "path with --socket",
                           path)
               : fs_error(error, errno, "make the socket", path);
}

static enum error_code listen_on(struct local_api *api, const char *path, struct error *error)
{
    enum error_code code = address_of(path, &api->address, error);
    int other = -1;

    if (code != ERROR_OK) {
        return code;
    }
    if (connect_to(path, &other, NULL) == ERROR_OK) { /* A1 */
        cleanup_close(&other);
        return error_set(error, ERROR_BAD_CONFIG,
                         "another agent is running behind %s; stop it first", path);
    }
    code = remove_old_socket(path, error);
    if (code != ERROR_OK) {
        return code;
    }
    api->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (api->listener < 0) {
        return fs_error(error, errno, "make a socket for", path);
    }
    /* The mode is set before anyone can connect: bind() makes the file, listen() opens the door. */
    code = bind_socket(api, path, error);
    if (code != ERROR_OK) {
        return code;
    }
    if (chmod(path, 0660) != 0) {
        return fs_error(error, errno, "set the mode of the socket", path);
    }
    return listen(api->listener, BACKLOG) == 0 ? ERROR_OK
                                               : fs_error(error, errno, "listen on", path);
}

static void local_api_free(struct local_api *api)
{
    cleanup_close(&api->listener);
    cleanup_close(&api->stop_event);
    free(api);
}

enum error_code local_api_start(const char *path, local_api_answer *answer, void *context,
                                struct local_api **api, struct error *error)
{
    struct local_api *made = calloc(1, sizeof(*made));
    enum error_code code;

    if (made == NULL) {
        return error_set(error, ERROR_NO_MEMORY, "no memory for the local socket");
    }
    *made = (struct local_api){.answer = answer, .context = context, .listener = -1};
    made->stop_event = eventfd(0, EFD_CLOEXEC);
    code = made->stop_event < 0 ? fs_error(error, errno, "make an event for", path)
                                : listen_on(made, path, error);
    if (code == ERROR_OK) {
        code = waiter_start_thread(&made->thread, STACK_BYTES, local_api_run, made, error);
    }
    if (code != ERROR_OK) {
        local_api_free(made);
        return code;
    }
    *api = made;
    return ERROR_OK;
}

void local_api_stop(struct local_api *api)
{
    if (api == NULL) {
        return;
    }
    (void)eventfd_write(api->stop_event, 1); /* an eventfd at 0 takes a 1 */
    (void)pthread_join(api->thread, NULL);
    (void)unlink(api->address.sun_path); /* a file that stays is replaced by the next start */
    local_api_free(api);
}

enum error_code local_api_ask(const char *path, const char *request, struct buffer *reply,
                              struct error *error)
{
    CLEANUP(cleanup_close) int connection = -1;
    enum error_code code = connect_to(path, &connection, error);

    if (code != ERROR_OK) {
        return code;
    }
    if (!send_all(connection, request, strlen(request)) || !send_all(connection, "\n", 1)) {
        return fs_error(error, errno, "ask the agent behind", path);
    }
    for (;;) {
        ssize_t got;

        if (!buffer_reserve(reply, 4096)) {
            return error_set(error, ERROR_BAD_DATA, "the answer of %s is too long", path);
        }
        got = recv(connection, reply->bytes + reply->size, 4096, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return error_set(error, ERROR_TIMEOUT, "the agent behind %s did not answer", path);
        }
        if (got == 0) {
            return ERROR_OK;
        }
        reply->size += (size_t)got;
    }
}
