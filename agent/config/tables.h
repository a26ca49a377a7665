/* agent/config/tables.h - the host's own option tables; a driver's and a target's stand with them.
 *
 * docs/configuration.md shows them; tests/unit/test_config_docs.c holds it to that.
 *
 * Depends on: base.  Threads: constants.
 */
#ifndef AGENT_CONFIG_TABLES_H
#define AGENT_CONFIG_TABLES_H

#include "base/option.h"

#include <stdbool.h>
#include <stdint.h>

/** Filled by config_device_options. */
struct device_settings {
    const char *name, *driver, *points_file;
    const char *template, *only, *without; /* NULL: none */
    int64_t interval_ns;                   /* of its points */
    int64_t heartbeat_ns;                  /* of its points; 0: none */
    bool enabled;
};

/** Filled by config_point_options. */
struct point_settings {
    const char *name, *unit;
    double scale, offset;
    double range_low, range_high;      /* NaN: none */
    const char *deadband;              /* "0.2", "2%", or NULL */
    int64_t heartbeat_ns, interval_ns; /* 0: the device's */
    uint32_t role;                     /* index into config_roles */
    bool writable;
    double write_range_low, write_range_high; /* NaN: those of the range */
};

/** Filled by config_group_options: what the host itself knows of a group of points. */
struct group_settings {
    const char *points_file;
    int64_t interval_ns; /* of its points; 0: the device's */
};

/** Filled by config_template_options. */
struct template_settings {
    const char *vendor, *models, *protocol;
};

/** Filled by config_target_options. */
struct target_settings {
    const char *name, *type;
};

extern const struct option_spec config_options[]; /* of struct config: site, queue.path ... */
extern const struct option_spec config_device_options[];
extern const struct option_spec config_group_options[];
extern const struct option_spec config_point_options[];
extern const struct option_spec config_target_options[];
extern const struct option_spec config_template_options[];
extern const char *const config_roles[];

#endif
