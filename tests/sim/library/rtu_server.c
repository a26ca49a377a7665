#include "tests/sim/library/rtu_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

enum { FDS_MAX = 12, STOP = 0, LISTENER = 1, FIRST_LINE = 2, FOREIGN_UNIT = 99 };

struct rtu_server {
    modbus_t *context;
    modbus_mapping_t *mapping;
    int far_end; /* of the pseudo terminal, held open; -1: TCP */
    struct pollfd fds[FDS_MAX];
    pthread_t thread;
    bool runs;
    atomic_uint requests, trouble, trouble_left;
};

/** Answer as it should be, but for the trouble. */
static void answer(struct rtu_server *server, int fd, uint8_t *request, int size)
{
    /* one holding register, 0: of unit 99, with the checksum that belongs to it */
    static const uint8_t foreign[] = {FOREIGN_UNIT, 3, 2, 0, 0};

    atomic_fetch_add(&server->requests, 1);
    if (atomic_load(&server->trouble_left) == 0) {
        (void)modbus_reply(server->context, request, size, server->mapping);
        return;
    }
    atomic_fetch_sub(&server->trouble_left, 1);
    if (atomic_load(&server->trouble) == RTU_SPOILT) {
        static const uint8_t spoilt[] = {RTU_SERVER_UNIT, 3, 2, 0, 7, 0xde, 0xad};

        (void)!write(fd, spoilt, sizeof(spoilt)); /* as on a line: nobody is told */
    } else if (atomic_load(&server->trouble) == RTU_FOREIGN) {
        uint8_t copy[sizeof(foreign)];

        memcpy(copy, foreign, sizeof(copy));
        (void)modbus_send_raw_request(server->context, copy, sizeof(copy));
    }
}

static void accept_one(struct rtu_server *server)
{
    int fd = accept4(server->fds[LISTENER].fd, NULL, NULL, SOCK_CLOEXEC);

    for (int i = FIRST_LINE; fd >= 0 && i < FDS_MAX; i++) {
        if (server->fds[i].fd < 0) {
            server->fds[i] = (struct pollfd){.fd = fd, .events = POLLIN};
            return;
        }
    }
    if (fd >= 0) {
        (void)close(fd); /* too many: they are told so */
    }
}

static void serve_one(struct rtu_server *server, struct pollfd *line)
{
    uint8_t request[MODBUS_RTU_MAX_ADU_LENGTH];
    int size;

    (void)modbus_set_socket(server->context, line->fd);
    size = modbus_receive(server->context, request);
    if (size > 0) {
        answer(server, line->fd, request, size);
    } else if (size < 0 && server->far_end < 0) {
        (void)close(line->fd);
        line->fd = -1;
    }
}

static void *serve(void *argument)
{
    struct rtu_server *server = argument;

    while (poll(server->fds, FDS_MAX, -1) >= 0 && server->fds[STOP].revents == 0) {
        if (server->fds[LISTENER].revents != 0) {
            accept_one(server);
        }
        for (int i = FIRST_LINE; i < FDS_MAX; i++) {
            if (server->fds[i].fd >= 0 && server->fds[i].revents != 0) {
                serve_one(server, &server->fds[i]);
            }
        }
    }
    return NULL;
}

static struct rtu_server *make(void)
{
    struct rtu_server *server = calloc(1, sizeof(*server));

    if (server == NULL) {
        return NULL;
    }
    for (int i = 0; i < FDS_MAX; i++) {
        server->fds[i] = (struct pollfd){.fd = -1, .events = POLLIN};
    }
    server->far_end = -1;
    server->fds[STOP].fd = eventfd(0, EFD_CLOEXEC);
    server->mapping =
        modbus_mapping_new(RTU_SERVER_ITEMS, RTU_SERVER_ITEMS, RTU_SERVER_ITEMS, RTU_SERVER_ITEMS);
    server->context = modbus_new_rtu("-", 9600, 'N', 8, 1);
    if (server->mapping == NULL || server->context == NULL || server->fds[STOP].fd < 0 ||
        modbus_set_slave(server->context, RTU_SERVER_UNIT) != 0) {
        rtu_server_close(server);
        return NULL;
    }
    return server;
}

/** `ready`: what it listens on could be made. */
static struct rtu_server *start(struct rtu_server *server, bool ready)
{
    server->runs = ready && pthread_create(&server->thread, NULL, serve, server) == 0;
    if (!server->runs) {
        rtu_server_close(server);
        return NULL;
    }
    return server;
}

/** Held open and raw: what is written before the driver opens it must not be echoed. */
static bool open_far_end(struct rtu_server *server, const char *name)
{
    struct termios set;

    server->far_end = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (server->far_end < 0 || tcgetattr(server->far_end, &set) != 0) {
        return false;
    }
    cfmakeraw(&set);
    (void)cfsetspeed(&set, B19200); /* a known speed */
    return tcsetattr(server->far_end, TCSANOW, &set) == 0;
}

struct rtu_server *rtu_server_open_serial(char *address, size_t address_size)
{
    struct rtu_server *server = make();
    bool ready = false;

    if (server != NULL) {
        int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

        server->fds[FIRST_LINE].fd = fd;
        ready = fd >= 0 && grantpt(fd) == 0 && unlockpt(fd) == 0 &&
                ptsname_r(fd, address, address_size) == 0 && open_far_end(server, address);
    }
    return server == NULL ? NULL : start(server, ready);
}

struct rtu_server *rtu_server_open_tcp(char *address, size_t address_size)
{
    struct sockaddr_in bound = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(bound);
    struct rtu_server *server = make();
    bool ready = false;

    if (server != NULL) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        server->fds[LISTENER].fd = fd;
        ready = fd >= 0 && bind(fd, (struct sockaddr *)&bound, size) == 0 && listen(fd, 8) == 0 &&
                getsockname(fd, (struct sockaddr *)&bound, &size) == 0;
        (void)snprintf(address, address_size, "127.0.0.1:%u", (unsigned)ntohs(bound.sin_port));
    }
    return server == NULL ? NULL : start(server, ready);
}

modbus_mapping_t *rtu_server_mapping(struct rtu_server *server)
{
    return server->mapping;
}

void rtu_server_misbehave(struct rtu_server *server, enum rtu_trouble trouble, unsigned count)
{
    atomic_store(&server->trouble, (unsigned)trouble);
    atomic_store(&server->trouble_left, count);
}

bool rtu_server_babble(struct rtu_server *server, const void *bytes, size_t size)
{
    return write(server->fds[FIRST_LINE].fd, bytes, size) == (ssize_t)size;
}

unsigned rtu_server_requests(const struct rtu_server *server)
{
    return atomic_load(&server->requests);
}

void rtu_server_close(struct rtu_server *server)
{
    if (server == NULL) {
        return;
    }
    if (server->runs) {
        (void)eventfd_write(server->fds[STOP].fd, 1); /* cannot be full */
        (void)pthread_join(server->thread, NULL);
    }
    for (int i = 0; i < FDS_MAX; i++) {
        if (server->fds[i].fd >= 0) {
            (void)close(server->fds[i].fd); /* nothing is left to be written */
        }
    }
    if (server->far_end >= 0) {
        (void)close(server->far_end);
    }
    if (server->mapping != NULL) {
        modbus_mapping_free(server->mapping);
    }
    modbus_free(server->context);
    free(server);
}
