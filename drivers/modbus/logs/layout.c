#include "drivers/modbus/logs/layout.h"

#include "base/crc.h"
#include "base/parse.h"
#include "drivers/modbus/logs/functions.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { REGISTERS_OF_A_TABLE = UINT16_MAX + 1 };

const struct option_spec log_group_options[] = {
    {OPTION_TEXT, "records", NULL, 1, 60, offsetof(struct log_options, records),
     "where the first record is: holding:4000, input:4000, file:4 or file:4/1; or fifo:1000", NULL},
    {OPTION_UINT, "length", NULL, 1, VALUE_REGISTERS_MAX, offsetof(struct log_options, length),
     "registers from one record to the next", NULL},
    {OPTION_UINT, "count", "", 1, REGISTERS_OF_A_TABLE, offsetof(struct log_options, count),
     "how many records the device keeps before it overwrites the oldest; not of a fifo", NULL},
    {OPTION_CHOICE, "file_numbers", "none", 0, 0, offsetof(struct log_options, file_numbers),
     "of a file: what its record numbers count", LOG_FILE_CHOICES},
    {OPTION_TEXT, "index", "", 1, 60, offsetof(struct log_options, index),
     "the register that tells how far the device has written: holding:3990; not of a fifo", NULL},
    {OPTION_CHOICE, "index_type", "uint16", 0, 0, offsetof(struct log_options, index_type),
     "what that register holds", "uint16|uint32"},
    {OPTION_CHOICE, "index_says", "none", 0, 0, offsetof(struct log_options, index_says),
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

/** In one request. */
static unsigned registers_most(const struct log_layout *layout, unsigned block)
{
    unsigned most = layout->kind == LOG_QUEUE  ? QUEUE_REGISTERS_MAX
                    : layout->kind == LOG_FILE ? file_part_most(1, true)
                                               : block;

    return most < block ? most : block;
}

unsigned log_layout_most(const struct log_layout *layout, unsigned block)
{
    unsigned most = registers_most(layout, block) / layout->length;

    if (layout->kind == LOG_FILE && file_part_most(layout->length, layout->by_register) < most) {
        most = file_part_most(layout->length, layout->by_register);
    }
    return most;
}

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

/** "file:4", "file:4/1", "fifo:1000": true when it begins so. */
static bool parse_numbers(const char *text, const char *word, uint64_t *number, uint64_t *first)
{
    char digits[16];
    char *slash;
    size_t length = strlen(word);

    if (strncmp(text, word, length) != 0 || strlen(text + length) >= sizeof(digits)) {
        return false;
    }
    (void)snprintf(digits, sizeof(digits), "%s", text + length); /* fits */
    slash = first != NULL ? strchr(digits, '/') : NULL;
    if (slash != NULL) {
        *slash = '\0';
        if (!parse_uint64(slash + 1, first)) {
            return false;
        }
    }
    return parse_uint64(digits, number);
}

/** Where the records are. */
static enum error_code set_place(struct log_layout *layout, const char *text, struct error *error)
{
    struct point_address address = {0};
    enum error_code code = ERROR_OK;
    uint64_t number = 0;
    uint64_t first = 0;

    if (parse_numbers(text, "file:", &number, &first)) {
        layout->kind = LOG_FILE;
        if (number == 0 || number > UINT16_MAX || first > FILE_NUMBER_MAX) {
            return error_set(error, ERROR_BAD_CONFIG,
                             "records: '%s': files are 1 to 65535, their records 0 to %d", text,
                             FILE_NUMBER_MAX);
        }
        layout->file = (uint16_t)number;
        layout->first = (uint16_t)first;
        return ERROR_OK;
    }
    if (parse_numbers(text, "fifo:", &number, NULL)) {
        layout->kind = LOG_QUEUE;
        layout->first = (uint16_t)number;
        return number <= UINT16_MAX ? ERROR_OK
                                    : error_set(error, ERROR_BAD_CONFIG,
                                                "records: '%s': addresses are 0 to 65535", text);
    }
    code = parse_register("records", text, &address, error);
    layout->kind = LOG_REGISTERS;
    layout->table = address.table;
    layout->first = address.number;
    return code;
}

/** How many there are and how they are numbered, of a ring. */
static enum error_code set_count(struct log_layout *layout, const struct log_options *options,
                                 struct error *error)
{
    bool is_file = layout->kind == LOG_FILE;
    uint64_t end;

    if (options->count == 0) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "count: is missing; write how many records the device keeps before it "
                         "overwrites the oldest");
    }
    if (is_file != (options->file_numbers != LOG_FILE_NONE)) {
        return error_set(error, ERROR_BAD_CONFIG,
                         is_file ? "file_numbers: is missing; write records if the device numbers "
                                   "whole records, or registers"
                                 : "file_numbers: only records: file:... have some; remove it");
    }
    layout->by_register = options->file_numbers == LOG_FILE_REGISTERS;
    end = layout->first + options->count * (is_file && !layout->by_register ? 1 : options->length);
    if (end > (is_file ? FILE_NUMBER_MAX + 1 : REGISTERS_OF_A_TABLE)) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "records: %u records of %u registers from '%s' go beyond %d, the last of "
                         "%s; check count and length",
                         (unsigned)options->count, (unsigned)options->length, options->records,
                         is_file ? FILE_NUMBER_MAX : REGISTERS_OF_A_TABLE - 1,
                         is_file ? "a file" : "the table");
    }
    layout->count = (uint32_t)options->count;
    return ERROR_OK;
}

