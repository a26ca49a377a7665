#include "drivers/modbus/exchange.h"

#include "base/clock.h"

#include <errno.h>
#include <modbus/modbus.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

_Static_assert((int)EXCHANGE_BITS_MAX == MODBUS_MAX_READ_BITS, "the same limit");
_Static_assert((int)EXCHANGE_WRITE_MAX == MODBUS_MAX_WRITE_REGISTERS, "the same limit");
_Static_assert((int)VALUE_REGISTERS_MAX == MODBUS_MAX_READ_REGISTERS, "the same limit");

/** The settings that do not depend on what it runs over. */
static void set_up(struct exchange *exchange)
{
    (void)modbus_set_slave(exchange->context,
                           (int)exchange->unit);            /* fail for bad arguments alone */
    (void)modbus_set_byte_timeout(exchange->context, 0, 0); /* the whole answer within the time */
}

enum error_code exchange_open(struct exchange *exchange, int fd, unsigned unit,
                              enum exchange_framing framing, const struct peer *peer,
                              struct error *error)
{
    modbus_t *context;

    if (fd >= FD_SETSIZE) { /* libmodbus waits with select(), which knows no higher numbers */
        (void)close(fd);    /* nothing was written */
        return error_set(error, ERROR_UNREACHABLE,
                         "%.100s port %s: this gateway has too many connections open (%d)",
                         peer->host, peer->port, FD_SETSIZE);
    }
    context = framing == EXCHANGE_TCP
                  ? modbus_new_tcp("0.0.0.0", 0) /* the address is not used: we connected */
                  : modbus_new_rtu("-", 9600, 'N', 8, 1); /* nor are these */
    if (context == NULL) {
        (void)close(fd); /* as above */
        return error_set(error, ERROR_NO_MEMORY, "%.100s port %s: no memory for a connection",
                         peer->host, peer->port);
    }
    (void)modbus_set_socket(context, fd); /* as in set_up() */
    *exchange =
        (struct exchange){.context = context, .peer = peer, .unit = unit, .framing = framing};
    set_up(exchange);
    return ERROR_OK;
}

enum error_code exchange_open_serial(struct exchange *exchange,
                                     const struct serial_settings *settings, const char *port,
                                     unsigned unit, struct error *error)
{
    modbus_t *context = NULL;
    enum error_code code = serial_open(settings, port, &context, error);

    if (code == ERROR_OK) {
        *exchange = (struct exchange){.context = context,
                                      .port = port,
                                      .unit = unit,
                                      .framing = EXCHANGE_RTU,
                                      .silence_ns = serial_silence_ns(settings)};
        set_up(exchange);
    }
    return code;
}

void exchange_close(struct exchange *exchange)
{
    if (exchange->context != NULL) {
        modbus_close(exchange->context);
        modbus_free(exchange->context);
        exchange->context = NULL;
    }
}

void exchange_address(struct exchange *exchange, unsigned unit, const struct peer *peer,
                      const char *port)
{
    exchange->unit = unit;
    exchange->peer = peer;
    exchange->port = port;
    (void)modbus_set_slave(exchange->context, (int)unit); /* fails for bad arguments alone */
}

bool exchange_discard_late(struct exchange *exchange)
{
    /* MBAP header: transaction, protocol 0, length of what follows (Messaging 1.0b, 3.1.3) */
    enum { PROTOCOL = 2, LENGTH = 4, BEFORE_LENGTH_COUNTS = 6, LEAST = 3 };
    int fd = modbus_get_socket(exchange->context);
    uint8_t frame[MODBUS_TCP_MAX_ADU_LENGTH];
    ssize_t size;

    while ((size = recv(fd, frame, sizeof(frame), MSG_PEEK | MSG_DONTWAIT)) > 0) {
        size_t length =
            size < BEFORE_LENGTH_COUNTS ? 0 : (size_t)(frame[LENGTH] << 8 | frame[LENGTH + 1]);

        if (length < LEAST || frame[PROTOCOL] != 0 || frame[PROTOCOL + 1] != 0 ||
            length + BEFORE_LENGTH_COUNTS > (size_t)size) {
            return false;
        }
        size = recv(fd, frame, length + BEFORE_LENGTH_COUNTS, MSG_DONTWAIT);
        if (size != (ssize_t)length + BEFORE_LENGTH_COUNTS) {
            return false;
        }
    }
    return size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
}

bool exchange_is_refusal(unsigned exception)
{
    return exception == MODBUS_EXCEPTION_ILLEGAL_DATA_ADDRESS ||
           exception == MODBUS_EXCEPTION_ILLEGAL_DATA_VALUE;
}

