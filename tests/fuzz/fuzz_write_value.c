/* tests/fuzz/fuzz_write_value.c - any text as the value that a person asks to be written.
 *
 * The first byte chooses the type (its lowest four bits) and the byte order, the second scale and
 * offset, the rest is the text. What is accepted fits the registers: read back from them it is the
 * very value that was to be sent, which lies where the text said, half a step of the register away
 * at most; and what people are shown of it, asked for again, sends the same.
 *
 * Parser: agent/local/value_text.c drivers/modbus/encode.c
 */
#include "agent/local/value_text.h"
#include "drivers/modbus/value.h"
#include "tests/fuzz/fuzz.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_REGISTERS = 20, TEXT_SIZE = 200 };

static const char *const types[] = {"bool",  "int16",  "uint16",  "int32",   "uint32",
                                    "int64", "uint64", "float32", "float64", "string"};

static const struct {
    double scale, offset;
} steps[] = {{1, 0}, {0.1, 0}, {-2, 0.5}, {1e-3, -273.15}};

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static bool is_same(const struct sample *one, const struct sample *other)
{
    if (one->type != other->type) {
        return false;
    }
    if (one->type == SAMPLE_TEXT) {
        return one->value.text.size_bytes == other->value.text.size_bytes &&
               memcmp(one->value.text.bytes, other->value.text.bytes, one->value.text.size_bytes) ==
                   0;
    }
    return memcmp(&one->value, &other->value, sizeof(one->value.integer)) == 0;
}

/** Texts come back without their trailing spaces, and repaired where they are no UTF-8. */
static void read_back(const struct value_format *format, const struct sample *sent)
{
    uint16_t registers[VALUE_REGISTERS_MAX];
    char text[VALUE_TEXT_SIZE];
    struct sample read = {0};

    value_encode(format, sent, registers);
    if (format->type == VALUE_BOOL) {
        return; /* bits are written otherwise */
    }
    value_decode(format, registers, &read, text);
    require(read.type == sent->type && (sent->type == SAMPLE_TEXT || is_same(sent, &read)));
}

/** Is what is sent what was asked for, as near as the register can hold it? */
static void check_nearness(const struct definition *definition, const struct value_format *format,
                           const struct sample *sent, double asked)
{
    double number = value_text_number(definition, sent);
    double step = format->type == VALUE_FLOAT32   ? fabs(asked - definition->offset) * 0x1p-23
                  : format->type == VALUE_FLOAT64 ? fabs(asked - definition->offset) * 0x1p-51
                                                  : fabs(definition->scale) * 0.5;

    /* The arithmetic in doubles has its own share, and denormal numbers are coarse. */
    require(fabs(number - asked) <=
            step + (fabs(asked) + fabs(definition->offset)) * 0x1p-50 + 0x1p-140);
}

static void ask_again(const struct definition *definition, const struct value_format *format,
                      const struct sample *sent)
{
    char shown[2 * TEXT_SIZE];
    struct sample again = {0};
    struct error error = {0};
    double asked;

    value_text_print(definition, sent, shown, sizeof(shown));
    if (sent->type == SAMPLE_INT && definition->scale == 1 && definition->offset == 0) {
        require(value_text_parse(definition, shown, &again, &asked, &error) == ERROR_OK &&
                value_fit(format, &again, &error) == ERROR_OK && is_same(sent, &again));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes)
{
    uint8_t choices[2] = {0};
    enum value_type type;
    char text[TEXT_SIZE] = "";
    struct definition definition = {.unit = "", .labels = ""};
    struct value_format format = {0};
    struct error error = {0};
    struct sample raw = {0};
    double asked;

    for (size_t i = 0; i < sizeof(choices) && i < size_bytes; i++) {
        choices[i] = bytes[i];
    }
    if (size_bytes > sizeof(choices)) { /* a zero byte ends it */
        size_t size = size_bytes - sizeof(choices);

        memcpy(text, bytes + sizeof(choices), size < sizeof(text) ? size : sizeof(text) - 1);
    }
    type = (enum value_type)((choices[0] & 15) % (sizeof(types) / sizeof(types[0])));
    definition.type = types[type];
    definition.scale = steps[choices[1] & 3].scale;
    definition.offset = steps[choices[1] & 3].offset;
    format.type = type;
    format.order = (enum value_order)(choices[0] >> 4 & 3);
    format.registers = type == VALUE_STRING ? TEXT_REGISTERS : value_type_registers(type);
    if (value_text_parse(&definition, text, &raw, &asked, &error) == ERROR_OK &&
        value_fit(&format, &raw, &error) == ERROR_OK) {
        read_back(&format, &raw);
        if (raw.type != SAMPLE_TEXT && type != VALUE_BOOL) {
            check_nearness(&definition, &format, &raw, asked);
        }
        ask_again(&definition, &format, &raw);
    } else {
        require(error.text[0] != '\0');
    }
    return 0;
}
