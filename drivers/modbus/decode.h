/* drivers/modbus/decode.h - a point's value from the registers that hold it.
 *
 * Depends on: device.  Threads: pure.
 */
#ifndef DRIVERS_MODBUS_DECODE_H
#define DRIVERS_MODBUS_DECODE_H

#include "drivers/modbus/device.h"

/** Set type and value of `sample`, and its status where there is none, from `registers`, which
 *  begin with register `first` and hold all of the point's span. A text borrows `text`
 *  (VALUE_TEXT_SIZE bytes). Not for coils and discrete inputs. */
void modbus_point_decode(const struct modbus_point *point, const uint16_t *registers,
                         unsigned first, struct sample *sample, char *text);

#endif
