/* drivers/lines/pattern.h - a line as a technician writes it down: "%{time} [%{severity}]
 * %{message}".
 *
 * %{time}, %{severity}, %{source} and %{message} are what they say; every other name of letters,
 * digits and _ becomes a member of `fields`, and %{_} is passed over. A space stands for one or
 * more spaces or tabs, everything else for itself, %% for a %. What a name stands for reaches to
 * the first place where the text behind the name is found, the last name to the end of the line;
 * blanks around it do not belong to it.
 *
 * Depends on: base, cursor.  Threads: constant once made.
 */
#ifndef DRIVERS_LINES_PATTERN_H
#define DRIVERS_LINES_PATTERN_H

#include "base/error.h"
#include "base/log_record.h"
#include "drivers/lines/cursor.h"

#include <stdint.h>

enum { PATTERN_PIECES = 32, PATTERN_NAME_SIZE = 32, PATTERN_MAX_BYTES = 255 };

enum pattern_role {
    PATTERN_LITERAL,
    PATTERN_TIME,
    PATTERN_SEVERITY,
    PATTERN_SOURCE,
    PATTERN_MESSAGE,
    PATTERN_MEMBER,
    PATTERN_SKIP,
};

struct pattern_piece {
    enum pattern_role role;
    uint16_t from, size; /* of a literal, in `literals` */
    char name[PATTERN_NAME_SIZE];
};

struct pattern {
    size_t count;
    struct pattern_piece pieces[PATTERN_PIECES];
    char literals[PATTERN_MAX_BYTES];
};

/** Errors: ERROR_BAD_CONFIG with what to write instead. */
MUST_CHECK enum error_code pattern_set(struct pattern *pattern, const char *text,
                                       struct error *error);

/** Take the literal `piece`. */
bool pattern_take_literal(const struct pattern *pattern, const struct pattern_piece *piece,
                          struct cursor *cursor);

/** What the piece `index`, which is neither literal nor time, stands for. false: the text behind it
 *  is not found. */
bool pattern_take_value(const struct pattern *pattern, size_t index, struct cursor *cursor,
                        struct log_text *value);

#endif
