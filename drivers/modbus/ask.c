#include "drivers/modbus/ask.h"

#include <modbus/modbus.h>
#include <poll.h>

/* Q5. The longest is below a second, as the nanoseconds of a timespec are. */
#define BUSY_PAUSE_NS (100 * NS_PER_MS)
enum { BUSY_REPEATS = 3 };

/** Some gateways do not listen yet when they have taken a connection. */
static enum error_code wait_for_gateway(const struct modbus_device *device, int fd,
                                        const struct asking *asking, struct error *error)
{
    struct pollfd gone = {.fd = fd}; /* only whether it is closed */
    int64_t left_ns = asking->until_ns - clock_monotonic_ns(asking->clock);
    const struct timespec delay = {.tv_sec = device->connect_delay_ns / NS_PER_S,
                                   .tv_nsec = (long)(device->connect_delay_ns % NS_PER_S)};

    if (device->connect_delay_ns == 0) {
        return ERROR_OK;
    }
    if (left_ns < device->connect_delay_ns) {
        return error_set(error, ERROR_TIMEOUT,
                         "%.100s port %s: connecting left no time for connect_delay",
                         device->peer.host, device->peer.port);
    }
    if (ppoll(&gone, 1, &delay, NULL) > 0) {
        return error_set(error, ERROR_UNREACHABLE,
                         "%.100s port %s: it closed the connection at once; it may allow no more",
                         device->peer.host, device->peer.port);
    }
    return ERROR_OK;
}

static enum error_code connect_tcp(struct modbus_device *device, const struct asking *asking,
                                   struct error *error)
{
    struct line *line = device->on_line.line;
    int64_t limit_ns = clock_monotonic_ns(asking->clock) + device->connect_timeout_ns;
    enum error_code code;
    int fd = -1;

    code = dial_connect(&line->dial, &device->peer, asking->clock,
                        limit_ns < asking->until_ns ? limit_ns : asking->until_ns, &fd, error);
    if (code == ERROR_OK) {
        code = exchange_open(&line->exchange, fd, (unsigned)device->unit, device->framing,
                             &device->peer, error);
    }
    if (code == ERROR_OK) {
        code = wait_for_gateway(device, fd, asking, error);
    }
    return code;
}

/** With the line taken. */
static enum error_code connect_line(struct modbus_device *device, const struct asking *asking,
                                    struct error *error)
{
    struct line *line = device->on_line.line;
    const char *where = device->line_name;
    enum error_code code;

    if (line->exchange.context != NULL) {
        return ERROR_OK;
    }
    if (clock_monotonic_ns(asking->clock) < line->no_dial_until_ns) { /* B3 */
        return error_set(error, line->dial_code, "%.200s: no connection, just tried for others",
                         where);
    }
    code = device->is_serial ? exchange_open_serial(&line->exchange, &device->serial,
                                                    device->address, (unsigned)device->unit, error)
                             : connect_tcp(device, asking, error);
    if (code != ERROR_OK) {
        exchange_close(&line->exchange);
        line->dial_code = code;
        line->no_dial_until_ns =
            line_is_shared(&device->on_line) ? clock_monotonic_ns(asking->clock) + LINE_REST_NS : 0;
    }
    return code;
}

enum error_code ask_connect(struct modbus_device *device, const struct asking *asking,
                            struct error *error)
{
    enum error_code code;

    if (!line_take(&device->on_line, asking->until_ns - clock_monotonic_ns(asking->clock))) {
        return error_set(error, ERROR_TIMEOUT,
                         "%.200s: other devices kept it busy all the time; give them longer "
                         "intervals",
                         device->line_name);
    }
    code = connect_line(device, asking, error);
    line_release(&device->on_line);
    return code;
}

/** Q4 */
static bool is_unreached(unsigned exception)
{
    return exception == MODBUS_EXCEPTION_GATEWAY_PATH ||
           exception == MODBUS_EXCEPTION_GATEWAY_TARGET;
}

static enum error_code blame_unit(const struct modbus_device *device, unsigned exception,
                                  struct error *error)
{
    return exception == MODBUS_EXCEPTION_GATEWAY_PATH
               ? error_set(error, ERROR_UNREACHABLE,
                           "%.150s unit %u: the gateway knows no way to it (exception 0A); check "
                           "the unit id and the gateway's settings",
                           device->line_name, (unsigned)device->unit)
               : error_set(error, ERROR_TIMEOUT,
                           "%.150s unit %u: it does not answer its gateway (exception 0B); check "
                           "the unit id, its power and its wires",
                           device->line_name, (unsigned)device->unit);
}

/** A read that another one's late answer may spoil: it, and what comes in its place, are thrown
 * away (Q3). */
static enum error_code read_resynchronised(struct modbus_device *device,
                                           const struct plan_request *request, int64_t timeout_ns,
                                           unsigned *exception, struct error *error)
{
    struct exchange *exchange = &device->on_line.line->exchange;
    int64_t until_ns = clock_monotonic_ns(&clock_system) + timeout_ns;
    enum error_code code =
        exchange_read(exchange, request, timeout_ns, device->answer, exception, error);
    int64_t left_ns;

    if (code != ERROR_PROTOCOL || exchange->framing != EXCHANGE_TCP ||
        !line_is_shared(&device->on_line) || !raw_skip(exchange, until_ns)) {
        return code;
    }
    left_ns = until_ns - clock_monotonic_ns(&clock_system);
    return left_ns < NS_PER_MS
               ? code
               : exchange_read(exchange, request, left_ns, device->answer, exception, error);
}

