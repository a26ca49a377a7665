#include "drivers/modbus/logs/layout.h"

#include "base/crc.h"

#include <stddef.h>
#include <stdio.h>

enum { REGISTERS_OF_A_TABLE = UINT16_MAX + 1 };

const struct option_spec log_group_options[] = {
    {OPTION_TEXT, "records", NULL, 1, 60, offsetof(struct log_options, records),
     "the first register of the first record: holding:4000 or input:4000", NULL},
    {OPTION_UINT, "length", NULL, 1, VALUE_REGISTERS_MAX, offsetof(struct log_options, length),
     "registers from one record to the next", NULL},
    {OPTION_UINT, "count", NULL, 1, REGISTERS_OF_A_TABLE, offsetof(struct log_options, count),
     "how many records the device keeps before it overwrites the oldest", NULL},
    {OPTION_TEXT, "index", NULL, 1, 60, offsetof(struct log_options, index),
     "the register that tells how far the device has written: holding:3990", NULL},
    {OPTION_CHOICE, "index_type", "uint16", 0, 0, offsetof(struct log_options, index_type),
     "what that register holds", "uint16|uint32"},
    {OPTION_CHOICE, "index_says", NULL, 0, 0, offsetof(struct log_options, index_says),
     "which record it names: next to be written, newest, or how many were ever written",
     LOG_INDEX_CHOICES},
    {OPTION_UINT, "index_first", "0", 0, 1, offsetof(struct log_options, index_first),
     "what next and newest call the first record: 0 or 1", NULL},
    {OPTION_TEXT, "time", NULL, 1, 60, offsetof(struct log_options, time),
     "where a record holds its time: record:0", NULL},
    {OPTION_CHOICE, "time_format", NULL, 0, 0, offsetof(struct log_options, time_format),
     "how: seconds or milliseconds since 1970, six registers from year to second, CP56Time2a",
     STAMP_FORMAT_CHOICES},
    {OPTION_TEXT, "zone", "local", 1, 64, offsetof(struct log_options, zone),
     "where times of calendar and iec are from: local, utc, +01:00, Europe/Berlin", NULL},
    {.type = OPTION_END},
};

/** A whole register of a table that may hold records. */
static enum error_code parse_register(const char *key, const char *text,
                                      struct point_address *address, struct error *error)
{
    enum error_code code =
        error_prefix(error, point_address_parse(text, address, error), "%s", key);

    if (code == ERROR_OK &&
        (address->has_bit || (address->table != TABLE_HOLDING && address->table != TABLE_INPUT))) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "%s: '%s' is no whole register of the device; write holding:%u or "
                         "input:%u",
                         key, text, address->number, address->number);
    }
    return code;
}

static enum error_code set_records(struct log_layout *layout, const struct log_options *options,
                                   unsigned block, struct error *error)
{
    struct point_address address;
    enum error_code code = parse_register("records", options->records, &address, error);

    if (code != ERROR_OK) {
        return code;
    }
    if (address.number + options->count * options->length > REGISTERS_OF_A_TABLE) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "records: %u records of %u registers from '%s' go beyond 65535, the last "
                         "of the table; check count and length",
                         (unsigned)options->count, (unsigned)options->length, options->records);
    }
    if (options->length > block) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "length: a record of %u registers must come in one request, which the "
                         "device's block: %u forbids",
                         (unsigned)options->length, block);
    }
    layout->records = options->records;
    layout->table = address.table;
    layout->first = address.number;
    layout->length = (uint16_t)options->length;
    layout->count = (uint32_t)options->count;
    return ERROR_OK;
}

static enum error_code set_index(struct log_layout *layout, const struct log_options *options,
                                 enum value_order order, struct error *error)
{
    static const enum value_type types[] = {VALUE_UINT16, VALUE_UINT32};
    enum value_type type = types[options->index_type];
    enum error_code code = parse_register("index", options->index, &layout->index, error);

    if (code != ERROR_OK) {
        return code;
    }
    if (options->index_says != LOG_INDEX_WRITTEN && layout->count < 2) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "count: with one record nothing tells whether it is new but a counter; "
                         "write index_says: written");
    }
    if (type == VALUE_UINT32 && layout->index.number == UINT16_MAX) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "index: '%s' is the last register and has no second one; write "
                         "index_type: uint16",
                         options->index);
    }
    layout->index_format = (struct value_format){
        .type = type, .order = order, .registers = value_type_registers(type)};
    layout->index_says = (enum log_index)options->index_says;
    layout->index_first = (uint32_t)options->index_first;
    return ERROR_OK;
}

static enum error_code set_time(struct log_layout *layout, const struct log_options *options,
                                enum value_order order, struct arena *arena, struct error *error)
{
    struct point_address address;
    enum error_code code =
        error_prefix(error, point_address_parse(options->time, &address, error), "time");

    if (code != ERROR_OK) {
        return code;
    }
    if (address.table != TABLE_RECORD || address.has_bit) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "time: '%s' is not in the record; write how many registers behind its "
                         "first one: record:0",
                         options->time);
    }
    layout->stamp.format = (enum stamp_format)options->time_format;
    layout->stamp.order = order;
    layout->stamp.offset = address.number;
    if ((unsigned)address.number + stamp_registers(layout->stamp.format) > layout->length) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "time: its %u registers from '%s' go beyond the record, which has "
                         "length: %u",
                         stamp_registers(layout->stamp.format), options->time, layout->length);
    }
    return stamp_is_local(layout->stamp.format)
               ? zone_set(&layout->stamp.zone, options->zone, arena, error)
               : ERROR_OK;
}

enum error_code log_layout_set(struct log_layout *layout, const struct log_options *options,
                               unsigned block, enum value_order order, struct arena *arena,
                               struct error *error)
{
    char text[200];
    enum error_code code = set_records(layout, options, block, error);

    if (code == ERROR_OK) {
        code = set_index(layout, options, order, error);
    }
    if (code == ERROR_OK) {
        code = set_time(layout, options, order, arena, error);
    }
    if (code == ERROR_OK) {
        int size = snprintf(text, sizeof(text), "%d:%u %u*%u %d:%u %d %u", layout->table,
                            layout->first, layout->count, layout->length, layout->index.table,
                            layout->index.number, layout->index_says, layout->index_first);

        layout->fingerprint = crc32c(0, text, (size_t)size); /* fits */
    }
    return code;
}
