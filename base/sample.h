/* base/sample.h - the record that flows through the whole agent.
 *
 *   driver --emit--> pipeline --> store --> sync
 *
 * Times are kept as nanoseconds; a polled read stamps all its points with one time in whole
 * milliseconds, since that halves what is sent.
 *
 * Depends on: status_code.  Threads: plain data; a sink is used by one thread at a time.
 */
#ifndef BASE_SAMPLE_H
#define BASE_SAMPLE_H

#include "base/status_code.h"

#include <stdbool.h>
#include <stdint.h>

/** A value as the source gave it: scale and unit belong to the point's definition. */
enum sample_type {
    SAMPLE_NONE,   /* no value: status says why */
    SAMPLE_INT,    /* registers, counters, coils (0 or 1) */
    SAMPLE_DOUBLE, /* IEEE 754 binary64, any bits */
    SAMPLE_TEXT,
};

struct sample {
    int64_t time_ns;     /* UTC, since 1970; when the source measured, else when we read */
    int64_t received_ns; /* UTC, since 1970; when we got it */
    uint32_t point_id;   /* driver: as given to add_point(). store: handle of a definition */
    uint32_t status;     /* enum status_code */
    enum sample_type type;
    union {
        int64_t integer;
        double real;
        struct {
            const char *bytes; /* UTF-8, not terminated, borrowed until emit() returns */
            uint32_t size_bytes;
        } text;
    } value;
};

#endif
