/* drivers/modbus/modbus.h - Modbus TCP, RTU and RTU over TCP, as a master (client).
 *
 *   slave -> libmodbus -> [ MODBUS: dial, serial, plan, value ] -> agent/pipeline
 *
 * Rules beyond those of drivers/driver.h:
 *
 *  M1  All samples of one read() carry one time, in whole milliseconds: when its first request
 *      had the line.
 *  M2  Points of all due schedules share requests (plan.h); a value is never put together from two.
 *  M3  Exception 2 or 3 on a request of several points: its parts are read on their own. Where it
 *      had to be cut, who is refused alone and how much the slave takes at once (learning.h) is
 *      kept over connections, and by the host over restarts (memory.h). Once a day it is tried
 *      again, one thing a turn, so that a slave that was changed is read better.
 *  M4  An exception is the point's bad status. Silence, garbage, a wrong length, a wrong
 *      transaction or a closed connection fail read(): what the stream holds next can no longer be
 *      known.
 *      A unit that is busy (05, 06) is left alone for longer and longer: within the turn by ask.h,
 *      Q5; when two requests were answered so, or the only one, and none otherwise, read() fails
 *      and the host's back-off goes on from there.
 *  M5  What the turn has no time left for is emitted as BAD_TIMEOUT; the connection stays good.
 *  M6  With RTU framing a spoilt or foreign answer is asked for once more (ask.h, Q2).
 *  M7  Units of one serial port, or one peer, share one connection (line.h); each is one device
 *      (driver.session).
 *  M8  What is written, and with which function, stands in write.h.
 *  M9  What a device keeps of the past itself is read as logs/logs.h says, behind the rest of a
 *      turn.
 *
 * Depends on: base, drivers/driver.h, libmodbus.  Threads: D5; name resolution uses glibc's own.
 */
#ifndef DRIVERS_MODBUS_MODBUS_H
#define DRIVERS_MODBUS_MODBUS_H

#include "drivers/driver.h"

extern const struct driver modbus_tcp_driver;
extern const struct driver modbus_rtu_driver;
extern const struct driver modbus_rtu_tcp_driver;

#endif
