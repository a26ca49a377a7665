#include "drivers/modbus/invalid.h"

#include "base/parse.h"

#include <string.h>

enum { WORD_SIZE = 24 };

/** One number, as the bits of a value of `format`. */
static bool parse_bits(const char *text, const struct value_format *format, uint64_t *bits)
{
    unsigned width = 16U * format->registers;
    uint64_t mask = width < 64 ? (UINT64_C(1) << width) - 1 : UINT64_MAX;
    int64_t negative;

    if (parse_uint64(text, bits)) {
        return *bits <= mask;
    }
    if (!parse_int64(text, &negative) || negative < -(int64_t)(mask / 2) - 1) {
        return false;
    }
    *bits = (uint64_t)negative & mask;
    return true;
}

enum error_code invalid_parse(const char *text, struct arena *arena, struct value_format *format,
                              struct error *error)
{
    static const char between[] = ", ";
    const char *at = text != NULL ? text + strspn(text, between) : "";

    if (*at != '\0' && (format->type == VALUE_STRING || format->type == VALUE_BOOL)) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "invalid: a string or a bool has no such values; leave it out");
    }
    while (*at != '\0') {
        size_t size = strcspn(at, between);
        char word[WORD_SIZE] = {0};
        uint64_t bits;

        if (format->invalid_count == VALUE_INVALID_MAX) {
            return error_set(error, ERROR_BAD_CONFIG, "invalid: at most %d values, not '%s'",
                             VALUE_INVALID_MAX, text);
        }
        (void)memcpy(word, at, size < WORD_SIZE ? size : WORD_SIZE - 1);
        if (size >= WORD_SIZE || !parse_bits(word, format, &bits)) {
            return error_set(error, ERROR_BAD_CONFIG,
                             "invalid: '%s' is no value of %u bits; write the register's content, "
                             "as in 0x8000, several with commas",
                             word, 16U * format->registers);
        }
        if (format->invalid_count == 0) {
            format->invalid = arena_allocate(arena, VALUE_INVALID_MAX * sizeof(uint64_t));
        }
        if (format->invalid == NULL) {
            return error_set(error, ERROR_NO_MEMORY, "the configuration is too large");
        }
        format->invalid[format->invalid_count++] = bits;
        at += size;
        at += strspn(at, between);
    }
    return ERROR_OK;
}
