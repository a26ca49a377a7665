#include "drivers/modbus/modbus.h"

#include "base/clock.h"
#include "base/crc.h"
#include "drivers/modbus/device.h"
#include "drivers/modbus/learning.h"
#include "drivers/modbus/memory.h"
#include "drivers/modbus/sunspec/decode.h"
#include "drivers/modbus/write.h"

enum { PROBE_EVERY_S = 24 * 60 * 60 };

static enum error_code open_tcp(struct modbus_device *device, enum exchange_framing framing,
                                const struct clock *clock, int64_t deadline_ns, struct error *error)
{
    int64_t limit_ns = clock_monotonic_ns(clock) + device->connect_timeout_ns;
    enum error_code code;
    int fd = -1;

    code = dial_connect(&device->dial, &device->peer, clock,
                        limit_ns < deadline_ns ? limit_ns : deadline_ns, &fd, error);
    if (code == ERROR_OK) {
        code = exchange_open(&device->exchange, fd, (unsigned)device->unit, framing, &device->peer,
                             error);
    }
    return code == ERROR_OK ? sunspec_bind(device, clock, deadline_ns, error) : code;
}

static enum error_code modbus_tcp_open(void *state, const struct clock *clock, int64_t deadline_ns,
                                       struct error *error)
{
    return open_tcp(state, EXCHANGE_TCP, clock, deadline_ns, error);
}

static enum error_code modbus_rtu_tcp_open(void *state, const struct clock *clock,
                                           int64_t deadline_ns, struct error *error)
{
    return open_tcp(state, EXCHANGE_RTU, clock, deadline_ns, error);
}

static enum error_code modbus_rtu_open(void *state, const struct clock *clock, int64_t deadline_ns,
                                       struct error *error)
{
    struct modbus_device *device = state;
    enum error_code code = exchange_open_serial(&device->exchange, &device->serial, device->address,
                                                (unsigned)device->unit, error);

    return code == ERROR_OK ? sunspec_bind(device, clock, deadline_ns, error) : code;
}

/** One read() in progress. */
struct reading {
    struct modbus_device *device;
    const struct driver_turn *turn;
    struct driver_sink *sink;
    int64_t time_ns;          /* M1 */
    int64_t slowest_ns;       /* answer of this turn */
    struct learning learning; /* M3 */
};

/** Of a point of registers; the answer begins with register `first`. */
static void decode_registers(struct modbus_device *device, const struct modbus_point *point,
                             unsigned first, struct sample *sample)
{
    const uint16_t *value = device->answer.registers + (point->address.number - first);
    const uint16_t *factor =
        point->has_factor ? device->answer.registers + (point->factor_number - first) : NULL;

    if (point->sunspec != NULL) {
        sunspec_decode(point->entry, value, factor, sample, device->text);
        return;
    }
    value_decode(&point->format, value, sample, device->text);
    if (factor != NULL) {
        scale_apply(&point->format, *factor, sample);
    }
}

/** Emit the due points of an answered request. false: the sink has no room (D8). */
static bool hand_over(struct reading *reading, const struct plan_request *request, uint32_t status)
{
    struct modbus_device *device = reading->device;

    for (size_t i = request->begin; i < request->end; i++) {
        const struct plan_item *item = &device->plan.items[i];
        const struct modbus_point *point = item->point;
        struct sample sample = {
            .time_ns = reading->time_ns,
            .received_ns = reading->time_ns,
            .point_id = point->point_id,
            .status = status,
        };
        unsigned place = point->address.number - request->first;
        uint16_t bit_register[1];

        if (!plan_item_is_due(item, reading->turn->due)) {
            continue;
        }
        if (status == STATUS_GOOD && table_has_bits(request->table)) {
            bit_register[0] = device->answer.bits[place];
            value_decode(&point->format, bit_register, &sample, device->text);
        } else if (status == STATUS_GOOD) {
            decode_registers(device, point, request->first, &sample);
        }
        if (!driver_emit(reading->sink, &sample)) {
            return false;
        }
    }
    return true;
}

