#include "tests/sim/library/mqtt_publisher.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PACKET_MAX = 1 << 20, HEAD_MAX = 5 };

struct packet {
    uint8_t bytes[HEAD_MAX + PACKET_MAX]; /* the body begins at HEAD_MAX */
    size_t size;                          /* of the body */
};

static void add(struct packet *packet, const void *bytes, size_t size)
{
    if (size <= PACKET_MAX - packet->size) {
        memcpy(packet->bytes + HEAD_MAX + packet->size, bytes, size);
        packet->size += size;
    }
}

static void add_number(struct packet *packet, uint16_t number)
{
    const uint8_t bytes[] = {(uint8_t)(number >> 8), (uint8_t)number};

    add(packet, bytes, sizeof(bytes));
}

static void add_text(struct packet *packet, const char *text)
{
    add_number(packet, (uint16_t)strlen(text));
    add(packet, text, strlen(text));
}

static bool send_all(int fd, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);

        if (sent <= 0) {
            return false;
        }
        bytes += sent;
        size -= (size_t)sent;
    }
    return true;
}

/** Send the packet with its first byte and remaining length (MQTT 3.1.1, 2.2). */
static bool send_packet(int fd, uint8_t first, struct packet *packet)
{
    uint8_t head[HEAD_MAX] = {first};
    size_t head_size = 1;
    size_t left = packet->size;

    do {
        head[head_size++] = (uint8_t)((left & 0x7F) | (left > 0x7F ? 0x80 : 0));
        left >>= 7;
    } while (left > 0);
    memcpy(packet->bytes + HEAD_MAX - head_size, head, head_size);
    return send_all(fd, packet->bytes + HEAD_MAX - head_size, head_size + packet->size);
}

static bool receive(int fd, uint8_t *bytes, size_t size)
{
    while (size > 0) {
        ssize_t got = recv(fd, bytes, size, 0);

        if (got <= 0) {
            return false;
        }
        bytes += got;
        size -= (size_t)got;
    }
    return true;
}

bool publisher_open(struct mqtt_publisher *publisher, uint16_t port, const char *client_id,
                    const char *user, const char *password)
{
    static const uint8_t name_and_level[] = {0, 4, 'M', 'Q', 'T', 'T', 4};
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const uint8_t flags = (uint8_t)(0x02 | (user != NULL ? 0x80 : 0) | (password ? 0x40 : 0));
    static struct packet packet;
    uint8_t answer[4];

    publisher->packet_id = 0;
    publisher->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (publisher->fd < 0 ||
        connect(publisher->fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        return false;
    }
    packet.size = 0;
    add(&packet, name_and_level, sizeof(name_and_level));
    add(&packet, &flags, 1);
    add_number(&packet, 0); /* no keep alive */
    add_text(&packet, client_id);
    if (user != NULL) {
        add_text(&packet, user);
    }
    if (password != NULL) {
        add_text(&packet, password);
    }
    return send_packet(publisher->fd, 0x10, &packet) &&
           receive(publisher->fd, answer, sizeof(answer)) && answer[0] == 0x20 && answer[3] == 0;
}

bool publisher_publish(struct mqtt_publisher *publisher, const char *topic, const void *payload,
                       size_t payload_size, int qos, bool retain)
{
    static struct packet packet;
    uint8_t answer[4];

    packet.size = 0;
    add_text(&packet, topic);
    if (qos > 0) {
        publisher->packet_id = (uint16_t)(publisher->packet_id % 65535 + 1);
        add_number(&packet, publisher->packet_id);
    }
    add(&packet, payload, payload_size);
    if (!send_packet(publisher->fd, (uint8_t)(0x30 | (qos > 0 ? 2 : 0) | (retain ? 1 : 0)),
                     &packet)) {
        return false;
    }
    return qos == 0 ||
           (receive(publisher->fd, answer, sizeof(answer)) && answer[0] == 0x40 &&
            answer[2] == publisher->packet_id >> 8 && answer[3] == (publisher->packet_id & 0xFF));
}

bool publisher_say(struct mqtt_publisher *publisher, const char *topic, const char *text, int qos,
                   bool retain)
{
    return publisher_publish(publisher, topic, text, strlen(text), qos, retain);
}

bool publisher_sync(struct mqtt_publisher *publisher)
{
    static const uint8_t ping[] = {0xC0, 0};
    uint8_t answer[2];

    return send_all(publisher->fd, ping, sizeof(ping)) &&
           receive(publisher->fd, answer, sizeof(answer)) && answer[0] == 0xD0;
}

void publisher_close(struct mqtt_publisher *publisher)
{
    static const uint8_t goodbye[] = {0xE0, 0};

    if (publisher->fd >= 0) {
        (void)send_all(publisher->fd, goodbye, sizeof(goodbye)); /* it may be gone already */
        (void)close(publisher->fd);
    }
    publisher->fd = -1;
}
