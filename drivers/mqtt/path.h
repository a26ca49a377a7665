/* drivers/mqtt/path.h - where in a JSON payload a value stands.
 *
 *   ""                the payload itself
 *   motor.rpm         a member of a member
 *   values[3]         the fourth element; [0].t begins in an array
 *   values[].v        of every element: one reading each
 *
 * A key is any text without '.', '[' and ']'. At most one [] in a path.
 *
 * Depends on: base, json.  Threads: a compiled path is constant.
 */
#ifndef DRIVERS_MQTT_PATH_H
#define DRIVERS_MQTT_PATH_H

#include "base/arena.h"
#include "base/error.h"
#include "drivers/mqtt/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MQTT_PATH_STEPS_MAX = 16 };

enum mqtt_step_kind { MQTT_STEP_KEY, MQTT_STEP_INDEX, MQTT_STEP_EACH };

struct mqtt_step {
    enum mqtt_step_kind kind;
    uint32_t index;
    const char *key; /* points into the path's text */
    size_t key_size;
};

struct mqtt_path {
    const char *text; /* as configured, for reasons */
    struct mqtt_step steps[MQTT_PATH_STEPS_MAX];
    size_t count;
    size_t each; /* which step is []; == count: none */
};

/** `text` lives as long as the path. Errors: ERROR_BAD_CONFIG with what to write. */
MUST_CHECK enum error_code mqtt_path_compile(const char *text, struct mqtt_path *path,
                                             struct error *error);

static inline bool mqtt_path_has_each(const struct mqtt_path *path)
{
    return path->each < path->count;
}

/** Do both go through the same []? */
bool mqtt_path_same_each(const struct mqtt_path *one, const struct mqtt_path *two);

/** The array behind [], or the value when there is no []. */
bool mqtt_path_find(const struct mqtt_path *path, const struct mqtt_json *document,
                    struct mqtt_json *value);

/** The value within one element of that array. */
bool mqtt_path_find_in_element(const struct mqtt_path *path, const struct mqtt_json *element,
                               struct mqtt_json *value);

#endif
