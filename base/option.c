#include "base/option.h"

#include "base/clock.h"
#include "base/parse.h"

#include <stdio.h>
#include <string.h>

const struct option_spec *option_find(const struct option_spec *table, const char *key)
{
    for (; table->type != OPTION_END; table++) {
        if (strcmp(table->key, key) == 0) {
            return table;
        }
    }
    return NULL;
}

/** Levenshtein distance of two keys, cut off at 63 characters. */
static unsigned edit_distance(const char *one, const char *two)
{
    unsigned row[64];
    size_t length = strnlen(two, 63);

    for (unsigned j = 0; j <= length; j++) {
        row[j] = j;
    }
    for (size_t i = 0; i < 63 && one[i] != '\0'; i++) {
        unsigned diagonal = row[0];

        row[0] = (unsigned)i + 1;
        for (size_t j = 0; j < length; j++) {
            unsigned change = diagonal + (one[i] == two[j] ? 0 : 1);
            unsigned least = change < row[j] + 1 ? change : row[j] + 1;

            diagonal = row[j + 1];
            row[j + 1] = least < diagonal + 1 ? least : diagonal + 1;
        }
    }
    return row[length];
}

const char *option_nearest(const struct option_spec *table, const char *key)
{
    const char *nearest = NULL;
    unsigned best = 3; /* three or more changes are another word */

    for (; table->type != OPTION_END; table++) {
        unsigned distance = edit_distance(key, table->key);

        if (distance < best && distance < strlen(table->key)) {
            best = distance;
            nearest = table->key;
        }
    }
    return nearest;
}

static bool choice_index(const char *choices, const char *text, uint32_t *index)
{
    size_t length = strlen(text);
    uint32_t count = 0;

    for (const char *at = choices;; count++) {
        size_t size = strcspn(at, "|");

        if (size == length && strncmp(at, text, size) == 0) {
            *index = count;
            return true;
        }
        if (at[size] == '\0') {
            return false;
        }
        at += size + 1;
    }
}

/* What each type looks like, for the sentence that says what to write instead. */
static const char *const expected[] = {
    [OPTION_UINT] = "a whole number",
    [OPTION_INT] = "a whole number",
    [OPTION_DOUBLE] = "a number with a decimal point, such as 0.1",
    [OPTION_BOOL] = "true or false",
    [OPTION_TEXT] = "a text",
    [OPTION_SECRET] = "a text",
    [OPTION_DURATION] = "a time with its unit: 250ms, 1s, 15min, 2h",
    [OPTION_SIZE] = "a size with its unit: 64KiB, 8MiB, 1GiB",
};

static enum error_code refuse(const struct option_spec *spec, const char *text, struct error *error)
{
    if (spec->type == OPTION_SECRET) {
        return error_set(error, ERROR_BAD_CONFIG, "%s: not usable; write %llu to %llu characters",
                         spec->key, (unsigned long long)spec->least,
                         (unsigned long long)spec->most);
    }
    if (spec->type == OPTION_CHOICE) {
        return error_set(error, ERROR_BAD_CONFIG, "%s: '%.40s' is not one of %s", spec->key, text,
                         spec->choices);
    }
    return error_set(error, ERROR_BAD_CONFIG, "%s: '%.40s' is not %s (%s)", spec->key, text,
                     expected[spec->type], spec->help);
}

struct scale_unit {
    const char *name;
    int64_t factor;
};

/** In the largest unit that leaves a whole number, as a person would write it. */
static void format_scaled(const struct scale_unit *units, uint64_t value, char *text, size_t size)
{
    while (units->name != NULL && (value == 0 || value % (uint64_t)units->factor != 0)) {
        units++;
    }
    (void)snprintf(
        text, size, "%llu%s",
        (unsigned long long)(units->name == NULL ? value : value / (uint64_t)units->factor),
        units->name == NULL ? "" : units->name);
}

