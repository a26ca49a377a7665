#include "drivers/modbus/value.h"

#include "base/utf8.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

uint16_t value_type_registers(enum value_type type)
{
    static const uint8_t counts[] = {
        [VALUE_BOOL] = 1,    [VALUE_INT16] = 1,  [VALUE_UINT16] = 1, [VALUE_INT32] = 2,
        [VALUE_UINT32] = 2,  [VALUE_INT64] = 4,  [VALUE_UINT64] = 4, [VALUE_FLOAT32] = 2,
        [VALUE_FLOAT64] = 4, [VALUE_STRING] = 0,
    };

    return counts[type];
}

static bool bytes_are_swapped(enum value_order order)
{
    return order == ORDER_BADC || order == ORDER_DCBA;
}

static bool registers_are_swapped(enum value_order order)
{
    return order == ORDER_CDAB || order == ORDER_DCBA;
}

static uint16_t swap_bytes(uint16_t value)
{
    return (uint16_t)((value << 8 | value >> 8) & 0xffff);
}

/** The value's bits, most significant first, right-aligned. */
static uint64_t gather(const struct value_format *format, const uint16_t *registers)
{
    uint64_t word = 0;

    for (unsigned i = 0; i < format->registers; i++) {
        unsigned place = registers_are_swapped(format->order) ? format->registers - 1u - i : i;
        uint16_t one = registers[place];

        word = word << 16 | (bytes_are_swapped(format->order) ? swap_bytes(one) : one);
    }
    return word;
}

static double real_of(enum value_type type, uint64_t word)
{
    uint32_t narrow_word = (uint32_t)word;
    float narrow;
    double wide;

    if (type == VALUE_FLOAT64) {
        memcpy(&wide, &word, sizeof(wide));
        return wide;
    }
    memcpy(&narrow, &narrow_word, sizeof(narrow));
    return (double)narrow;
}

static size_t copy_as_utf8(const uint8_t *bytes, size_t size, char *text)
{
    static const char replacement[3] = {(char)0xef, (char)0xbf, (char)0xbd}; /* U+FFFD */
    size_t written = 0;

    for (size_t i = 0; i < size;) {
        size_t length = utf8_sequence_size(bytes + i, size - i);

        if (length > 0) {
            memcpy(text + written, bytes + i, length);
            written += length;
            i += length;
        } else {
            memcpy(text + written, replacement, sizeof(replacement));
            written += sizeof(replacement);
            i++;
        }
    }
    return written;
}

static size_t decode_text(const struct value_format *format, const uint16_t *registers, char *text)
{
    uint8_t bytes[2 * VALUE_REGISTERS_MAX];
    size_t size = 0;

    for (unsigned i = 0; i < format->registers; i++) {
        uint16_t one = bytes_are_swapped(format->order) ? swap_bytes(registers[i]) : registers[i];

        bytes[size++] = (uint8_t)(one >> 8);
        bytes[size++] = (uint8_t)(one & 0xff);
    }
    size = strnlen((const char *)bytes, size);
    while (size > 0 && bytes[size - 1] == ' ') {
        size--;
    }
    return copy_as_utf8(bytes, size, text);
}

void value_decode(const struct value_format *format, const uint16_t *registers,
                  struct sample *sample, char *text)
{
    uint64_t word;

    if (format->type == VALUE_STRING) {
        sample->type = SAMPLE_TEXT;
        sample->value.text.bytes = text;
        sample->value.text.size_bytes = (uint32_t)decode_text(format, registers, text);
        return;
    }
    word = gather(format, registers);
    for (unsigned i = 0; i < format->invalid_count; i++) {
        if (word == format->invalid[i]) {
            sample->status = (uint32_t)STATUS_BAD_NO_DATA_AVAILABLE;
        }
    }
    sample->type = SAMPLE_INT;
    switch (format->type) {
    case VALUE_FLOAT32:
    case VALUE_FLOAT64:
        sample->type = SAMPLE_DOUBLE;
        sample->value.real = real_of(format->type, word);
        break;
    case VALUE_BOOL:
        sample->value.integer = (int64_t)(word >> format->bit & 1);
        break;
    case VALUE_INT16:
        sample->value.integer = (int16_t)word;
        break;
    case VALUE_INT32:
        sample->value.integer = (int32_t)word;
        break;
    default: /* the unsigned ones stand right-aligned; 64 bits keep their pattern */
        sample->value.integer = (int64_t)word;
    }
}
