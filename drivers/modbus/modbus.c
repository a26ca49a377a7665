#include "drivers/modbus/modbus.h"

#include "base/clock.h"
#include "base/crc.h"
#include "drivers/modbus/ask.h"
#include "drivers/modbus/decode.h"
#include "drivers/modbus/device.h"
#include "drivers/modbus/identify.h"
#include "drivers/modbus/learning.h"
#include "drivers/modbus/load.h"
#include "drivers/modbus/logs/logs.h"
#include "drivers/modbus/memory.h"
#include "drivers/modbus/options.h"
#include "drivers/modbus/sunspec/bind.h"
#include "drivers/modbus/write.h"

#include <stdlib.h>

enum { PROBE_EVERY_S = 24 * 60 * 60 };

/** Without a line from the host the device has one to itself. */
static enum error_code have_line(struct modbus_device *device, struct error *error)
{
    struct line *line;
    enum error_code code;

    if (device->on_line.line != NULL) {
        return ERROR_OK;
    }
    line = calloc(1, sizeof(*line));
    code = line == NULL ? error_set(error, ERROR_NO_MEMORY, "%.200s: no memory for a connection",
                                    device->line_name)
                        : line_init(line, error);
    if (code != ERROR_OK) {
        free(line);
        return code;
    }
    device->own_line = line;
    line_join(&device->on_line, line);
    return ERROR_OK;
}

/** One request to a unit that failed on a line it shares: whether it answers at all. While it does
 *  not, nothing else is asked of it, and the next suspect has its turn (line.h, B2). */
static enum error_code try_suspect(struct modbus_device *device, struct asking *asking,
                                   struct error *error)
{
    struct plan_request request;
    unsigned exception;

    if (!device->on_line.failing || !line_is_shared(&device->on_line) ||
        !plan_next(&device->plan, UINT32_MAX, 0, &request)) {
        return ERROR_OK;
    }
    return ask_request(device, asking, &request, &exception, error);
}

static enum error_code open_device(struct modbus_device *device, enum exchange_framing framing,
                                   const struct clock *clock, int64_t deadline_ns,
                                   struct error *error)
{
    struct asking asking = {.clock = clock, .until_ns = deadline_ns};
    enum error_code code = have_line(device, error);

    if (code != ERROR_OK) {
        return code;
    }
    device->framing = framing;
    logs_begin(&device->logs);
    line_use(&device->on_line);
    code = ask_connect(device, &asking, error);
    if (code == ERROR_OK) {
        code = try_suspect(device, &asking, error);
    }
    return code == ERROR_OK ? sunspec_bind(device, clock, deadline_ns, error) : code;
}

static enum error_code modbus_tcp_open(void *state, const struct clock *clock, int64_t deadline_ns,
                                       struct error *error)
{
    return open_device(state, EXCHANGE_TCP, clock, deadline_ns, error);
}

static enum error_code modbus_rtu_open(void *state, const struct clock *clock, int64_t deadline_ns,
                                       struct error *error)
{
    return open_device(state, EXCHANGE_RTU, clock, deadline_ns, error);
}

/** One read() in progress. */
struct reading {
    struct modbus_device *device;
    const struct driver_turn *turn;
    struct driver_sink *sink;
    int64_t begun_ns; /* UTC */
    struct asking asking;
    struct learning learning; /* M3 */
    unsigned busy;            /* requests that were answered so (M4) */
    bool is_answered;         /* one that was not */
};

/** M1 */
static int64_t sample_time_ns(const struct reading *reading)
{
    int64_t asked_ns = reading->asking.asked_ns != 0 ? reading->asking.asked_ns : reading->begun_ns;

    return asked_ns - (asked_ns % NS_PER_MS + NS_PER_MS) % NS_PER_MS;
}

/** Emit the due points of an answered request. false: the sink has no room (D8). */
static bool hand_over(struct reading *reading, const struct plan_request *request, uint32_t status)
{
    struct modbus_device *device = reading->device;
    int64_t time_ns = sample_time_ns(reading);

    for (size_t i = request->begin; i < request->end; i++) {
        const struct plan_item *item = &device->plan.items[i];
        const struct modbus_point *point = item->point;
        struct sample sample = {
            .time_ns = time_ns,
            .received_ns = time_ns,
            .point_id = point->point_id,
            .status = status,
        };
        unsigned place = point->address.number - request->first;
        uint16_t bit_register[1];

        if (!plan_item_is_due(item, reading->turn->due)) {
            continue;
        }
        if (status == STATUS_GOOD && table_has_bits(request->table)) {
            bit_register[0] = device->answer->bits[place];
            value_decode(&point->format, bit_register, &sample, device->text);
        } else if (status == STATUS_GOOD) {
            modbus_point_decode(point, device->answer->registers, request->first, &sample,
                                device->text);
        }
        if (!driver_emit(reading->sink, &sample)) {
            return false;
        }
    }
    return true;
}

static enum learning_outcome outcome_of(unsigned exception)
{
    return exception == EXCEPTION_NONE       ? LEARNING_ANSWERED
           : exception_is_refusal(exception) ? LEARNING_REFUSED
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

/** M4. false: it goes on. */
static bool is_too_busy(struct reading *reading, unsigned exception)
{
    if (exception_is_busy(exception)) {
        reading->busy++;
    } else if (exception != EXCEPTION_NO_TIME) {
        reading->is_answered = true;
    }
    return reading->busy > 1 && !reading->is_answered;
}

static enum error_code say_busy(const struct modbus_device *device, struct error *error)
{
    return error_set(error, ERROR_TIMEOUT,
                     "%.150s unit %u: it says that it is busy (exception 05 or 06), also when it "
                     "is asked again; give it longer intervals, or find out what keeps it so",
                     device->line_name, (unsigned)device->unit);
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
        .begun_ns = now_ns,
        .asking = {.clock = turn->clock, .until_ns = turn->deadline_ns},
    };
    struct plan_request request;
    size_t from = 0;

