/* base/definition.h - what a point is: the row of the catalogue that gives its readings meaning.
 *
 * Readings carry raw values; scale, unit and all else stand here, once per revision. A definition
 * reaches the lake before the first reading that uses it. `point_id` is `device/point` as first
 * configured; any change of the other fields makes the next revision.
 *
 * Depends on: nothing.  Threads: plain data; texts are borrowed from whoever filled it.
 */
#ifndef BASE_DEFINITION_H
#define BASE_DEFINITION_H

#include <stdint.h>

struct definition {
    const char *point_id; /* "boiler-1/flow-temperature" */
    const char *device;
    const char *name;
    const char *type;    /* as the source has it: int16, float32, bool, text ... */
    const char *unit;    /* UCUM; "" when there is none */
    const char *role;    /* sensor, setpoint, command, status, alarm, counter */
    const char *address; /* the driver's address, for people: "holding:100", "plant/3/state#rpm" */
    const char *labels;  /* JSON object of texts, or "" */
    double scale;        /* engineering value = raw * scale + offset */
    double offset;
    double range_low; /* engineering value; NaN: none */
    double range_high;
    double deadband;         /* engineering units; 0: none */
    double deadband_percent; /* of the last value sent; 0: none */
    int64_t interval_ns;     /* between readings; 0: when the source sends */
    int64_t heartbeat_ns;    /* at least one reading per this, even when suppressed; 0: none */

    /* Written by the store. */
    uint32_t revision;     /* from 1, per point_id */
    int64_t valid_from_ns; /* UTC */
};

#endif
