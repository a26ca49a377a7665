/* drivers/modbus/load.h - how much of a serial line's time the reading of one device takes.
 *
 *   plan, intervals, serial settings -> [ LOAD ] -> share of the time, requests
 *
 *  U1  Counted is what nobody can do without: the bits of request and answer (one start, eight
 * data, parity, stop), the silence before each (3.5 characters or the turnaround), at a device that
 *      answers at once and refuses nothing. So what does not fit by this never fits.
 *  U2  Schedules that are due together share their requests, as when reading: the turns of one
 *      window are gone through, from a moment at which all are due to the next such moment, but of
 *      ten minutes at most. Schedules that come more seldom do not count.
 *  U3  Of a log counts what is read when nothing is new: its index.
 *
 * Depends on: logs/log, plan, serial.  Threads: pure.
 */
#ifndef DRIVERS_MODBUS_LOAD_H
#define DRIVERS_MODBUS_LOAD_H

#include "base/device_link.h"
#include "drivers/modbus/logs/log.h"
#include "drivers/modbus/plan.h"
#include "drivers/modbus/serial.h"

/** Of a prepared plan whose schedule i is due every intervals_ns[i]. */
struct device_load load_of(const struct plan *plan, const struct serial_settings *settings,
                           const int64_t *intervals_ns, uint32_t interval_count);

/** Add the logs of a device (U3). */
void load_add_logs(struct device_load *load, const struct logs *logs,
                   const struct serial_settings *settings, const int64_t *intervals_ns);

#endif
