#include "drivers/modbus/dial.h"

#include "base/cleanup.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { KEEPALIVE_IDLE_S = 30, KEEPALIVE_INTERVAL_S = 10, KEEPALIVE_COUNT = 3 };

struct lookup {
    struct gaicb request; /* glibc writes here from its thread until gai_error() has an answer */
    struct addrinfo hints;
    struct peer peer;
};

static void cleanup_addresses(struct addrinfo **list)
{
    if (*list != NULL) {
        freeaddrinfo(*list);
    }
}

static struct addrinfo hints_for(int flags)
{
    return (struct addrinfo){.ai_flags = flags | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
}

/** Wait until the look-up is done or `wait_ns` are over; true: it is done. */
static bool wait_for_lookup(struct lookup *lookup, int64_t wait_ns)
{
    const struct gaicb *list[1] = {&lookup->request};
    const struct timespec wait = {.tv_sec = (time_t)(wait_ns / NS_PER_S),
                                  .tv_nsec = (long)(wait_ns % NS_PER_S)};

    if (gai_error(&lookup->request) == EAI_INPROGRESS) {
        (void)gai_suspend(list, 1, &wait); /* whatever ends it, gai_error() tells */
    }
    return gai_error(&lookup->request) != EAI_INPROGRESS;
}

static void lookup_free(struct lookup *lookup)
{
    if (lookup->request.ar_result != NULL) {
        freeaddrinfo(lookup->request.ar_result);
    }
    free(lookup);
}

static enum error_code lookup_start(struct dial *dial, const struct peer *peer, struct error *error)
{
    struct lookup *lookup = calloc(1, sizeof(*lookup));
    struct gaicb *list[1];

    if (lookup == NULL) {
        return error_set(error, ERROR_NO_MEMORY, "%s: no memory to look the name up", peer->host);
    }
    lookup->peer = *peer;
    lookup->hints = hints_for(AI_ADDRCONFIG);
    lookup->request = (struct gaicb){.ar_name = lookup->peer.host,
                                     .ar_service = lookup->peer.port,
                                     .ar_request = &lookup->hints};
    list[0] = &lookup->request;
    if (getaddrinfo_a(GAI_NOWAIT, list, 1, NULL) != 0) {
        free(lookup);
        return error_set(error, ERROR_NO_MEMORY, "%s: the name cannot be looked up: no resources",
                         peer->host);
    }
    dial->lookup = lookup;
    return ERROR_OK;
}

/** The addresses of a name; the caller frees them. */
static enum error_code look_up(struct dial *dial, const struct peer *peer, int64_t wait_ns,
                               struct addrinfo **found, struct error *error)
{
    enum error_code code = ERROR_OK;
    int result;

    if (dial->lookup == NULL) {
        code = lookup_start(dial, peer, error);
    }
    if (code != ERROR_OK) {
        return code;
    }
    if (!wait_for_lookup(dial->lookup, wait_ns > 0 ? wait_ns : 0)) {
        return error_set(error, ERROR_TIMEOUT,
                         "%.150s: the name server did not answer in time; check DNS, or write the "
                         "device's IP address",
                         peer->host);
    }
    result = gai_error(&dial->lookup->request);
    if (result == 0) {
        *found = TAKE(dial->lookup->request.ar_result);
    } else {
        code = error_set(error, ERROR_UNREACHABLE,
                         "%.150s: the name has no address (%s); check it, or write the device's "
                         "IP address",
                         peer->host, gai_strerror(result));
    }
    lookup_free(dial->lookup);
    dial->lookup = NULL;
    return code;
}

static enum error_code resolve(struct dial *dial, const struct peer *peer, int64_t wait_ns,
                               struct addrinfo **found, struct error *error)
{
    struct addrinfo hints = hints_for(AI_NUMERICHOST);