bool exchange_is_busy(unsigned exception)
{
    return exception == MODBUS_EXCEPTION_ACKNOWLEDGE ||
           exception == MODBUS_EXCEPTION_SLAVE_OR_SERVER_BUSY;
}

uint32_t exchange_status(unsigned exception)
{
    static const uint32_t statuses[] = {
        [EXCHANGE_ANSWERED] = STATUS_GOOD,
        [MODBUS_EXCEPTION_ILLEGAL_FUNCTION] = (uint32_t)STATUS_BAD_NODE_ID_UNKNOWN,
        [MODBUS_EXCEPTION_ILLEGAL_DATA_ADDRESS] = (uint32_t)STATUS_BAD_NODE_ID_UNKNOWN,
        [MODBUS_EXCEPTION_ILLEGAL_DATA_VALUE] = (uint32_t)STATUS_BAD_NODE_ID_UNKNOWN,
        [MODBUS_EXCEPTION_SLAVE_OR_SERVER_FAILURE] = (uint32_t)STATUS_BAD_DEVICE_FAILURE,
        [MODBUS_EXCEPTION_ACKNOWLEDGE] = (uint32_t)STATUS_BAD_TIMEOUT,
        [MODBUS_EXCEPTION_SLAVE_OR_SERVER_BUSY] = (uint32_t)STATUS_BAD_TIMEOUT,
        [MODBUS_EXCEPTION_NEGATIVE_ACKNOWLEDGE] = (uint32_t)STATUS_BAD_DEVICE_FAILURE,
        [MODBUS_EXCEPTION_MEMORY_PARITY] = (uint32_t)STATUS_BAD_DEVICE_FAILURE,
        [MODBUS_EXCEPTION_NOT_DEFINED] = (uint32_t)STATUS_BAD_DEVICE_FAILURE,
        [MODBUS_EXCEPTION_GATEWAY_PATH] = (uint32_t)STATUS_BAD_NO_COMMUNICATION,
        [MODBUS_EXCEPTION_GATEWAY_TARGET] = (uint32_t)STATUS_BAD_TIMEOUT,
    };

    if (exception == EXCHANGE_NO_TIME) {
        return (uint32_t)STATUS_BAD_TIMEOUT;
    }
    return exception < sizeof(statuses) / sizeof(statuses[0]) ? statuses[exception]
                                                              : (uint32_t)STATUS_BAD_DEVICE_FAILURE;
}

/** Put in front of the sentence whom we asked for what. */
static enum error_code name_request(const struct exchange *exchange,
                                    const struct plan_request *request, enum error_code code,
                                    struct error *error)
{
    if (request->count == 0) { /* not about registers */
        return error_prefix(error, code, "%.80s%s%s unit %u",
                            exchange->peer == NULL ? exchange->port : exchange->peer->host,
                            exchange->peer == NULL ? "" : " port ",
                            exchange->peer == NULL ? "" : exchange->peer->port, exchange->unit);
    }
    if (exchange->peer == NULL) {
        return error_prefix(error, code, "%.80s unit %u, %s:%u to %u", exchange->port,
                            exchange->unit, table_name(request->table), request->first,
                            request->first + request->count - 1);
    }
    return error_prefix(error, code, "%.80s port %s unit %u, %s:%u to %u", exchange->peer->host,
                        exchange->peer->port, exchange->unit, table_name(request->table),
                        request->first, request->first + request->count - 1);
}

/** Before asking: nothing may be waiting to be read. An answer that came too late, or bytes too
 *  many behind one, would be taken for ours. */
static enum error_code check_quiet(struct exchange *exchange, struct error *error)
{
    int fd = modbus_get_socket(exchange->context);
    uint8_t byte;
    ssize_t size = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

    if (size > 0) {
        return error_set(error, ERROR_PROTOCOL,
                         "the device sent bytes nobody asked for; is another program using this "
                         "connection of the gateway?");
    }
    if (size == 0) {
        return error_set(error, ERROR_UNREACHABLE, "the device closed the connection");
    }
    if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
        return error_set(error, ERROR_UNREACHABLE, "the connection broke (%s)", strerror(errno));
    }
    return ERROR_OK;
}

/** The same with RTU framing: nothing says which request an answer belongs to, so what is left is
 *  thrown away, and a line must have been silent for as long as the standard wants. What is left of
 * the time is put in *left_ns. */
static enum error_code make_quiet(struct exchange *exchange, int64_t *left_ns, struct error *error)
{
    struct pollfd line = {.fd = modbus_get_socket(exchange->context), .events = POLLIN};
    const struct timespec silence = {.tv_sec = exchange->silence_ns / NS_PER_S,
                                     .tv_nsec = (long)(exchange->silence_ns % NS_PER_S)};
    int64_t until_ns = clock_monotonic_ns(&clock_system) + *left_ns;

