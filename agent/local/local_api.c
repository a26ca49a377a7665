#include "agent/local/local_api.h"

#include "agent/local/local_client.h"
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

enum { BACKLOG = 32, STACK_BYTES = 128 * 1024, ACCEPT_PAUSE_MS = 100 };

/** Room for one connection and its thread. */
struct place {
    struct local_api *api;
    pthread_t thread;
    int connection;
    enum { PLACE_FREE, PLACE_SERVES, PLACE_ENDED } state; /* guarded by lock; ENDED: to be joined */
};

struct local_api {
    local_api_serve *serve;
    void *context;
    pthread_t thread;
    int listener;
    int stop_event;  /* never read: once said it stays so for everyone */
    int ended_event; /* a connection ended */
    struct sockaddr_un address;
    pthread_mutex_t lock;
    struct place places[LOCAL_CONNECTIONS_MAX];
    size_t stream_count; /* guarded by lock */
};

struct local_peer {
    struct local_api *api;
    int connection;
    bool is_stream;
    int64_t deadline_ns;             /* monotonic; of a stream: of this wait */
    char request[LOCAL_REQUEST_MAX]; /* and what came with it */
    size_t early_from, early_to;     /* input that came with the request: its place there */
};

/** A3: a stream's time begins anew with each wait. */
static void begin_wait(struct local_peer *peer)
{
    if (peer->is_stream) {
        peer->deadline_ns = clock_monotonic_ns(&clock_system) + LOCAL_TIMEOUT_S * NS_PER_S;
    }
}

/** Wait until the peer can be read from or written to; false: its time is up, or the agent ends. */
static bool wait_for(const struct local_peer *peer, short events)
{
    struct pollfd ready[] = {{.fd = peer->connection, .events = events},
                             {.fd = peer->api->stop_event, .events = POLLIN}};
    int64_t left_ns = peer->deadline_ns - clock_monotonic_ns(&clock_system);
    int waited = left_ns <= 0 ? 0 : poll(ready, 2, (int)(left_ns / NS_PER_MS) + 1);

    return (waited > 0 || (waited < 0 && errno == EINTR)) && ready[1].revents == 0;
}

/** What recv() gives, after waiting for it; -1 also when it was waited for in vain. */
static ssize_t receive_some(const struct local_peer *peer, void *bytes, size_t size)
{
    while (wait_for(peer, POLLIN)) {
        ssize_t got = recv(peer->connection, bytes, size, MSG_DONTWAIT);

        if (got >= 0 || (errno != EAGAIN && errno != EINTR)) {
            return got;
        }
    }
    return -1;
}

/** The request's line; false when the peer sends too much, nothing, or too slowly. */
static bool receive_request(struct local_peer *peer)
{
    size_t size = 0;

    while (size < LOCAL_REQUEST_MAX) {
        ssize_t got = receive_some(peer, peer->request + size, LOCAL_REQUEST_MAX - size);
        char *newline;

        if (got <= 0) {
            return false;
        }
        newline = memchr(peer->request + size, '\n', (size_t)got);
        size += (size_t)got;
        if (newline != NULL) {
            *newline = '\0';
            peer->early_from = (size_t)(newline - peer->request) + 1;
            peer->early_to = size;
            return true;
        }
    }
    return false;
}

enum local_input local_peer_receive(struct local_peer *peer, void *bytes, size_t size,
                                    size_t *received)
{
    size_t early = peer->early_to - peer->early_from;
    ssize_t got;

    if (early > 0) {
        *received = early < size ? early : size;
        memcpy(bytes, peer->request + peer->early_from, *received);
        peer->early_from += *received;
        return LOCAL_INPUT_MORE;
    }
    begin_wait(peer);
    got = receive_some(peer, bytes, size);
    *received = got > 0 ? (size_t)got : 0;
    return got > 0 ? LOCAL_INPUT_MORE : got == 0 ? LOCAL_INPUT_END : LOCAL_INPUT_LOST;
}

bool local_peer_send(struct local_peer *peer, const void *bytes, size_t size)
{
    const char *rest = bytes;

    begin_wait(peer);
    while (size > 0) {
        ssize_t sent = send(peer->connection, rest, size, MSG_NOSIGNAL | MSG_DONTWAIT); /* A4 */

        if (sent > 0) {
            rest += sent;
            size -= (size_t)sent;
        } else if ((errno != EAGAIN && errno != EINTR) || !wait_for(peer, POLLOUT)) {
            return false;
        }
    }
    return true;
}

