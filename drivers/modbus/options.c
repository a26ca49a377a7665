#include "drivers/modbus/options.h"

#include "base/clock.h"
#include "drivers/modbus/device.h"
#include "drivers/modbus/invalid.h"
#include "drivers/modbus/logs/logs.h"
#include "drivers/modbus/sunspec/bind.h"
#include "drivers/modbus/sunspec/point.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* The choices of a point's order: the device's own, then those of enum value_order. */
enum { POINT_ORDER_OF_DEVICE = 0, POINT_ORDER_FIRST = 1 };

/* The choices of its type: that of a SunSpec model, then those of enum value_type. */
enum { POINT_TYPE_OF_MODEL = 0, POINT_TYPE_FIRST = 1 };

/* What the drivers over TCP and over serial ports have in common. */
#define PLAN_OPTIONS                                                                               \
    {OPTION_UINT,                                                                                  \
     "gap",                                                                                        \
     "0",                                                                                          \
     0,                                                                                            \
     124,                                                                                          \
     offsetof(struct modbus_device, gap),                                                          \
     "most unrequested registers (or bits) that are read along to save a request",                 \
     NULL},                                                                                        \
        {OPTION_UINT,                                                                              \
         "block",                                                                                  \
         "125",                                                                                    \
         1,                                                                                        \
         VALUE_REGISTERS_MAX,                                                                      \
         offsetof(struct modbus_device, block),                                                    \
         "most registers in one request",                                                          \
         NULL},                                                                                    \
        {OPTION_UINT,                                                                              \
         "bit_block",                                                                              \
         "2000",                                                                                   \
         1,                                                                                        \
         EXCHANGE_BITS_MAX,                                                                        \
         offsetof(struct modbus_device, bit_block),                                                \
         "most coils or discrete inputs in one request",                                           \
         NULL},                                                                                    \
    {                                                                                              \
        OPTION_CHOICE, "order", "ABCD", 0, 0, offsetof(struct modbus_device, order),               \
            "byte order of points that give none", VALUE_ORDER_CHOICES                             \
    }

const struct option_spec modbus_device_options[] = {
    {OPTION_TEXT, "address", NULL, 1, 300, offsetof(struct modbus_device, address),
     "host:port of the device; without a port 502; IPv6 in brackets", NULL},
    {OPTION_UINT, "unit", "1", 0, 255, offsetof(struct modbus_device, unit),
     "unit id, 1 to 247; 0 or 255 for the device itself", NULL},
    {OPTION_DURATION, "timeout", "800ms", 10 * NS_PER_MS, 60 * NS_PER_S,
     offsetof(struct modbus_device, timeout_ns), "how long one request may wait for its answer",
     NULL},
    {OPTION_DURATION, "connect_timeout", "3s", 10 * NS_PER_MS, 60 * NS_PER_S,
     offsetof(struct modbus_device, connect_timeout_ns),
     "how long connecting may take, looking up the name included", NULL},
    {OPTION_DURATION, "connect_delay", "0s", 0, 3 * NS_PER_S,
     offsetof(struct modbus_device, connect_delay_ns),
     "how long a gateway needs after taking a connection before it can be asked", NULL},
    PLAN_OPTIONS,
    {.type = OPTION_END},
};

const struct option_spec modbus_device_serial_options[] = {
    {OPTION_TEXT, "port", NULL, 1, 200, offsetof(struct modbus_device, address),
     "the serial port, as in /dev/ttyRS485-0", NULL},
    {OPTION_CHOICE, "baud", "19200", 0, 0, offsetof(struct modbus_device, serial.baud_choice),
     "bits per second", SERIAL_BAUD_CHOICES},
    {OPTION_CHOICE, "parity", "even", 0, 0, offsetof(struct modbus_device, serial.parity),
     "of each character", SERIAL_PARITY_CHOICES},
    {OPTION_UINT, "stop_bits", "1", 1, 2, offsetof(struct modbus_device, serial.stop_bits),
     "of each character; the standard wants 2 with parity: none", NULL},
    {OPTION_CHOICE, "rs485", "none", 0, 0, offsetof(struct modbus_device, serial.rs485),
     "who switches the line to sending; none: the board or the adapter", SERIAL_RS485_CHOICES},
    {OPTION_DURATION, "turnaround", "0s", 0, NS_PER_S,
     offsetof(struct modbus_device, serial.turnaround_ns),
     "least silence before a request; the standard's 3.5 characters when shorter", NULL},
    {OPTION_UINT, "unit", "1", 1, 247, offsetof(struct modbus_device, unit), "unit id, 1 to 247",
     NULL},
    {OPTION_DURATION, "timeout", "800ms", 10 * NS_PER_MS, 60 * NS_PER_S,
     offsetof(struct modbus_device, timeout_ns),
     "how long the device may think; what the bytes take on the line comes on top", NULL},
    PLAN_OPTIONS,
    {.type = OPTION_END},
};

