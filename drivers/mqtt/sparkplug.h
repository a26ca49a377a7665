/* drivers/mqtt/sparkplug.h - messages of Sparkplug B become samples.
 *
 *   message -> topic, payload -> [ SPARKPLUG ] -> sink
 *                                   births.h: what aliases mean; asking.h: when there is no birth
 *
 *  S1  A metric's value becomes a sample of its point: under the metric's own time, else the
 *      payload's, else that of receipt in whole milliseconds.
 *  S2  What cannot be told, an alias above all, is rejected with the reason, once a message; the
 *      message's other metrics are samples all the same.
 *  S3  A birth replaces what was known of its source; that of a node ends its devices', too. A
 *      death gives every point that had a value since one without, BAD_NO_COMMUNICATION. That of a
 *      node counts only with the bdSeq of its birth, and is stamped with its receipt: the broker
 *      sends it, made when the node connected.
 *  S4  seq counts a node's messages, 0 to 255 and over again: a jump is one event "sequence". A
 *      message that the broker marks as delivered again is none.
 *  S5  A connection of ours that ended forgets nothing. When messages of a node were missed
 *      meanwhile, a birth may be among them: until the next one its values are UNCERTAIN.
 *  S6  A message that was handed over in part is counted, and changes what is known, once (D8).
 *
 * Depends on: base, driver.h, sparkplug_births, sparkplug_payload.  Threads: one user at a time.
 */
#ifndef DRIVERS_MQTT_SPARKPLUG_H
#define DRIVERS_MQTT_SPARKPLUG_H

#include "drivers/mqtt/sparkplug_births.h"

struct sparkplug {
    struct sparkplug_births births;
    bool begun; /* S6: the message at hand was counted already */
};

/** Which subscription of Sparkplug this topic belongs to; NULL: none. */
const struct mqtt_subscription *sparkplug_subscription(const struct mqtt_subscription *first,
                                                       const char *topic, size_t topic_size);

/** As mqtt_payload_deliver(), of one subscription. */
bool sparkplug_deliver(struct sparkplug *sparkplug, const struct mqtt_subscription *subscription,
                       const struct mqtt_message *message, size_t *taken_count,
                       struct driver_sink *sink);

/** A connection ended: S5. */
void sparkplug_disconnected(struct sparkplug *sparkplug);

#endif
