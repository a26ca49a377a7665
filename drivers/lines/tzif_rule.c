#include "drivers/lines/tzif.h"

#include "base/clock.h"
#include "drivers/lines/cursor.h"

#include <ctype.h>

enum { CHANGE_AT_S = 2 * 3600 }; /* where the rule does not say */

/** CET, or <+03>. */
static bool take_name(struct cursor *cursor)
{
    const char *from = cursor->at;
    bool quoted = cursor_take(cursor, '<');

    while (cursor->at < cursor->end &&
           (isalpha((unsigned char)*cursor->at) ||
            (quoted && (cursor_sees_digit(cursor) || cursor_sees(cursor, '+') ||
                        cursor_sees(cursor, '-'))))) {
        cursor->at++;
    }
    return cursor->at - from >= 3 && (!quoted || cursor_take(cursor, '>'));
}

/** [+-]h[hh][:mm[:ss]] */
static bool take_seconds(struct cursor *cursor, int32_t *seconds)
{
    bool negative = cursor_take(cursor, '-');
    unsigned hours, minutes = 0, rest = 0;

    if (!negative) {
        (void)cursor_take(cursor, '+');
    }
    if (!cursor_take_number(cursor, 1, 3, &hours) || hours > 167 ||
        (cursor_take(cursor, ':') &&
         (!cursor_take_number(cursor, 2, 2, &minutes) ||
          (cursor_take(cursor, ':') && !cursor_take_number(cursor, 2, 2, &rest))))) {
        return false;
    }
    *seconds = (int32_t)(hours * 3600 + minutes * 60 + rest) * (negative ? -1 : 1);
    return true;
}

static bool take_change(struct cursor *cursor, struct tzif_change *change)
{
    if (!cursor_take(cursor, ',')) {
        return false;
    }
    change->time_s = CHANGE_AT_S;
    if (cursor_take(cursor, 'M')) {
        change->form = 'M';
        if (!cursor_take_number(cursor, 1, 2, &change->month) || !cursor_take(cursor, '.') ||
            !cursor_take_number(cursor, 1, 1, &change->week) || !cursor_take(cursor, '.') ||
            !cursor_take_number(cursor, 1, 1, &change->weekday) || change->month < 1 ||
            change->month > 12 || change->week < 1 || change->week > 5 || change->weekday > 6) {
            return false;
        }
    } else {
        change->form = cursor_take(cursor, 'J') ? 'J' : 'N';
        if (!cursor_take_number(cursor, 1, 3, &change->day) || change->day > 365 ||
            (change->form == 'J' && change->day == 0)) {
            return false;
        }
    }
    return !cursor_take(cursor, '/') || take_seconds(cursor, &change->time_s);
}

bool tzif_parse_rule(struct tzif_rule *rule, const char *text, size_t size)
{
    struct cursor cursor = {text, text + size};
    int32_t west_s;

    *rule = (struct tzif_rule){.is_there = true};
    if (!take_name(&cursor) || !take_seconds(&cursor, &west_s)) {
        return false;
    }
    rule->standard_s = -west_s;
    if (cursor.at == cursor.end) {
        return true;
    }
    rule->has_summer = true;
    rule->summer_s = rule->standard_s + 3600;
    if (!take_name(&cursor)) {
        return false;
    }
    if (!cursor_sees(&cursor, ',')) {
        if (!take_seconds(&cursor, &west_s)) {
            return false;
        }
        rule->summer_s = -west_s;
    }
    return take_change(&cursor, &rule->begin) && take_change(&cursor, &rule->end) &&
           cursor.at == cursor.end;
}

/** The day (since 1970) of a change in a year. */
static int64_t day_of(const struct tzif_change *change, int64_t year)
{
    int64_t january = clock_day_from_date(year, 1, 1), first, next, day;
    bool leap = clock_day_from_date(year, 3, 1) - january == 60;

    if (change->form != 'M') {
        day = january + (int64_t)change->day;
        return change->form == 'N' ? day : day - 1 + (leap && change->day >= 60 ? 1 : 0);
    }
    first = clock_day_from_date(year, change->month, 1);
    next = change->month == 12 ? clock_day_from_date(year + 1, 1, 1)
                               : clock_day_from_date(year, change->month + 1, 1);
    /* 1970-01-01 was a Thursday. */
    day = first + ((int64_t)change->weekday - (first + 4) % 7 + 14) % 7 +
          7 * ((int64_t)change->week - 1);
    return day >= next ? day - 7 : day;
}

static int64_t year_of(int64_t local_s)
{
    int64_t day = clock_day_of(local_s * NS_PER_S);
    int64_t year = 1970 + day / 366;

    while (clock_day_from_date(year + 1, 1, 1) <= day) {
        year++;
    }
    while (clock_day_from_date(year, 1, 1) > day) {
        year--;
    }
    return year;
}

int32_t tzif_rule_offset_s(const struct tzif_rule *rule, int64_t utc_s)
{
    int64_t year, begin_s, end_s;
    bool is_summer;

    if (!rule->has_summer || utc_s > INT64_MAX / NS_PER_S - 86400 ||
        utc_s < INT64_MIN / NS_PER_S + 86400) {
        return rule->standard_s;
    }
    year = year_of(utc_s + rule->standard_s);
    begin_s = day_of(&rule->begin, year) * 86400 + rule->begin.time_s - rule->standard_s;
    end_s = day_of(&rule->end, year) * 86400 + rule->end.time_s - rule->summer_s;
    is_summer = begin_s < end_s ? utc_s >= begin_s && utc_s < end_s
                                : utc_s >= begin_s || utc_s < end_s; /* south of the equator */
    return is_summer ? rule->summer_s : rule->standard_s;
}