/** Ask once if the turn has the time. Sets *exception (0: answered). */
static enum error_code ask_once(struct reading *reading, const struct plan_request *request,
                                unsigned *exception, struct error *error)
{
    struct modbus_device *device = reading->device;
    int64_t begun_ns = clock_monotonic_ns(reading->turn->clock);
    int64_t left_ns = reading->turn->deadline_ns - begun_ns;
    int64_t limit_ns = modbus_device_patience_ns(device, request);
    enum error_code code;
    int64_t took_ns;

    if (left_ns < NS_PER_MS || left_ns < reading->slowest_ns) { /* M5: it could not be answered */
        *exception = EXCHANGE_NO_TIME;
        return ERROR_OK;
    }
    code = exchange_read(&device->exchange, request, left_ns < limit_ns ? left_ns : limit_ns,
                         &device->answer, exception, error);
    took_ns = clock_monotonic_ns(reading->turn->clock) - begun_ns;
    reading->slowest_ns = took_ns > reading->slowest_ns ? took_ns : reading->slowest_ns;
    return code;
}

static enum error_code ask(struct reading *reading, const struct plan_request *request,
                           unsigned *exception, struct error *error)
{
    enum error_code code = ask_once(reading, request, exception, error);

    if (code == ERROR_PROTOCOL && reading->device->exchange.framing == EXCHANGE_RTU) { /* M6 */
        code = ask_once(reading, request, exception, error);
    }
    return code;
}

static enum learning_outcome outcome_of(unsigned exception)
{
    return exception == EXCHANGE_ANSWERED   ? LEARNING_ANSWERED
           : exchange_is_refusal(exception) ? LEARNING_REFUSED
                                            : LEARNING_FAILED;
}

/** M3: once a day each thing that was learned is tried again, one a turn. */
static void probe(struct modbus_device *device, int64_t now_ns)
{
    int64_t now_s = now_ns / NS_PER_S;

    if (device->probed_s == 0 && memory_is_needed(&device->plan)) {
        device->probed_s = now_s; /* what was just learned is not tried today */
        device->plan.changed = true;
    }
    if (device->probed_s == 0) {
        return;
    }
    if (now_s < device->probed_s || now_s - device->probed_s >= PROBE_EVERY_S) {
        device->probed_s = now_s;
        device->probe_place = 0;
        device->probing = true;
    }
    device->probing = device->probing && learning_probe(&device->plan, &device->probe_place);
}

static enum error_code modbus_read(void *state, const struct driver_turn *turn,
                                   struct driver_sink *sink, struct error *error)
{
    struct modbus_device *device = state;
    int64_t now_ns = clock_utc_ns(turn->clock);
    struct reading reading = {
        .device = device,
        .turn = turn,
        .sink = sink,
        .time_ns = now_ns - (now_ns % NS_PER_MS + NS_PER_MS) % NS_PER_MS,
    };
    struct plan_request request;
    size_t from = 0;

    probe(device, now_ns);
    while (plan_next(&device->plan, turn->due, from, &request)) {
        unsigned exception = 0;
        enum error_code code = ask(&reading, &request, &exception, error);

        if (code != ERROR_OK) {
            learning_abandon(&reading.learning, &device->plan);
            return code;
        }
        if (exchange_is_refusal(exception) &&
            learning_cut(&reading.learning, &device->plan, turn->due, &request)) {
            continue;
        }
        learning_note(&reading.learning, &device->plan, turn->due, &request, outcome_of(exception));
        if (!hand_over(&reading, &request, exchange_status(exception))) {
            learning_abandon(&reading.learning, &device->plan);
            return ERROR_OK; /* D8: the rest of the turn is dropped and the host counts it */
        }
        from = request.end;
    }
    (void)sunspec_bind_emit_missing(device, turn, sink, reading.time_ns); /* D8: as above */
    return ERROR_OK;
}