/** With the line taken and connected; call NULL: read. */
static enum error_code exchange_it(struct modbus_device *device, const struct plan_request *request,
                                   const struct exchange_call *call, unsigned *exception,
                                   struct error *error)
{
    struct exchange *exchange = &device->on_line.line->exchange;
    bool shared = line_is_shared(&device->on_line);
    bool over_tcp = exchange->framing == EXCHANGE_TCP;
    enum error_code code;

    exchange_address(exchange, (unsigned)device->unit, device->is_serial ? NULL : &device->peer,
                     device->is_serial ? device->address : NULL);
    if (device->is_serial) {
        exchange->silence_ns = serial_silence_ns(&device->serial); /* the unit's own turnaround */
    }
    code = call->function == NULL
               ? read_resynchronised(device, request, call->timeout_ns, exception, error)
               : exchange_do(exchange, request, call, exception, error);
    if (code == ERROR_OK && shared && call->function == NULL && is_unreached(*exception)) {
        return blame_unit(device, *exception, error);
    }
    if (shared && (code == ERROR_UNREACHABLE || (code == ERROR_PROTOCOL && over_tcp))) { /* Q3 */
        exchange_close(exchange);
    }
    return code;
}

enum error_code ask_once(struct modbus_device *device, struct asking *asking,
                         const struct plan_request *request, struct exchange_call call,
                         unsigned *exception, struct error *error)
{
    struct line_unit *unit = &device->on_line;
    struct exchange *exchange = &unit->line->exchange;
    int64_t limit_ns = modbus_device_patience_ns(device, request);
    int64_t begun_ns = clock_monotonic_ns(asking->clock);
    enum error_code code = ERROR_OK;
    int64_t left_ns;

    *exception = EXCEPTION_NO_TIME;
    if (asking->until_ns - begun_ns < NS_PER_MS ||
        !line_take(unit, asking->until_ns - begun_ns)) { /* M5 */
        return ERROR_OK;
    }
    if (exchange->context != NULL && exchange->framing == EXCHANGE_TCP && line_is_shared(unit) &&
        !exchange_discard_late(exchange)) { /* Q3 */
        exchange_close(exchange);
    }
    code = connect_line(device, asking, error);
    begun_ns = clock_monotonic_ns(asking->clock);
    left_ns = asking->until_ns - begun_ns;
    if (code == ERROR_OK && left_ns >= NS_PER_MS && left_ns >= asking->slowest_ns) { /* M5 */
        asking->asked_ns = asking->asked_ns == 0 ? clock_utc_ns(asking->clock) : asking->asked_ns;
        call.timeout_ns = left_ns < limit_ns ? left_ns : limit_ns;
        code = exchange_it(device, request, &call, exception, error);
    }
    if (*exception != EXCEPTION_NO_TIME || code != ERROR_OK) {
        int64_t now_ns = clock_monotonic_ns(asking->clock);

        asking->slowest_ns =
            now_ns - begun_ns > asking->slowest_ns ? now_ns - begun_ns : asking->slowest_ns;
        line_note(unit, code == ERROR_OK, now_ns - begun_ns, now_ns);
    }
    line_release(unit);
    return code;
}

/** A read, with what Q2 wants. */
static enum error_code ask_twice(struct modbus_device *device, struct asking *asking,
                                 const struct plan_request *request, unsigned *exception,
                                 struct error *error)
{
    bool proven = device->on_line.proven;
    bool suspect = device->on_line.suspect;
    bool shared = line_is_shared(&device->on_line);
    const struct exchange_call read = {0};
    enum error_code code = ask_once(device, asking, request, read, exception, error);
    bool again = (code == ERROR_PROTOCOL && !(suspect && shared)) ||
                 (code == ERROR_TIMEOUT && proven && shared);

    if (again && device->framing == EXCHANGE_RTU) { /* Q2 */
        code = ask_once(device, asking, request, read, exception, error);
    }
    return code;
}

/** Q5. false: not in this turn. */
static bool pause_for_busy(struct asking *asking)
{
    int64_t pause_ns = BUSY_PAUSE_NS << asking->pauses;
    const struct timespec pause = {.tv_nsec = (long)pause_ns};
    int64_t left_ns = asking->until_ns - clock_monotonic_ns(asking->clock);

    if (asking->pauses == BUSY_REPEATS || left_ns < pause_ns + asking->slowest_ns) {
        return false;
    }
    asking->pauses++;
    (void)ppoll(NULL, 0, &pause, NULL); /* nothing tells when it is free again */
    return true;
}

enum error_code ask_request(struct modbus_device *device, struct asking *asking,
                            const struct plan_request *request, unsigned *exception,
                            struct error *error)
{
    enum error_code code = ask_twice(device, asking, request, exception, error);

    while (code == ERROR_OK && exception_is_busy(*exception) && pause_for_busy(asking)) {
        code = ask_twice(device, asking, request, exception, error);
    }
    return code;
}

enum error_code ask_raw(struct modbus_device *device, struct asking *asking, struct raw_call *call,
                        unsigned *exception, struct error *error)
{
    static const struct plan_request nothing = {.table = TABLE_HOLDING}; /* count is 0 */
    const struct exchange_call raw = {.function = raw_ask, .argument = call};
    enum error_code code;

    call->exchange = &device->on_line.line->exchange;
    code = ask_once(device, asking, &nothing, raw, exception, error);
    if (code == ERROR_PROTOCOL && device->framing == EXCHANGE_RTU) { /* Q2 */
        code = ask_once(device, asking, &nothing, raw, exception, error);
    }
    return code;
}
