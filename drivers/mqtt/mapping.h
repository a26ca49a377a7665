/* drivers/mqtt/mapping.h - what is configured of topics and points, checked and ready for messages.
 *
 *   options.h: group, point -> [ MAPPING ] -> subscriptions with their rules -> payload.c,
 *   sparkplug.c, subscribe.c
 *
 * Depends on: base, driver.h, lines, options, payload, sparkplug.  Threads: one user until
 * checked; then constant.
 */
#ifndef DRIVERS_MQTT_MAPPING_H
#define DRIVERS_MQTT_MAPPING_H

#include "drivers/driver.h"
#include "drivers/mqtt/payload.h"

#include <stdbool.h>
#include <stddef.h>

/** Starts zeroed; what it points to is the arena's. */
struct mqtt_mapping {
    struct mqtt_subscription *first, *last;
    size_t subscription_count;
    bool has_sparkplug;
};

/** One point below its subscription, which is made when its first point comes.
 *  Errors: ERROR_BAD_CONFIG with what to write, ERROR_NO_MEMORY. */
MUST_CHECK enum error_code mqtt_mapping_add(struct mqtt_mapping *mapping, struct arena *arena,
                                            const struct driver_point *point, struct error *error);

/** What concerns all of them. Errors: ERROR_BAD_CONFIG. */
MUST_CHECK enum error_code mqtt_mapping_check(const struct mqtt_mapping *mapping, bool is_version_5,
                                              struct error *error);

/** driver.group_template: the metrics of Sparkplug name themselves, and say of which type they are;
 *  a log has lines only. */
const char *mqtt_mapping_template(const void *group);

#endif