const struct option_spec modbus_device_point_options[] = {
    {OPTION_TEXT, "address", NULL, 1, 60, offsetof(struct modbus_point_options, address),
     "holding:100, input:100, coil:4, discrete:7, holding:100.3 for a bit (all from 0), "
     "sunspec:103.W; below logs record:2",
     NULL},
    {OPTION_CHOICE, "type", "model", 0, 0, offsetof(struct modbus_point_options, type),
     "what the registers hold; model: of a SunSpec point, what its model says",
     "model|" VALUE_TYPE_CHOICES},
    {OPTION_CHOICE, "order", "device", 0, 0, offsetof(struct modbus_point_options, order),
     "how bytes come over the wire, A the most significant; device: as the device's order",
     "device|" VALUE_ORDER_CHOICES},
    {OPTION_UINT, "length", "0", 0, VALUE_REGISTERS_MAX,
     offsetof(struct modbus_point_options, length), "registers of a string (two letters each)",
     NULL},
    {OPTION_TEXT, "invalid", "", 1, 200, offsetof(struct modbus_point_options, invalid),
     "what the registers hold when there is no value, as in 0x8000 or 0xffff, 0xfffe", NULL},
    {OPTION_TEXT, "scale_register", "", 1, 60,
     offsetof(struct modbus_point_options, scale_register),
     "the register with the power of ten that an integer is multiplied with, as in holding:105",
     NULL},
    {.type = OPTION_END},
};

static enum error_code check_writable(const struct modbus_point_options *options,
                                      const struct modbus_point *point, struct error *error)
{
    enum table table = point->address.table;

    if (!point->writable) {
        return ERROR_OK;
    }
    if (point->sunspec != NULL) {
        return error_set(
            error, ERROR_BAD_CONFIG,
            "address '%s': a SunSpec point cannot be written; remove writable, or give "
            "its register",
            options->address);
    }
    if (point->format.registers > EXCHANGE_WRITE_MAX) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "address '%s': at most %d registers can be written at once; lower its "
                         "length, or remove writable",
                         options->address, EXCHANGE_WRITE_MAX);
    }
    if (point->has_factor) { /* V5 */
        return error_set(error, ERROR_BAD_CONFIG,
                         "address '%s': a value with a scale_register cannot be written, since "
                         "the device may change its factor; remove writable",
                         options->address);
    }
    if (table == TABLE_COIL || table == TABLE_HOLDING) {
        return ERROR_OK;
    }
    return error_set(error, ERROR_BAD_CONFIG,
                     "address '%s': Modbus has no way to write %s; remove writable, or write a "
                     "holding register or a coil",
                     options->address,
                     table == TABLE_INPUT ? "an input register" : "a discrete input");
}

/** A bit is a bool and a bool is a bit. */
static enum error_code check_bool(const struct modbus_point_options *options,
                                  const struct modbus_point *point, struct error *error)
{
    bool is_bit = table_has_bits(point->address.table) || point->address.has_bit;

    if (options->type == POINT_TYPE_OF_MODEL) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "address '%s': write the type of its value, as in type: %s",
                         options->address, is_bit ? "bool" : "int16");
    }
    if (is_bit && point->format.type != VALUE_BOOL) {
        return error_set(error, ERROR_BAD_CONFIG, "address '%s' is one bit; write type: bool",
                         options->address);
    }
    if (!is_bit && point->format.type == VALUE_BOOL) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "address '%s' is a register of 16 bits; for a bool write which bit, as "
                         "in %s.0, or write type: uint16",
                         options->address, options->address);
    }
    return ERROR_OK;
}

static enum error_code check_length(const struct modbus_device *device,
                                    const struct modbus_point_options *options,
                                    struct modbus_point *point, struct error *error)
{
    bool is_string = point->format.type == VALUE_STRING;

