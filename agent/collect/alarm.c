#include "agent/collect/alarm.h"

#include "agent/journal.h"
#include "base/utf8.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool alarm_is_one(const struct definition *definition)
{
    return strcmp(definition->role, "alarm") == 0;
}

bool alarm_changed(const struct point_memory *before, const struct point_memory *after)
{
    bool same_value = before->kept_value == after->kept_value ||
                      (isnan(before->kept_value) && isnan(after->kept_value));

    return !before->any || !same_value || before->kept_hash != after->kept_hash ||
           before->kept_status != after->kept_status;
}

/** As few digits as give back the same number; after scaling, the last ones are noise. */
static void write_real(double value, bool is_raw, char *text, size_t size)
{
    (void)snprintf(text, size, "%.15g", value); /* fits, as the next */
    if (is_raw && strtod(text, NULL) != value) {
        (void)snprintf(text, size, "%.17g", value);
    }
}

static void write_value(const struct definition *definition, const struct sample *sample,
                        char text[EVENT_DETAIL_MAX])
{
    bool is_raw = definition->scale == 1 && definition->offset == 0;

    text[0] = '\0';
    if (sample->type == SAMPLE_TEXT) {
        (void)utf8_copy(text, EVENT_DETAIL_MAX, sample->value.text.bytes,
                        sample->value.text.size_bytes);
    } else if (sample->type == SAMPLE_INT && is_raw) {
        (void)snprintf(text, EVENT_DETAIL_MAX, "%" PRId64, sample->value.integer); /* fits */
    } else if (sample->type != SAMPLE_NONE) {
        double raw =
            sample->type == SAMPLE_INT ? (double)sample->value.integer : sample->value.real;

        write_real(raw * definition->scale + definition->offset, is_raw, text, EVENT_DETAIL_MAX);
    }
}

void alarm_tell(struct store *store, const struct clock *clock, const struct definition *definition,
                const struct sample *sample)
{
    char value[EVENT_DETAIL_MAX], status[STATUS_TEXT_SIZE];
    const struct event event = {.kind = "alarm",
                                .subject = definition->point_id,
                                .reason = status,
                                .detail = value,
                                .from_ns = sample->time_ns};

    write_value(definition, sample, value);
    status_describe(sample->status, status);
    journal_append(store, clock, &event);
}
