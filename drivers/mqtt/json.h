/* drivers/mqtt/json.h - read JSON where it lies: no tree, no allocation, numbers as written.
 *
 *   payload -> mqtt_json_document() -> member(), element(), next() -> text of one value
 *
 * A tree of doubles loses integers above 2^53 and allocates for every field of a payload of which
 * two are wanted; this reader hands out slices of the payload instead (RFC 8259).
 *
 *  J1  mqtt_json_document() checks the whole text once: grammar, UTF-8, nesting of at most
 *      MQTT_JSON_DEPTH_MAX. The other functions take values that came from a checked document.
 *  J2  Of equal keys the first counts.
 *
 * Depends on: base/utf8.  Threads: pure; slices point into the payload.
 */
#ifndef DRIVERS_MQTT_JSON_H
#define DRIVERS_MQTT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MQTT_JSON_DEPTH_MAX = 32, MQTT_JSON_KEY_MAX = 256 };

enum mqtt_json_kind {
    MQTT_JSON_NULL,
    MQTT_JSON_BOOL,
    MQTT_JSON_NUMBER,
    MQTT_JSON_STRING,
    MQTT_JSON_ARRAY,
    MQTT_JSON_OBJECT,
};

struct mqtt_json {
    enum mqtt_json_kind kind;
    const char *bytes; /* the value as written, a string with its quotes */
    size_t size;
};

/** The one value that `size` bytes hold, white space around it allowed. On false `*problem` is what
 *  is wrong, for people, and `*offset` the byte where. */
bool mqtt_json_document(const void *bytes, size_t size, struct mqtt_json *value,
                        const char **problem, size_t *offset);

/** The value behind `key` (UTF-8, unescaped, at most MQTT_JSON_KEY_MAX bytes). */
bool mqtt_json_member(const struct mqtt_json *object, const char *key, size_t key_size,
                      struct mqtt_json *value);

/** Walk the elements of an array: `*at` starts as NULL. false: there are no more. */
bool mqtt_json_next(const struct mqtt_json *array, const char **at, struct mqtt_json *value);

bool mqtt_json_element(const struct mqtt_json *array, uint32_t index, struct mqtt_json *value);

/** What a string says. Without escapes `*text` points into the payload, else into `scratch`. false:
 *  half a surrogate pair, or longer than `scratch_size` with escapes. */
bool mqtt_json_text(const struct mqtt_json *string, char *scratch, size_t scratch_size,
                    const char **text, size_t *text_size);

/** "a number", "an object" ...: for reasons. */
const char *mqtt_json_kind_name(enum mqtt_json_kind kind);

#endif
