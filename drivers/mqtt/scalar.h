/* drivers/mqtt/scalar.h - the text of one value becomes the value of a sample.
 *
 *   payload.c: text of a JSON value, raw payload, user property -> [ SCALAR ] -> sample.type,
 * .value
 *
 * Depends on: base, decimal, json, topic.  Threads: pure; a text value points into the text.
 */
#ifndef DRIVERS_MQTT_SCALAR_H
#define DRIVERS_MQTT_SCALAR_H

#include "base/sample.h"
#include "drivers/mqtt/json.h"
#include "drivers/mqtt/topic.h"

enum { MQTT_TEXT_MAX = 16384 }; /* bytes of a text value */

/** In the order of the choices of the option type. */
enum mqtt_value_type { MQTT_VALUE_DOUBLE, MQTT_VALUE_INT, MQTT_VALUE_BOOL, MQTT_VALUE_TEXT };

struct mqtt_scalar {
    /** NULL, or why not: "is not ...". */
    const char *(*convert)(struct mqtt_slice text, struct sample *sample);
    unsigned kinds;     /* of JSON values that it takes, a bit each */
    const char *wanted; /* for the reason when it is another */
};

/** By enum mqtt_value_type. */
extern const struct mqtt_scalar mqtt_scalars[];

#endif
