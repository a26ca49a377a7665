/* agent/config/point.h - points from records: inline in YAML or rows of a CSV file.
 *
 *   record -> [ POINT ] -> point_list -> device.h, which gives them to the driver
 *
 * Depends on: base, drivers/driver.h, document, settings, csv.  Threads: one user at a time.
 */
#ifndef AGENT_CONFIG_POINT_H
#define AGENT_CONFIG_POINT_H

#include "agent/config/document.h"
#include "agent/config/settings.h"

#include <stddef.h>
#include <stdint.h>

enum { POINT_COUNT_MAX = 100000, POINT_CSV_MAX_BYTES = 16 << 20 };

struct point_entry {
    struct config_point point;
    struct config_place place;
    bool is_implied; /* nobody wrote it: its group's template */
};

/** Grows on the heap while reading. */
struct point_list {
    struct point_entry *entries;
    size_t count, capacity;
};

/** Accepts a zeroed list. */
void point_list_deinit(struct point_list *list);

/** What the points of one list or file have in common. Everything is borrowed. */
struct point_source {
    struct loading *loading;
    struct config_device *device; /* name, driver and arena are set */
    int64_t interval_ns;          /* of points that name none; 0 for pushing drivers */
    int64_t heartbeat_ns;
    struct config_place place;  /* of the device, for findings about its points together */
    const void *group;          /* the driver's struct; NULL without groups */
    const char *group_template; /* of drivers/driver.h: its points' types are the source's */
    const char *group_topic;    /* in front of the address; NULL: none */
    struct buffer *canonical;   /* see settings.h */
    struct point_list *list;
};

/** Read one point. false: findings, or no memory; it is not in the list then. */
bool point_read(const struct point_source *source, const struct record *record);

/** Read the points that the driver brings along; `place` is the device. */
bool point_read_standard(const struct point_source *source, const struct config_place *place);

/** Read the CSV file `path`, named at `place`. */
bool point_read_csv(const struct point_source *source, const char *path,
                    const struct config_place *place);

#endif
