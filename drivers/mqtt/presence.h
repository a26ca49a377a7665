/* drivers/mqtt/presence.h - what is said of this gateway: that it is there, or is not.
 *
 * Said on the topic of `will`, or as STATE of Sparkplug 3.0.0, 5.3 "Host Application Session
 * Establishment"; only where that is configured.
 *
 * Depends on: inside, json, Paho.  Threads: as said at each function.
 */
#ifndef DRIVERS_MQTT_PRESENCE_H
#define DRIVERS_MQTT_PRESENCE_H

#include "drivers/driver.h"
#include "drivers/mqtt/inbox.h"
#include "drivers/mqtt/inside.h"

#include <MQTTAsync.h>
#include <stdbool.h>

#define MQTT_FAREWELL_NS (2 * NS_PER_S)

/** A client's will (connect.c): we are offline, made at the time of connecting. It may point into
 *  `state`. false: there is none to be set. */
bool mqtt_presence_will(struct mqtt_link *link, MQTTAsync_willOptions *will,
                        char state[MQTT_STATE_SIZE]);

/** In a callback: every subscription is granted, we are online now. */
void mqtt_presence_begin(struct mqtt_link *link);

/** Did this message come on the topic where we say that we are there? It is no reading. */
bool mqtt_presence_is_ours(const struct mqtt_options *options, const struct mqtt_parcel *parcel);

/** In a callback: a message came. One that says a Sparkplug host is offline is answered at once. */
void mqtt_presence_look(struct mqtt_link *link, const struct mqtt_parcel *parcel);

/** The last words, before disconnecting, which takes the will back. Waits at most
 *  MQTT_FAREWELL_NS. */
void mqtt_presence_end(struct mqtt_link *link);

/** Tell what callbacks took note of. */
void mqtt_presence_tell(struct mqtt_link *link, struct driver_sink *sink);

#endif
