#include "agent/pipeline/pipeline.h"

#include <float.h>
#include <math.h>
#include <string.h>

static bool begins_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/** What samples of a type written as "float32", "text", "uint16" must be. SAMPLE_NONE: the point
 *  has no type of its own, the source decides. */
static enum sample_type expected_type(const char *type)
{
    if (type[0] == '\0') {
        return SAMPLE_NONE;
    }
    if (begins_with(type, "float") || begins_with(type, "double") || begins_with(type, "real")) {
        return SAMPLE_DOUBLE;
    }
    if (begins_with(type, "text") || begins_with(type, "string")) {
        return SAMPLE_TEXT;
    }
    return SAMPLE_INT;
}

static bool is_number(const struct sample *sample)
{
    return sample->type == SAMPLE_INT || sample->type == SAMPLE_DOUBLE;
}

static double engineering_value(const struct definition *definition, const struct sample *sample)
{
    double raw = sample->type == SAMPLE_INT ? (double)sample->value.integer : sample->value.real;

    return raw * definition->scale + definition->offset;
}

/** L1 to L3. */
static uint32_t status_of(const struct definition *definition, const struct sample *sample)
{
    enum sample_type expected = expected_type(definition->type);
    double value;

    if (!status_is_good(sample->status)) {
        return sample->status; /* L1 */
    }
    if (sample->type == SAMPLE_NONE || (expected != SAMPLE_NONE && expected != sample->type)) {
        return (uint32_t)STATUS_BAD_TYPE_MISMATCH; /* L2 */
    }
    if (!is_number(sample)) {
        return sample->status;
    }
    if (sample->type == SAMPLE_DOUBLE && !isfinite(sample->value.real)) {
        return (uint32_t)STATUS_BAD_OUT_OF_RANGE; /* L2 */
    }
    value = engineering_value(definition, sample);
    /* L3. A limit that is NaN is no limit: every comparison with it is false. */
    if (value < definition->range_low || value > definition->range_high) {
        return (uint32_t)STATUS_UNCERTAIN_ENGINEERING_UNITS_EXCEEDED;
    }
    return sample->status;
}

/** FNV-1a, 64 bits; never 0, which stands for "not a text". */
static uint64_t hash_of(const struct sample *sample)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    if (sample->type != SAMPLE_TEXT) {
        return 0;
    }
    for (uint32_t i = 0; i < sample->value.text.size_bytes; i++) {
        hash = (hash ^ (uint8_t)sample->value.text.bytes[i]) * UINT64_C(0x100000001b3);
    }
    return hash == 0 ? 1 : hash;
}

/** L4, the smallest change that counts; negative: no deadband is given. */
static double deadband_of(const struct definition *definition, double kept_value)
{
    double absolute = definition->deadband;
    double percent = fabs(kept_value) * definition->deadband_percent / 100;

    if (definition->deadband_percent <= 0) {
        return absolute > 0 ? absolute : -1;
    }
    return absolute > 0 && absolute < percent ? absolute : percent;
}

/** Whether two values differ by more than `deadband`. A difference of just the deadband may come
 *  out a few units of the last place larger (204.2 - 204.0 > 0.2): that much is forgiven. */
static bool moved(double value, double kept_value, double deadband)
{
    double largest = fmax(fabs(value), fabs(kept_value));

    if (value == kept_value || (isnan(value) && isnan(kept_value))) {
        return false;
    }
    if (!isfinite(value) || !isfinite(kept_value)) {
        return true;
    }
    return fabs(value - kept_value) > deadband + largest * 4 * DBL_EPSILON;
}

/** L4, for a sample with the same status as the one kept last. */
static bool changed(const struct definition *definition, const struct point_memory *memory,
                    const struct point_memory *now)
{
    double deadband = deadband_of(definition, memory->kept_value);

    if (deadband < 0 || now->kept_hash != memory->kept_hash) {
        return true;
    }
    if (strcmp(definition->type, "bool") == 0) {
        return moved(now->kept_value, memory->kept_value, 0);
    }
    return moved(now->kept_value, memory->kept_value, deadband);
}

/** L5. */
static bool is_due(const struct definition *definition, const struct point_memory *memory,
                   int64_t time_ns)
{
    if (time_ns < memory->kept_ns) {
        return true;
    }
    /* Unsigned, since times come from foreign payloads and their difference may not fit. */
    return definition->heartbeat_ns > 0 &&
           (uint64_t)time_ns - (uint64_t)memory->kept_ns >= (uint64_t)definition->heartbeat_ns;
}

enum pipeline_verdict pipeline_judge(const struct definition *definition,
                                     struct point_memory *memory, struct sample *sample)
{
    struct point_memory now;

    sample->status = status_of(definition, sample);
    now = (struct point_memory){
        .kept_ns = sample->time_ns,
        .kept_value =
            is_number(sample) ? engineering_value(definition, sample) : memory->kept_value,
        .kept_hash = hash_of(sample),
        .kept_status = sample->status,
        .any = true,
    };
    if (memory->any && now.kept_status == memory->kept_status &&
        !is_due(definition, memory, sample->time_ns) && !changed(definition, memory, &now)) {
        return PIPELINE_SUPPRESS;
    }
    *memory = now;
    return PIPELINE_KEEP;
}
