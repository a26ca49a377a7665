/* drivers/mqtt/payload.h - one message becomes samples of the points that its topic concerns.
 *
 *   message -> topic -> subscriptions that match -> their points -> value, stamp -> sink
 *
 *  M1  A message is matched against every subscription that the broker sent it for; where it does
 *      not say which, against all of them.
 *  M2  A field that is missing or of another type costs its own point; the message is rejected
 *      once, with the first reason, and its other fields are samples all the same.
 *  M3  A retained message is an old value: status UNCERTAIN_LAST_USABLE, never stamped as new.
 *  M4  The stamp is the payload's, or a user property's, where the subscription names one, else the
 *      time of receipt in whole milliseconds.
 *  M5  When the sink has no room, the count of samples it took is kept; handing the message over
 *      again goes on behind them (D8).
 *  M6  A log's message is a line whatever is wrong with its time or severity (lines.h); only one
 *      that has no text where it is looked for is none.
 *
 * Depends on: base, driver.h, json, path, properties, scalar, stamp, topic.  Threads: one user per
 * plan at a time.
 */
#ifndef DRIVERS_MQTT_PAYLOAD_H
#define DRIVERS_MQTT_PAYLOAD_H

#include "drivers/driver.h"
#include "drivers/mqtt/path.h"
#include "drivers/mqtt/properties.h"
#include "drivers/mqtt/scalar.h"
#include "drivers/mqtt/stamp.h"
#include "drivers/mqtt/topic.h"

enum {
    MQTT_NAME_MAX = 256, /* of an expanded point name, with its terminator */
    MQTT_IDENTIFIERS_MAX = 16,
};

/** In the order of the choices of the option payload. */
enum mqtt_payload_kind {
    MQTT_PAYLOAD_JSON,
    MQTT_PAYLOAD_RAW,
    MQTT_PAYLOAD_SPARKPLUG,
    MQTT_PAYLOAD_LOG
};

/** A point, ready to be read out of a payload. */
struct mqtt_rule {
    struct mqtt_rule *next;
    uint32_t point_id;
    const char *name;
    bool is_template; /* the name holds {parts} */
    enum mqtt_value_type type;
    struct mqtt_path path;
    const char *property; /* where the value stands instead; NULL: in the payload */
};

struct mqtt_subscription {
    struct mqtt_subscription *next;
    const void *group; /* the configured subscription that it was made from */
    struct mqtt_topic topic;
    uint32_t identifier; /* of version 5: made of the filter, so a kept session's still fit */
    int qos;             /* asked for: 0 or 1 */
    enum mqtt_payload_kind payload;
    bool has_time;
    enum mqtt_stamp_format time_format;
    struct mqtt_path time_path;
    const char *time_property;          /* where the stamp stands instead; NULL: in the payload */
    const struct mqtt_line_paths *line; /* of a log (lines.h) */
    struct mqtt_rule *first, *last;
};

struct mqtt_message {
    const char *topic;
    size_t topic_size;
    const void *payload;
    size_t payload_size;
    const MQTTProperties *properties; /* NULL: none */
    bool retained;
    bool repeated;       /* the broker has delivered it before, as far as it knows */
    int64_t received_ns; /* UTC */
    /* Of the subscriptions that this copy was sent for, in no order; none: it may be all. */
    uint32_t identifiers[MQTT_IDENTIFIERS_MAX];
    size_t identifier_count;
};

/** Was this copy of the message sent for the subscription, as far as the broker says? */
bool mqtt_is_meant_for(const struct mqtt_message *message,
                       const struct mqtt_subscription *subscription);

/** Hand the message's samples to the sink, but for the first `*taken_count`, which it has; count
 *  those it took. `scratch` holds MQTT_TEXT_MAX bytes. false: no room, hand it over again (M5). */
bool mqtt_payload_deliver(const struct mqtt_subscription *subscriptions,
                          const struct mqtt_message *message, size_t *taken_count, char *scratch,
                          struct driver_sink *sink);

#endif
