/* drivers/lines/cursor.h - how far a text was read.
 *
 * Each function takes what it is asked for, or nothing at all and says so.
 *
 * Depends on: nothing.  Threads: pure.
 */
#ifndef DRIVERS_LINES_CURSOR_H
#define DRIVERS_LINES_CURSOR_H

#include <stdbool.h>
#include <stddef.h>

struct cursor {
    const char *at, *end; /* not terminated */
};

static inline bool cursor_sees(const struct cursor *cursor, char byte)
{
    return cursor->at < cursor->end && *cursor->at == byte;
}

static inline bool cursor_take(struct cursor *cursor, char byte)
{
    bool taken = cursor_sees(cursor, byte);

    cursor->at += taken ? 1 : 0;
    return taken;
}

static inline bool cursor_is_blank(const struct cursor *cursor)
{
    return cursor_sees(cursor, ' ') || cursor_sees(cursor, '\t');
}

/** Spaces and tabs; false: there were none. */
static inline bool cursor_take_blanks(struct cursor *cursor)
{
    const char *from = cursor->at;

    while (cursor_is_blank(cursor)) {
        cursor->at++;
    }
    return cursor->at > from;
}

static inline bool cursor_sees_digit(const struct cursor *cursor)
{
    return cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9';
}

/** `least` to `most` (9 at most) digits. */
static inline bool cursor_take_number(struct cursor *cursor, int least, int most, unsigned *value)
{
    const char *from = cursor->at;
    unsigned number = 0;

    while (cursor_sees_digit(cursor) && cursor->at - from < most) {
        number = number * 10 + (unsigned)(*cursor->at++ - '0');
    }
    if (cursor->at - from < least) {
        cursor->at = from;
        return false;
    }
    *value = number;
    return true;
}

/** What stands before the next blank or the end; false: nothing does. */
static inline bool cursor_take_word(struct cursor *cursor, const char **word, size_t *size)
{
    const char *from = cursor->at;

    while (cursor->at < cursor->end && !cursor_is_blank(cursor)) {
        cursor->at++;
    }
    *word = from;
    *size = (size_t)(cursor->at - from);
    return cursor->at > from;
}

#endif
