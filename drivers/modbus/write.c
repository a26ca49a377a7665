#include "drivers/modbus/write.h"

#include "base/clock.h"
#include "drivers/modbus/ask.h"
#include "drivers/modbus/device.h"

#include <modbus/modbus.h>
#include <stdio.h>
#include <string.h>

/** One write() in progress. */
struct writing {
    struct modbus_device *device;
    const struct modbus_point *point;
    struct driver_write *write;
    struct asking asking;
    struct plan_request request;
    uint16_t registers[VALUE_REGISTERS_MAX]; /* to be written; of a bit [0] is 0 or 1 */
};

static const struct modbus_point *find_point(const struct modbus_device *device, uint32_t point_id)
{
    const struct modbus_point *point = device->points;

    while (point != NULL && point->point_id != point_id) {
        point = point->next;
    }
    return point;
}

static enum error_code find_writable(const struct modbus_device *device, uint32_t point_id,
                                     const struct modbus_point **found, struct error *error)
{
    const struct modbus_point *point = find_point(device, point_id);

    if (point == NULL || !point->writable) { /* D9 */
        return error_set(error, ERROR_BUG, "point %u of %s is not writable", (unsigned)point_id,
                         device->address);
    }
    *found = point;
    return ERROR_OK;
}

enum error_code modbus_device_fit(void *state, uint32_t point_id, struct sample *value,
                                  struct error *error)
{
    const struct modbus_point *point = NULL;
    enum error_code code = find_writable(state, point_id, &point, error);

    return code == ERROR_OK ? value_fit(&point->format, value, error) : code;
}

static bool is_bit(const struct modbus_point *point)
{
    return table_has_bits(point->address.table) || point->address.has_bit;
}

/** Read the point. *exception: EXCEPTION_NONE, and `sample` is filled. */
static enum error_code look(struct writing *writing, struct sample *sample, char *text,
                            unsigned *exception, struct error *error)
{
    struct modbus_device *device = writing->device;
    enum error_code code =
        ask_request(device, &writing->asking, &writing->request, exception, error);
    uint16_t coil[1];

    if (code != ERROR_OK || *exception != EXCEPTION_NONE) {
        return code;
    }
    coil[0] = device->answer->bits[0];
    value_decode(&writing->point->format,
                 table_has_bits(writing->request.table) ? coil : device->answer->registers, sample,
                 text);
    return ERROR_OK;
}

static int call_single(modbus_t *context, const struct plan_request *request, void *argument)
{
    const uint16_t *registers = argument;

    return request->table == TABLE_COIL
               ? modbus_write_bit(context, (int)request->first, registers[0])
               : modbus_write_register(context, (int)request->first, registers[0]);
}

static int call_several(modbus_t *context, const struct plan_request *request, void *argument)
{
    const uint16_t *registers = argument;
    const uint8_t bits[1] = {(uint8_t)registers[0]};

    return request->table == TABLE_COIL ? modbus_write_bits(context, (int)request->first, 1, bits)
                                        : modbus_write_registers(context, (int)request->first,
                                                                 (int)request->count, registers);
}

static int call_mask(modbus_t *context, const struct plan_request *request, void *argument)
{
    const uint16_t *masks = argument;

    return modbus_mask_write_register(context, (int)request->first, masks[0], masks[1]);
}

static enum error_code call(struct writing *writing, exchange_function *function, void *argument,
                            unsigned *exception, struct error *error)
{
    const struct exchange_call call = {.function = function, .argument = argument};
    enum driver_write_outcome before = writing->write->outcome;
    enum error_code code;

    writing->write->outcome = DRIVER_WRITE_UNKNOWN;
    code = ask_once(writing->device, &writing->asking, &writing->request, call, exception, error);
    if (code == ERROR_OK && *exception == EXCEPTION_NO_TIME) {
        writing->write->outcome = before;
    }
    return code;
}

static enum error_code send_bit(struct writing *writing, unsigned *exception, struct error *error)
{
    const struct value_format *format = &writing->point->format;
    bool swapped = format->order == ORDER_BADC || format->order == ORDER_DCBA;
    unsigned place = swapped ? format->bit ^ 8u : format->bit;
    uint16_t masks[2] = {(uint16_t) ~(1u << place), (uint16_t)(writing->registers[0] << place)};

    return call(writing, call_mask, masks, exception, error);
}

static enum error_code send(struct writing *writing, unsigned *exception, struct error *error)
{
    enum error_code code;

