/* drivers/lines/zone.h - which time of UTC it is where a clock on the wall shows this.
 *
 *  Z1  A local time that there is twice (when summer time ends) is the later one, unless that is
 *      still more than a minute in the future: a line that is read as it is written is right.
 *  Z2  One that there is not (when summer time begins) is counted with the offset from before.
 *
 * Depends on: tzif.  Threads: one at a time per zone; the process's own zone (TZ) is not touched.
 */
#ifndef DRIVERS_LINES_ZONE_H
#define DRIVERS_LINES_ZONE_H

#include "base/arena.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct tzif;

struct zone {
    const struct tzif *rules; /* NULL: as the kind says */
    bool is_local;            /* the machine's */
    int32_t offset_s;         /* east of UTC, of a zone that is neither */
    int64_t known_quarter;    /* the last quarter of an hour that was asked for, local, ... */
    int32_t known_s[2];       /* ... and its offsets: the usual case is asked once */
    bool is_known;
};

/** "local", "utc", an offset (+02:00, -0330, +01) or a name of the zone database of the machine
 *  (Europe/Berlin), whose file is read here. Errors: ERROR_BAD_CONFIG, ERROR_NO_MEMORY. */
MUST_CHECK enum error_code zone_set(struct zone *zone, const char *text, struct arena *arena,
                                    struct error *error);

/** Seconds of UTC since 1970 when the clock shows `local_s` (seconds since 1970-01-01 there). */
int64_t zone_utc(struct zone *zone, int64_t local_s, int64_t now_s);

#endif
