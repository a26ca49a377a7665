#include "drivers/mqtt/path.h"

#include "base/parse.h"

#include <string.h>

static enum error_code refuse(const char *text, const char *why, struct error *error)
{
    return error_set(error, ERROR_BAD_CONFIG,
                     "path: '%.80s': %s; write it like motor.rpm, "
                     "values[3] or values[].v",
                     text, why);
}

/** "[3]" or "[]" at `*at`. */
static bool take_index(const char **at, struct mqtt_step *step)
{
    size_t digits = strspn(*at + 1, "0123456789");
    char number[16];
    uint64_t index = 0;

    if ((*at)[1 + digits] != ']' || digits >= sizeof(number)) {
        return false;
    }
    memcpy(number, *at + 1, digits);
    number[digits] = '\0';
    if (digits > 0 && (!parse_uint64(number, &index) || index > UINT32_MAX)) {
        return false;
    }
    *step = (struct mqtt_step){.kind = digits > 0 ? MQTT_STEP_INDEX : MQTT_STEP_EACH,
                               .index = (uint32_t)index};
    *at += digits + 2;
    return true;
}

static bool take_key(const char **at, struct mqtt_step *step)
{
    size_t size = strcspn(*at, ".[]");

    *step = (struct mqtt_step){.kind = MQTT_STEP_KEY, .key = *at, .key_size = size};
    *at += size;
    return size > 0 && size <= MQTT_JSON_KEY_MAX;
}

/** The next step of a path, past the '.' before a key. */
static bool take_step(const char *text, const char **at, struct mqtt_step *step)
{
    if (**at == '[') {
        return take_index(at, step);
    }
    if (*at != text) {
        if (**at != '.') {
            return false;
        }
        *at += 1;
    }
    return take_key(at, step);
}

enum error_code mqtt_path_compile(const char *text, struct mqtt_path *path, struct error *error)
{
    const char *at = text;
    size_t each = MQTT_PATH_STEPS_MAX;

    *path = (struct mqtt_path){.text = text};
    while (*at != '\0') {
        struct mqtt_step step;

        if (path->count == MQTT_PATH_STEPS_MAX) {
            return refuse(text, "more than 16 steps", error);
        }
        if (!take_step(text, &at, &step)) {
            return refuse(text, "a key or an index is missing or malformed", error);
        }
        if (step.kind == MQTT_STEP_EACH) {
            if (each < MQTT_PATH_STEPS_MAX) {
                return refuse(text, "[] may stand in it once", error);
            }
            each = path->count;
        }
        path->steps[path->count++] = step;
    }
    path->each = each < path->count ? each : path->count;
    return ERROR_OK;
}

static bool same_step(const struct mqtt_step *one, const struct mqtt_step *two)
{
    return one->kind == two->kind && one->index == two->index && one->key_size == two->key_size &&
           (one->key_size == 0 || memcmp(one->key, two->key, one->key_size) == 0);
}

bool mqtt_path_same_each(const struct mqtt_path *one, const struct mqtt_path *two)
{
    if (!mqtt_path_has_each(one) || !mqtt_path_has_each(two) || one->each != two->each) {
        return false;
    }
    for (size_t i = 0; i < one->each; i++) {
        if (!same_step(&one->steps[i], &two->steps[i])) {
            return false;
        }
    }
    return true;
}

static bool walk(const struct mqtt_path *path, size_t from, size_t to,
                 const struct mqtt_json *start, struct mqtt_json *value)
{
    struct mqtt_json here = *start;

    for (size_t i = from; i < to; i++) {
        const struct mqtt_step *step = &path->steps[i];
        struct mqtt_json next;

        if (step->kind == MQTT_STEP_KEY ? !mqtt_json_member(&here, step->key, step->key_size, &next)
                                        : !mqtt_json_element(&here, step->index, &next)) {
            return false;
        }
        here = next;
    }
    *value = here;
    return true;
}

bool mqtt_path_find(const struct mqtt_path *path, const struct mqtt_json *document,
                    struct mqtt_json *value)
{
    return walk(path, 0, path->each, document, value);
}

bool mqtt_path_find_in_element(const struct mqtt_path *path, const struct mqtt_json *element,
                               struct mqtt_json *value)
{
    return walk(path, path->each + 1, path->count, element, value);
}
