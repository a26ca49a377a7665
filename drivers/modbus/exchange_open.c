#include "drivers/modbus/exchange.h"

#include <modbus/modbus.h>
#include <sys/select.h>
#include <unistd.h>

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
