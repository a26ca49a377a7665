#include "base/parse.h"

#include "base/clock.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool parse_uint64(const char *text, uint64_t *value)
{
    bool hexadecimal = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    const char *digits = hexadecimal ? text + 2 : text;
    unsigned long long parsed;
    char *end;

    if (hexadecimal ? !isxdigit((unsigned char)digits[0]) : !isdigit((unsigned char)digits[0])) {
        return false;
    }
    errno = 0;
    parsed = strtoull(digits, &end, hexadecimal ? 16 : 10);
    if (errno != 0 || *end != '\0' || strpbrk(digits, "xX") != NULL) { /* 0x0x10 */
        return false;
    }
    *value = parsed;
    return true;
}

bool parse_int64(const char *text, int64_t *value)
{
    bool negative = text[0] == '-';
    uint64_t magnitude;

    if (!parse_uint64(negative ? text + 1 : text, &magnitude) ||
        magnitude > (uint64_t)INT64_MAX + (negative ? 1 : 0)) {
        return false;
    }
    *value = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    return true;
}

bool parse_double(const char *text, double *value)
{
    char *end;
    double parsed;

    /* strtod also takes white space, hexadecimal, inf and nan: none of them is a setting. The
     * program never calls setlocale(), so the decimal point is a point. */
    if (text[0] == '\0' || text[strspn(text, "+-.0123456789eE")] != '\0') {
        return false;
    }
    parsed = strtod(text, &end);
    if (*end != '\0' || end == text || !isfinite(parsed)) {
        return false;
    }
    *value = parsed;
    return true;
}

bool parse_bool(const char *text, bool *value)
{
    static const char *const yes[] = {"true", "yes", "on"};
    static const char *const no[] = {"false", "no", "off"};

    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
        if (strcasecmp(text, yes[i]) == 0 || strcasecmp(text, no[i]) == 0) {
            *value = strcasecmp(text, yes[i]) == 0;
            return true;
        }
    }
    return false;
}

struct unit {
    const char *name;
    int64_t factor;
};

/** Split "1.5s" into its number and the factor of its unit; false when either is not there. */
static bool split_unit(const char *text, const struct unit *units, double *number, int64_t *factor)
{
    size_t length = strspn(text, ".0123456789");
    char digits[32];

    if (length == 0 || length >= sizeof(digits)) {
        return false;
    }
    memcpy(digits, text, length);
    digits[length] = '\0';
    for (; units->name != NULL; units++) {
        if (strcmp(text + length, units->name) == 0) {
            *factor = units->factor;
            return parse_double(digits, number);
        }
    }
    return false;
}

bool parse_duration_ns(const char *text, int64_t *value_ns)
{
    static const struct unit units[] = {
        {"us", NS_PER_US},      {"ms", NS_PER_MS}, {"s", NS_PER_S}, {"min", 60 * NS_PER_S},
        {"h", 3600 * NS_PER_S}, {"d", NS_PER_DAY}, {NULL, 0},
    };
    double number;
    int64_t factor;

    if (!split_unit(text, units, &number, &factor) || number * (double)factor > 9.2e18) {
        return false;
    }
    *value_ns = (int64_t)llround(number * (double)factor);
    return true;
}

bool parse_size_bytes(const char *text, uint64_t *value_bytes)
{
    static const struct unit units[] = {
        {"", 1}, {"B", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {NULL, 0},
    };
    double number;
    int64_t factor;

    if (!split_unit(text, units, &number, &factor) || number * (double)factor > 9.0e15) {
        return false;
    }
    if (number * (double)factor != floor(number * (double)factor)) {
        return false; /* 1.5 bytes */
    }
    *value_bytes = (uint64_t)llround(number * (double)factor);
    return true;
}
