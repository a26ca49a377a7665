/* Values to registers; what value.c does, turned round. */
#include "base/utf8.h"
#include "drivers/modbus/value.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

/** What a type of whole numbers holds. `beyond` is the first double above `high`. */
struct whole_type {
    const char *name;
    double low, beyond;
    const char *range;
};

static const struct whole_type whole_types[] = {
    [VALUE_BOOL] = {"bool", 0, 2, "true or false"},
    [VALUE_INT16] = {"int16", -0x1p15, 0x1p15, "-32768 to 32767"},
    [VALUE_UINT16] = {"uint16", 0, 0x1p16, "0 to 65535"},
    [VALUE_INT32] = {"int32", -0x1p31, 0x1p31, "-2147483648 to 2147483647"},
    [VALUE_UINT32] = {"uint32", 0, 0x1p32, "0 to 4294967295"},
    [VALUE_INT64] = {"int64", -0x1p63, 0x1p63, "-2^63 to 2^63 - 1"},
    [VALUE_UINT64] = {"uint64", 0, 0x1p64, "0 to 2^64 - 1"},
};

static enum error_code fit_whole(enum value_type type, struct sample *value, struct error *error)
{
    const struct whole_type *whole = &whole_types[type];
    bool any_integer = type == VALUE_INT64 || type == VALUE_UINT64;
    double number =
        value->type == SAMPLE_INT ? (double)value->value.integer : rint(value->value.real);

    if (value->type == SAMPLE_INT && any_integer) {
        return ERROR_OK;
    }
    if (!(number >= whole->low && number < whole->beyond)) { /* NaN is neither */
        return error_set(error, ERROR_REFUSED,
                         "the register would have to hold %.17g, and %s holds %s", number,
                         whole->name, whole->range);
    }
    value->type = SAMPLE_INT;
    value->value.integer = type == VALUE_UINT64 ? (int64_t)(uint64_t)number : (int64_t)number;
    return ERROR_OK;
}

static enum error_code fit_real(enum value_type type, struct sample *value, struct error *error)
{
    double number = value->type == SAMPLE_INT ? (double)value->value.integer : value->value.real;

    if (!isfinite(number) || (type == VALUE_FLOAT32 && fabs(number) > (double)FLT_MAX)) {
        return error_set(error, ERROR_REFUSED, "%.17g is more than a %s holds", number,
                         type == VALUE_FLOAT32 ? "float32" : "float64");
    }
    value->type = SAMPLE_DOUBLE;
    value->value.real = type == VALUE_FLOAT32 ? (double)(float)number : number;
    return ERROR_OK;
}

enum error_code value_fit(const struct value_format *format, struct sample *value,
                          struct error *error)
{
    if ((format->type == VALUE_STRING) != (value->type == SAMPLE_TEXT)) {
        return error_set(error, ERROR_REFUSED, "the point takes %s",
                         format->type == VALUE_STRING ? "a text" : "a number");
    }
    if (format->type == VALUE_STRING) {
        return value->value.text.size_bytes <= 2u * format->registers
                   ? ERROR_OK
                   : error_set(error, ERROR_REFUSED,
                               "the text has %u bytes, and there is room for "
                               "%u (two in each register)",
                               (unsigned)value->value.text.size_bytes, 2u * format->registers);
    }
    return format->type == VALUE_FLOAT32 || format->type == VALUE_FLOAT64
               ? fit_real(format->type, value, error)
               : fit_whole(format->type, value, error);
}

static uint64_t word_of(enum value_type type, const struct sample *value)
{
    float narrow;
    uint32_t narrow_word;
    uint64_t word;

    if (type == VALUE_FLOAT32) {
        narrow = (float)value->value.real;
        memcpy(&narrow_word, &narrow, sizeof(narrow_word));
        return narrow_word;
    }
    memcpy(&word, &value->value, sizeof(word)); /* the integer, or the double's bits */
    return word;
}

static uint16_t swap_bytes(uint16_t value)
{
    return (uint16_t)((value << 8 | value >> 8) & 0xffff);
}

void value_encode(const struct value_format *format, const struct sample *value,
                  uint16_t *registers)
{
    bool bytes_swapped = format->order == ORDER_BADC || format->order == ORDER_DCBA;
    bool turned = (format->order == ORDER_CDAB || format->order == ORDER_DCBA) &&
                  format->type != VALUE_STRING;
    uint8_t bytes[2 * VALUE_REGISTERS_MAX] = {0}; /* most significant or first letter first */
    unsigned size = 2u * format->registers;

    if (format->type == VALUE_STRING) {
        memcpy(bytes, value->value.text.bytes, value->value.text.size_bytes);
    } else {
        uint64_t word = word_of(format->type, value);

        for (unsigned i = size; i-- > 0; word >>= 8) {
            bytes[i] = (uint8_t)(word & 0xff);
        }
    }
    for (size_t i = 0; i < format->registers; i++) {
        uint16_t one = (uint16_t)(bytes[2 * i] << 8 | bytes[2 * i + 1]);

        registers[turned ? format->registers - 1u - i : i] = bytes_swapped ? swap_bytes(one) : one;
    }
}
