/* drivers/modbus/write.h - one point of an open device written, and read back.
 *
 *   leat write -> agent -> collector -> [ WRITE ] -> ask -> slave
 *
 *  |                                  | function | when the slave does not know it (exception 1) |
 *  | coil                             | 5        | 15, of one coil                               |
 *  | one holding register             | 6        | 16, of one register                           |
 *  | several registers of one value   | 16       | refused                                       |
 *  | bit of a holding register        | 22       | refused (V2)                                  |
 *
 *  V1  The present value is read first; a point that cannot be read is not written.
 *  V2  A bit is never written by reading its register and writing all of it: what the device
 * changes in between would be undone. V3  Exceptions 1, 2, 3, 6 and 10 say that nothing was done.
 * After any other the point is read back, and what is read decides. V4  A request is sent once,
 * with RTU framing too. Nobody knows what a lost answer was, so it is for a person to repeat. V5  A
 * value with a scale_register is not written: its factor may change in between.
 *
 * Limits: Modbus Application Protocol 1.1b3, 6.5, 6.6, 6.11, 6.12 and 6.16.
 *
 * Depends on: device, ask, value.  Threads: as drivers/driver.h D5.
 */
#ifndef DRIVERS_MODBUS_WRITE_H
#define DRIVERS_MODBUS_WRITE_H

#include "drivers/driver.h"

/** driver.fit and driver.write: `state` is a struct modbus_device. */
enum error_code modbus_device_fit(void *state, uint32_t point_id, struct sample *value,
                                  struct error *error);
enum error_code modbus_device_write(void *state, struct driver_write *write, struct error *error);

#endif
