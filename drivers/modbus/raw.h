/* drivers/modbus/raw.h - answers of functions that libmodbus does not know the length of.
 *
 *   exchange_do() -> [ RAW ] -> the socket or the serial port
 *
 * The transaction's id is 0, as modbus_send_raw_request() has it.
 *
 * Depends on: exchange, libmodbus.  Threads: as exchange.
 */
#ifndef DRIVERS_MODBUS_RAW_H
#define DRIVERS_MODBUS_RAW_H

#include "drivers/modbus/exchange.h"

/** How many bytes an answer has that begins with these `size`, at least one, which are no
 * exception; more than `size` while it is not known yet, then as far as can be told. 0: it is no
 * such answer. */
typedef size_t raw_measure(const uint8_t *pdu, size_t size);

/* Modbus Application Protocol 1.1b3, 4.1 */
enum { RAW_PDU_MAX = 253 };

struct raw_call {
    const struct exchange *exchange;
    const uint8_t *question; /* function code first */
    size_t question_size;    /* RAW_PDU_MAX at most */
    raw_measure *measure;    /* of its answers: an RTU frame does not tell its length */
    uint8_t answer[RAW_PDU_MAX];
    size_t answer_size;
};

/** An exchange_function: `argument` is a struct raw_call, request->count is 0. The answer is of
 * that function and at least one byte long; nothing else is known of it. */
int raw_ask(struct _modbus *context, const struct plan_request *request, void *argument);

/** Over TCP: wait for a whole answer to whatever, up to `until_ns` (of clock_system, monotonic),
 * and throw it away. false: none came, or what came is none. */
bool raw_skip(const struct exchange *exchange, int64_t until_ns);

#endif
