/* tests/bench/mqtt_backlog.h - a broker, and messages that wait in one of its sessions.
 *
 *     backlog_open -> { backlog_session -> backlog_fill }* -> backlog_close
 *
 * The broker (tests/sim/library/mqtt_broker.h) listens plain and with TLS and drops nothing. Its
 * certificate is for `localhost` and is its own authority: broker.pem in its folder.
 *
 * Threads: one user at a time.
 */
#ifndef TESTS_BENCH_MQTT_BACKLOG_H
#define TESTS_BENCH_MQTT_BACKLOG_H

#include "tests/sim/library/mqtt_broker.h"

enum { BACKLOG_PAYLOAD_BYTES = 30 }; /* {"t":1760000000123,"v":100123} */

struct backlog {
    struct mqtt_broker broker;
    uint16_t tls_port;
};

/** `window`: its max_inflight_messages. false: it did not start. */
bool backlog_open(struct backlog *backlog, unsigned window);

/** Make a session anew that outlives its connection, subscribed to `topic` at QoS 1. */
bool backlog_session(const struct backlog *backlog, const char *client_id, const char *topic);

/** Publish `count` messages (below 900,000) at QoS 1 and wait until all are accepted. */
bool backlog_fill(const struct backlog *backlog, const char *topic, unsigned count);

/** Accepts one that did not start. */
void backlog_close(struct backlog *backlog);

#endif
