/* drivers/mqtt/connect.h - connecting a link's client: TLS, session, will, and refusals as
 * sentences.
 *
 * Depends on: inside, options, presence, Paho.  Threads: the collector's.
 */
#ifndef DRIVERS_MQTT_CONNECT_H
#define DRIVERS_MQTT_CONNECT_H

#include "base/error.h"

#include <stdint.h>

struct mqtt_link;

/** Wait for the answer until `until_ns` (of clock_system, monotonic). Errors: ERROR_TIMEOUT,
 *  ERROR_UNREACHABLE, ERROR_REFUSED, ERROR_PROTOCOL. */
MUST_CHECK enum error_code mqtt_connect(struct mqtt_link *link, int64_t until_ns,
                                        struct error *error);

#endif
