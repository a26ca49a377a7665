/* drivers/mqtt/lines.h - messages whose payload is log text: lines of the stream of logs.
 *
 *   message -> payload.c: text, severity, time -> [ LINES ] -> driver_sink.line
 *
 *  ML1 A message is a record. One longer than MQTT_LINE_PART_MAX comes in parts that are numbered,
 *      cut between two characters.
 *  ML2 A record says where it came from: source is what its format says, or the topic; fields hold
 *      the topic, the {parts} of its template, members of its format, its user properties and the
 * JSON object that the text was taken from where they fit, and that the message was a retained one.
 * ML3 A line has no position: its broker keeps it until committed() acknowledges it.
 *
 * Depends on: base, driver.h, json, lines/format, lines/severity, options, payload, topic. Threads:
 * pure.
 */
#ifndef DRIVERS_MQTT_LINES_H
#define DRIVERS_MQTT_LINES_H

#include "drivers/mqtt/options.h"
#include "drivers/mqtt/payload.h"

enum { MQTT_LINE_PART_MAX = 16000 }; /* bytes of a text; a log record keeps some more */

/** Where in a payload of JSON a line stands. */
struct mqtt_line_paths {
    bool has_message, has_severity; /* without a message the payload is the text */
    struct mqtt_path message, severity;
    struct line_format *format; /* of the payload's text; NULL: all of it is the message */
};

/** A line, read out of its message. */
struct mqtt_line {
    const struct mqtt_message *message;
    const struct mqtt_topic *topic;
    const struct mqtt_match *match;
    const struct mqtt_json *document; /* NULL: the payload is no JSON */
    struct mqtt_slice text;
    bool is_escaped;                /* the text is the inside of a JSON string */
    const struct line_parts *parts; /* what its format found; NULL: it has none */
    enum log_severity severity;
    int64_t time_ns; /* UTC */
};

/** The paths that the group names; NULL where its payload is no log.
 *  Errors: ERROR_BAD_CONFIG, ERROR_NO_MEMORY. */
MUST_CHECK enum error_code mqtt_line_paths_set(const struct mqtt_group *group, struct arena *arena,
                                               const struct mqtt_line_paths **paths,
                                               struct error *error);

/** How grave a value says that its line is: a word, or a number of syslog. */
enum log_severity mqtt_line_severity(const struct mqtt_json *value);

/** Hand over the parts of the line but for those that `taken_before` counts; `*count` grows by each
 *  part. `scratch` holds MQTT_TEXT_MAX bytes. false: no room now. */
bool mqtt_line_deliver(const struct mqtt_line *line, size_t taken_before, size_t *count,
                       char *scratch, struct driver_sink *sink);

#endif
