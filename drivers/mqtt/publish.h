/* drivers/mqtt/publish.h - what a Sparkplug host asks of nodes: commands (Sparkplug 3.0.0,
 * "Commands").
 *
 * What it says of itself: presence.h.
 *
 * Depends on: inside, presence, sparkplug_asking, Paho.  Threads: the collector's.
 */
#ifndef DRIVERS_MQTT_PUBLISH_H
#define DRIVERS_MQTT_PUBLISH_H

#include "drivers/driver.h"
#include "drivers/mqtt/sparkplug_births.h"

#include <stdint.h>

struct mqtt_link;

/** Ask the nodes whose births are wanted now; tell that, and what happened to our presence. Until
 *  when there is nothing to be done (clock_system, monotonic). Never waits. */
int64_t mqtt_act(struct mqtt_link *link, struct sparkplug_births *births, struct driver_sink *sink);

#endif
