#include "tests/bench/polled_data.h"

#include "base/clock.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FAST_POINTS = 10, SLOW_POINTS = 4, COUNTERS = 3, REGISTER_MAX = 65535 };

#define FIRST_SECOND_NS (INT64_C(1772323200) * NS_PER_S)

struct poll {
    int64_t time_ns;
    uint32_t device;
};

/** xorshift64*. */
static uint64_t next_random(struct polled_data *data)
{
    data->random ^= data->random >> 12;
    data->random ^= data->random << 25;
    data->random ^= data->random >> 27;
    return data->random * UINT64_C(2685821657736338717);
}

static uint64_t below(struct polled_data *data, uint64_t limit)
{
    return (next_random(data) >> 11) % limit;
}

/** Standard normal: twelve uniform numbers, less six. */
static double next_normal(struct polled_data *data)
{
    double sum = 0;

    for (int i = 0; i < 12; i++) {
        sum += (double)(next_random(data) >> 11) / 9007199254740992.0;
    }
    return sum - 6;
}

void polled_data_init(struct polled_data *data, bool stamp_per_point)
{
    *data = (struct polled_data){
        .random = 20260301, .stamp_per_point = stamp_per_point, .second = -1, .at = POLLED_POINTS};
    for (uint32_t i = 0; i < POLLED_DEVICES; i++) {
        data->phase_ns[i] = (int64_t)below(data, 960) * NS_PER_MS;
    }
    for (uint32_t i = 0; i < POLLED_POINTS; i++) {
        data->value[i] = (int64_t)below(data, 30000);
        data->rate[i] = (int64_t)below(data, 41);
        (void)snprintf(data->names[i], POLLED_NAME_SIZE, "device-%02u/point-%02u",
                       i / POLLED_POINTS_OF_DEVICE, i % POLLED_POINTS_OF_DEVICE);
        data->definitions[i] = (struct definition){.point_id = data->names[i], .revision = 1};
    }
}

static int64_t next_value(struct polled_data *data, uint32_t point)
{
    uint32_t kind = point % POLLED_POINTS_OF_DEVICE;
    int64_t value = data->value[point];

    if (kind < FAST_POINTS) {
        value += lround(next_normal(data) * 2);
    } else if (kind < FAST_POINTS + SLOW_POINTS) {
        value += below(data, 20) == 0 ? (below(data, 2) == 0 ? 1 : -1) : 0;
    } else if (kind < FAST_POINTS + SLOW_POINTS + COUNTERS) {
        double rate = (double)data->rate[point];
        long step = lround(rate + next_normal(data) * sqrt(rate));

        return data->value[point] = value + (step < 0 ? 0 : step);
    } else {
        return data->value[point] = (value & 1) ^ (below(data, 100) == 0 ? 1 : 0);
    }
    value = value < 0 ? 0 : value > REGISTER_MAX ? REGISTER_MAX : value;
    return data->value[point] = value;
}

static int earlier(const void *a, const void *b)
{
    const struct poll *first = a;
    const struct poll *second = b;

    if (first->time_ns != second->time_ns) {
        return first->time_ns < second->time_ns ? -1 : 1;
    }
    return first->device < second->device ? -1 : 1;
}

static void poll_all(struct polled_data *data)
{
    struct poll polls[POLLED_DEVICES];
    uint32_t count = 0;

    for (uint32_t i = 0; i < POLLED_DEVICES; i++) {
        int64_t jitter_ms = labs(lround(next_normal(data) * 2));

        polls[i] = (struct poll){.time_ns = FIRST_SECOND_NS + data->second * NS_PER_S +
                                            data->phase_ns[i] + jitter_ms * NS_PER_MS,
                                 .device = i};
    }
    qsort(polls, POLLED_DEVICES, sizeof(polls[0]), earlier);
    for (uint32_t i = 0; i < POLLED_DEVICES; i++) {
        int64_t time_ns = polls[i].time_ns;

        for (uint32_t k = 0; k < POLLED_POINTS_OF_DEVICE; k++) {
            uint32_t point = polls[i].device * POLLED_POINTS_OF_DEVICE + k;

            if (data->stamp_per_point) {
                time_ns += (int64_t)(250 + below(data, 200)) * NS_PER_US;
            }
            data->samples[count++] = (struct sample){.time_ns = time_ns,
                                                     .received_ns = time_ns,
                                                     .point_id = point + 1,
                                                     .type = SAMPLE_INT,
                                                     .value.integer = next_value(data, point)};
        }
    }
}

const struct sample *polled_data_next(struct polled_data *data)
{
    if (data->at == POLLED_POINTS) {
        data->second++;
        data->at = 0;
        poll_all(data);
    }
    return &data->samples[data->at++];
}