    if (dial->lookup == NULL && getaddrinfo(peer->host, peer->port, &hints, found) == 0) {
        return ERROR_OK;
    }
    return look_up(dial, peer, wait_ns, found, error);
}

/** 0, or the errno that says what this socket cannot do. */
static int set_options(int fd)
{
    static const struct {
        int level, name, value;
    } options[] = {
        {IPPROTO_TCP, TCP_NODELAY, 1},
        {SOL_SOCKET, SO_KEEPALIVE, 1},
        {IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S},
        {IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S},
        {IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_COUNT},
    };

    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        if (setsockopt(fd, options[i].level, options[i].name, &options[i].value,
                       sizeof(options[i].value)) != 0) {
            return errno;
        }
    }
    return 0;
}

/** Wait until the connection stands. 0, or the errno of its failure. */
static int await_connected(int fd, const struct clock *clock, int64_t deadline_ns)
{
    struct pollfd polled = {.fd = fd, .events = POLLOUT};
    int problem = 0;
    socklen_t size = sizeof(problem);
    int ready;

    do {
        int64_t left_ms = (deadline_ns - clock_monotonic_ns(clock)) / NS_PER_MS;
        int wait_ms = left_ms <= 0 ? 0 : left_ms > INT32_MAX ? INT32_MAX : (int)left_ms;

        ready = poll(&polled, 1, wait_ms);
    } while (ready < 0 && errno == EINTR);
    if (ready == 0) {
        return ETIMEDOUT;
    }
    if (ready < 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &size) != 0) {
        return errno;
    }
    return problem;
}

/** 0 with *connected set, or an errno. */
static int connect_one(const struct addrinfo *address, const struct clock *clock,
                       int64_t deadline_ns, int *connected)
{
    CLEANUP(cleanup_close)
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int problem = fd < 0 ? errno : set_options(fd);

    if (problem == 0 && connect(fd, address->ai_addr, address->ai_addrlen) != 0) {
        problem = errno == EINPROGRESS ? await_connected(fd, clock, deadline_ns) : errno;
    }
    if (problem == 0) {
        *connected = fd;
        fd = -1;
    }
    return problem;
}

static enum error_code cannot_connect(const struct peer *peer, int problem, struct error *error)
{
    enum error_code code = problem == ETIMEDOUT ? ERROR_TIMEOUT : ERROR_UNREACHABLE;
    const char *advice =
        problem == ETIMEDOUT || problem == EHOSTUNREACH ? "check power, cable and the IP address"
        : problem == ECONNREFUSED ? "the device is there, but nothing listens on this port"
                                  : "check the network of this gateway";

    code = error_set(error, code, "%.100s port %s: no connection (%s); %s", peer->host, peer->port,
                     strerror(problem), advice);
    if (error != NULL) {
        error->system_errno = problem;
    }
    return code;
}

static int addresses_from(const struct addrinfo *address)
{
    int count = 1;

    while ((address = address->ai_next) != NULL) {
        count++;
    }
    return count;
}

enum error_code dial_connect(struct dial *dial, const struct peer *peer, const struct clock *clock,
                             int64_t deadline_ns, int *fd, struct error *error)
{
    CLEANUP(cleanup_addresses) struct addrinfo *found = NULL;
    enum error_code code =
        resolve(dial, peer, deadline_ns - clock_monotonic_ns(clock), &found, error);
    int problem = ETIMEDOUT;

    if (code != ERROR_OK) {
        return code;
    }
    for (const struct addrinfo *at = found; at != NULL; at = at->ai_next) {
        int64_t now_ns = clock_monotonic_ns(clock);
        /* leave time for the other addresses */
        int64_t share_ns = (deadline_ns - now_ns) / addresses_from(at);

        problem = connect_one(at, clock, now_ns + share_ns, fd);
        if (problem == 0) {
            return ERROR_OK;
        }
    }
    return cannot_connect(peer, problem, error);
}

void dial_deinit(struct dial *dial)
{
    struct lookup *lookup = TAKE(dial->lookup);

    if (lookup == NULL) {
        return;
    }
    if (gai_cancel(&lookup->request) != EAI_NOTCANCELED || wait_for_lookup(lookup, NS_PER_S)) {
        lookup_free(lookup);
    } /* else glibc still writes to it: a few hundred bytes are better lost than reused */
}
