/* Records and points that can be made again, to be compared. */
#include "tests/support/store_room.h"
#include "tests/torture/power_run.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const int64_t first_ns = INT64_C(1795375471123000000);

static void fill_text(struct sample *sample, char *text, size_t size, uint64_t *seed)
{
    for (size_t i = 0; i < size; i++) {
        text[i] = (char)(' ' + (i % 8 == 0 ? room_random(seed) : *seed >> (i % 8 * 7)) % 64);
    }
    sample->type = SAMPLE_TEXT;
    sample->value.text.bytes = text;
    sample->value.text.size_bytes = (uint32_t)size;
}

static void fill_reading(struct sample *sample, bool calm, char *text, uint64_t *seed)
{
    uint64_t dice = room_random(seed);

    sample->point_id = (uint32_t)(calm ? sample->point_id % 100 : dice >> 32) % 100;
    sample->status = dice % 31 == 0 ? (uint32_t)room_random(seed) : 0;
    sample->type = SAMPLE_INT;
    if (calm) {
        sample->value.integer = (int64_t)(dice % 7);
    } else if (dice % 8 < 5) {
        sample->time_ns += (int64_t)(dice >> 40);
        sample->value.integer = (int64_t)room_random(seed);
    } else if (dice % 8 == 5) {
        sample->type = SAMPLE_DOUBLE;
        sample->value.real = (double)(int64_t)(room_random(seed) % 1000000) / 100;
    } else if (dice % 8 == 6) {
        sample->type = SAMPLE_NONE;
    } else {
        fill_text(sample, text, (size_t)(dice >> 8) % 20, seed);
    }
}

struct sample power_record(uint64_t life_seed, enum stream stream, uint64_t number,
                           uint32_t attempt, char text[POWER_TEXT_MAX])
{
    uint64_t seed = power_mix(life_seed, number * 8 + (uint64_t)stream) + attempt;
    bool calm = life_seed % 4 == 0; /* what a gateway polls packs into a byte or two */
    struct sample sample = {
        .time_ns = first_ns + (int64_t)number * NS_PER_MS,
        .received_ns = first_ns + (int64_t)number * NS_PER_MS,
        .point_id = (uint32_t)number,
    };

    if (stream == STREAM_READINGS) {
        fill_reading(&sample, calm, text, &seed);
    } else {
        size_t most = stream == STREAM_LOGS ? POWER_TEXT_MAX : 60;

        sample.point_id = 0;
        fill_text(&sample, text, 20 + (size_t)(room_random(&seed) % (most - 20)), &seed);
    }
    return sample;
}

bool power_record_is(const struct sample *left, const struct sample *right)
{
    if (left->time_ns != right->time_ns || left->received_ns != right->received_ns ||
        left->point_id != right->point_id || left->status != right->status ||
        left->type != right->type) {
        return false;
    }
    if (left->type == SAMPLE_TEXT) {
        return left->value.text.size_bytes == right->value.text.size_bytes &&
               memcmp(left->value.text.bytes, right->value.text.bytes,
                      left->value.text.size_bytes) == 0;
    }
    return left->type == SAMPLE_NONE ||
           memcmp(&left->value.integer, &right->value.integer, sizeof(int64_t)) == 0;
}

struct definition power_point(uint64_t number, uint32_t attempt, char text[POWER_TEXT_MAX])
{
    (void)snprintf(text, POWER_TEXT_MAX, "plant/%llu/%u", (unsigned long long)number,
                   (unsigned)attempt); /* fits */
    return (struct definition){.point_id = text,
                               .device = "plant",
                               .name = text,
                               .type = "int16",
                               .unit = "",
                               .role = "",
                               .address = "holding:1",
                               .labels = "",
                               .scale = 1,
                               .range_low = (double)NAN,
                               .range_high = (double)NAN};
}
