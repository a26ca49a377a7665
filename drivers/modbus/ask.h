/* drivers/modbus/ask.h - one request of a unit: with the line taken, connected, and made once more
 * where that helps.
 *
 *   modbus.c -> [ ASK ] -> line, dial, serial, exchange
 *
 *  Q1  The line is taken for one request, and given back whatever comes of it.
 *  Q2  With RTU framing an answer that is spoilt, or another unit's, is thrown away with all that
 *      follows it, and the request made once more; only then it fails. On a line that is shared,
 *      silence of a unit that answered the last time, too: another one's noise may have hit the
 *      request. Not for suspects (line.h, B2).
 *  Q3  On a shared line a failure leaves the connection to the others unless it broke. A late
 *      answer over TCP is thrown away before the next request; one that comes while the next one's
 *      is waited for takes that along, and the request is made once more. Where that cannot be
 *      done the connection is made anew.
 *  Q4  On a shared line exceptions 0A and 0B to a read fail the unit: its gateway does not reach
 * it.
 *  Q5  A unit that says it is busy (exceptions 05 and 06 to a read) is asked again after 100, 200
 *      and 400 ms, three times in a turn; others have the line meanwhile.
 *
 * Depends on: device, line.  Threads: as drivers/driver.h D5.
 */
#ifndef DRIVERS_MODBUS_ASK_H
#define DRIVERS_MODBUS_ASK_H

#include "drivers/modbus/device.h"
#include "drivers/modbus/raw.h"

#include <stdint.h>

struct asking {
    const struct clock *clock;
    int64_t until_ns;   /* monotonic: the end of the turn */
    int64_t slowest_ns; /* of its requests so far; what is left of the turn must allow for it */
    int64_t asked_ns;   /* when its first request began, UTC; 0: none did */
    unsigned pauses;    /* made for a busy unit (Q5) */
};

/** Make sure that there is a connection. Errors: those of dial_connect() and serial_open(). */
MUST_CHECK enum error_code ask_connect(struct modbus_device *device, const struct asking *asking,
                                       struct error *error);

/** One request, made at most once, unless the turn is over (EXCEPTION_NO_TIME): `call` without its
 *  time-out, or a read into device->answer if it has no function. Errors: as exchange_do(), and
 *  those of ask_connect(). */
MUST_CHECK enum error_code ask_once(struct modbus_device *device, struct asking *asking,
                                    const struct plan_request *request, struct exchange_call call,
                                    unsigned *exception, struct error *error);

/** As exchange_read(), into device->answer; *exception may be EXCEPTION_NO_TIME. */
MUST_CHECK enum error_code ask_request(struct modbus_device *device, struct asking *asking,
                                       const struct plan_request *request, unsigned *exception,
                                       struct error *error);

/** The same with a question that libmodbus has no function for; `call` but for its exchange is the
 *  caller's. With RTU framing once more when the answer was spoilt (Q2). */
MUST_CHECK enum error_code ask_raw(struct modbus_device *device, struct asking *asking,
                                   struct raw_call *call, unsigned *exception, struct error *error);

#endif
