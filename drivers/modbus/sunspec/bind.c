#include "drivers/modbus/sunspec/bind.h"

#include "base/crc.h"
#include "drivers/modbus/ask.h"
#include "drivers/modbus/device.h"
#include "drivers/modbus/memory.h"
#include "drivers/modbus/sunspec/place.h"

#include <stdlib.h>
#include <string.h>

enum { REMEMBERED_MAX_BYTES = 1 << 16 };

enum error_code sunspec_bind_add(struct modbus_device *device, struct arena *arena,
                                 const struct driver_point *configured, struct modbus_point *point,
                                 struct error *error)
{
    const struct modbus_point_options *options = configured->options;
    struct sunspec_point *sunspec = arena_allocate(arena, sizeof(*sunspec));
    enum error_code code;

    if (sunspec == NULL) {
        return error_set(error, ERROR_NO_MEMORY, "point %s: the configuration is too large",
                         configured->name);
    }
    if (options->type != 0 || options->order != 0 || options->length != 0 ||
        options->invalid != NULL || options->scale_register != NULL) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "address '%.60s': the model says all of a SunSpec point; leave out type, "
                         "order, length, invalid and scale_register",
                         options->address);
    }
    code = sunspec_point_parse(options->address, sunspec, error);
    if (code == ERROR_OK) {
        point->address.table = TABLE_HOLDING;
        point->sunspec = sunspec;
        point->missing = true; /* so far */
        device->sunspec.point_count++;
    }
    return code;
}

/** Asks the device while it is opened. */
struct device_reader {
    struct sunspec_reader reader; /* first: read() finds the rest */
    struct modbus_device *device;
    struct asking asking;
};

static enum error_code read_registers(struct sunspec_reader *reader, unsigned first, unsigned count,
                                      uint16_t *registers, bool *refused, struct error *error)
{
    struct device_reader *own = (struct device_reader *)(void *)reader;
    const struct plan_request request = {.table = TABLE_HOLDING, .first = first, .count = count};
    unsigned exception = 0;
    enum error_code code = ask_request(own->device, &own->asking, &request, &exception, error);
    uint32_t status;

    if (code == ERROR_OK && exception == EXCEPTION_NO_TIME) {
        code = error_set(error, ERROR_TIMEOUT, "no time is left; the next try goes on here");
    }
    if (code != ERROR_OK) {
        return code;
    }
    *refused = exception != EXCEPTION_NONE;
    status = exception_status(exception);
    if (!*refused) {
        memcpy(registers, own->device->answer->registers, count * sizeof(*registers));
    } else if (status == (uint32_t)STATUS_BAD_TIMEOUT ||
               status == (uint32_t)STATUS_BAD_NO_COMMUNICATION) {
        return error_set(error, ERROR_UNREACHABLE,
                         "the device is busy or not reached (exception %u)", exception);
    }
    return ERROR_OK;
}

/** B3 */
static bool fits_a_block(const struct modbus_device *device, const struct modbus_point *point,
                         struct error *missing)
{
    unsigned first;
    unsigned count;

    modbus_point_span(point, &first, &count);
    if (count <= device->block) {
        return true;
    }
    (void)error_set(missing, ERROR_UNREACHABLE,
                    "from it to its scale factor there are %u registers, more than fit into one "
                    "answer (block: %u)",
                    count, (unsigned)device->block);
    return false;
}

static enum error_code bind_point(struct sunspec_layout *layout, struct modbus_device *device,
                                  struct modbus_point *point, struct error *error)
{
    struct sunspec_binding *binding = &device->sunspec;
    struct sunspec_place place = {0};
    struct error missing = {0};
    bool found = false;
    enum error_code code =
        sunspec_place_find(layout, point->sunspec, &place, &found, &missing, error);

    if (code != ERROR_OK) {
        return code;
    }
    if (found) {
        point->entry = place.entry;
        point->address.number = place.first;
        point->format.registers = place.entry->registers;
        point->has_factor = place.has_factor;
        point->factor_number = place.factor_first;
        found = fits_a_block(device, point, &missing);
    }
    point->missing = !found;
    if (!found && binding->missing_count++ == 0) {
        (void)error_prefix(&missing, ERROR_UNREACHABLE, "sunspec:%u...%s",
                           point->sunspec->choices[0].id,
                           point->sunspec->steps[point->sunspec->step_count - 1].name);
        binding->missing = missing;
    }
    return ERROR_OK;
}

