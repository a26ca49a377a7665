#include "tests/bench/modbus_peer.h"

#include "agent/collect/schedule.h"
#include "base/clock.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { REQUEST_BYTES = 12, ANSWER_MAX = 260, EVENTS_MAX = 64, BACKLOG = 1024 };

static void count(struct modbus_peer_counts *counts, const struct timespec *now, unsigned first)
{
    milestone_pass(&counts->requested, atomic_fetch_add(&counts->requests, 1) + 1);
    if (atomic_load(&counts->counting)) {
        int64_t phase_ns = schedule_phase_ns(NS_PER_S, first - MODBUS_PEER_FIRST);
        int64_t late_ns = (now->tv_nsec - phase_ns + NS_PER_S) % NS_PER_S;

        (void)atomic_fetch_add(&counts->late_ms[late_ns / NS_PER_MS], 1);
    }
}

/** A request has one size; a client sends no second one before its answer. false: it is gone. */
static bool answer(int fd, struct modbus_peer_counts *counts)
{
    uint8_t request[REQUEST_BYTES];
    uint8_t reply[ANSWER_MAX] = {0};
    struct timespec now;
    unsigned first, number, bytes;

    if (recv(fd, request, sizeof(request), 0) != (ssize_t)sizeof(request)) {
        return false;
    }
    (void)clock_gettime(CLOCK_REALTIME, &now);
    first = (unsigned)request[8] << 8 | request[9];
    count(counts, &now, first);
    number = (unsigned)request[10] << 8 | request[11];
    bytes = request[7] <= 2 ? (number + 7) / 8 : 2 * number;
    if (bytes > ANSWER_MAX - 9) {
        return false;
    }
    memcpy(reply, request, 8);
    reply[4] = (uint8_t)((bytes + 3) >> 8);
    reply[5] = (uint8_t)(bytes + 3);
    reply[8] = (uint8_t)bytes;
    for (unsigned i = 0; request[7] > 2 && i < number; i++) {
        unsigned value = first + i + (unsigned)now.tv_sec;

        reply[9 + 2 * i] = (uint8_t)(value >> 8);
        reply[10 + 2 * i] = (uint8_t)value;
    }
    return send(fd, reply, 9 + (size_t)bytes, MSG_NOSIGNAL) == 9 + (ssize_t)bytes;
}

static _Noreturn void serve(int listener, struct modbus_peer_counts *counts)
{
    int poller = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
    struct epoll_event events[EVENTS_MAX];
    const int on = 1;

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int ready = epoll_wait(poller, events, EVENTS_MAX, -1);

        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;

            if (fd == listener) {
                event.data.fd = accept(listener, NULL, NULL);
                (void)setsockopt(event.data.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
                (void)epoll_ctl(poller, EPOLL_CTL_ADD, event.data.fd, &event);
            } else if (!answer(fd, counts)) {
                (void)close(fd);
            }
        }
    }
}

bool modbus_peer_start(struct modbus_peer *peer)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY)};
    socklen_t size = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    *peer = (struct modbus_peer){.counts = mmap(NULL, sizeof(struct modbus_peer_counts),
                                                PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                                                -1, 0)};
    if (listener < 0 || peer->counts == MAP_FAILED ||
        bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, BACKLOG) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) != 0) {
        return false;
    }
    peer->port = ntohs(address.sin_port);
    peer->process = fork();
    if (peer->process == 0) {
        serve(listener, peer->counts);
    }
    (void)close(listener);
    return peer->process > 0;
}

void modbus_peer_stop(struct modbus_peer *peer)
{
    if (peer->process > 0) {
        (void)kill(peer->process, SIGKILL);
        (void)waitpid(peer->process, NULL, 0);
    }
    (void)munmap(peer->counts, sizeof(*peer->counts));
}
