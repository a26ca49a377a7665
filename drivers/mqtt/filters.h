/* drivers/mqtt/filters.h - what our session at the broker is subscribed to, over restarts.
 *
 *   remember() -> [ FILTERS ] -> next_stale() -> subscribe.c
 *                     ^ asked(), granted()       learned() -> file of the device
 *
 * A broker keeps a session's subscriptions, so one that was removed from the configuration would
 * go on sending for ever. MQTT has no way to ask what a session holds; so it is remembered here.
 *
 *  F1  A filter is remembered from before it is asked for, until the broker has granted everything
 *      that is configured without it. So none is forgotten that the session may hold.
 *  F2  What is remembered belongs to one client id; of another session it says nothing.
 *
 * Depends on: base, payload.  Threads: the collector's.
 */
#ifndef DRIVERS_MQTT_FILTERS_H
#define DRIVERS_MQTT_FILTERS_H

#include "base/buffer.h"
#include "drivers/mqtt/payload.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Zeroed: nothing is remembered. */
struct mqtt_filters {
    char *kept; /* texts one behind the other, each terminated; NULL: none */
    size_t kept_size;
    bool is_asked; /* what is configured, since the process began */
    bool changed;  /* since learned() was asked */
};

/** Take over what learned() gave once. Anything else, or of another client id, is ignored. */
void mqtt_filters_remember(struct mqtt_filters *filters, const char *client_id,
                           const uint8_t *bytes, size_t size);

/** One that is remembered and not configured; `at` is the last one, NULL for the first. NULL: there
 *  are no more. Borrowed until granted(). */
const char *mqtt_filters_next_stale(const struct mqtt_filters *filters,
                                    const struct mqtt_subscription *subscriptions, const char *at);

/** These are going to be asked for. */
void mqtt_filters_asked(struct mqtt_filters *filters,
                        const struct mqtt_subscription *subscriptions);

/** The broker granted all of them; what was stale is gone. */
void mqtt_filters_granted(struct mqtt_filters *filters,
                          const struct mqtt_subscription *subscriptions);

/** false: nothing changed, or more than `bytes` takes. */
bool mqtt_filters_learned(struct mqtt_filters *filters, const char *client_id,
                          const struct mqtt_subscription *subscriptions, struct buffer *bytes);

void mqtt_filters_deinit(struct mqtt_filters *filters);

#endif
