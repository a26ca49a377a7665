#include "tests/sim/library/modbus_server.h"

#include "base/clock.h"
#include "tests/sim/library/modbus_trouble.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 600, BACKLOG = 128, POLL_FIXED = 2 };

struct connection {
    int fd; /* -1: free */
    struct modbus_request request;
    int64_t answer_at_ns; /* monotonic; 0: no answer is being held back */
    int64_t drip_ns;      /* between the bytes of this answer; 0: it goes out whole */
    unsigned dripped;
    unsigned busy; /* how often it was told so */
};

struct modbus_server {
    struct plant *plant;
    modbus_t *context;
    int unit;
    int listener;
    uint16_t port;
    int stop_fd; /* of our own thread; -1: there is none */
    pthread_t thread;
    atomic_uint requests, connections_seen;
    struct connection connections[CONNECTIONS_MAX];
    struct pollfd polled[CONNECTIONS_MAX + POLL_FIXED];
};

static bool listen_on(struct modbus_server *server, const char *host, uint16_t port)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                                   .ai_socktype = SOCK_STREAM};
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } bound = {0};
    socklen_t bound_size = sizeof(bound);
    struct addrinfo *found = NULL;
    int one = 1;
    char service[8];

    (void)snprintf(service, sizeof(service), "%u", (unsigned)port);
    if (getaddrinfo(host, service, &hints, &found) != 0) {
        errno = EINVAL;
        return false;
    }
    server->listener = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server->listener < 0 ||
        setsockopt(server->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
        bind(server->listener, found->ai_addr, found->ai_addrlen) != 0 ||
        listen(server->listener, BACKLOG) != 0 ||
        getsockname(server->listener, &bound.any, &bound_size) != 0) {
        freeaddrinfo(found);
        return false;
    }
    freeaddrinfo(found);
    server->port = ntohs(bound.any.sa_family == AF_INET6 ? bound.v6.sin6_port : bound.v4.sin_port);
    return true;
}

struct modbus_server *modbus_server_open(const struct modbus_server_settings *settings,
                                         char *problem)
{
    struct modbus_server *server = calloc(1, sizeof(*server));
    const char *host = settings->host != NULL ? settings->host : "127.0.0.1";

    (void)snprintf(problem, PLANT_PROBLEM_SIZE, "not enough memory");
    if (server == NULL) {
        return NULL;
    }
    server->unit = settings->unit;
    server->listener = -1;
    server->stop_fd = -1;
    for (unsigned i = 0; i < CONNECTIONS_MAX; i++) {
        server->connections[i].fd = -1;
    }
    server->context = modbus_new_tcp("0.0.0.0", 0); /* we listen ourselves: it only frames */
    server->plant = server->context != NULL ? plant_open(&settings->plant, problem) : NULL;
    if (server->plant == NULL) {
        modbus_server_close(server);
        return NULL;
    }
    if (!listen_on(server, host, settings->port)) {
        (void)snprintf(problem, PLANT_PROBLEM_SIZE, "cannot listen on %s port %u: %s", host,
                       (unsigned)settings->port, strerror(errno));
        modbus_server_close(server);
        return NULL;
    }
    return server;
}

uint16_t modbus_server_port(const struct modbus_server *server)
{
    return server->port;
}

modbus_mapping_t *modbus_server_mapping(struct modbus_server *server)
{
    return plant_mapping(server->plant);
}

uint64_t modbus_server_produced(const struct modbus_server *server)
{
    return plant_produced(server->plant);
}

unsigned modbus_server_requests(const struct modbus_server *server)
{
    return atomic_load(&server->requests);
}

unsigned modbus_server_connections(const struct modbus_server *server)
{
    return atomic_load(&server->connections_seen);
}

static void drop(struct connection *connection)
{
    (void)close(connection->fd); /* the peer's business */
    *connection = (struct connection){.fd = -1};
}

static void accept_one(struct modbus_server *server)
{
    int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);
    int one = 1;

    if (fd < 0) {
        return; /* it went away again */
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)); /* only slower without */
    for (unsigned i = 0; i < CONNECTIONS_MAX; i++) {
        if (server->connections[i].fd < 0) {
            server->connections[i] = (struct connection){.fd = fd};
            atomic_fetch_add(&server->connections_seen, 1);
            return;
        }
    }
    (void)close(fd); /* full, as real slaves are */
}

/** Answer from the tables; count what was served in full. */
static void answer(struct modbus_server *server, struct connection *connection)
{
    const struct modbus_request *request = &connection->request;
    bool read = request->function >= MODBUS_FC_READ_COILS &&
                request->function <= MODBUS_FC_READ_INPUT_REGISTERS;
    int sent;

    connection->answer_at_ns = 0;
    plant_advance(server->plant, clock_monotonic_ns(&clock_system));
    (void)modbus_set_socket(server->context, connection->fd); /* fails for a NULL context only */
    sent =
        modbus_reply(server->context, request->bytes, request->size, plant_mapping(server->plant));
    if (sent < 0) {
        drop(connection);
    } else if (read && sent > MODBUS_REQUEST_HEADER + 2) { /* not an exception */
        plant_served(server->plant, request->function, request->first, request->count,
                     clock_utc_ns(&clock_system));
    }
}

