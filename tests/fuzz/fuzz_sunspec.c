/* tests/fuzz/fuzz_sunspec.c - any registers as a SunSpec device, any text as a point of it.
 * Parser: drivers/modbus/sunspec/chain.c
 * Parser: drivers/modbus/sunspec/place.c
 * Parser: drivers/modbus/sunspec/point.c
 * Parser: drivers/modbus/sunspec/decode.c
 *
 * The first byte chooses the base and how the device refuses, the second how long the text is that
 * follows: an address behind "sunspec:". The rest are the registers behind "SunS", the last of them
 * over and over up to 65535. What is found must lie within its model, in the table, and decode. */
#include "base/utf8.h"
#include "drivers/modbus/sunspec/decode.h"
#include "drivers/modbus/sunspec/place.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHOICES = 2, TABLE_SIZE = 65536, REQUESTS_MAX = 400, ADDRESS_MAX = 60 };

struct device {
    struct sunspec_reader reader; /* first */
    const uint8_t *bytes;
    size_t size;
    unsigned base, most, requests;
};

static uint16_t register_at(const struct device *device, unsigned number)
{
    size_t at = (size_t)2 * (number - device->base - 2);

    if (number < device->base + 2) {
        return number == device->base       ? 0x5375
               : number == device->base + 1 ? 0x6e53
                                            : (uint16_t)number;
    }
    if (device->size < 2) {
        return 0;
    }
    at = at + 1 < device->size ? at : (device->size & ~(size_t)1) - 2;
    return (uint16_t)(device->bytes[at] << 8 | device->bytes[at + 1]);
}

static enum error_code read_device(struct sunspec_reader *reader, unsigned first, unsigned count,
                                   uint16_t *registers, bool *refused, struct error *error)
{
    struct device *device = (struct device *)(void *)reader;

    if (first + count > TABLE_SIZE || count == 0) {
        abort();
    }
    if (++device->requests > REQUESTS_MAX) {
        return error_set(error, ERROR_TIMEOUT, "asked too often");
    }
    *refused = first + count > device->most;
    for (unsigned i = 0; !*refused && i < count; i++) {
        registers[i] = register_at(device, first + i);
    }
    return ERROR_OK;
}

static void decode(const struct device *device, const struct sunspec_place *place)
{
    uint16_t *registers = malloc(place->entry->registers * sizeof(*registers));
    char *text = malloc(VALUE_TEXT_SIZE);
    uint16_t factor = register_at(device, place->factor_first);
    struct sample sample = {0};

    for (unsigned i = 0; registers != NULL && i < place->entry->registers; i++) {
        registers[i] = register_at(device, (unsigned)place->first + i);
    }
    if (registers != NULL && text != NULL) {
        sunspec_decode(place->entry, registers, place->has_factor ? &factor : NULL, &sample, text);
        if (sample.type == SAMPLE_NONE && status_is_good(sample.status)) {
            abort();
        }
        if (sample.type == SAMPLE_TEXT && sample.value.text.size_bytes > VALUE_TEXT_SIZE) {
            abort();
        }
    }
    free(registers);
    free(text);
}

static void place(struct device *device, const struct sunspec_chain *chain,
                  const struct sunspec_point *point)
{
    struct sunspec_layout layout = {.chain = chain, .reader = &device->reader};
    const struct sunspec_link *link = NULL;
    struct sunspec_place found_place = {0};
    struct error missing = {0};
    struct error error = {0};
    bool found = false;

    if (sunspec_place_find(&layout, point, &found_place, &found, &missing, &error) != ERROR_OK) {
        return;
    }
    if (!found) {
        if (missing.text[0] == '\0') {
            abort();
        }
        return;
    }
    for (unsigned i = 0; i < chain->count; i++) {
        link = chain->links[i].first <= found_place.first ? &chain->links[i] : link;
    }
    if (link == NULL || found_place.first + found_place.entry->registers >
                            link->first + SUNSPEC_HEADER + link->length) {
        abort();
    }
    decode(device, &found_place);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes)
{
    static const uint8_t little[CHOICES] = {0};
    static const unsigned bases[] = {40000, 50000, 0};
    char address[ADDRESS_MAX + sizeof("sunspec:")] = "sunspec:";
    struct sunspec_chain *chain = calloc(1, sizeof(*chain));
    struct sunspec_point point;
    struct device device = {.reader = {read_device}};
    struct error error = {0};
    size_t length;
    enum error_code code;

    if (chain == NULL) {
        return 0;
    }
    if (size_bytes < CHOICES) {
        bytes = little;
        size_bytes = CHOICES;
    }
    length = bytes[1] % (ADDRESS_MAX + 1U);
    length = length < size_bytes - CHOICES ? length : size_bytes - CHOICES;
    memcpy(address + sizeof("sunspec:") - 1, bytes + CHOICES, length);
    device.base = bases[bytes[0] % 3];
    device.most = bytes[0] < 128 ? TABLE_SIZE : device.base + bytes[0];
    device.bytes = bytes + CHOICES + length;
    device.size = size_bytes - CHOICES - length;
    code = sunspec_chain_read(chain, &device.reader, &error);
    if ((code == ERROR_OK) != chain->is_whole || (code != ERROR_OK && error.text[0] == '\0')) {
        abort();
    }
    if (sunspec_point_parse(address, &point, &error) == ERROR_OK && code == ERROR_OK) {
        place(&device, chain, &point);
    }
    free(chain);
    return 0;
}
