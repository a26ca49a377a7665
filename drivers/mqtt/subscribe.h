/* drivers/mqtt/subscribe.h - asking a broker for messages, and what it says to that.
 *
 * A broker that kept messages for us sends them before it answers a subscription, and more of them
 * than the inbox holds: so nobody waits for the answers while messages pile up. What is not
 * answered when the link is opened is looked at by mqtt_link_state().
 *
 * Depends on: filters, inside, presence, Paho.  Threads: the collector's.
 */
#ifndef DRIVERS_MQTT_SUBSCRIBE_H
#define DRIVERS_MQTT_SUBSCRIBE_H

#include "base/error.h"
#include "drivers/mqtt/filters.h"
#include "drivers/mqtt/inbox.h"
#include "drivers/mqtt/payload.h"

struct mqtt_link;

/** Unsubscribe what `filters` says is not wanted any more, subscribe, and wait for the answers
 * until the deadline of opening, until the connection is lost, or until messages pile up (K2).
 * Errors: ERROR_UNREACHABLE, ERROR_NO_MEMORY. */
MUST_CHECK enum error_code mqtt_subscribe(struct mqtt_link *link,
                                          const struct mqtt_subscription *subscriptions,
                                          const struct mqtt_filters *filters, struct error *error);

/** Fill in which subscriptions this copy was sent for. One that a session kept since an earlier
 *  configuration, and that no subscription of now was asked for with, says nothing. */
void mqtt_identify(struct mqtt_message *message, const struct mqtt_parcel *parcel,
                   const struct mqtt_subscription *subscriptions);

/** Is a subscription refused, or not answered in time? Part of mqtt_link_state(). */
MUST_CHECK enum error_code mqtt_check_grants(struct mqtt_link *link, struct error *error);

#endif
