/* drivers/mqtt/decimal.h - decimal numbers out of payloads, exactly.
 *
 *   payload text -> [ DECIMAL ] -> int64 (values, stamps) or double
 *
 * Digits never pass through a double on their way to an integer: 9007199254740993 stays what it is.
 * A number is written [+-] digits [. digits] [e [+-] digits], with at least one digit before the e.
 *
 * Depends on: base/parse.  Threads: pure.
 */
#ifndef DRIVERS_MQTT_DECIMAL_H
#define DRIVERS_MQTT_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mqtt_decimal {
    MQTT_DECIMAL_EXACT,     /* the value is the number */
    MQTT_DECIMAL_CUT,       /* digits behind the point were dropped (towards zero) */
    MQTT_DECIMAL_TOO_LARGE, /* outside int64; no value */
    MQTT_DECIMAL_MALFORMED, /* not a number; no value */
};

/** `*value` = the number * 10^shift. */
enum mqtt_decimal mqtt_decimal_scaled(const char *text, size_t size, int shift, int64_t *value);

/** The nearest double; one that would be infinite is MQTT_DECIMAL_TOO_LARGE. */
enum mqtt_decimal mqtt_decimal_double(const char *text, size_t size, double *value);

#endif
