/* drivers/modbus/logs/logs.h - records that a device kept, read from where the last run ended.
 *
 *   records of a ring, a file or a queue -> [ LOGS -> reading.h ] -> samples with their own times
 * -> sink
 *
 *  G1  A log is read when its points are due, and while it is behind in every turn. What is behind
 *      takes a quarter of the time between two turns, PORTION_MOST_NS at most, but one request in
 *      any case: so the other points of the device stay in time. Other units of the line have
 *      their turns between the requests anyway (ask.h, Q1).
 *  G2  A record's samples are handed over first, its position is kept behind them. A crash between
 *      two commits in that order doubles records, with equal points and times; none is lost by it.
 *  G3  What the sink has no room for stays in the device; the position does not go past it.
 *  G4  What is known to be lost is told once, as an `unread` event: its position is kept first.
 *  G5  Records of zeros or ones alone were never written and are passed over; one without a time is
 *      rejected. A device that refuses index or records is complained of once until it answers.
 *  G6  Records of one time, as an event log has them, are a microsecond apart, in their order: a
 *      point has one value at a time.
 *
 * Depends on: log, reading.  Threads: as drivers/driver.h D5.
 */
#ifndef DRIVERS_MODBUS_LOGS_LOGS_H
#define DRIVERS_MODBUS_LOGS_LOGS_H

#include "drivers/driver.h"
#include "drivers/modbus/logs/log.h"

struct asking;
struct modbus_device;
struct modbus_point;

/** As modbus_device_add_point(), of a point in a group; `point` is checked as a record's. */
MUST_CHECK enum error_code logs_add_point(struct modbus_device *device, struct arena *arena,
                                          const struct driver_point *configured,
                                          struct modbus_point *point, struct error *error);

/** The device was opened: records may have changed meanwhile. */
void logs_begin(struct logs *logs);

/** Read what is due or behind. Errors: those of ask_request(). */
MUST_CHECK enum error_code logs_read(struct modbus_device *device, const struct driver_turn *turn,
                                     struct driver_sink *sink, struct asking *asking,
                                     struct error *error);

#endif
