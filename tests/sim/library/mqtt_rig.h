/* tests/sim/library/mqtt_rig.h - the MQTT driver, configured by texts, and what it handed over.
 *
 *   init() -> set()* -> { group() -> point()* }* -> prepare()
 *     -> { open() -> read() or read_until() ... -> close() }* -> release()
 *
 * Depends on: base, drivers/driver.h.  Threads: one user at a time.
 */
#ifndef TESTS_SIM_LIBRARY_MQTT_RIG_H
#define TESTS_SIM_LIBRARY_MQTT_RIG_H

#include "drivers/driver.h"

enum { MQTT_RIG_SAMPLES_MAX = 70000, MQTT_RIG_INSTANCES_MAX = 64, MQTT_RIG_FIRST_INSTANCE = 1000 };

struct mqtt_rig_sample {
    struct sample sample; /* a text points into `text` */
    char text[48];        /* the first bytes of a text value, terminated */
};

struct mqtt_rig {
    struct driver_sink sink; /* first: the callbacks find the rest */
    const struct driver *driver;
    struct arena arena;
    void *state;
    const void *group; /* the last one made */
    uint32_t point_count;

    size_t room;                     /* how many samples the sink still takes */
    size_t emits;                    /* calls of emit(), refused ones too */
    struct mqtt_rig_sample *samples; /* the first MQTT_RIG_SAMPLES_MAX */
    size_t count;
    char instances[MQTT_RIG_INSTANCES_MAX][64]; /* names, of ids from MQTT_RIG_FIRST_INSTANCE on */
    uint32_t templates[MQTT_RIG_INSTANCES_MAX]; /* and of which point they are */
    size_t instance_count, instances_max;
    size_t lines; /* of logs; the last one: */
    enum log_severity severity;
    int64_t line_ns;
    char line_source[256], line_fields[LOG_FIELDS_MAX + 1], line_message[LOG_MESSAGE_MAX + 1];
    size_t rejections;
    char reason[256], source[256], payload[256]; /* of the last rejection */
    size_t events;
    char event[256]; /* the last one: "kind subject: reason" */
    struct error error;
};

void mqtt_rig_init(struct mqtt_rig *rig, const struct driver *driver);
void mqtt_rig_release(struct mqtt_rig *rig);

/** Set an option of the device; a refusal stays in rig->error and is returned. */
enum error_code mqtt_rig_set(struct mqtt_rig *rig, const char *key, const char *value);

/** Begin a group. `settings` are keys and values, ended by NULL. */
enum error_code mqtt_rig_group(struct mqtt_rig *rig, const char *const *settings);

/** Add a point to the group; ids count from 0. */
enum error_code mqtt_rig_point(struct mqtt_rig *rig, const char *name, const char *const *settings);

enum error_code mqtt_rig_prepare(struct mqtt_rig *rig);
enum error_code mqtt_rig_open(struct mqtt_rig *rig); /* within 20 s */
enum error_code mqtt_rig_read(struct mqtt_rig *rig, int64_t within_ms);

/** Read until `count` samples, lines and rejections came in all, or 30 s passed. */
enum error_code mqtt_rig_read_until(struct mqtt_rig *rig, size_t count);

void mqtt_rig_close(struct mqtt_rig *rig);

/** Forget what came so far. */
void mqtt_rig_clear(struct mqtt_rig *rig);

#endif
