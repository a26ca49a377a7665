/* drivers/mqtt/topic.h - topics as configured: filters with + and #, templates with {parts}.
 *
 *   "plant/{line}/{machine}/state" --subscribe--> "plant/+/+/state"
 *   "plant/a/press-3/state"        --match------> line = "a", machine = "press-3"
 *   point "{machine}-speed"        --expand-----> "press-3-speed"
 *
 *  T1  {part}, + and # each stand for whole levels (MQTT 3.1.1, 4.7.1); # only at the end.
 *  T2  A wildcard in the first level does not match topics that begin with '$' (4.7.2).
 *
 * Depends on: base.  Threads: a compiled template is constant; matches belong to their caller.
 */
#ifndef DRIVERS_MQTT_TOPIC_H
#define DRIVERS_MQTT_TOPIC_H

#include "base/arena.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MQTT_PARTS_MAX = 16, MQTT_TOPIC_MAX = 65535 };

struct mqtt_slice {
    const char *bytes;
    size_t size;
};

struct mqtt_topic {
    const char *text;   /* the template as configured */
    const char *filter; /* what is subscribed to: the template with + for each {part} */
    struct mqtt_slice parts[MQTT_PARTS_MAX]; /* names without braces, in order of their levels */
    size_t levels[MQTT_PARTS_MAX];           /* which level each part is, from 0 */
    size_t part_count;
};

/** What each part of a template was in one topic; slices of that topic. */
struct mqtt_match {
    struct mqtt_slice values[MQTT_PARTS_MAX];
};

/** Errors: ERROR_BAD_CONFIG naming the template and what to write, ERROR_NO_MEMORY. */
MUST_CHECK enum error_code mqtt_topic_compile(const char *text, struct arena *arena,
                                              struct mqtt_topic *topic, struct error *error);

/** Does this topic belong to the template (T2)? Fills `match`. */
bool mqtt_topic_match(const struct mqtt_topic *topic, const char *name, size_t name_size,
                      struct mqtt_match *match);

/** Does the name of a point hold {parts}? */
bool mqtt_name_is_template(const char *name);

/** Is every {part} of `name` one of the topic's? ERROR_BAD_CONFIG naming the one that is not. */
MUST_CHECK enum error_code mqtt_name_check(const char *name, const struct mqtt_topic *topic,
                                           struct error *error);

/** Write the name with its parts filled in, terminated. false: longer than `size`, or a level holds
 *  a control character. */
bool mqtt_name_expand(const char *name, const struct mqtt_topic *topic,
                      const struct mqtt_match *match, char *expanded, size_t size);

/** What names a filter at the broker: 1 to 268,435,455 (5, 3.8.2.1.2). Two filters may have the
 * same, so the topic is matched all the same. */
uint32_t mqtt_filter_identifier(const char *filter);

#endif
