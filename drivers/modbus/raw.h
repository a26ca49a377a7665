/* drivers/modbus/raw.h - answers of functions that libmodbus does not know the length of.
 *
 *   exchange_do() -> [ RAW ] -> the socket or the serial port
 *
 * Only for questions of identification.h. The transaction's id is 0, as modbus_send_raw_request()
 * has it.
 *
 * Depends on: exchange, identification, libmodbus.  Threads: as exchange.
 */
#ifndef DRIVERS_MODBUS_RAW_H
#define DRIVERS_MODBUS_RAW_H

#include "drivers/modbus/exchange.h"
#include "drivers/modbus/identification.h"

struct raw_call {
    const struct exchange *exchange;
    const uint8_t *question; /* function code first */
    size_t question_size;
    uint8_t answer[IDENTIFICATION_PDU_MAX];
    size_t answer_size;
};

/** An exchange_function: `argument` is a struct raw_call, request->count is 0. The answer is of
 * that function and at least one byte long; nothing else is known of it. */
int raw_ask(struct _modbus *context, const struct plan_request *request, void *argument);

#endif
