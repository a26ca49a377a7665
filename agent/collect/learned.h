/* agent/collect/learned.h - what drivers learned of their devices, kept over restarts.
 *
 *   driver --learned()--> [ LEARNED ] --> <queue>.learned/<device>   and back by remember()
 *
 *  LE1 A file is a mark, the CRC-32C of the rest, the rest. One that is damaged is told and not
 *      used: its device is learned anew.
 *  LE2 At most one write in LEARNED_EVERY_S a device, for the flash's sake, and one when the device
 *      stops. What a crash takes is learned again.
 *  LE3 A folder that cannot be written is told once for each device; nothing else suffers.
 *
 * Depends on: config, drivers, base.  Threads: one user at a time for each device.
 */
#ifndef AGENT_COLLECT_LEARNED_H
#define AGENT_COLLECT_LEARNED_H

#include "agent/config/device.h"
#include "base/clock.h"

#include <stdbool.h>
#include <stdint.h>

enum { LEARNED_EVERY_S = 600, LEARNED_MAX_BYTES = 64 << 10 };

/** Of one device. */
struct learned {
    const char *folder; /* NULL: nothing is kept */
    int64_t next_ns;    /* monotonic: not before */
    bool failed;        /* the last write */
};

/** Hand the driver what was kept. Before its first open(). */
void learned_load(const struct learned *learned, const struct config_device *device);

/** Keep what the driver has learned since; `at_once`: also before its time. Never inside read(). */
void learned_keep(struct learned *learned, const struct config_device *device,
                  const struct clock *clock, bool at_once);

#endif