    if (writing->point->address.has_bit) {
        return send_bit(writing, exception, error);
    }
    if (writing->request.count > 1) {
        return call(writing, call_several, writing->registers, exception, error);
    }
    code = call(writing, call_single, writing->registers, exception, error);
    if (code == ERROR_OK && *exception == MODBUS_EXCEPTION_ILLEGAL_FUNCTION) {
        code = call(writing, call_several, writing->registers, exception, error);
    }
    return code;
}

static void say(struct driver_write *write, enum driver_write_outcome outcome, const char *what,
                unsigned exception)
{
    write->outcome = outcome;
    if (exception == EXCEPTION_NO_TIME) {
        (void)snprintf(write->reason, sizeof(write->reason), "%s: there was no time left", what);
    } else {
        (void)snprintf(write->reason, sizeof(write->reason), "%s: exception %u, %s", what,
                       exception & 0xff, exception_name(exception));
    }
}

/** V3 */
static bool says_nothing_was_done(unsigned exception)
{
    return exception == MODBUS_EXCEPTION_ILLEGAL_FUNCTION || exception_is_refusal(exception) ||
           exception == MODBUS_EXCEPTION_SLAVE_OR_SERVER_BUSY ||
           exception == MODBUS_EXCEPTION_GATEWAY_PATH;
}

static void say_refused(const struct writing *writing, unsigned exception)
{
    bool no_bits =
        writing->point->address.has_bit && exception == MODBUS_EXCEPTION_ILLEGAL_FUNCTION;

    say(writing->write, DRIVER_WRITE_REFUSED,
        no_bits ? "the device cannot change one bit of a register (function 22), and changing the "
                  "whole register could undo what the device does meanwhile"
                : "the device refused",
        exception);
}

static bool holds_what_was_written(const struct writing *writing)
{
    if (is_bit(writing->point)) {
        return writing->write->after.value.integer == writing->registers[0];
    }
    return memcmp(writing->device->answer->registers, writing->registers,
                  writing->request.count * sizeof(writing->registers[0])) == 0;
}

/** Send it and read it back; the present value is known. */
static enum error_code send_and_compare(struct writing *writing, struct error *error)
{
    struct driver_write *write = writing->write;
    unsigned refused = EXCEPTION_NONE;
    unsigned exception = EXCEPTION_NONE;
    enum error_code code = send(writing, &refused, error);

    if (code != ERROR_OK) {
        return code;
    }
    if (refused == EXCEPTION_NO_TIME) {
        say(write, DRIVER_WRITE_NONE, "nothing was sent", refused);
        return ERROR_OK;
    }
    if (says_nothing_was_done(refused)) {
        say_refused(writing, refused);
        return ERROR_OK;
    }
    code = look(writing, &write->after, write->after_text, &exception, error);
    if (code != ERROR_OK) {
        return code;
    }
    if (exception != EXCEPTION_NONE) {
        say(write, DRIVER_WRITE_UNKNOWN, "the device took it, but it cannot be read back",
            exception);
    } else if (holds_what_was_written(writing)) {
        write->outcome = DRIVER_WRITE_DONE;
    } else if (refused != EXCEPTION_NONE) {
        say_refused(writing, refused);
    } else {
        write->outcome = DRIVER_WRITE_DIFFERS;
        (void)snprintf(write->reason, sizeof(write->reason),
                       "the device took it, but another value was read back");
    }
    return ERROR_OK;
}

enum error_code modbus_device_write(void *state, struct driver_write *write, struct error *error)
{
    struct writing writing = {.device = state,
                              .write = write,
                              .asking = {.clock = write->clock, .until_ns = write->deadline_ns}};
    unsigned exception = EXCEPTION_NONE;
    enum error_code code;

    write->outcome = DRIVER_WRITE_NONE;
    write->reason[0] = '\0';
    write->before = write->after = (struct sample){.type = SAMPLE_NONE};
    code = find_writable(state, write->point_id, &writing.point, error);
    if (code != ERROR_OK) {
        return code;
    }
    writing.request = (struct plan_request){.table = writing.point->address.table,
                                            .first = writing.point->address.number,
                                            .count = writing.point->format.registers};
    code = look(&writing, &write->before, write->before_text, &exception, error); /* V1 */
    if (code == ERROR_OK && exception != EXCEPTION_NONE) {
        say(write, DRIVER_WRITE_NONE, "nothing was sent, since the present value cannot be read",
            exception);
    }
    if (code != ERROR_OK || exception != EXCEPTION_NONE || write->only_look) {
        return code;
    }
    if (is_bit(writing.point)) {
        writing.registers[0] = (uint16_t)(write->value.value.integer & 1);
    } else {
        value_encode(&writing.point->format, &write->value, writing.registers);
    }
    return send_and_compare(&writing, error);
}
