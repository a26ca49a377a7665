#include "drivers/mqtt/stamp.h"

#include "base/clock.h"
#include "drivers/mqtt/decimal.h"

#include <ctype.h>
#include <string.h>

struct reader {
    const char *at, *end;
};

static bool take_digits(struct reader *reader, int count, unsigned *value)
{
    *value = 0;
    for (int i = 0; i < count; i++, reader->at++) {
        if (reader->at == reader->end || !isdigit((unsigned char)*reader->at)) {
            return false;
        }
        *value = *value * 10 + (unsigned)(*reader->at - '0');
    }
    return true;
}

static bool take(struct reader *reader, const char *one_of)
{
    if (reader->at == reader->end || *reader->at == '\0' || strchr(one_of, *reader->at) == NULL) {
        return false;
    }
    reader->at++;
    return true;
}

static unsigned days_in_month(unsigned year, unsigned month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && leap ? 1U : 0U);
}

static bool take_date(struct reader *reader, int64_t *day)
{
    unsigned year;
    unsigned month;
    unsigned date;

    if (!take_digits(reader, 4, &year) || !take(reader, "-") || !take_digits(reader, 2, &month) ||
        !take(reader, "-") || !take_digits(reader, 2, &date) || month < 1 || month > 12 ||
        date < 1 || date > days_in_month(year, month)) {
        return false;
    }
    *day = clock_day_from_date(year, month, date);
    return true;
}

/** Digits behind the seconds; those below a nanosecond are dropped. */
static bool take_fraction(struct reader *reader, int64_t *fraction_ns)
{
    int64_t unit = NS_PER_S / 10;
    const char *start;

    *fraction_ns = 0;
    if (!take(reader, ".,")) {
        return true;
    }
    start = reader->at;
    while (reader->at < reader->end && isdigit((unsigned char)*reader->at)) {
        *fraction_ns += (*reader->at - '0') * unit;
        unit /= 10;
        reader->at++;
    }
    return reader->at > start;
}

static bool take_time(struct reader *reader, int64_t *seconds, int64_t *fraction_ns)
{
    unsigned hour;
    unsigned minute;
    unsigned second;

    if (!take_digits(reader, 2, &hour) || !take(reader, ":") || !take_digits(reader, 2, &minute) ||
        !take(reader, ":") || !take_digits(reader, 2, &second) || hour > 23 || minute > 59 ||
        second > 60) { /* 60: a leap second, counted as the first of the next minute */
        return false;
    }
    *seconds = (int64_t)hour * 3600 + (int64_t)minute * 60 + second;
    return take_fraction(reader, fraction_ns);
}

static bool take_offset(struct reader *reader, int64_t *seconds)
{
    bool west = reader->at < reader->end && *reader->at == '-';
    unsigned hour;
    unsigned minute = 0;

    *seconds = 0;
    if (take(reader, "Zz")) {
        return true;
    }
    if (!take(reader, "+-") || !take_digits(reader, 2, &hour)) {
        return false;
    }
    if (reader->at < reader->end) {
        (void)take(reader, ":"); /* may be left out */
        if (!take_digits(reader, 2, &minute)) {
            return false;
        }
    }
    *seconds = ((int64_t)hour * 60 + minute) * (west ? -60 : 60);
    return hour <= 23 && minute <= 59;
}

static bool parse_iso8601(const char *text, size_t size, int64_t *utc_ns)
{
    struct reader reader = {text, text + size};
    int64_t day;
    int64_t seconds;
    int64_t fraction_ns;
    int64_t offset;

    if (!take_date(&reader, &day) || !take(&reader, "Tt ") ||
        !take_time(&reader, &seconds, &fraction_ns) || !take_offset(&reader, &offset) ||
        reader.at != reader.end) {
        return false;
    }
    seconds += day * 86400 - offset;
    return !__builtin_mul_overflow(seconds, NS_PER_S, &seconds) &&
           !__builtin_add_overflow(seconds, fraction_ns, utc_ns);
}

bool mqtt_stamp_parse(enum mqtt_stamp_format format, const char *text, size_t size, int64_t *utc_ns)
{
    static const int shifts[] = {
        [MQTT_STAMP_EPOCH_S] = 9,
        [MQTT_STAMP_EPOCH_MS] = 6,
        [MQTT_STAMP_EPOCH_US] = 3,
        [MQTT_STAMP_EPOCH_NS] = 0,
    };
    enum mqtt_decimal outcome;
    int64_t parsed;

    if (format == MQTT_STAMP_ISO8601) {
        return parse_iso8601(text, size, utc_ns);
    }
    outcome = mqtt_decimal_scaled(text, size, shifts[format], &parsed);
    if (outcome != MQTT_DECIMAL_EXACT && outcome != MQTT_DECIMAL_CUT) {
        return false;
    }
    *utc_ns = parsed;
    return true;
}
