/* tests/sim/library/mqtt_publisher.h - a publisher of MQTT 3.1.1 on a plain socket, for tests.
 *
 * Each publish of QoS 1 returns when the broker has acknowledged it, so what was published is at
 * the broker; after publisher_sync() what was sent with QoS 0 is, too.
 *
 * Depends on: nothing.  Threads: one user at a time.
 */
#ifndef TESTS_SIM_LIBRARY_MQTT_PUBLISHER_H
#define TESTS_SIM_LIBRARY_MQTT_PUBLISHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mqtt_publisher {
    int fd;
    uint16_t packet_id;
};

/** Connect to 127.0.0.1. `user` and `password` may be NULL. */
bool publisher_open(struct mqtt_publisher *publisher, uint16_t port, const char *client_id,
                    const char *user, const char *password);

bool publisher_publish(struct mqtt_publisher *publisher, const char *topic, const void *payload,
                       size_t payload_size, int qos, bool retain);

/** The same with a text. */
bool publisher_say(struct mqtt_publisher *publisher, const char *topic, const char *text, int qos,
                   bool retain);

/** A ping and its answer. */
bool publisher_sync(struct mqtt_publisher *publisher);

void publisher_close(struct mqtt_publisher *publisher);

#endif
