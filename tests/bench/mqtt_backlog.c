#include "tests/bench/mqtt_backlog.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    PACKET_MAX = 200,
    AT_ONCE_BYTES = 32768,
    UNACCEPTED_MAX = 20000, /* below the number of packet ids */
};

#define FIRST_MS INT64_C(1760000000000)

static int connect_to(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

bool backlog_open(struct backlog *backlog, unsigned window)
{
    static const char *const make_certificate[] = {"openssl",
                                                   "req",
                                                   "-x509",
                                                   "-newkey",
                                                   "ec",
                                                   "-pkeyopt",
                                                   "ec_paramgen_curve:P-256",
                                                   "-nodes",
                                                   "-days",
                                                   "30",
                                                   "-subj",
                                                   "/CN=localhost",
                                                   "-addext",
                                                   "subjectAltName=DNS:localhost",
                                                   "-keyout",
                                                   "broker.key",
                                                   "-out",
                                                   "broker.pem",
                                                   NULL};
    char lines[256];

    *backlog = (struct backlog){.tls_port = broker_free_port()};
    (void)snprintf(lines, sizeof(lines),
                   "allow_anonymous true\nmax_inflight_messages %u\nlistener %u 127.0.0.1\n"
                   "certfile %%s/broker.pem\nkeyfile %%s/broker.key\n",
                   window, (unsigned)backlog->tls_port);
    return broker_folder(&backlog->broker) &&
           broker_run(make_certificate, backlog->broker.folder) &&
           broker_open_in_folder(&backlog->broker, lines);
}

void backlog_close(struct backlog *backlog)
{
    broker_close(&backlog->broker);
}

/* Packets of MQTT 3.1.1; all of them are shorter than 128 bytes, so a length is one byte. */

static size_t put_text(uint8_t *packet, size_t at, const char *text)
{
    size_t size = strlen(text);

    packet[at] = 0;
    packet[at + 1] = (uint8_t)size;
    memcpy(packet + at + 2, text, size);
    return at + 2 + size;
}

static bool exchange(int fd, uint8_t *packet, size_t size, uint8_t answer_kind, size_t answer_size)
{
    uint8_t answer[8];

    packet[1] = (uint8_t)(size - 2);
    return send(fd, packet, size, MSG_NOSIGNAL) == (ssize_t)size &&
           recv(fd, answer, answer_size, MSG_WAITALL) == (ssize_t)answer_size &&
           answer[0] == answer_kind && answer[answer_size - 1] <= 1;
}

static int open_client(const struct backlog *backlog, const char *client_id, bool clean)
{
    uint8_t packet[PACKET_MAX] = {0x10, 0, 0, 4, 'M', 'Q', 'T', 'T', 4, clean ? 2 : 0, 0, 0};
    size_t size = put_text(packet, 12, client_id);
    int fd = connect_to(backlog->broker.port);

    if (fd >= 0 && !exchange(fd, packet, size, 0x20, 4)) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

static void close_client(int fd)
{
    static const uint8_t disconnect[] = {0xE0, 0};
    char rest;

    (void)send(fd, disconnect, sizeof(disconnect), MSG_NOSIGNAL);
    (void)recv(fd, &rest, 1, 0); /* until it has closed, too */
    (void)close(fd);
}

bool backlog_session(const struct backlog *backlog, const char *client_id, const char *topic)
{
    uint8_t packet[PACKET_MAX] = {0x82, 0, 0, 1};
    size_t size = put_text(packet, 4, topic);
    int fd = open_client(backlog, client_id, true); /* forget what the one before it has left */
    bool subscribed;

    if (fd >= 0) {
        close_client(fd);
    }
    fd = open_client(backlog, client_id, false);
    packet[size++] = 1; /* QoS */
    subscribed = fd >= 0 && exchange(fd, packet, size, 0x90, 5);
    if (fd >= 0) {
        close_client(fd);
    }
    return subscribed;
}

static size_t make_publish(uint8_t *packet, const char *topic, unsigned number)
{
    char payload[BACKLOG_PAYLOAD_BYTES + 1];
    unsigned id = number % 65535 + 1;
    size_t size = put_text(packet, 2, topic);

    (void)snprintf(payload, sizeof(payload), "{\"t\":%lld,\"v\":%u}",
                   (long long)(FIRST_MS + number), 100000 + number);
    packet[0] = 0x32; /* QoS 1 */
    packet[size++] = (uint8_t)(id >> 8);
    packet[size++] = (uint8_t)id;
    memcpy(packet + size, payload, BACKLOG_PAYLOAD_BYTES);
    size += BACKLOG_PAYLOAD_BYTES;
    packet[1] = (uint8_t)(size - 2);
    return size;
}

/** Read PUBACKs, 4 bytes each. false: the connection is lost. */
static bool take_accepted(int fd, size_t *accepted_bytes)
{
    uint8_t answers[AT_ONCE_BYTES];
    ssize_t size = recv(fd, answers, sizeof(answers), MSG_DONTWAIT);

    *accepted_bytes += size > 0 ? (size_t)size : 0;
    return size > 0 || (size < 0 && (errno == EAGAIN || errno == EINTR));
}

/** Send what is left of `bytes`. false: the connection is lost. */
static bool send_some(int fd, const uint8_t *bytes, size_t size, size_t *sent)
{
    ssize_t now = send(fd, bytes + *sent, size - *sent, MSG_NOSIGNAL | MSG_DONTWAIT);

    *sent += now > 0 ? (size_t)now : 0;
    return now >= 0 || errno == EAGAIN || errno == EINTR;
}

bool backlog_fill(const struct backlog *backlog, const char *topic, unsigned count)
{
    uint8_t *bytes = malloc(AT_ONCE_BYTES + PACKET_MAX);
    size_t size = 0, sent = 0, accepted_bytes = 0;
    int fd = open_client(backlog, "bench-publisher", true);
    unsigned made = 0;
    bool good = bytes != NULL && fd >= 0;

    while (good && accepted_bytes < (size_t)count * 4) {
        struct pollfd waiting = {.fd = fd, .events = POLLIN};

        if (sent == size && made < count && made - accepted_bytes / 4 < UNACCEPTED_MAX) {
            for (size = sent = 0; size < AT_ONCE_BYTES && made < count; made++) {
                size += make_publish(bytes + size, topic, made);
            }
        }
        waiting.events = (short)(waiting.events | (sent < size ? POLLOUT : 0));
        (void)poll(&waiting, 1, -1);
        if (sent < size && (waiting.revents & POLLOUT) != 0) {
            good = send_some(fd, bytes, size, &sent);
        }
        if (good && (waiting.revents & ~POLLOUT) != 0) {
            good = take_accepted(fd, &accepted_bytes);
        }
    }
    if (fd >= 0) {
        close_client(fd);
    }
    free(bytes);
    return good;
}
