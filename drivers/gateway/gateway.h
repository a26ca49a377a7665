/* drivers/gateway/gateway.h - the gateway itself as a device: load, memory, temperatures, disks,
 * flash, links, clock, queue, sync.
 *
 *   /proc, /sys, base/facts -> [ GATEWAY ] -> collector
 *
 * A point's address is a quantity (`cpu-busy`), one of its items (`temperature:cpu-thermal`), or a
 * quantity with items alone (`temperature`): then each item that is found becomes a point of its
 * own, with the item in the place of the {part} in the name. Without points in the configuration it
 * has its standard ones.
 *
 *  W1  Reading costs bounded time and memory: files into fixed buffers, at most
 *      GATEWAY_ITEMS_MAX items of a kind, no allocation.
 *  W2  What cannot be read is a bad reading each time and a rejection, with the file and the
 *      reason, once until it could be read again.
 *  W3  An item that was seen and is gone (a modem that was pulled) gives bad readings; a link that
 *      is gone is down. Nothing is told: it comes and goes by itself.
 *  W4  All readings of a turn have one time, in whole milliseconds.
 *
 * Depends on: base.  Threads: one at a time.
 */
#ifndef DRIVERS_GATEWAY_GATEWAY_H
#define DRIVERS_GATEWAY_GATEWAY_H

#include "drivers/driver.h"

extern const struct driver gateway_driver;

#endif
