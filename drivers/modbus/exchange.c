#include "drivers/modbus/exchange.h"

#include "base/clock.h"

#include <errno.h>
#include <modbus/modbus.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

_Static_assert((int)EXCHANGE_BITS_MAX == MODBUS_MAX_READ_BITS, "the same limit");
_Static_assert((int)EXCHANGE_WRITE_MAX == MODBUS_MAX_WRITE_REGISTERS, "the same limit");
_Static_assert((int)VALUE_REGISTERS_MAX == MODBUS_MAX_READ_REGISTERS, "the same limit");

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
        *exception = EXCEPTION_NONE;
        return ERROR_OK;
    }
    problem = errno;
    if (problem > MODBUS_ENOBASE && problem < MODBUS_ENOBASE + MODBUS_EXCEPTION_MAX) {
        *exception = (unsigned)(problem - MODBUS_ENOBASE);
        return ERROR_OK;
    }
    if (problem == EMBBADEXC) { /* a whole exception frame of our transaction, with its own code */
        *exception = EXCEPTION_UNKNOWN;
        return ERROR_OK;
    }
    code = explain(problem, call->timeout_ns, error);
    return name_request(exchange, request, code, error);
}