static void receive(struct modbus_server *server, struct connection *connection)
{
    struct modbus_request *request = &connection->request;
    int64_t delay_ns = 0;

    (void)modbus_set_socket(server->context, connection->fd); /* as above */
    request->size = modbus_receive(server->context, request->bytes);
    if (request->size < 0) {
        drop(connection);
        return;
    }
    modbus_request_parse(request);
    atomic_fetch_add(&server->requests, 1);
    if (server->unit >= 0 && request->unit != (unsigned)server->unit) {
        return;
    }
    switch (modbus_trouble(request, connection->fd, &delay_ns, &connection->busy)) {
    case MODBUS_TROUBLE_NONE:
        answer(server, connection);
        break;
    case MODBUS_TROUBLE_EXTRA:
        answer(server, connection);
        modbus_trouble_extra(connection->fd);
        break;
    case MODBUS_TROUBLE_LATE:
        connection->answer_at_ns = clock_monotonic_ns(&clock_system) + delay_ns;
        break;
    case MODBUS_TROUBLE_DRIP:
        connection->drip_ns = delay_ns;
        connection->dripped = 0;
        connection->answer_at_ns = clock_monotonic_ns(&clock_system) + delay_ns;
        break;
    case MODBUS_TROUBLE_CLOSE:
        drop(connection);
        break;
    default:
        break; /* already answered in its own way, or never */
    }
}

/** The next byte of an answer that drips. */
static void drip(struct connection *connection)
{
    connection->answer_at_ns += connection->drip_ns;
    if (!modbus_trouble_drip(&connection->request, connection->fd, connection->dripped++)) {
        connection->answer_at_ns = 0;
        connection->drip_ns = 0;
    }
}

/** Send what was held back long enough; return how many ms until the next, -1: nothing waits. */
static int answer_late(struct modbus_server *server)
{
    int64_t now_ns = clock_monotonic_ns(&clock_system);
    int64_t least_ms = -1;

    for (unsigned i = 0; i < CONNECTIONS_MAX; i++) {
        struct connection *connection = &server->connections[i];
        int64_t left_ms = (connection->answer_at_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS;

        if (connection->fd < 0 || connection->answer_at_ns == 0) {
            continue;
        }
        if (left_ms <= 0 && connection->drip_ns != 0) {
            drip(connection);
            least_ms = 0;
        } else if (left_ms <= 0) {
            answer(server, connection);
        } else if (least_ms < 0 || left_ms < least_ms) {
            least_ms = left_ms;
        }
    }
    return (int)least_ms;
}

bool modbus_server_run(struct modbus_server *server, int stop_fd)
{
    struct pollfd *polled = server->polled;

    for (;;) {
        int timeout_ms = answer_late(server);

        polled[0] = (struct pollfd){.fd = stop_fd, .events = POLLIN};
        polled[1] = (struct pollfd){.fd = server->listener, .events = POLLIN};
        for (unsigned i = 0; i < CONNECTIONS_MAX; i++) {
            const struct connection *connection = &server->connections[i];

            polled[POLL_FIXED + i] = (struct pollfd){
                .fd = connection->answer_at_ns != 0 ? -1 : connection->fd, .events = POLLIN};
        }
        if (poll(polled, CONNECTIONS_MAX + POLL_FIXED, timeout_ms) < 0 && errno != EINTR) {
            return false;
        }
        if (polled[0].revents != 0) {
            return true;
        }
        for (unsigned i = 0; i < CONNECTIONS_MAX; i++) {
            if (polled[POLL_FIXED + i].fd >= 0 && polled[POLL_FIXED + i].revents != 0) {
                receive(server, &server->connections[i]);
            }
        }
        if (polled[1].revents != 0) {
            accept_one(server);
        }
    }
}

static void *run_thread(void *argument)
{
    struct modbus_server *server = argument;

    return modbus_server_run(server, server->stop_fd) ? server : NULL;
}

bool modbus_server_start(struct modbus_server *server)
{
    server->stop_fd = eventfd(0, EFD_CLOEXEC);
    if (server->stop_fd < 0) {
        return false;
    }
    if (pthread_create(&server->thread, NULL, run_thread, server) != 0) {
        (void)close(server->stop_fd); /* nothing was written */
        server->stop_fd = -1;
        return false;
    }
    return true;
}

void modbus_server_stop(struct modbus_server *server)
{
    if (server->stop_fd < 0) {
        return;
    }
    (void)eventfd_write(server->stop_fd, 1); /* cannot fail: the counter is 0 */
    (void)pthread_join(server->thread, NULL);
    (void)close(server->stop_fd); /* nothing of value */
    server->stop_fd = -1;
}

void modbus_server_close(struct modbus_server *server)
{
    if (server == NULL) {
        return;
    }
    modbus_server_stop(server);
    for (unsigned i = 0; i < CONNECTIONS_MAX; i++) {
        if (server->connections[i].fd >= 0) {
            drop(&server->connections[i]);
        }
    }
    if (server->listener >= 0) {
        (void)close(server->listener); /* nothing of value */
    }
    if (server->context != NULL) {
        modbus_free(server->context);
    }
    plant_close(server->plant);
    free(server);
}