    probe(device, now_ns);
    while (plan_next(&device->plan, turn->due, from, &request)) {
        unsigned exception = 0;
        enum error_code code = ask_request(device, &reading.asking, &request, &exception, error);

        if (code != ERROR_OK) {
            learning_abandon(&reading.learning, &device->plan);
            return code;
        }
        if (is_too_busy(&reading, exception)) {
            learning_abandon(&reading.learning, &device->plan);
            return say_busy(device, error);
        }
        if (exception_is_refusal(exception) &&
            learning_cut(&reading.learning, &device->plan, turn->due, &request)) {
            continue;
        }
        learning_note(&reading.learning, &device->plan, turn->due, &request, outcome_of(exception));
        if (!hand_over(&reading, &request, exception_status(exception))) {
            learning_abandon(&reading.learning, &device->plan);
            return ERROR_OK; /* D8: the rest of the turn is dropped and the host counts it */
        }
        from = request.end;
    }
    if (reading.busy > 0 && !reading.is_answered) {
        learning_abandon(&reading.learning, &device->plan);
        return say_busy(device, error);
    }
    if (!sunspec_bind_emit_missing(device, turn, sink, sample_time_ns(&reading))) {
        return ERROR_OK; /* D8: as above */
    }
    return logs_read(device, turn, sink, &reading.asking, error);
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

    line_disuse(&device->on_line);
}

static void modbus_destroy(void *state)
{
    struct modbus_device *device = state;

    line_leave(&device->on_line);
    if (device->own_line != NULL) {
        line_deinit(device->own_line);
        free(device->own_line);
        device->own_line = NULL;
    }
    sunspec_bind_deinit(device);
}

static const char *modbus_session(const void *state)
{
    return ((const struct modbus_device *)state)->session;
}

static int64_t link_not_before(void *state, const struct clock *clock)
{
    return line_not_before(&((struct modbus_device *)state)->on_line, clock_monotonic_ns(clock));
}

static enum error_code link_init(void *block, struct error *error)
{
    return line_init(block, error);
}

static void link_deinit(void *block)
{
    line_deinit(block);
}

static const char *link_name(const void *state)
{
    return ((const struct modbus_device *)state)->line_name;
}

static const char *link_terms(const void *state)
{
    return ((const struct modbus_device *)state)->line_terms;
}

static struct device_load link_load(const void *state, const int64_t *intervals_ns, uint32_t count)
{
    const struct modbus_device *device = state;

    struct device_load load = {0};

    if (device->is_serial) { /* what is behind a gateway is not known */
        load = load_of(&device->plan, &device->serial, intervals_ns, count);
        load_add_logs(&load, &device->logs, &device->serial, intervals_ns);
    }
    return load;
}

static void link_join(void *state, void *block)
{
    struct modbus_device *device = state;

    line_leave(&device->on_line);
    if (block != NULL) {
        line_join(&device->on_line, block);
    }
}

static const struct device_link modbus_link = {
    .block_size = sizeof(struct line),
    .init = link_init,
    .deinit = link_deinit,
    .name = link_name,
    .terms = link_terms,
    .load = link_load,
    .join = link_join,
    .not_before = link_not_before,
};

/* What the three have in common: all but the words, the wire and what prepares for it. */
#define MODBUS_DRIVER                                                                              \
    .state_size = sizeof(struct modbus_device), .group_key = "logs",                               \
    .group_options = log_group_options, .group_size = sizeof(struct log_options),                  \
    .point_options = modbus_device_point_options,                                                  \
    .point_size = sizeof(struct modbus_point_options),                                             \
    .point_address_offset = offsetof(struct modbus_point_options, address),                        \
    .point_type = modbus_device_point_type, .add_point = modbus_device_add_point,                  \
    .session = modbus_session, .link = &modbus_link, .read = modbus_read,                          \
    .learned = modbus_learned, .remember = modbus_remember, .committed = modbus_committed,         \
    .fit = modbus_device_fit, .write = modbus_device_write, .identify = modbus_device_identify,    \
    .close = modbus_close_device, .destroy = modbus_destroy

const struct driver modbus_tcp_driver = {
    .name = "modbus-tcp",
    .summary = "reads and writes coils, inputs and registers of Modbus TCP devices and gateways",
    .options = modbus_device_options,
    .prepare = modbus_device_prepare,
    .open = modbus_tcp_open,
    MODBUS_DRIVER,
};

const struct driver modbus_rtu_tcp_driver = {
    .name = "modbus-rtu-tcp",
    .summary =
        "reads and writes Modbus RTU over TCP: serial gateways that pass frames on as they are",
    .options = modbus_device_options,
    .prepare = modbus_device_prepare,
    .open = modbus_rtu_open,
    MODBUS_DRIVER,
};

const struct driver modbus_rtu_driver = {
    .name = "modbus-rtu",
    .summary = "reads and writes a Modbus RTU device on a serial port",
    .options = modbus_device_serial_options,
    .prepare = modbus_device_prepare_serial,
    .open = modbus_rtu_open,
    MODBUS_DRIVER,
};
