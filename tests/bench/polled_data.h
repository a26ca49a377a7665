/* tests/bench/polled_data.h - the polled data set: 500 points on 25 devices, read once a second.
 *
 * Values are integers as registers hold them. Of a device's 20 points, 10 are fast walks (each
 * second a step of a rounded normal with sigma 2, within 0 to 65535), 4 slow ones (temperatures in
 * steps of 0.1: one second in 20 a step of 1 up or down), 3 counters (each with a rate of its own,
 * 0 to 40 a second, and a Poisson-like spread), 3 bits that flip one second in 100.
 *
 * Each device is polled at its own phase of the second, with a jitter of a rounded normal of sigma
 * 2 ms. Stamps A: one whole millisecond for all points of a poll. Stamps B: a microsecond stamp
 * per point, 250 to 449 us after the one before. The receive time is the stamp. Rows come in the
 * order of the polls. The seed is fixed, so every run sees the same rows.
 *
 * Life: polled_data_init() -> polled_data_next()*. No memory but its own.
 *
 * Depends on: sample, definition.  Threads: one user at a time.
 */
#ifndef TESTS_BENCH_POLLED_DATA_H
#define TESTS_BENCH_POLLED_DATA_H

#include "base/definition.h"
#include "base/sample.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    POLLED_DEVICES = 25,
    POLLED_POINTS_OF_DEVICE = 20,
    POLLED_POINTS = POLLED_DEVICES * POLLED_POINTS_OF_DEVICE,
    POLLED_NAME_SIZE = 32,
};

struct polled_data {
    uint64_t random;
    bool stamp_per_point; /* B */
    int64_t second;       /* since the first */
    uint32_t at;          /* samples of this second already given */
    int64_t phase_ns[POLLED_DEVICES];
    int64_t rate[POLLED_POINTS];
    int64_t value[POLLED_POINTS];
    struct sample samples[POLLED_POINTS]; /* of this second; point_id is 1 to POLLED_POINTS */
    char names[POLLED_POINTS][POLLED_NAME_SIZE];
    struct definition definitions[POLLED_POINTS]; /* of point_id 1, 2, ... */
};

void polled_data_init(struct polled_data *data, bool stamp_per_point);

/** The next reading; valid until the next call. */
const struct sample *polled_data_next(struct polled_data *data);

#endif
