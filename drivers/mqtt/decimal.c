#include "drivers/mqtt/decimal.h"

#include "base/parse.h"

#include <ctype.h>
#include <string.h>

enum {
    EXPONENT_MAX = 100000, /* larger ones mean the same: out of range, or zero */
    DOUBLE_TEXT_MAX = 800, /* no double needs more digits than 767 */
};

struct parts {
    bool negative;
    const char *whole;
    size_t whole_count;
    const char *fraction;
    size_t fraction_count;
    int exponent;
};

static size_t count_digits(const char *text, const char *end)
{
    const char *at = text;

    while (at < end && isdigit((unsigned char)*at)) {
        at++;
    }
    return (size_t)(at - text);
}

/** Read "e-12" at `*at`; nothing there is exponent 0. */
static bool split_exponent(const char **at, const char *end, int *exponent)
{
    bool negative = false;
    const char *digits;
    size_t count;

    *exponent = 0;
    if (*at == end || (**at != 'e' && **at != 'E')) {
        return true;
    }
    digits = *at + 1;
    if (digits < end && (*digits == '+' || *digits == '-')) {
        negative = *digits == '-';
        digits++;
    }
    count = count_digits(digits, end);
    for (size_t i = 0; i < count && *exponent < EXPONENT_MAX; i++) {
        *exponent = *exponent * 10 + (digits[i] - '0');
    }
    *exponent = negative ? -*exponent : *exponent;
    *at = digits + count;
    return count > 0;
}

static bool split(const char *text, size_t size, struct parts *parts)
{
    const char *at = text;
    const char *end = text + size;

    *parts = (struct parts){0};
    if (at < end && (*at == '-' || *at == '+')) {
        parts->negative = *at == '-';
        at++;
    }
    parts->whole = at;
    parts->whole_count = count_digits(at, end);
    at += parts->whole_count;
    if (at < end && *at == '.') {
        parts->fraction = ++at;
        parts->fraction_count = count_digits(at, end);
        at += parts->fraction_count;
    }
    return parts->whole_count + parts->fraction_count > 0 &&
           split_exponent(&at, end, &parts->exponent) && at == end;
}

static char digit_at(const struct parts *parts, size_t index)
{
    return index < parts->whole_count ? parts->whole[index]
                                      : parts->fraction[index - parts->whole_count];
}

enum mqtt_decimal mqtt_decimal_scaled(const char *text, size_t size, int shift, int64_t *value)
{
    struct parts parts;
    enum mqtt_decimal outcome = MQTT_DECIMAL_EXACT;
    uint64_t magnitude = 0;
    uint64_t limit;
    size_t count;
    int64_t kept; /* how many digits stand before the shifted point; may be more than there are */

    if (!split(text, size, &parts)) {
        return MQTT_DECIMAL_MALFORMED;
    }
    limit = (uint64_t)INT64_MAX + (parts.negative ? 1 : 0);
    count = parts.whole_count + parts.fraction_count;
    kept = (int64_t)parts.whole_count + parts.exponent + shift;
    for (size_t i = 0; i < count; i++) {
        unsigned digit = (unsigned)(digit_at(&parts, i) - '0');

        if ((int64_t)i >= kept) {
            outcome = digit != 0 ? MQTT_DECIMAL_CUT : outcome;
        } else if (magnitude > (limit - digit) / 10) {
            return MQTT_DECIMAL_TOO_LARGE;
        } else {
            magnitude = magnitude * 10 + digit;
        }
    }
    for (int64_t i = (int64_t)count; i < kept && magnitude != 0; i++) {
        if (magnitude > limit / 10) {
            return MQTT_DECIMAL_TOO_LARGE;
        }
        magnitude *= 10;
    }
    *value = parts.negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    return outcome;
}

enum mqtt_decimal mqtt_decimal_double(const char *text, size_t size, double *value)
{
    struct parts parts;
    char terminated[DOUBLE_TEXT_MAX + 1];

    if (!split(text, size, &parts)) {
        return MQTT_DECIMAL_MALFORMED;
    }
    if (size > DOUBLE_TEXT_MAX) {
        return MQTT_DECIMAL_TOO_LARGE;
    }
    memcpy(terminated, text, size);
    terminated[size] = '\0';
    return parse_double(terminated, value) ? MQTT_DECIMAL_EXACT : MQTT_DECIMAL_TOO_LARGE;
}
