/* drivers/mqtt/stamp.h - the time that a payload states, to the nanosecond it was written with.
 *
 * Depends on: decimal, lines/line_time.  Threads: pure.
 */
#ifndef DRIVERS_MQTT_STAMP_H
#define DRIVERS_MQTT_STAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** In the order of the choices of the option time.format. */
enum mqtt_stamp_format {
    MQTT_STAMP_EPOCH_S,
    MQTT_STAMP_EPOCH_MS,
    MQTT_STAMP_EPOCH_US,
    MQTT_STAMP_EPOCH_NS,
    MQTT_STAMP_ISO8601,
};

/** UTC nanoseconds since 1970. Epoch formats are decimal numbers (1718000000.25); digits below a
 *  nanosecond are dropped. ISO 8601 is YYYY-MM-DDThh:mm:ss[.fraction] with Z or an offset (+02:00,
 *  +0200, +02): a time without an offset is no time. false: not that, or outside 1678 to 2261. */
bool mqtt_stamp_parse(enum mqtt_stamp_format format, const char *text, size_t size,
                      int64_t *utc_ns);

#endif
