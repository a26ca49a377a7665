/* drivers/modbus/logs/stamp.h - the time that a device put into a record.
 *
 *  | format   | registers | what they hold                                                        |
 *  | unix     | 2         | seconds since 1970, UTC                                               |
 *  | unix-ms  | 4         | milliseconds since 1970, UTC                                          |
 *  | calendar | 6         | year (from 2000 when below 100), month, day, hour, minute, second     |
 *  | iec      | 4         | year from 2000 (7 bits); month << 8 | day (weekday between them);     |
 *  |          |           | hour << 8 | minute; milliseconds of the minute                        |
 *
 * `iec` is CP56Time2a of IEC 60870-5-4 in registers, as in Schneider Electric's "TI081" and
 * "DATETIME" (user manuals of IM400N, 7EN02-0423-03, and EM3000, "Unit table"). Its bits for summer
 * time and validity are not looked at: the manuals disagree on what 0 says in them.
 *
 * Depends on: value, drivers/lines.  Threads: as zone.h.
 */
#ifndef DRIVERS_MODBUS_LOGS_STAMP_H
#define DRIVERS_MODBUS_LOGS_STAMP_H

#include "drivers/lines/zone.h"
#include "drivers/modbus/value.h"

#include <stdbool.h>
#include <stdint.h>

#define STAMP_FORMAT_CHOICES "unix|unix-ms|calendar|iec"

/** In the order of STAMP_FORMAT_CHOICES. */
enum stamp_format { STAMP_UNIX, STAMP_UNIX_MS, STAMP_CALENDAR, STAMP_IEC };

struct stamp {
    enum stamp_format format;
    enum value_order order; /* of `calendar` and `iec` only that within a register counts */
    uint16_t offset;        /* where in the record it begins, in registers */
    struct zone zone;       /* where the clock of `calendar` and `iec` hangs */
};

/** How many registers a format takes. */
uint16_t stamp_registers(enum stamp_format format);

/** The unit that its times are whole numbers of. */
int64_t stamp_unit_ns(enum stamp_format format);

/** Whether a format needs a zone. */
static inline bool stamp_is_local(enum stamp_format format)
{
    return format == STAMP_CALENDAR || format == STAMP_IEC;
}

/** The time in `record`, UTC. false: there is no such time, or it is outside 1970 to 2261. */
bool stamp_read(struct stamp *stamp, const uint16_t *record, int64_t now_ns, int64_t *time_ns);

#endif