/** What is the same as the last time is not told again. */
static bool modbus_learned(void *state, struct buffer *bytes)
{
    struct modbus_device *device = state;
    uint32_t sum;

    if (!device->plan.changed) {
        return false;
    }
    device->plan.changed = false;
    if (!memory_is_needed(&device->plan)) {
        device->probed_s = 0;
    }
    memory_write(&device->plan, device->fingerprint, device->probed_s, bytes);
    sum = crc32c(0, bytes->bytes, bytes->size);
    if (bytes->failed || sum == device->told_sum) {
        return false;
    }
    device->told_sum = sum;
    return true;
}

static void modbus_remember(void *state, const uint8_t *bytes, size_t size_bytes)
{
    struct modbus_device *device = state;

    if (device->sunspec.point_count > 0) {
        sunspec_bind_remember(device, bytes, size_bytes);
    } else if (memory_read(&device->plan, device->fingerprint, &device->probed_s, bytes,
                           size_bytes)) {
        device->told_sum = crc32c(0, bytes, size_bytes);
    }
}

static void modbus_committed(void *state)
{
    (void)state; /* a slave does not care who remembers its values */
}

static void modbus_close_device(void *state)
{
    struct modbus_device *device = state;

    exchange_close(&device->exchange);
}

static void modbus_destroy(void *state)
{
    struct modbus_device *device = state;

    exchange_close(&device->exchange);
    dial_deinit(&device->dial);
    sunspec_bind_deinit(device);
}

static const char *modbus_session(const void *state)
{
    const struct modbus_device *device = state;

    return device->session;
}

const struct driver modbus_tcp_driver = {
    .name = "modbus-tcp",
    .summary = "reads and writes coils, inputs and registers of Modbus TCP devices and gateways",
    .options = modbus_device_options,
    .state_size = sizeof(struct modbus_device),
    .point_options = modbus_device_point_options,
    .point_size = sizeof(struct modbus_point_options),
    .point_address_offset = offsetof(struct modbus_point_options, address),
    .point_type = modbus_device_point_type,
    .add_point = modbus_device_add_point,
    .prepare = modbus_device_prepare,
    .open = modbus_tcp_open,
    .read = modbus_read,
    .learned = modbus_learned,
    .remember = modbus_remember,
    .committed = modbus_committed,
    .fit = modbus_device_fit,
    .write = modbus_device_write,
    .close = modbus_close_device,
    .destroy = modbus_destroy,
};

const struct driver modbus_rtu_tcp_driver = {
    .name = "modbus-rtu-tcp",
    .summary =
        "reads and writes Modbus RTU over TCP: serial gateways that pass frames on as they are",
    .options = modbus_device_options,
    .state_size = sizeof(struct modbus_device),
    .point_options = modbus_device_point_options,
    .point_size = sizeof(struct modbus_point_options),
    .point_address_offset = offsetof(struct modbus_point_options, address),
    .point_type = modbus_device_point_type,
    .add_point = modbus_device_add_point,
    .prepare = modbus_device_prepare,
    .open = modbus_rtu_tcp_open,
    .read = modbus_read,
    .learned = modbus_learned,
    .remember = modbus_remember,
    .committed = modbus_committed,
    .fit = modbus_device_fit,
    .write = modbus_device_write,
    .close = modbus_close_device,
    .destroy = modbus_destroy,
};

const struct driver modbus_rtu_driver = {
    .name = "modbus-rtu",
    .summary = "reads and writes a Modbus RTU device on a serial port",
    .options = modbus_device_serial_options,
    .state_size = sizeof(struct modbus_device),
    .point_options = modbus_device_point_options,
    .point_size = sizeof(struct modbus_point_options),
    .point_address_offset = offsetof(struct modbus_point_options, address),
    .point_type = modbus_device_point_type,
    .add_point = modbus_device_add_point,
    .prepare = modbus_device_prepare_serial,
    .session = modbus_session,
    .open = modbus_rtu_open,
    .read = modbus_read,
    .learned = modbus_learned,
    .remember = modbus_remember,
    .committed = modbus_committed,
    .fit = modbus_device_fit,
    .write = modbus_device_write,
    .close = modbus_close_device,
    .destroy = modbus_destroy,
};