static void format_limit(const struct option_spec *spec, uint64_t limit, char *text, size_t size)
{
    static const struct scale_unit times[] = {
        {"d", NS_PER_DAY}, {"h", 3600 * NS_PER_S}, {"min", 60 * NS_PER_S},
        {"s", NS_PER_S},   {"ms", NS_PER_MS},      {"us", NS_PER_US},
        {NULL, 0}};
    static const struct scale_unit sizes[] = {
        {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {NULL, 0}};

    if (spec->type == OPTION_INT) {
        (void)snprintf(text, size, "%lld", (long long)(int64_t)limit);
    } else if (spec->type == OPTION_DURATION && limit == 0) {
        (void)snprintf(text, size, "0s");
    } else if (spec->type == OPTION_DURATION) {
        format_scaled(times, limit, text, size);
    } else if (spec->type == OPTION_SIZE) {
        format_scaled(sizes, limit, text, size);
    } else {
        (void)snprintf(text, size, "%llu%s", (unsigned long long)limit,
                       spec->type == OPTION_UINT ? "" : " characters");
    }
}

static enum error_code out_of_range(const struct option_spec *spec, const char *text,
                                    struct error *error)
{
    char least[32];
    char most[32];

    if (spec->type == OPTION_SECRET) {
        return refuse(spec, text, error);
    }
    format_limit(spec, spec->least, least, sizeof(least));
    format_limit(spec, spec->most, most, sizeof(most));
    return error_set(error, ERROR_BAD_CONFIG, "%s: '%.40s' is out of range; %s to %s (%s)",
                     spec->key, text, least, most, spec->help);
}

void option_form(const struct option_spec *spec, char text[OPTION_FORM_SIZE])
{
    static const char *const nouns[] = {
        [OPTION_UINT] = "whole number", [OPTION_INT] = "whole number", [OPTION_DOUBLE] = "number",
        [OPTION_BOOL] = "true, false",  [OPTION_TEXT] = "text",        [OPTION_SECRET] = "text",
        [OPTION_DURATION] = "time",     [OPTION_SIZE] = "size",
    };
    bool limited = (spec->least != 0 || spec->most != 0) && spec->type != OPTION_TEXT &&
                   spec->type != OPTION_SECRET;
    char least[32];
    char most[32];
    size_t at = 0;

    if (spec->type == OPTION_CHOICE) {
        for (const char *choice = spec->choices; *choice != '\0' && at + 3 < OPTION_FORM_SIZE;
             choice++) {
            text[at++] = *choice == '|' ? ',' : *choice;
            if (*choice == '|') {
                text[at++] = ' ';
            }
        }
        text[at] = '\0';
        return;
    }
    format_limit(spec, spec->least, least, sizeof(least));
    format_limit(spec, spec->most, most, sizeof(most));
    (void)snprintf(text, OPTION_FORM_SIZE, limited ? "%s, %s to %s" : "%s", nouns[spec->type],
                   least, most);
}

static bool within(const struct option_spec *spec, uint64_t value)
{
    if (spec->least == 0 && spec->most == 0) {
        return true;
    }
    if (spec->type == OPTION_INT) {
        return (int64_t)value >= (int64_t)spec->least && (int64_t)value <= (int64_t)spec->most;
    }
    return value >= spec->least && value <= spec->most;
}

static enum error_code set_text(const struct option_spec *spec, const char *text, void *place,
                                struct arena *arena, struct error *error)
{
    const char *copy;

    if (!within(spec, strlen(text))) {
        return out_of_range(spec, text, error);
    }
    copy = arena_copy_text(arena, text, strlen(text));
    if (copy == NULL) {
        return error_set(error, ERROR_NO_MEMORY, "%s: the configuration is too large", spec->key);
    }
    memcpy(place, &copy, sizeof(copy));
    return ERROR_OK;
}

/** Parse one of the types that are stored as 64 bits. */
static bool parse_word(enum option_type type, const char *text, uint64_t *word)
{
    switch (type) {
    case OPTION_UINT:
        return parse_uint64(text, word);
    case OPTION_SIZE:
        return parse_size_bytes(text, word);
    case OPTION_INT:
        return parse_int64(text, (int64_t *)word);
    default:
        return parse_duration_ns(text, (int64_t *)word);
    }
}

enum error_code option_set(const struct option_spec *spec, const char *text, void *target,
                           struct arena *arena, struct error *error)
{
    void *place = (char *)target + spec->offset;
    uint64_t word;
    uint32_t index;
    double number;
    bool flag;

    switch (spec->type) {
    case OPTION_TEXT:
    case OPTION_SECRET:
        return set_text(spec, text, place, arena, error);
    case OPTION_DOUBLE:
        if (!parse_double(text, &number)) {
            return refuse(spec, text, error);
        }
        memcpy(place, &number, sizeof(number));
        return ERROR_OK;
    case OPTION_BOOL:
        if (!parse_bool(text, &flag)) {
            return refuse(spec, text, error);
        }
        memcpy(place, &flag, sizeof(flag));
        return ERROR_OK;
    case OPTION_CHOICE:
        if (!choice_index(spec->choices, text, &index)) {
            return refuse(spec, text, error);
        }
        memcpy(place, &index, sizeof(index));
        return ERROR_OK;
    default:
        if (!parse_word(spec->type, text, &word)) {
            return refuse(spec, text, error);
        }
        if (!within(spec, word)) {
            return out_of_range(spec, text, error);
        }
        memcpy(place, &word, sizeof(word));
        return ERROR_OK;
    }
}

enum error_code option_set_fallbacks(const struct option_spec *table, void *target,
                                     struct arena *arena, struct error *error)
{
    for (; table->type != OPTION_END; table++) {
        enum error_code code = ERROR_OK;

        if (table->fallback != NULL && table->fallback[0] != '\0') {
            code = option_set(table, table->fallback, target, arena, error);
        }
        if (code != ERROR_OK) {
            return code;
        }
    }
    return ERROR_OK;
}
