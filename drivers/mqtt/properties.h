/* drivers/mqtt/properties.h - user properties of a message: names and values beside its payload.
 *
 *   PUBLISH of version 5 -> Paho -> [ PROPERTIES ] -> payload.c: values, stamps; lines.c: fields
 *
 * MQTT 5, 3.3.2.3.7: any number of them, in order, the same name more than once. Of equal names the
 * first counts, as with the keys of JSON (json.h, J2).
 *
 * Depends on: Paho's structs, topic.h.  Threads: pure; slices point into the properties.
 */
#ifndef DRIVERS_MQTT_PROPERTIES_H
#define DRIVERS_MQTT_PROPERTIES_H

#include "drivers/mqtt/topic.h"

#include <MQTTProperties.h>
#include <stdbool.h>

/** Walk them: `*at` starts as 0. NULL as properties is none. false: there are no more. */
bool mqtt_property_next(const MQTTProperties *properties, int *at, struct mqtt_slice *name,
                        struct mqtt_slice *value);

/** The value of the first of this name. */
bool mqtt_property_find(const MQTTProperties *properties, const char *name,
                        struct mqtt_slice *value);

#endif
