#include "drivers/mqtt/json.h"

#include "base/utf8.h"

#include <ctype.h>
#include <string.h>

struct scanner {
    const char *at, *end;
    const char *problem; /* the first one; NULL: none so far */
};

static bool fail(struct scanner *scanner, const char *problem)
{
    if (scanner->problem == NULL) {
        scanner->problem = problem;
    }
    return false;
}

static void skip_space(struct scanner *scanner)
{
    while (scanner->at < scanner->end && (*scanner->at == ' ' || *scanner->at == '\t' ||
                                          *scanner->at == '\n' || *scanner->at == '\r')) {
        scanner->at++;
    }
}

static bool is_next(const struct scanner *scanner, char wanted)
{
    return scanner->at < scanner->end && *scanner->at == wanted;
}

static bool skip_word(struct scanner *scanner, const char *word)
{
    size_t size = strlen(word);

    if ((size_t)(scanner->end - scanner->at) < size || memcmp(scanner->at, word, size) != 0) {
        return fail(scanner, "not a JSON value");
    }
    scanner->at += size;
    return true;
}

static bool skip_digits(struct scanner *scanner)
{
    const char *start = scanner->at;

    while (scanner->at < scanner->end && isdigit((unsigned char)*scanner->at)) {
        scanner->at++;
    }
    return scanner->at > start || fail(scanner, "a number lacks its digits");
}

static bool skip_number(struct scanner *scanner)
{
    const char *whole;

    if (is_next(scanner, '-')) {
        scanner->at++;
    }
    whole = scanner->at;
    if (!skip_digits(scanner)) {
        return false;
    }
    if (*whole == '0' && scanner->at - whole > 1) {
        return fail(scanner, "a number begins with 0");
    }
    if (is_next(scanner, '.')) {
        scanner->at++;
        if (!skip_digits(scanner)) {
            return false;
        }
    }
    if (!is_next(scanner, 'e') && !is_next(scanner, 'E')) {
        return true;
    }
    scanner->at++;
    if (is_next(scanner, '+') || is_next(scanner, '-')) {
        scanner->at++;
    }
    return skip_digits(scanner);
}

static bool skip_escape(struct scanner *scanner)
{
    char kind;

    if (scanner->end - scanner->at < 2) {
        return fail(scanner, "a text is not closed");
    }
    kind = scanner->at[1];
    scanner->at += 2;
    if (kind != 'u') {
        return (kind != '\0' && strchr("\"\\/bfnrt", kind) != NULL) ||
               fail(scanner, "an escape that JSON does not have");
    }
    for (int i = 0; i < 4; i++, scanner->at++) {
        if (scanner->at == scanner->end || !isxdigit((unsigned char)*scanner->at)) {
            return fail(scanner, "\\u lacks its four hexadecimal digits");
        }
    }
    return true;
}

static bool skip_string(struct scanner *scanner)
{
    scanner->at++; /* the opening quote */
    while (scanner->at < scanner->end && *scanner->at != '"') {
        if (*scanner->at == '\\') {
            if (!skip_escape(scanner)) {
                return false;
            }
        } else if ((unsigned char)*scanner->at < 0x20) {
            return fail(scanner, "a control character in a text");
        } else {
            scanner->at++;
        }
    }
    if (scanner->at == scanner->end) {
        return fail(scanner, "a text is not closed");
    }
    scanner->at++;
    return true;
}

static bool skip_value(struct scanner *scanner, int depth, struct mqtt_json *value);

/** Up to and including the ':' of a member. */
static bool skip_key(struct scanner *scanner)
{
    skip_space(scanner);
    if (!is_next(scanner, '"')) {
        return fail(scanner, "an object lacks a key in double quotes");
    }
    if (!skip_string(scanner)) {
        return false;
    }
    skip_space(scanner);
    if (!is_next(scanner, ':')) {
        return fail(scanner, "a key lacks its ':'");
    }
    scanner->at++;
    return true;
}

static bool skip_container(struct scanner *scanner, int depth, char close)
{
    struct mqtt_json ignored;

    if (depth >= MQTT_JSON_DEPTH_MAX) {
        return fail(scanner, "nested too deeply");
    }
    scanner->at++; /* the opening bracket */
    skip_space(scanner);
    if (is_next(scanner, close)) {
        scanner->at++;
        return true;
    }
    for (;;) {
        if ((close == '}' && !skip_key(scanner)) || !skip_value(scanner, depth + 1, &ignored)) {
            return false;
        }
        skip_space(scanner);
        if (is_next(scanner, close)) {
            scanner->at++;
            return true;
        }
        if (!is_next(scanner, ',')) {
            return fail(scanner, "an array or object is not closed");
        }
        scanner->at++;
    }
}

