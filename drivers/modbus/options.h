/* drivers/modbus/options.h - what can be set of Modbus devices and their points, and the checks of
 * it that need no device.
 *
 *   option tables, points -> [ OPTIONS ] -> device.h
 *
 * Depends on: device, invalid, logs, sunspec/bind.  Threads: as drivers/driver.h D5.
 */
#ifndef DRIVERS_MODBUS_OPTIONS_H
#define DRIVERS_MODBUS_OPTIONS_H

#include "drivers/driver.h"

extern const struct option_spec modbus_device_options[]; /* of the drivers over TCP */
extern const struct option_spec modbus_device_serial_options[];
extern const struct option_spec modbus_device_point_options[];

/** driver.add_point and driver.prepare: `state` is a struct modbus_device. */
enum error_code modbus_device_add_point(void *state, struct arena *arena,
                                        const struct driver_point *configured, struct error *error);
enum error_code modbus_device_prepare(void *state, struct arena *arena, struct error *error);

/** driver.prepare of modbus-rtu. */
enum error_code modbus_device_prepare_serial(void *state, struct arena *arena, struct error *error);

/** driver.point_type. */
const char *modbus_device_point_type(const void *options);

#endif
