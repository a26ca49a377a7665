/* drivers/modbus/exchange.h - one request and its answer, over libmodbus.
 *
 * Life: zeroed -> exchange_open() -> exchange_read(), exchange_do() * -> exchange_close().
 *
 *  X1  After one of these failed over TCP the stream may hold anything: only exchange_close()
 *      makes sense. With RTU framing it may be asked again: what is left of the old is thrown away
 *      before each request, and on a serial port the line must have been silent.
 *
 * Depends on: exception, plan, address, serial, libmodbus.  Threads: one user at a time.
 */
#ifndef DRIVERS_MODBUS_EXCHANGE_H
#define DRIVERS_MODBUS_EXCHANGE_H

#include "base/error.h"
#include "drivers/modbus/exception.h"
#include "drivers/modbus/plan.h"
#include "drivers/modbus/serial.h"
#include "drivers/modbus/value.h"

#include <stdbool.h>
#include <stdint.h>

struct _modbus; /* libmodbus' modbus_t */

/* Of one request: Modbus Application Protocol 1.1b3, 6.1 and 6.12. */
enum { EXCHANGE_BITS_MAX = 2000, EXCHANGE_WRITE_MAX = 123 };

union exchange_answer {
    uint16_t registers[VALUE_REGISTERS_MAX];
    uint8_t bits[EXCHANGE_BITS_MAX]; /* 0 or 1 each */
};

enum exchange_framing { EXCHANGE_TCP, EXCHANGE_RTU };

struct exchange {
    struct _modbus *context; /* NULL: closed */
    const struct peer *peer; /* for the sentences; NULL: a serial port */
    const char *port;        /* of a serial port, for the sentences */
    unsigned unit;
    enum exchange_framing framing;
    int64_t silence_ns; /* before a request, on a serial port */
};

/** Take the connected socket `fd`, also when it fails. Errors: ERROR_NO_MEMORY, ERROR_UNREACHABLE
 *  (too many descriptors for libmodbus). */
MUST_CHECK enum error_code exchange_open(struct exchange *exchange, int fd, unsigned unit,
                                         enum exchange_framing framing, const struct peer *peer,
                                         struct error *error);

/** Open the serial port `port`, which is borrowed. Errors: those of serial_open(). */
MUST_CHECK enum error_code exchange_open_serial(struct exchange *exchange,
                                                const struct serial_settings *settings,
                                                const char *port, unsigned unit,
                                                struct error *error);

/** Whom the next requests go to, and for the sentences where: `peer` or `port`, the other NULL. */
void exchange_address(struct exchange *exchange, unsigned unit, const struct peer *peer,
                      const char *port);

/** TCP: throw away whole answers that came too late. false: what waits is none, or the connection
 *  broke; only exchange_close() makes sense. */
bool exchange_discard_late(struct exchange *exchange);

/** Ask and wait up to `timeout_ns` (at least 1 ms). ERROR_OK: *exception is EXCEPTION_NONE with
 *  `answer` filled, or what the slave refused with. Errors: ERROR_TIMEOUT, ERROR_PROTOCOL,
 *  ERROR_UNREACHABLE. */
MUST_CHECK enum error_code exchange_read(struct exchange *exchange,
                                         const struct plan_request *request, int64_t timeout_ns,
                                         union exchange_answer *answer, unsigned *exception,
                                         struct error *error);

/** One call of libmodbus, which returns how many registers or bits it dealt with, or -1. */
typedef int exchange_function(struct _modbus *context, const struct plan_request *request,
                              void *argument);

struct exchange_call {
    exchange_function *function;
    void *argument;
    int64_t timeout_ns; /* at least 1 ms */
};

/** The same for any request: the function is to return request->count. */
MUST_CHECK enum error_code exchange_do(struct exchange *exchange,
                                       const struct plan_request *request,
                                       const struct exchange_call *call, unsigned *exception,
                                       struct error *error);

/** Accepts a zeroed exchange, and twice. */
void exchange_close(struct exchange *exchange);

#endif
