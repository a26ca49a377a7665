/* agent/collect/intake.h - the sink of one device: what its driver emits, judged, counted, stored.
 *
 * The middle of a collector (rules K2, K3 and K5 of agent/collect/collector.h): from a driver's
 * sample to the definition, through the pipeline, into the store.
 *
 * Depends on: journal, point_table, pipeline, store.  Threads: belongs to one collector.
 */
#ifndef AGENT_COLLECT_INTAKE_H
#define AGENT_COLLECT_INTAKE_H

#include "agent/collect/point_table.h"
#include "agent/status_board.h"
#include "base/event.h"
#include "drivers/driver.h"

struct rejected_payload {
    char source[512];
    char reason[512];
    char payload[EVENT_DETAIL_MAX];
};

/** Payloads that failed, not yet told as an event. */
struct rejected_run {
    uint64_t count;
    uint64_t other_count; /* of them of another source or for another reason than the first */
    int64_t from_ns, to_ns;
    struct rejected_payload *first; /* made when it is needed: most devices send no broken one */
};

/** Is told of every reading as it was judged, also of those that are suppressed. */
struct intake_watch {
    void (*seen)(struct intake_watch *watch, const struct definition *definition, uint32_t point_id,
                 const struct sample *judged);
};

struct intake {
    struct driver_sink sink; /* first: the driver holds a pointer to it */
    struct point_table points;
    struct store *store;
    uint64_t name_hash; /* of the device; names the notes that hold its positions */
    const struct clock *clock;
    struct status_counts counts; /* since they were last taken */
    uint64_t refused_count;      /* samples that the store had no room for, since last taken */
    struct error refused_why;
    struct rejected_run rejected;
    int64_t tell_rejected_ns;   /* monotonic: not before then (K3) */
    struct intake_watch *watch; /* NULL: nobody looks on */
    bool has_alarm;             /* an alarm was kept and is not committed yet (K7) */
};

/** Define the device's points. After a failure intake_deinit() still cleans up. */
MUST_CHECK enum error_code intake_init(struct intake *intake, const struct config_device *device,
                                       struct store *store, const struct clock *clock,
                                       struct error *error);
void intake_deinit(struct intake *intake);

/** One reading without a value for every point known by now, but those of a log that the device
 *  keeps: theirs come later. */
void intake_mark_all(struct intake *intake, uint32_t status);

/** Tell what was rejected since the last time as an event, if a second has passed since that or
 *  `at_once` says so. */
void intake_tell_rejected(struct intake *intake, bool at_once);

/** The counts since the last time; they start again at zero. */
struct status_counts intake_take_counts(struct intake *intake);

#endif
