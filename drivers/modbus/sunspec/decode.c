#include "drivers/modbus/sunspec/decode.h"

#include "drivers/modbus/scale.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* What a type is to value.h, and the bits of "not implemented" (Device Information Model
 * Specification 1.1, chapter 4). */
static const struct {
    enum value_type type;
    uint64_t absent;
} forms[] = {
    [SUNSPEC_INT16] = {VALUE_INT16, 0x8000},
    [SUNSPEC_UINT16] = {VALUE_UINT16, 0xffff},
    [SUNSPEC_COUNT] = {VALUE_UINT16, 0xffff},
    [SUNSPEC_ACC16] = {VALUE_UINT16, 0},
    [SUNSPEC_ENUM16] = {VALUE_UINT16, 0xffff},
    [SUNSPEC_BITFIELD16] = {VALUE_UINT16, 0xffff},
    [SUNSPEC_SUNSSF] = {VALUE_INT16, 0x8000},
    [SUNSPEC_INT32] = {VALUE_INT32, 0x80000000},
    [SUNSPEC_UINT32] = {VALUE_UINT32, UINT32_MAX},
    [SUNSPEC_ACC32] = {VALUE_UINT32, 0},
    [SUNSPEC_ENUM32] = {VALUE_UINT32, UINT32_MAX},
    [SUNSPEC_BITFIELD32] = {VALUE_UINT32, UINT32_MAX},
    [SUNSPEC_INT64] = {VALUE_INT64, UINT64_C(1) << 63},
    [SUNSPEC_UINT64] = {VALUE_UINT64, UINT64_MAX},
    [SUNSPEC_ACC64] = {VALUE_UINT64, 0},
    [SUNSPEC_FLOAT32] = {VALUE_FLOAT32, 0x7fc00000},
    [SUNSPEC_FLOAT64] = {VALUE_FLOAT64, UINT64_C(0x7ff8) << 48},
    [SUNSPEC_STRING] = {VALUE_STRING, 0},
};

enum { EUI48_REGISTERS = 4, IPADDR_REGISTERS = 2, IPV6ADDR_REGISTERS = 8, ADDRESS_TEXT_SIZE = 40 };

static bool are_all(const uint16_t *registers, unsigned count, uint16_t value)
{
    while (count > 0 && registers[count - 1] == value) {
        count--;
    }
    return count == 0;
}

/** Sets the text; false: the address is not implemented. */
static bool write_address(const struct sunspec_entry *entry, const uint16_t *r, char *text)
{
    if (entry->kind == SUNSPEC_IPADDR) {
        (void)snprintf(text, ADDRESS_TEXT_SIZE, "%u.%u.%u.%u", (unsigned)r[0] >> 8, r[0] & 0xffU,
                       (unsigned)r[1] >> 8, r[1] & 0xffU);
        return !are_all(r, IPADDR_REGISTERS, 0);
    }
    if (entry->kind == SUNSPEC_IPV6ADDR) {
        (void)snprintf(text, ADDRESS_TEXT_SIZE, "%x:%x:%x:%x:%x:%x:%x:%x", r[0], r[1], r[2], r[3],
                       r[4], r[5], r[6], r[7]);
        return !are_all(r, IPV6ADDR_REGISTERS, 0);
    }
    (void)snprintf(text, ADDRESS_TEXT_SIZE, "%02X:%02X:%02X:%02X:%02X:%02X", (unsigned)r[1] >> 8,
                   r[1] & 0xffU, (unsigned)r[2] >> 8, r[2] & 0xffU, (unsigned)r[3] >> 8,
                   r[3] & 0xffU);
    return !are_all(r + 1, EUI48_REGISTERS - 1, 0xffff) && !are_all(r, EUI48_REGISTERS, 0);
}

static void decode_address(const struct sunspec_entry *entry, const uint16_t *registers,
                           struct sample *sample, char *text)
{
    if (!write_address(entry, registers, text)) {
        sample->status = (uint32_t)STATUS_BAD_NO_DATA_AVAILABLE;
    }
    sample->type = SAMPLE_TEXT;
    sample->value.text.bytes = text;
    sample->value.text.size_bytes = (uint32_t)strnlen(text, ADDRESS_TEXT_SIZE);
}

void sunspec_decode(const struct sunspec_entry *entry, const uint16_t *registers,
                    const uint16_t *factor_register, struct sample *sample, char *text)
{
    uint64_t absent;
    struct value_format format = {
        .order = ORDER_ABCD, .registers = entry->registers, .invalid_count = 1, .invalid = &absent};

    if (entry->kind >= SUNSPEC_IPADDR) {
        decode_address(entry, registers, sample, text);
        return;
    }
    format.type = forms[entry->kind].type;
    absent = forms[entry->kind].absent;
    value_decode(&format, registers, sample, text);
    if ((sample->type == SAMPLE_TEXT && sample->value.text.size_bytes == 0) ||
        (sample->type == SAMPLE_DOUBLE && isnan(sample->value.real))) { /* D2 */
        sample->status = (uint32_t)STATUS_BAD_NO_DATA_AVAILABLE;
    }
    if (factor_register != NULL) {
        scale_apply(&format, *factor_register, sample);
    } else if (entry->factor != 0) {
        scale_apply(&format, (uint16_t)(int16_t)entry->factor, sample);
    }
}
