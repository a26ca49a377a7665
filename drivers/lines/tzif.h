/* drivers/lines/tzif.h - a file of the zone database: which offset from UTC holds when.
 *
 * RFC 8536, versions 2 and later: transitions of the past, and behind them a rule in the form of
 * POSIX TZ (RFC 8536, chapter 3.3) for all time after the last of them.
 *
 * Depends on: base/clock.  Threads: pure; constant once parsed.
 */
#ifndef DRIVERS_LINES_TZIF_H
#define DRIVERS_LINES_TZIF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TZIF_FILE_MAX = 8 << 10, /* the largest of 2024 has less than 4 KiB */
    TZIF_TRANSITIONS = 512,
    TZIF_RULE_SIZE = 64,
};

/** When summer time begins or ends. */
struct tzif_change {
    char form; /* M: the `week`th (5: last) `weekday` (0: Sunday) of `month`; J: the `day`th without
                  29 February, from 1; N: the `day`th, from 0 */
    unsigned month, week, weekday, day;
    int32_t time_s; /* after midnight, by the clock before the change */
};

struct tzif_rule {
    bool is_there;
    bool has_summer;
    int32_t standard_s, summer_s; /* east of UTC */
    struct tzif_change begin, end;
};

struct tzif {
    size_t count;
    int64_t from_s[TZIF_TRANSITIONS]; /* UTC, rising */
    int32_t offset_s[TZIF_TRANSITIONS];
    int32_t first_s; /* before all transitions */
    struct tzif_rule rule;
};

/** false: it is none, or of version 1. */
bool tzif_parse(struct tzif *tzif, const uint8_t *bytes, size_t size);

/** The rule that stands behind the transitions: CET-1CEST,M3.5.0,M10.5.0/3. */
bool tzif_parse_rule(struct tzif_rule *rule, const char *text, size_t size);

/** Seconds east of UTC. */
int32_t tzif_offset_s(const struct tzif *tzif, int64_t utc_s);
int32_t tzif_rule_offset_s(const struct tzif_rule *rule, int64_t utc_s);

#endif
