/* tests/sim/library/mqtt_broker.h - a mosquitto of the test's own, on a free loopback port.
 *
 *   broker_open() -> { broker_stop() -> broker_start() }* -> broker_close()
 *
 * It keeps its port and its folder (sessions, retained messages) over stop and start.
 *
 * Depends on: base; /usr/sbin/mosquitto.  Threads: one user at a time.
 */
#ifndef TESTS_SIM_LIBRARY_MQTT_BROKER_H
#define TESTS_SIM_LIBRARY_MQTT_BROKER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct mqtt_broker {
    char folder[64];
    uint16_t port;
    pid_t pid; /* 0: stopped */
};

/** A port of loopback where nobody listens now; 0: there is none. */
uint16_t broker_free_port(void);

/** Make a folder and start. `lines` are further lines of mosquitto.conf ("%s" in them is the
 *  folder), or NULL: anybody may connect. false: could not. */
bool broker_open(struct mqtt_broker *broker, const char *lines);

/** The same, with a folder that broker_folder() made and the caller filled. */
bool broker_folder(struct mqtt_broker *broker);
bool broker_open_in_folder(struct mqtt_broker *broker, const char *lines);

/** End it (sessions are written to its folder), or kill it (they are not). */
void broker_stop(struct mqtt_broker *broker);
void broker_kill(struct mqtt_broker *broker);

/** Start it again: false: it did not. */
bool broker_start(struct mqtt_broker *broker);

/** End it and remove the folder. Accepts a zeroed one. */
void broker_close(struct mqtt_broker *broker);

/** Run a program and wait for it: did it end with 0? `arguments` ends with NULL. */
bool broker_run(const char *const *arguments, const char *folder);

#endif
