#include "agent/local/value_text.h"

#include "base/parse.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool is_bool(const struct definition *definition)
{
    return strcmp(definition->type, "bool") == 0;
}

static bool is_text(const struct definition *definition)
{
    return strcmp(definition->type, "string") == 0 || strcmp(definition->type, "text") == 0;
}

/** Its integers are 64 bits without a sign (drivers/modbus/value.h). */
static bool is_uint64(const struct definition *definition)
{
    return strcmp(definition->type, "uint64") == 0;
}

static bool is_real(const struct definition *definition)
{
    return strncmp(definition->type, "float", 5) == 0 || strcmp(definition->type, "double") == 0;
}

static bool is_plain(const struct definition *definition)
{
    return definition->scale == 1 && definition->offset == 0;
}

/** A whole number that is its own raw value. */
static bool parse_whole(const struct definition *definition, const char *text, struct sample *raw)
{
    uint64_t word;
    int64_t number;

    raw->type = SAMPLE_INT;
    if (is_real(definition) || !is_plain(definition)) {
        return false;
    }
    if (is_uint64(definition)) { /* a negative one goes on as a double, and is refused as such */
        raw->value.integer = parse_uint64(text, &word) ? (int64_t)word : 0;
        return parse_uint64(text, &word);
    }
    raw->value.integer = parse_int64(text, &number) ? number : 0;
    return parse_int64(text, &number);
}

static enum error_code parse_flag(const char *text, struct sample *raw, double *value,
                                  struct error *error)
{
    bool flag = strcmp(text, "1") == 0;

    if (!flag && strcmp(text, "0") != 0 && !parse_bool(text, &flag)) {
        return error_set(error, ERROR_REFUSED, "'%.40s' is not true or false", text);
    }
    *raw = (struct sample){.type = SAMPLE_INT, .value.integer = flag ? 1 : 0};
    *value = flag ? 1 : 0;
    return ERROR_OK;
}

enum error_code value_text_parse(const struct definition *definition, const char *text,
                                 struct sample *raw, double *value, struct error *error)
{
    struct sample made = {.type = SAMPLE_TEXT};
    double number;

    if (is_text(definition)) {
        made.value.text.bytes = text;
        made.value.text.size_bytes = (uint32_t)strlen(text);
        *raw = made;
        *value = (double)NAN;
        return ERROR_OK;
    }
    if (is_bool(definition)) {
        return parse_flag(text, raw, value, error);
    }
    if (parse_whole(definition, text, &made)) {
        *raw = made;
        *value = value_text_number(definition, &made);
        return ERROR_OK;
    }
    if (!parse_double(text, &number)) {
        return error_set(error, ERROR_REFUSED,
                         "'%.40s' is not a number; write it with a point, as in 21.5, and without "
                         "its unit",
                         text);
    }
    *raw = (struct sample){.type = SAMPLE_DOUBLE,
                           .value.real = (number - definition->offset) / definition->scale};
    *value = number;
    return ERROR_OK;
}

double value_text_number(const struct definition *definition, const struct sample *raw)
{
    double number;

    if (raw->type != SAMPLE_INT && raw->type != SAMPLE_DOUBLE) {
        return (double)NAN;
    }
    number = raw->type == SAMPLE_DOUBLE ? raw->value.real
             : is_uint64(definition)    ? (double)(uint64_t)raw->value.integer
                                        : (double)raw->value.integer;
    return number * definition->scale + definition->offset;
}

void value_text_print(const struct definition *definition, const struct sample *raw, char *text,
                      size_t size)
{
    bool whole = raw->type == SAMPLE_INT && is_plain(definition);

    if (raw->type == SAMPLE_NONE) {
        text[0] = '\0';
    } else if (raw->type == SAMPLE_TEXT) {
        (void)snprintf(text, size, "%.*s", (int)raw->value.text.size_bytes, raw->value.text.bytes);
    } else if (is_bool(definition)) {
        (void)snprintf(text, size, "%s", raw->value.integer != 0 ? "true" : "false");
    } else if (whole && is_uint64(definition)) {
        (void)snprintf(text, size, "%llu", (unsigned long long)raw->value.integer);
    } else if (whole) {
        (void)snprintf(text, size, "%lld", (long long)raw->value.integer);
    } else {
        (void)snprintf(text, size, "%.10g", value_text_number(definition, raw));
    }
}