    if (is_string && options->length == 0) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "address '%s': a string needs its length in registers, as in length: 8",
                         options->address);
    }
    if (!is_string && options->length != 0) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "address '%s': only a string has a length; leave it out",
                         options->address);
    }
    if (is_string) {
        point->format.registers = (uint16_t)options->length;
    }
    if (point->address.number + point->format.registers > UINT16_MAX + 1) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "address '%s': %u registers from there go beyond 65535, the last of the "
                         "table",
                         options->address, point->format.registers);
    }
    if (!table_has_bits(point->address.table) && point->format.registers > device->block) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "address '%s': its %u registers must come in one request, which the "
                         "device's block: %u forbids",
                         options->address, point->format.registers, (unsigned)device->block);
    }
    return ERROR_OK;
}

const char *modbus_device_point_type(const void *options)
{
    const struct modbus_point_options *point = options;
    struct sunspec_point sunspec;
    struct error ignored;

    if (sunspec_point_is(point->address)) { /* what is wrong with it add_point() says */
        return sunspec_point_parse(point->address, &sunspec, &ignored) == ERROR_OK
                   ? sunspec_entry_type(sunspec.choices[0].entry)
                   : NULL;
    }
    return point->scale_register != NULL ? "float64" : NULL; /* F2 */
}

static enum error_code add_factor(const struct modbus_device *device,
                                  const struct modbus_point_options *options,
                                  struct modbus_point *point, struct error *error)
{
    struct point_address address;
    enum error_code code;
    unsigned first;
    unsigned count;

    if (options->scale_register == NULL) {
        return ERROR_OK;
    }
    code = error_prefix(error, point_address_parse(options->scale_register, &address, error),
                        "scale_register");
    if (code != ERROR_OK) {
        return code;
    }
    if (!scale_fits(point->format.type)) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "address '%s': only an integer has a scale_register; leave it out",
                         options->address);
    }
    if (address.table != point->address.table || address.has_bit) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "scale_register '%s': write a whole register of the value's own table, as "
                         "in %s:%u; both must come in one answer",
                         options->scale_register, table_name(point->address.table), address.number);
    }
    point->has_factor = true;
    point->factor_number = address.number;
    modbus_point_span(point, &first, &count);
    if (count > device->block) {
        return error_set(
            error, ERROR_BAD_CONFIG,
            "address '%s': from it to scale_register '%s' there are %u registers; both "
            "must come in one answer, which block: %u forbids. Without scale_register "
            "a fixed factor can stand in scale",
            options->address, options->scale_register, count, (unsigned)device->block);
    }
    return ERROR_OK;
}

/** A point with configured registers, or one of a SunSpec model. */
static enum error_code read_point(struct modbus_device *device, struct arena *arena,
                                  const struct driver_point *configured, struct modbus_point *point,
                                  struct error *error)
{
    const struct modbus_point_options *options = configured->options;
    enum value_type type;
    enum error_code code;

    if (configured->group == NULL && sunspec_point_is(options->address)) {
        return sunspec_bind_add(device, arena, configured, point, error);
    }
    code = point_address_parse(options->address, &point->address, error);
    if (code != ERROR_OK) {
        return code;
    }
    if ((point->address.table == TABLE_RECORD) != (configured->group != NULL)) {
        return error_set(error, ERROR_BAD_CONFIG,
                         configured->group == NULL
                             ? "address '%s': only points below 'logs' stand in a record"
                             : "address '%s': points below 'logs' stand in the record; write "
                               "record:0 for its first register",
                         options->address);
    }
    type = options->type == POINT_TYPE_OF_MODEL
               ? VALUE_INT16 /* refused below */
               : (enum value_type)(options->type - POINT_TYPE_FIRST);
    point->format = (struct value_format){
        .type = type,
        .order = options->order == POINT_ORDER_OF_DEVICE
                     ? (enum value_order)device->order
                     : (enum value_order)(options->order - POINT_ORDER_FIRST),
        .registers = value_type_registers(type),
        .bit = point->address.bit,
    };
    code = check_bool(options, point, error);
    if (code == ERROR_OK) {
        code = check_length(device, options, point, error);
    }
    if (code == ERROR_OK) {
        code = add_factor(device, options, point, error);
    }
    if (code == ERROR_OK) {
        code = error_prefix(error, invalid_parse(options->invalid, arena, &point->format, error),
                            "address '%s'", options->address);
    }
    return code;
}

