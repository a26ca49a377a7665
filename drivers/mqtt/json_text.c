/* drivers/mqtt/json_text.c - what the strings of json.h say, without their escapes. */
#include "drivers/mqtt/json.h"

#include "base/utf8.h"

#include <ctype.h>
#include <string.h>

/** The four digits behind "\u"; checked by J1. */
static uint32_t unit_at(const char *digits)
{
    uint32_t unit = 0;

    for (int i = 0; i < 4; i++) {
        unsigned char digit = (unsigned char)digits[i];

        unit = unit * 16 + (unsigned)(isdigit(digit) ? digit - '0' : tolower(digit) - 'a' + 10);
    }
    return unit;
}

/** The code point of the "\u" at `*at`; goes past it and its second half. */
static bool take_code_point(const char **at, const char *end, uint32_t *point)
{
    uint32_t high = unit_at(*at + 2);
    uint32_t low;

    *at += 6;
    *point = high;
    if (high < 0xD800 || high > 0xDFFF) {
        return true;
    }
    if (high > 0xDBFF || end - *at < 6 || (*at)[0] != '\\' || (*at)[1] != 'u') {
        return false;
    }
    low = unit_at(*at + 2);
    *at += 6;
    *point = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
    return low >= 0xDC00 && low <= 0xDFFF;
}

static bool take_escape(const char **at, const char *end, uint32_t *point)
{
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";

    if ((*at)[1] == 'u') {
        return take_code_point(at, end, point);
    }
    *point = (unsigned char)to[strchr(from, (*at)[1]) - from];
    *at += 2;
    return true;
}

bool mqtt_json_text(const struct mqtt_json *string, char *scratch, size_t scratch_size,
                    const char **text, size_t *text_size)
{
    const char *at = string->bytes + 1;
    const char *end = string->bytes + string->size - 1;
    size_t size = 0;

    if (memchr(at, '\\', (size_t)(end - at)) == NULL) {
        *text = at;
        *text_size = (size_t)(end - at);
        return true;
    }
    while (at < end) {
        if (*at == '\\') {
            uint32_t point;

            if (!take_escape(&at, end, &point) || scratch_size - size < UTF8_CHARACTER_MAX) {
                return false;
            }
            size += utf8_put(scratch + size, point);
        } else if (size < scratch_size) {
            scratch[size++] = *at++;
        } else {
            return false;
        }
    }
    *text = scratch;
    *text_size = size;
    return true;
}
