#include "drivers/modbus/exchange.h"

#include "base/clock.h"

#include <errno.h>
#include <modbus/modbus.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

_Static_assert((int)EXCHANGE_BITS_MAX == MODBUS_MAX_READ_BITS, "the same limit");
_Static_assert((int)VALUE_REGISTERS_MAX == MODBUS_MAX_READ_REGISTERS, "the same limit");

enum error_code exchange_open(struct exchange *exchange, int fd, unsigned unit,
                              const struct peer *peer, struct error *error)
{
    modbus_t *context;

    if (fd >= FD_SETSIZE) { /* libmodbus waits with select(), which knows no higher numbers */
        (void)close(fd);    /* nothing was written */
        return error_set(error, ERROR_UNREACHABLE,
                         "%.100s port %s: this gateway has too many connections open (%d)",
                         peer->host, peer->port, FD_SETSIZE);
    }
    context = modbus_new_tcp("0.0.0.0", 0); /* the address is not used: we connected */
    if (context == NULL) {
        (void)close(fd); /* as above */
        return error_set(error, ERROR_NO_MEMORY, "%.100s port %s: no memory for a connection",
                         peer->host, peer->port);
    }
    (void)modbus_set_socket(context, fd); /* these three fail for bad arguments alone */
    (void)modbus_set_slave(context, (int)unit);
    (void)modbus_set_byte_timeout(context, 0, 0); /* the whole answer within the response time */
    *exchange = (struct exchange){.context = context, .peer = peer, .unit = unit};
    return ERROR_OK;
}

void exchange_close(struct exchange *exchange)
{
    if (exchange->context != NULL) {
        modbus_close(exchange->context);
        modbus_free(exchange->context);
        exchange->context = NULL;
    }
}

bool exchange_is_refusal(unsigned exception)
{
    return exception == MODBUS_EXCEPTION_ILLEGAL_DATA_ADDRESS ||
           exception == MODBUS_EXCEPTION_ILLEGAL_DATA_VALUE;
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
                         "the answer does not fit the request (%s: wrong length, transaction or "
                         "not Modbus at all)",
                         modbus_strerror(problem));
    }
    code = error_set(error, ERROR_UNREACHABLE, "the connection broke (%s)", strerror(problem));
    if (error != NULL) {
        error->system_errno = problem;
    }
    return code;
}

static int call_libmodbus(modbus_t *context, const struct plan_request *request,
                          union exchange_answer *answer)
{
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
    enum error_code code = check_quiet(exchange, error);
    int problem;

    if (code != ERROR_OK) {
        return name_request(exchange, request, code, error);
    }
    (void)modbus_set_response_timeout(exchange->context, (uint32_t)(timeout_ns / NS_PER_S),
                                      (uint32_t)(timeout_ns % NS_PER_S / NS_PER_US));
    errno = 0;
    if (call_libmodbus(exchange->context, request, answer) == (int)request->count) {
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
    code = explain(problem, timeout_ns, error);
    return name_request(exchange, request, code, error);
}