bool local_peer_identity(const struct local_peer *peer, struct local_identity *identity)
{
    struct ucred credentials;
    socklen_t size = sizeof(credentials);

    if (getsockopt(peer->connection, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
        return false;
    }
    *identity = (struct local_identity){credentials.uid, credentials.pid};
    return true;
}

bool local_peer_become_stream(struct local_peer *peer)
{
    struct local_api *api = peer->api;

    (void)pthread_mutex_lock(&api->lock); /* cannot fail */
    if (!peer->is_stream && api->stream_count < LOCAL_STREAMS_MAX) {
        api->stream_count++;
        peer->is_stream = true;
    }
    (void)pthread_mutex_unlock(&api->lock); /* cannot fail */
    return peer->is_stream;
}

static void *connection_run(void *argument)
{
    struct place *place = argument;
    struct local_api *api = place->api;
    struct local_peer peer = {.api = api,
                              .connection = place->connection,
                              .deadline_ns =
                                  clock_monotonic_ns(&clock_system) + LOCAL_TIMEOUT_S * NS_PER_S};

    if (receive_request(&peer)) {
        api->serve(api->context, peer.request, &peer);
    }
    cleanup_close(&peer.connection);
    (void)pthread_mutex_lock(&api->lock); /* cannot fail */
    api->stream_count -= peer.is_stream;
    place->state = PLACE_ENDED;
    (void)pthread_mutex_unlock(&api->lock);   /* cannot fail */
    (void)eventfd_write(api->ended_event, 1); /* far from its limit */
    return NULL;
}

/** Join threads that are through; a place that is free, or NULL. */
static struct place *free_place(struct local_api *api)
{
    struct place *found = NULL;

    (void)pthread_mutex_lock(&api->lock); /* cannot fail */
    for (size_t i = 0; i < LOCAL_CONNECTIONS_MAX; i++) {
        struct place *place = &api->places[i];

        if (place->state == PLACE_ENDED) { /* it holds no lock any more, and only returns */
            (void)pthread_join(place->thread, NULL);
            place->state = PLACE_FREE;
        }
        found = place->state == PLACE_FREE ? place : found;
    }
    (void)pthread_mutex_unlock(&api->lock); /* cannot fail */
    return found;
}

/** The peer went away again, or the process has no descriptor or memory left: do not spin on it. */
static void pause_accepting(const struct local_api *api)
{
    struct pollfd stop = {.fd = api->stop_event, .events = POLLIN};

    (void)poll(&stop, 1, ACCEPT_PAUSE_MS);
}

static void accept_peer(struct local_api *api, struct place *place)
{
    int connection = accept4(api->listener, NULL, NULL, SOCK_CLOEXEC);

    if (connection < 0) {
        pause_accepting(api);
        return;
    }
    place->api = api;
    place->connection = connection;
    (void)pthread_mutex_lock(&api->lock); /* cannot fail; the thread's end waits for it */
    if (waiter_start_thread(&place->thread, STACK_BYTES, connection_run, place, NULL) == ERROR_OK) {
        place->state = PLACE_SERVES;
        connection = -1;
    }
    (void)pthread_mutex_unlock(&api->lock); /* cannot fail */
    if (connection >= 0) {
        cleanup_close(&connection);
        pause_accepting(api);
    }
}

static void join_connections(struct local_api *api)
{
    for (size_t i = 0; i < LOCAL_CONNECTIONS_MAX; i++) {
        bool started;

        (void)pthread_mutex_lock(&api->lock); /* cannot fail */
        started = api->places[i].state != PLACE_FREE;
        (void)pthread_mutex_unlock(&api->lock); /* cannot fail */
        if (started) {
            (void)pthread_join(api->places[i].thread, NULL); /* A4: they were told */
        }
    }
}

static void *local_api_run(void *argument)
{
    struct local_api *api = argument;
    bool stop = false;

    while (!stop) {
        struct place *place = free_place(api);
        struct pollfd ready[] = {
            {.fd = place == NULL ? -1 : api->listener, .events = POLLIN}, /* A2 */
            {.fd = api->stop_event, .events = POLLIN},
            {.fd = api->ended_event, .events = POLLIN}};
        eventfd_t ended;

        if (poll(ready, 3, -1) < 0) {
            stop = errno != EINTR;
            continue;
        }
        stop = ready[1].revents != 0;
        if (ready[2].revents != 0) {
            (void)eventfd_read(api->ended_event, &ended); /* it is readable */
        }
        if (!stop && place != NULL && ready[0].revents != 0) {
            accept_peer(api, place);
        }
    }
    join_connections(api);
    return NULL;
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
    enum error_code code = local_address(path, &api->address, error);
    int other = -1;

    if (code != ERROR_OK) {
        return code;
    }
    if (local_connect(path, LOCAL_TIMEOUT_S, &other, NULL) == ERROR_OK) { /* A1 */
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
    cleanup_close(&api->ended_event);
    (void)pthread_mutex_destroy(&api->lock);
    free(api);
}

enum error_code local_api_start(const char *path, local_api_serve *serve, void *context,
                                struct local_api **api, struct error *error)
{
    struct local_api *made = calloc(1, sizeof(*made));
    enum error_code code;

    if (made == NULL) {
        return error_set(error, ERROR_NO_MEMORY, "no memory for the local socket");
    }
    *made = (struct local_api){.serve = serve, .context = context, .listener = -1};
    (void)pthread_mutex_init(&made->lock, NULL); /* cannot fail on Linux without attributes */
    made->stop_event = eventfd(0, EFD_CLOEXEC);
    made->ended_event = eventfd(0, EFD_CLOEXEC);
    code = made->stop_event < 0 || made->ended_event < 0
               ? fs_error(error, errno, "make an event for", path)
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
