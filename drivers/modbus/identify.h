/* drivers/modbus/identify.h - asking an open slave what it is: functions 43/14 and 17.
 *
 *   leat identify -> agent -> collector -> [ IDENTIFY ] -> exchange -> slave
 *
 * A slave that keeps silent over TCP costs the connection (exchange.h, X1). With RTU framing the
 * next question follows, and an answer that was spoilt is asked for once more.
 *
 * Depends on: device, exchange, identification, raw.  Threads: as drivers/driver.h D5.
 */
#ifndef DRIVERS_MODBUS_IDENTIFY_H
#define DRIVERS_MODBUS_IDENTIFY_H

#include "base/device_identity.h"

/** driver.identify: `state` is a struct modbus_device. */
enum error_code modbus_device_identify(void *state, struct driver_identity *identity,
                                       struct error *error);

#endif