    while (ppoll(&line, 1, &silence, NULL) != 0) {
        uint8_t bytes[256];
        ssize_t size = read(line.fd, bytes, sizeof(bytes));

        if (size == 0) {
            return error_set(error, ERROR_UNREACHABLE, "the device closed the connection");
        }
        if (size < 0 && errno != EAGAIN && errno != EINTR) {
            return error_set(error, ERROR_UNREACHABLE, "the connection broke (%s)",
                             strerror(errno));
        }
        if (clock_monotonic_ns(&clock_system) > until_ns) {
            return error_set(error, ERROR_TIMEOUT,
                             "the line is never silent; a device sends without being asked, or "
                             "there is another master, or A and B are swapped");
        }
    }
    *left_ns = until_ns - clock_monotonic_ns(&clock_system);
    *left_ns = *left_ns < NS_PER_MS ? NS_PER_MS : *left_ns;
    return ERROR_OK;
}

/** Why there was no answer. */
static enum error_code explain(int problem, int64_t timeout_ns, struct error *error)
{
    enum error_code code;

    if (problem == ETIMEDOUT) {
        return error_set(error, ERROR_TIMEOUT,
                         "no whole answer within %d ms; check the unit id and what is behind a "
                         "gateway, or raise timeout",
                         (int)(timeout_ns / NS_PER_MS));
    }
    if (problem == ECONNRESET || problem == EPIPE) {
        return error_set(error, ERROR_UNREACHABLE,
                         "the device closed the connection instead of answering; it may allow no "
                         "more connections, or not know this request");
    }
    if (problem > MODBUS_ENOBASE) {
        return error_set(error, ERROR_PROTOCOL,
                         "the answer does not fit the request (%s: wrong length, transaction, "
                         "unit or checksum, or not Modbus at all)",
                         modbus_strerror(problem));
    }
    code = error_set(error, ERROR_UNREACHABLE, "the connection broke (%s)", strerror(problem));
    if (error != NULL) {
        error->system_errno = problem;
    }
    return code;
}

static int call_to_read(modbus_t *context, const struct plan_request *request, void *argument)
{
    union exchange_answer *answer = argument;
    int first = (int)request->first;
    int count = (int)request->count;

    switch (request->table) {
    case TABLE_COIL:
        return modbus_read_bits(context, first, count, answer->bits);
    case TABLE_DISCRETE:
        return modbus_read_input_bits(context, first, count, answer->bits);
    case TABLE_HOLDING:
        return modbus_read_registers(context, first, count, answer->registers);
    default:
        return modbus_read_input_registers(context, first, count, answer->registers);
    }
}

enum error_code exchange_read(struct exchange *exchange, const struct plan_request *request,
                              int64_t timeout_ns, union exchange_answer *answer,
                              unsigned *exception, struct error *error)
{
    const struct exchange_call call = {call_to_read, answer, timeout_ns};

    return exchange_do(exchange, request, &call, exception, error);
}

const char *exchange_exception_name(unsigned exception)
{
    return exception > 0 && exception < MODBUS_EXCEPTION_MAX
               ? modbus_strerror(MODBUS_ENOBASE + (int)exception)
               : "one that the standard does not know";
}

enum error_code exchange_do(struct exchange *exchange, const struct plan_request *request,
                            const struct exchange_call *call, unsigned *exception,
                            struct error *error)
{
    int64_t left_ns = call->timeout_ns;
    enum error_code code = exchange->framing == EXCHANGE_TCP
                               ? check_quiet(exchange, error)
                               : make_quiet(exchange, &left_ns, error);
    int problem;

    if (code != ERROR_OK) {
        return name_request(exchange, request, code, error);
    }
    (void)modbus_set_response_timeout(exchange->context, (uint32_t)(left_ns / NS_PER_S),
                                      (uint32_t)(left_ns % NS_PER_S / NS_PER_US));
    errno = 0;
    if (call->function(exchange->context, request, call->argument) == (int)request->count) {
        *exception = EXCHANGE_ANSWERED;
        return ERROR_OK;
    }
    problem = errno;
    if (problem > MODBUS_ENOBASE && problem < MODBUS_ENOBASE + MODBUS_EXCEPTION_MAX) {
        *exception = (unsigned)(problem - MODBUS_ENOBASE);
        return ERROR_OK;
    }
    if (problem == EMBBADEXC) { /* a whole exception frame of our transaction, with its own code */
        *exception = EXCHANGE_UNKNOWN_EXCEPTION;
        return ERROR_OK;
    }
    code = explain(problem, call->timeout_ns, error);
    return name_request(exchange, request, code, error);
}
