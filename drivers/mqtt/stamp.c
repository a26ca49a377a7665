#include "drivers/mqtt/stamp.h"

#include "drivers/lines/line_time.h"
#include "drivers/mqtt/decimal.h"

/** As in lines, and with its offset: whose midnight would it be? */
static bool parse_iso8601(const char *text, size_t size, int64_t *utc_ns)
{
    struct cursor cursor = {text, text + size};
    struct line_time time = {0};

    return line_time_take_iso(&cursor, &time) && time.has_offset && cursor.at == cursor.end &&
           line_time_utc(&time, NULL, 0, utc_ns);
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