static enum error_code set_records(struct log_layout *layout, const struct log_options *options,
                                   unsigned block, struct error *error)
{
    enum error_code code = set_place(layout, options->records, error);

    layout->records = options->records;
    layout->length = (uint16_t)options->length;
    if (code == ERROR_OK && layout->kind != LOG_QUEUE) {
        code = set_count(layout, options, error);
    }
    if (code == ERROR_OK && log_layout_most(layout, block) == 0) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "length: a record of %u registers must come in one request; the device's "
                         "block: %u, or the function, allows %u at most",
                         (unsigned)options->length, block, registers_most(layout, block));
    }
    return code;
}

/** A queue has no more to say. */
static enum error_code check_queue(const struct log_options *options, struct error *error)
{
    return options->count == 0 && options->index == NULL && options->index_says == LOG_INDEX_NONE &&
                   options->file_numbers == LOG_FILE_NONE
               ? ERROR_OK
               : error_set(error, ERROR_BAD_CONFIG,
                           "records: '%s' is a queue: remove count, index, index_says and "
                           "file_numbers",
                           options->records);
}

static enum error_code set_index(struct log_layout *layout, const struct log_options *options,
                                 enum value_order order, struct error *error)
{
    static const enum value_type types[] = {VALUE_UINT16, VALUE_UINT32};
    enum value_type type = types[options->index_type];
    enum error_code code;

    if (options->index == NULL || options->index_says == LOG_INDEX_NONE) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "%s: is missing; write the register that tells how far the device has "
                         "written, and what it says: index_says: next, newest or written",
                         options->index == NULL ? "index" : "index_says");
    }
    code = parse_register("index", options->index, &layout->index, error);
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
        code = layout->kind == LOG_QUEUE ? check_queue(options, error)
                                         : set_index(layout, options, order, error);
    }
    if (code == ERROR_OK) {
        code = set_time(layout, options, order, arena, error);
    }
    if (code == ERROR_OK) {
        int size =
            snprintf(text, sizeof(text), "%s %u*%u %d:%u %d %u %d", layout->records, layout->count,
                     layout->length, layout->index.table, layout->index.number, layout->index_says,
                     layout->index_first, layout->by_register);

        layout->fingerprint = crc32c(0, text, (size_t)size); /* fits */
    }
    return code;
}