/** Where all the points stand; never 0. */
static uint32_t sum_places(const struct modbus_device *device)
{
    uint32_t sum = 0;

    for (const struct modbus_point *point = device->points; point != NULL; point = point->next) {
        const uint32_t facts[] = {point->missing, point->address.number, point->format.registers,
                                  point->has_factor, point->factor_number};

        if (point->sunspec != NULL) {
            sum = crc32c(sum, facts, sizeof(facts));
        }
    }
    return sum == 0 ? 1 : sum;
}

/** B1 */
static void use_places(struct modbus_device *device)
{
    struct sunspec_binding *binding = &device->sunspec;
    uint32_t sum = sum_places(device);

    if (sum == binding->places_sum) {
        return;
    }
    binding->places_sum = sum;
    binding->told = false;
    modbus_device_plan(device);
    if (binding->remembered != NULL &&
        memory_read(&device->plan, device->fingerprint, &device->probed_s, binding->remembered,
                    binding->remembered_bytes)) {
        device->told_sum = crc32c(0, binding->remembered, binding->remembered_bytes);
    }
    sunspec_bind_deinit(device);
}

enum error_code sunspec_bind(struct modbus_device *device, const struct clock *clock,
                             int64_t deadline_ns, struct error *error)
{
    struct sunspec_binding *binding = &device->sunspec;
    struct device_reader asking = {.reader = {read_registers},
                                   .device = device,
                                   .asking = {.clock = clock, .until_ns = deadline_ns}};
    struct sunspec_layout layout = {.chain = &binding->chain, .reader = &asking.reader};
    enum error_code code;

    if (binding->point_count == 0) {
        return ERROR_OK;
    }
    if (binding->chain.is_whole) {
        binding->chain = (struct sunspec_chain){.base_choice = binding->chain.base_choice};
    }
    code = sunspec_chain_read(&binding->chain, &asking.reader, error);
    binding->missing_count = 0;
    for (struct modbus_point *point = device->points; code == ERROR_OK && point != NULL;
         point = point->next) {
        code = point->sunspec == NULL ? ERROR_OK : bind_point(&layout, device, point, error);
    }
    if (code != ERROR_OK) {
        return code;
    }
    if (binding->missing_count == device->point_count) {
        return error_set(error, ERROR_UNREACHABLE, "the device has none of its %u points: %s",
                         (unsigned)device->point_count, binding->missing.text);
    }
    use_places(device);
    return ERROR_OK;
}

static void tell_missing(struct sunspec_binding *binding, struct driver_sink *sink, int64_t time_ns)
{
    const struct driver_rejection rejection = {.received_ns = time_ns,
                                               .source = "sunspec",
                                               .reason = binding->missing.text,
                                               .payload = "",
                                               .count = binding->missing_count};

    if (!binding->told && binding->missing_count > 0) {
        sink->reject(sink, &rejection);
    }
    binding->told = true;
}

bool sunspec_bind_emit_missing(struct modbus_device *device, const struct driver_turn *turn,
                               struct driver_sink *sink, int64_t time_ns)
{
    if (device->sunspec.point_count == 0) {
        return true;
    }
    tell_missing(&device->sunspec, sink, time_ns);
    for (const struct modbus_point *point = device->points; point != NULL; point = point->next) {
        const struct sample sample = {.time_ns = time_ns,
                                      .received_ns = time_ns,
                                      .point_id = point->point_id,
                                      .status = (uint32_t)STATUS_BAD_NODE_ID_UNKNOWN};

        if (point->missing && (turn->due >> point->schedule & 1) != 0 &&
            !driver_emit(sink, &sample)) {
            return false;
        }
    }
    return true;
}

void sunspec_bind_remember(struct modbus_device *device, const uint8_t *bytes, size_t size_bytes)
{
    struct sunspec_binding *binding = &device->sunspec;

    sunspec_bind_deinit(device);
    if (size_bytes > 0 && size_bytes <= REMEMBERED_MAX_BYTES) {
        binding->remembered = malloc(size_bytes); /* without it, it is learned anew */
    }
    if (binding->remembered != NULL) {
        memcpy(binding->remembered, bytes, size_bytes);
        binding->remembered_bytes = size_bytes;
    }
}

void sunspec_bind_deinit(struct modbus_device *device)
{
    free(device->sunspec.remembered);
    device->sunspec.remembered = NULL;
}
