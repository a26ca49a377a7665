#include "drivers/mqtt/scalar.h"

#include "base/utf8.h"
#include "drivers/mqtt/decimal.h"

#include <string.h>
#include <strings.h>

static const char *decimal_reason(enum mqtt_decimal outcome)
{
    static const char *const reasons[] = {
        [MQTT_DECIMAL_EXACT] = NULL,
        [MQTT_DECIMAL_CUT] = "is not a whole number",
        [MQTT_DECIMAL_TOO_LARGE] = "does not fit the point's type",
        [MQTT_DECIMAL_MALFORMED] = "is not a number",
    };

    return reasons[outcome];
}

static const char *to_double(struct mqtt_slice text, struct sample *sample)
{
    sample->type = SAMPLE_DOUBLE;
    return decimal_reason(mqtt_decimal_double(text.bytes, text.size, &sample->value.real));
}

static const char *to_int(struct mqtt_slice text, struct sample *sample)
{
    sample->type = SAMPLE_INT;
    return decimal_reason(mqtt_decimal_scaled(text.bytes, text.size, 0, &sample->value.integer));
}

static const char *to_bool(struct mqtt_slice text, struct sample *sample)
{
    static const char *const words[][2] = {
        {"true", "false"},
        {"1", "0"},
        {"on", "off"},
        {"yes", "no"},
    };

    sample->type = SAMPLE_INT;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        for (int no = 0; no <= 1; no++) {
            if (strlen(words[i][no]) == text.size &&
                strncasecmp(words[i][no], text.bytes, text.size) == 0) {
                sample->value.integer = 1 - no;
                return NULL;
            }
        }
    }
    return "is not true or false, 1 or 0";
}

static const char *to_text(struct mqtt_slice text, struct sample *sample)
{
    if (text.size > MQTT_TEXT_MAX) {
        return "is longer than 16 KiB";
    }
    if (!utf8_is_valid(text.bytes, text.size)) {
        return "is not UTF-8";
    }
    sample->type = SAMPLE_TEXT;
    sample->value.text.bytes = text.bytes;
    sample->value.text.size_bytes = (uint32_t)text.size;
    return NULL;
}

const struct mqtt_scalar mqtt_scalars[] = {
    [MQTT_VALUE_DOUBLE] = {to_double, 1U << MQTT_JSON_NUMBER, "a number"},
    [MQTT_VALUE_INT] = {to_int, 1U << MQTT_JSON_NUMBER, "a whole number"},
    [MQTT_VALUE_BOOL] = {to_bool, 1U << MQTT_JSON_BOOL | 1U << MQTT_JSON_NUMBER, "true or false"},
    [MQTT_VALUE_TEXT] = {to_text, 1U << MQTT_JSON_STRING, "a text"},
};
