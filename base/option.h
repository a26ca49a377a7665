/* base/option.h - a module's settings as a table, from which parsing, checks and help are made.
 *
 * Each row names a key, where its parsed value goes in the module's struct, its default and its
 * limits. The YAML reader, the CSV reader and the tests all fill structs through option_set().
 *
 *  | type            | written as          | stored as                | least, most      |
 *  | OPTION_UINT     | 502, 0x1f6          | uint64_t                 | of the value     |
 *  | OPTION_INT      | -5                  | int64_t                  | of the value, as int64_t |
 *  | OPTION_DOUBLE   | 0.1                 | double                   | unused           |
 *  | OPTION_BOOL     | true                | bool                     | unused           |
 *  | OPTION_TEXT     | any text            | const char * in an arena | of the length    |
 *  | OPTION_SECRET   | as text; a file name of a secret is OPTION_TEXT. Never printed.           |
 *  | OPTION_DURATION | 800ms, 15min        | int64_t, nanoseconds     | nanoseconds      |
 *  | OPTION_SIZE     | 64KiB               | uint64_t, bytes          | bytes            |
 *  | OPTION_CHOICE   | one of `choices`    | uint32_t, its index      | unused           |
 *
 * Depends on: arena, error, parse.  Threads: constant data; setting is the caller's business.
 */
#ifndef BASE_OPTION_H
#define BASE_OPTION_H

#include "base/arena.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_type {
    OPTION_END,
    OPTION_UINT,
    OPTION_INT,
    OPTION_DOUBLE,
    OPTION_BOOL,
    OPTION_TEXT,
    OPTION_SECRET,
    OPTION_DURATION,
    OPTION_SIZE,
    OPTION_CHOICE,
};

struct option_spec {
    enum option_type type; /* OPTION_END closes the table */
    const char *key;       /* as written in the configuration file */
    const char *fallback;  /* value when absent, as text; NULL makes the option required */
    uint64_t least, most;  /* inclusive; both 0: no limit */
    size_t offset;         /* where in the struct the parsed value goes */
    const char *help;      /* one line with the unit: shown in help and in error texts */
    const char *choices;   /* OPTION_CHOICE: "holding|input|coil|discrete" */
};

/** The row of `key`, or NULL. */
const struct option_spec *option_find(const struct option_spec *table, const char *key);

/** The key of `table` most like `key` (for "did you mean"), or NULL when none is near. */
const char *option_nearest(const struct option_spec *table, const char *key);

enum { OPTION_FORM_SIZE = 160 };

/** What may be written, for help and reference: "time, 10ms to 1min", "ABCD, CDAB". */
void option_form(const struct option_spec *spec, char text[OPTION_FORM_SIZE]);

/** Parse `text` and store it in `target` at the row's offset. Texts are copied into `arena`.
 *  Errors: ERROR_BAD_CONFIG with what to write instead, ERROR_NO_MEMORY. */
MUST_CHECK enum error_code option_set(const struct option_spec *spec, const char *text,
                                      void *target, struct arena *arena, struct error *error);

/** Store every row's fallback in `target`. A required row (fallback NULL) and one that may be
 * absent (fallback "") are left alone: an absent text stays NULL, a number what the caller put
 * there. */
MUST_CHECK enum error_code option_set_fallbacks(const struct option_spec *table, void *target,
                                                struct arena *arena, struct error *error);

#endif