enum error_code modbus_device_add_point(void *state, struct arena *arena,
                                        const struct driver_point *configured, struct error *error)
{
    struct modbus_device *device = state;
    struct modbus_point *point = arena_allocate(arena, sizeof(*point));
    enum error_code code;

    if (point == NULL) {
        return error_set(error, ERROR_NO_MEMORY, "point %s: the configuration is too large",
                         configured->name);
    }
    point->point_id = configured->point_id;
    point->schedule = configured->schedule;
    point->writable = configured->writable;
    code = read_point(device, arena, configured, point, error);
    if (code == ERROR_OK && configured->group != NULL) {
        return logs_add_point(device, arena, configured, point, error);
    }
    if (code == ERROR_OK) {
        code = check_writable(configured->options, point, error);
    }
    if (code == ERROR_OK) {
        *(device->last != NULL ? device->last : &device->points) = point;
        device->last = &point->next;
        device->point_count++;
    }
    return code;
}

/** Most devices have no bits, which need eight times the room. */
static size_t answer_bytes(const struct modbus_device *device)
{
    for (const struct modbus_point *point = device->points; point != NULL; point = point->next) {
        if (table_has_bits(point->address.table)) {
            return sizeof(union exchange_answer);
        }
    }
    return sizeof(((union exchange_answer *)0)->registers);
}

static enum error_code make_plan(struct modbus_device *device, struct arena *arena,
                                 struct error *error)
{
    struct plan *plan = &device->plan;

    *plan = (struct plan){.gap = (unsigned)device->gap,
                          .block = (unsigned)device->block,
                          .bit_block = (unsigned)device->bit_block};
    plan->items = arena_allocate(arena, device->point_count * sizeof(plan->items[0]));
    device->answer = arena_allocate(arena, answer_bytes(device));
    if (plan->items == NULL || device->answer == NULL) {
        return error_set(error, ERROR_NO_MEMORY, "%u points: the configuration is too large",
                         (unsigned)device->point_count);
    }
    modbus_device_plan(device);
    return ERROR_OK;
}

/** A text in the arena; NULL: there is no room. */
PRINTF_LIKE(2, 3) static const char *compose(struct arena *arena, const char *format, ...)
{
    char text[512];
    va_list arguments;
    char *kept;
    size_t size;

    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments); /* names and ports are shorter */
    va_end(arguments);
    size = strlen(text) + 1;
    kept = arena_allocate(arena, size);
    return kept == NULL ? NULL : memcpy(kept, text, size);
}

/** What the device has in common with others, and what not; line_name is set. */
static enum error_code name_line(struct modbus_device *device, struct arena *arena,
                                 struct error *error)
{
    if (device->line_name != NULL) {
        device->session =
            compose(arena, "unit %u at %s", (unsigned)device->unit, device->line_name);
    }
    if (device->line_name == NULL || device->line_terms == NULL || device->session == NULL) {
        return error_set(error, ERROR_NO_MEMORY, "%.100s: the configuration is too large",
                         device->address);
    }
    return make_plan(device, arena, error);
}

enum error_code modbus_device_prepare(void *state, struct arena *arena, struct error *error)
{
    struct modbus_device *device = state;
    enum error_code code;

    if (device->unit > 247 && device->unit < 255) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "unit: %u is reserved by the standard; write 1 to 247, or 255 for the "
                         "device itself",
                         (unsigned)device->unit);
    }
    code = peer_parse(device->address, &device->peer, error);
    if (code != ERROR_OK) {
        return code;
    }
    device->line_name = compose(arena, "%s port %s", device->peer.host, device->peer.port);
    device->line_terms = ""; /* who connects does it as its own settings say */
    return name_line(device, arena, error);
}

enum error_code modbus_device_prepare_serial(void *state, struct arena *arena, struct error *error)
{
    struct modbus_device *device = state;

    if (device->address[0] != '/') {
        return error_set(error, ERROR_BAD_CONFIG,
                         "port: '%.100s' is not the whole name; write /dev/%.100s", device->address,
                         device->address);
    }
    device->is_serial = true;
    device->line_name = compose(arena, "port %s", device->address);
    device->line_terms =
        compose(arena, "baud: %u, parity: %s, stop_bits: %u, rs485: %s",
                serial_baud(&device->serial), serial_parity_name(&device->serial),
                (unsigned)device->serial.stop_bits, serial_rs485_name(&device->serial));
    return name_line(device, arena, error);
}
