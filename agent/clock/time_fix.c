#include "agent/clock/time_fix.h"

#include <stdlib.h>
#include <string.h>

/** F3: how much longer. */
static int64_t left_to_wait_ns(const struct time_rules *rules, const struct store_regime *regime,
                               const struct sample *sample)
{
    int64_t most_ns = regime->state == CLOCK_LIFTED || rules->wait_ns < TIME_FIX_WAIT_FREE_NS
                          ? rules->wait_ns
                          : TIME_FIX_WAIT_FREE_NS;

    if (!rules->may_wait || !regime->is_known || !regime->this_boot) {
        return 0;
    }
    /* Unsigned, since a stamp of a producer's own may be anything; what is of the future has not
     * waited, and must not wait longer for it. */
    return most_ns - llabs((int64_t)((uint64_t)clock_boot_ns(rules->clock) +
                                     (uint64_t)regime->offset_ns - (uint64_t)sample->received_ns));
}

struct time_fix time_fix_of(const struct time_rules *rules, const struct store_regime *regime,
                            const struct sample *sample)
{
    struct time_fix fix = {0};

    if (regime->state == CLOCK_SYNCHRONISED ||
        (regime->state == CLOCK_UNKNOWN && !regime->is_known)) {
        return fix; /* F1, F5 */
    }
    if (regime->is_right_known) {
        if (llabs(regime->correction_ns) > TIME_FIX_TOLERANCE_NS) { /* F2 */
            fix.correction_ns = regime->correction_ns;
            fix.quality = STATUS_TIME_CORRECTED;
        }
        return fix;
    }
    fix.quality = STATUS_TIME_UNSYNCHRONISED;
    fix.wait_ns = left_to_wait_ns(rules, regime, sample);
    return fix;
}

bool time_fix_same(const struct time_fix *one, const struct time_fix *other)
{
    return one->correction_ns == other->correction_ns && one->quality == other->quality;
}

/* Wraps where a foreign time is at the end of its range, instead of being undefined. */
static int64_t sum_of(int64_t time_ns, int64_t correction_ns)
{
    return (int64_t)((uint64_t)time_ns + (uint64_t)correction_ns);
}

void time_fix_apply(const struct time_fix *fix, struct sample *sample)
{
    if (sample->time_ns == sample->received_ns) {
        sample->time_ns = sum_of(sample->time_ns, fix->correction_ns);
    }
    sample->received_ns = sum_of(sample->received_ns, fix->correction_ns);
    if ((fix->quality & STATUS_TIME_UNSYNCHRONISED) != 0 && status_is_good(sample->status)) {
        sample->status |= (uint32_t)STATUS_UNCERTAIN;
    }
    sample->status |= fix->quality;
}

void time_fix_apply_event(const struct time_fix *fix, const struct store_regime *regime,
                          int64_t received_ns, struct event *event)
{
    int64_t *times[] = {&event->from_ns, &event->to_ns};

    if (!regime->is_known || strcmp(event->kind, "clock") == 0 ||
        strcmp(event->kind, "alarm") == 0) {
        return;
    }
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        if (*times[i] != 0 && *times[i] >= regime->began_ns && *times[i] <= received_ns) {
            *times[i] = sum_of(*times[i], fix->correction_ns);
        }
    }
}
