/* drivers/modbus/sunspec/bind.h - SunSpec points of a device to registers, when it was connected.
 *
 *   open -> [ BIND: chain, place ] -> points with registers -> plan
 *
 *  B1  Each time that the device is opened its models are looked for anew. Where the points stand
 *      as before, the plan and what was learned stay.
 *  B2  Points that the device does not have are missing: they are bad at every reading, and one
 *      rejection tells how many and why. If no point is left, opening fails with that sentence.
 *  B3  A value and its scale factor further apart than the device's block are missing, too.
 *
 * Depends on: ask, binding, chain, device, memory, place.  Threads: as drivers/driver.h D5.
 */
#ifndef DRIVERS_MODBUS_SUNSPEC_BIND_H
#define DRIVERS_MODBUS_SUNSPEC_BIND_H

#include "base/clock.h"
#include "drivers/driver.h"

struct modbus_device;
struct modbus_point;

/** As modbus_device_add_point(), of an address that sunspec_point_is(). */
MUST_CHECK enum error_code sunspec_bind_add(struct modbus_device *device, struct arena *arena,
                                            const struct driver_point *configured,
                                            struct modbus_point *point, struct error *error);

/** The device is connected: find its models and points (B1). Errors: those of chain.h, B2. */
MUST_CHECK enum error_code sunspec_bind(struct modbus_device *device, const struct clock *clock,
                                        int64_t deadline_ns, struct error *error);

/** Tell of missing points once (B2), and emit those that are due. false: the sink has no room. */
bool sunspec_bind_emit_missing(struct modbus_device *device, const struct driver_turn *turn,
                               struct driver_sink *sink, int64_t time_ns);

/** Keep for the first binding what remember() brings. */
void sunspec_bind_remember(struct modbus_device *device, const uint8_t *bytes, size_t size_bytes);

void sunspec_bind_deinit(struct modbus_device *device);

#endif
