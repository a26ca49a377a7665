#include "drivers/lines/time_format.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { GIVES_MONTH = 1, GIVES_DAY = 2, GIVES_HOUR = 4, GIVES_ALL = 7 };

/** What %I and %p say until both are known. */
struct taking {
    struct line_time *time;
    bool is_half, is_afternoon;
};

static bool take_year(struct cursor *cursor, struct taking *taking)
{
    return cursor_take_number(cursor, 4, 4, &taking->time->year) && taking->time->year > 0;
}

static bool take_short_year(struct cursor *cursor, struct taking *taking)
{
    if (!cursor_take_number(cursor, 2, 2, &taking->time->year)) {
        return false;
    }
    taking->time->year += taking->time->year < 69 ? 2000 : 1900; /* as POSIX strptime() */
    return true;
}

static bool take_month_name(struct cursor *cursor, struct taking *taking)
{
    return line_time_take_month(cursor, taking->time);
}

static bool take_padded(struct cursor *cursor, unsigned *value)
{
    return cursor_take(cursor, ' ') ? cursor_take_number(cursor, 1, 1, value)
                                    : cursor_take_number(cursor, 1, 2, value);
}

static bool take_month(struct cursor *cursor, struct taking *taking)
{
    return take_padded(cursor, &taking->time->month);
}

static bool take_day(struct cursor *cursor, struct taking *taking)
{
    return take_padded(cursor, &taking->time->day);
}

static bool take_hour(struct cursor *cursor, struct taking *taking)
{
    return take_padded(cursor, &taking->time->hour);
}

static bool take_half_hour(struct cursor *cursor, struct taking *taking)
{
    taking->is_half = true;
    return take_padded(cursor, &taking->time->hour) && taking->time->hour >= 1 &&
           taking->time->hour <= 12;
}

static bool take_half(struct cursor *cursor, struct taking *taking)
{
    if (cursor->end - cursor->at < 2 ||
        (strncasecmp(cursor->at, "am", 2) != 0 && strncasecmp(cursor->at, "pm", 2) != 0)) {
        return false;
    }
    taking->is_afternoon = cursor->at[0] == 'p' || cursor->at[0] == 'P';
    cursor->at += 2;
    return true;
}

static bool take_minute(struct cursor *cursor, struct taking *taking)
{
    return cursor_take_number(cursor, 2, 2, &taking->time->minute);
}

static bool take_second(struct cursor *cursor, struct taking *taking)
{
    return cursor_take_number(cursor, 2, 2, &taking->time->second);
}

static bool take_fraction(struct cursor *cursor, struct taking *taking)
{
    return line_time_take_fraction(cursor, taking->time);
}

static bool take_offset(struct cursor *cursor, struct taking *taking)
{
    return line_time_take_offset(cursor, taking->time);
}

static bool take_weekday(struct cursor *cursor, struct taking *taking)
{
    const char *from = cursor->at;

    (void)taking;
    while (cursor->at < cursor->end && isalpha((unsigned char)*cursor->at)) {
        cursor->at++;
    }
    return cursor->at > from;
}

static bool take_epoch(struct cursor *cursor, struct taking *taking)
{
    int64_t seconds = 0;

    if (!cursor_sees_digit(cursor)) {
        return false;
    }
    while (cursor_sees_digit(cursor)) {
        if (__builtin_mul_overflow(seconds, 10, &seconds) ||
            __builtin_add_overflow(seconds, *cursor->at - '0', &seconds)) {
            return false;
        }
        cursor->at++;
    }
    taking->time->is_epoch = true;
    taking->time->epoch_s = seconds;
    return true;
}

static bool take_date(struct cursor *cursor, struct taking *taking)
{
    return take_year(cursor, taking) && cursor_take(cursor, '-') && take_month(cursor, taking) &&
           cursor_take(cursor, '-') && take_day(cursor, taking);
}

static bool take_clock(struct cursor *cursor, struct taking *taking)
{
    return take_hour(cursor, taking) && cursor_take(cursor, ':') && take_minute(cursor, taking) &&
           cursor_take(cursor, ':') && take_second(cursor, taking);
}

static bool take_percent(struct cursor *cursor, struct taking *taking)
{
    (void)taking;
    return cursor_take(cursor, '%');
}

static const struct letter {
    char letter;
    unsigned gives;
    bool (*take)(struct cursor *cursor, struct taking *taking);
} letters[] = {
    {'Y', 0, take_year},
    {'y', 0, take_short_year},
    {'m', GIVES_MONTH, take_month},
    {'b', GIVES_MONTH, take_month_name},
    {'B', GIVES_MONTH, take_month_name},
    {'d', GIVES_DAY, take_day},
    {'e', GIVES_DAY, take_day},
    {'H', GIVES_HOUR, take_hour},
    {'I', 0, take_half_hour},
    {'p', GIVES_HOUR, take_half}, /* without it %I tells no hour */
    {'M', 0, take_minute},
    {'S', 0, take_second},
    {'f', 0, take_fraction},
    {'z', 0, take_offset},
    {'a', 0, take_weekday},
    {'A', 0, take_weekday},
    {'s', GIVES_ALL, take_epoch},
    {'F', GIVES_MONTH | GIVES_DAY, take_date},
    {'T', GIVES_HOUR, take_clock},
    {'%', 0, take_percent},
};

static const struct letter *find_letter(char letter)
{
    for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++) {
        if (letters[i].letter == letter) {
            return &letters[i];
        }
    }
    return NULL;
}

enum error_code time_format_check(const char *format, struct error *error)
{
    unsigned gives = 0;

    for (const char *at = format; *at != '\0'; at++) {
        const struct letter *letter;

        if (*at != '%') {
            continue;
        }
        letter = find_letter(*++at);
        if (letter == NULL) {
            return error_set(error, ERROR_BAD_CONFIG,
                             "time_format: '%s': '%%%.1s' is not known; there are %%Y %%y %%m %%b "
                             "%%d %%e %%H %%I %%p %%M %%S %%f %%z %%a %%s %%F %%T %%%%",
                             format, at);
        }
        gives |= letter->gives;
    }
    if ((gives & GIVES_ALL) != GIVES_ALL) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "time_format: '%s': it must hold month, day and hour, as in "
                         "'%%d.%%m.%%Y %%H:%%M:%%S'; %%I needs %%p",
                         format);
    }
    return ERROR_OK;
}

bool time_format_take(const char *format, struct cursor *cursor, struct line_time *time)
{
    struct taking taking = {.time = time};

    for (const char *at = format; *at != '\0'; at++) {
        if (*at == ' ') { /* one or more, as in a pattern */
            if (!cursor_take_blanks(cursor)) {
                return false;
            }
        } else if (*at != '%' ? !cursor_take(cursor, *at)
                              : !find_letter(*++at)->take(cursor, &taking)) {
            return false;
        }
    }
    if (taking.is_half) {
        time->hour = time->hour % 12 + (taking.is_afternoon ? 12 : 0);
    }
    return true;
}
