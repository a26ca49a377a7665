/* drivers/mqtt/link.h - one connection to a broker: Paho's client, the inbox and the gate.
 *
 *   open -> subscribe -> { next -> (use) -> done }* -> close
 *
 *  K1  A link is one Paho client, from open to close. Nothing is carried over to the next: what
 *      was not acknowledged is delivered again by the broker (gate.h).
 *  K2  When the inbox is full the callback waits for room, at most MQTT_ROOM_WAIT_NS, sending what
 *      is committed for every gate meanwhile, since it holds Paho's mutex and no other client is
 *      served. After that a message of QoS 1 is not accepted: it is not acknowledged either, and
 *      the link ends so that the broker delivers it again. One of QoS 0 is dropped and counted.
 *      The same may happen before the broker has answered the subscriptions: a broker that kept
 *      messages for us sends those first. So the link is open when half the inbox is full, too.
 *  K3  After a failure next() still hands over what had arrived.
 *  K4  Every link subscribes, though a session that the broker has kept holds its subscriptions: a
 *      session keeps nothing that was published with QoS 0, and where such a message is retained,
 *      as the states of most small devices are, only a new subscription brings it.
 *  K5  What is published with QoS 1 is handed to Paho on its own threads, in callbacks, where it
 *      takes no lock: elsewhere it waits for Paho's mutex, whose holder may wait for us (K2).
 *      Only close() does, when nobody waits any more.
 *  K6  The collector is woken once for several messages: the wake-ups cost more than the messages.
 *
 * Depends on: base, connect, gate, inbox, options, presence, subscribe, Paho.  Threads: callbacks
 * run on Paho's threads under its mutex; all functions here are for the collector, one call at a
 * time.
 */
#ifndef DRIVERS_MQTT_LINK_H
#define DRIVERS_MQTT_LINK_H

#include "base/clock.h"
#include "base/error.h"
#include "drivers/mqtt/filters.h"
#include "drivers/mqtt/inbox.h"
#include "drivers/mqtt/options.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MQTT_ROOM_WAIT_NS (5 * NS_PER_S) /* K2 */

/** Its insides are in inside.h. */
struct mqtt_link;

/** Connect. `*link` may be half built on failure: mqtt_link_close() takes it.
 *  Errors: ERROR_TIMEOUT, ERROR_UNREACHABLE, ERROR_REFUSED, ERROR_PROTOCOL, those of gate.h. */
MUST_CHECK enum error_code mqtt_link_open(struct mqtt_link **link,
                                          const struct mqtt_options *options,
                                          const struct clock *clock, int64_t deadline_ns,
                                          struct error *error);

/** Subscribe, once, and unsubscribe what `filters` says is not wanted any more (K2, K4). Errors:
 *  those of mqtt_link_state(), ERROR_NO_MEMORY. */
MUST_CHECK enum error_code mqtt_link_subscribe(struct mqtt_link *link,
                                               const struct mqtt_subscription *subscriptions,
                                               const struct mqtt_filters *filters,
                                               struct error *error);

/** Wait until the gate has room for another acknowledgement: false when it has none by `until_ns`
 *  (monotonic, of the machine) or the connection is lost. */
bool mqtt_link_wait_room(struct mqtt_link *link, int64_t until_ns);

/** The oldest message; where there is none, wait until there are `wake_at`, at most until
 * `until_ns` (of clock_system, monotonic). NULL: none, or the link has ended. Borrowed until done
 * or close.
 */
struct mqtt_parcel *mqtt_link_next(struct mqtt_link *link, int64_t until_ns, size_t wake_at);

/** That message was handed over whole. */
void mqtt_link_done(struct mqtt_link *link);

/** How many messages of QoS 0 were dropped since this was asked. */
uint64_t mqtt_link_take_dropped(struct mqtt_link *link);

/** ERROR_OK while the link is of use. */
MUST_CHECK enum error_code mqtt_link_state(struct mqtt_link *link, struct error *error);

/** Disconnect and free. What is committed is acknowledged before, nothing else is. Accepts NULL and
 * half-built links. */
void mqtt_link_close(struct mqtt_link *link);

#endif
