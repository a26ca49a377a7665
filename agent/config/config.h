/* agent/config/config.h - the configuration, read, checked and ready to run.
 *
 *   leat.yaml, devices/<name>.yaml, points.csv -> [ CONFIG ] -> agent/collector, store, uplink
 *
 * Every key is a row of an option table: the agent's own in agent/config/, a driver's and a
 * target's in their folders. Loading does what running would do short of I/O: it makes each
 * driver's state, adds the points and prepares the plan (D1), so what loads also runs (P5).
 *
 *  C1  A problem is a finding with file, line and column, and what to write instead. Loading goes
 *      on after one, so that a person sees them all (up to CONFIG_FINDINGS_MAX).
 *  C2  A device has an arena of its own and may be taken out of its configuration: on a reload,
 *      devices whose fingerprint did not change keep running untouched.
 *  C3  No secret stands in the YAML; file names of secrets do.
 *
 * Depends on: base, drivers, sync, libyaml.  Threads: one user at a time; constant once loaded.
 */
#ifndef AGENT_CONFIG_CONFIG_H
#define AGENT_CONFIG_CONFIG_H

#include "agent/store/store.h"
#include "base/arena.h"
#include "base/definition.h"
#include "base/error.h"
#include "drivers/driver.h"
#include "sync/target.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CONFIG_FINDINGS_MAX = 50, CONFIG_INTERVALS_MAX = 32, CONFIG_FINGERPRINT_SIZE = 32 };

struct config_point {
    struct definition definition; /* texts in the device's arena; revision not set */
    struct driver_point driver;   /* point_id is its index in config_device.points */
    unsigned line;
    bool writable;
    double write_low, write_high; /* in the unit, NaN: none; of bools and texts without meaning */
};

struct config_device {
    struct arena arena;
    const char *name;
    const struct driver *driver;
    void *state; /* options written, points added, prepared; destroyed by config_device_free() */
    struct config_point *points;
    size_t point_count;
    int64_t intervals_ns[CONFIG_INTERVALS_MAX]; /* of schedule i; empty for pushing drivers */
    uint32_t interval_count;
    uint8_t fingerprint[CONFIG_FINGERPRINT_SIZE]; /* equal: everything that matters is equal */
};

/** The flash that the queue stands on, for the projected wear. */
struct config_card {
    uint64_t size_bytes;
    uint64_t cycles; /* program and erase cycles that a block endures */
    uint64_t program_page_bytes;
};

struct config_queue {
    const char *path;
    int64_t flush_ns;
    bool flash_saver;
    uint64_t ring_bytes[STREAM_RING_COUNT];
    uint32_t when_full[STREAM_RING_COUNT]; /* enum store_when_full */
    uint64_t keep_free_bytes;
    struct config_card card;
};

struct config_sync {
    uint64_t batch_max_bytes;
    int64_t batch_max_age_ns;
    const char *target_name;     /* as configured; NULL: nothing is uploaded */
    const struct target *target; /* NULL likewise */
    void *target_state;
};

enum config_clock_source { CONFIG_CLOCK_NTP, CONFIG_CLOCK_TRUSTED };

struct config_clock {
    uint32_t source; /* enum config_clock_source */
    int64_t wait_ns; /* how long records may wait for the clock to become right */
};

struct config {
    struct arena arena;
    const char *site;
    const char *gateway;
    const char *template_folder; /* NULL: that of the installation */
    struct config_queue queue;
    struct config_clock clock;
    struct config_sync sync;
    bool writes_enabled;            /* `leat write` */
    struct config_device **devices; /* an entry that was taken out is NULL */
    size_t device_count;
};

struct config_finding {
    char file[256];
    unsigned line, column; /* from 1; 0: not about a place */
    char text[256];        /* what is wrong, and what to write instead */
};

enum { CONFIG_PLACE_SIZE = 256 + 2 * 11 };

struct config_findings {
    struct config_finding list[CONFIG_FINDINGS_MAX];
    size_t count;
};

/** Load `path` and what it names. On ERROR_OK `*config` is the caller's to config_free(). On
 *  ERROR_BAD_CONFIG the findings (at least one) say why; `error` holds the first as one line. */
MUST_CHECK enum error_code config_load(const char *path, struct config **config,
                                       struct config_findings *findings, struct error *error);

/** Those of that name; NULL: there is none, or it was taken out. */
struct config_device *config_device_named(const struct config *config, const char *name);
const struct config_point *config_point_named(const struct config_device *device, const char *name);

/** "file:line:column", or "file" when it is not about a place. */
void config_finding_place(const struct config_finding *finding, char text[CONFIG_PLACE_SIZE]);

/** Free it with the devices still in it. Accepts NULL. */
void config_free(struct config *config);

/** Close and destroy its driver's state, free it. Accepts NULL. */
void config_device_free(struct config_device *device);

#endif