static bool skip_kind(struct scanner *scanner, int depth, enum mqtt_json_kind *kind)
{
    switch (scanner->at < scanner->end ? *scanner->at : '\0') {
    case '{':
        *kind = MQTT_JSON_OBJECT;
        return skip_container(scanner, depth, '}');
    case '[':
        *kind = MQTT_JSON_ARRAY;
        return skip_container(scanner, depth, ']');
    case '"':
        *kind = MQTT_JSON_STRING;
        return skip_string(scanner);
    case 't':
        *kind = MQTT_JSON_BOOL;
        return skip_word(scanner, "true");
    case 'f':
        *kind = MQTT_JSON_BOOL;
        return skip_word(scanner, "false");
    case 'n':
        *kind = MQTT_JSON_NULL;
        return skip_word(scanner, "null");
    default:
        *kind = MQTT_JSON_NUMBER;
        if (scanner->at < scanner->end &&
            (isdigit((unsigned char)*scanner->at) || *scanner->at == '-')) {
            return skip_number(scanner);
        }
        return fail(scanner, "not a JSON value");
    }
}

static bool skip_value(struct scanner *scanner, int depth, struct mqtt_json *value)
{
    enum mqtt_json_kind kind;
    const char *start;

    skip_space(scanner);
    start = scanner->at;
    if (!skip_kind(scanner, depth, &kind)) {
        return false;
    }
    *value = (struct mqtt_json){kind, start, (size_t)(scanner->at - start)};
    return true;
}

bool mqtt_json_document(const void *bytes, size_t size, struct mqtt_json *value,
                        const char **problem, size_t *offset)
{
    struct scanner scanner = {bytes, (const char *)bytes + size, NULL};
    bool good = size > 0 || fail(&scanner, "empty");

    good = good && (utf8_is_valid(bytes, size) || fail(&scanner, "not UTF-8"));
    good = good && skip_value(&scanner, 0, value);
    if (good) {
        skip_space(&scanner);
        good = scanner.at == scanner.end || fail(&scanner, "something follows the JSON value");
    }
    *problem = scanner.problem;
    *offset = size > 0 ? (size_t)(scanner.at - (const char *)bytes) : 0;
    return good;
}

static bool key_equals(const char *quoted, size_t quoted_size, const char *key, size_t key_size)
{
    struct mqtt_json string = {MQTT_JSON_STRING, quoted, quoted_size};
    char scratch[MQTT_JSON_KEY_MAX];
    const char *text;
    size_t text_size;

    return mqtt_json_text(&string, scratch, sizeof(scratch), &text, &text_size) &&
           text_size == key_size && memcmp(text, key, key_size) == 0;
}

bool mqtt_json_member(const struct mqtt_json *object, const char *key, size_t key_size,
                      struct mqtt_json *value)
{
    struct scanner scanner = {object->bytes + 1, object->bytes + object->size, NULL};

    if (object->kind != MQTT_JSON_OBJECT) {
        return false;
    }
    for (;;) {
        const char *quoted;
        size_t quoted_size;

        skip_space(&scanner);
        quoted = scanner.at;
        if (!is_next(&scanner, '"') || !skip_string(&scanner)) {
            return false; /* '}' of an empty object */
        }
        quoted_size = (size_t)(scanner.at - quoted);
        skip_space(&scanner);
        scanner.at++; /* ':', by J1 */
        if (!skip_value(&scanner, 0, value)) {
            return false;
        }
        if (key_equals(quoted, quoted_size, key, key_size)) { /* J2 */
            return true;
        }
        skip_space(&scanner);
        if (!is_next(&scanner, ',')) {
            return false;
        }
        scanner.at++;
    }
}

bool mqtt_json_next(const struct mqtt_json *array, const char **at, struct mqtt_json *value)
{
    struct scanner scanner = {*at == NULL ? array->bytes + 1 : *at, array->bytes + array->size,
                              NULL};

    if (array->kind != MQTT_JSON_ARRAY) {
        return false;
    }
    skip_space(&scanner);
    if (is_next(&scanner, ',')) {
        scanner.at++;
    }
    if (is_next(&scanner, ']') || !skip_value(&scanner, 0, value)) {
        return false;
    }
    *at = scanner.at;
    return true;
}

bool mqtt_json_element(const struct mqtt_json *array, uint32_t index, struct mqtt_json *value)
{
    const char *at = NULL;

    for (uint32_t i = 0; mqtt_json_next(array, &at, value); i++) {
        if (i == index) {
            return true;
        }
    }
    return false;
}

const char *mqtt_json_kind_name(enum mqtt_json_kind kind)
{
    static const char *const names[] = {
        [MQTT_JSON_NULL] = "null",       [MQTT_JSON_BOOL] = "a boolean",
        [MQTT_JSON_NUMBER] = "a number", [MQTT_JSON_STRING] = "a text",
        [MQTT_JSON_ARRAY] = "an array",  [MQTT_JSON_OBJECT] = "an object",
    };

    return names[kind];
}
