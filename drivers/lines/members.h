/* drivers/lines/members.h - what a line says beside its message, as members of a JSON object.
 *
 * Every member is written with a comma before it, to be put behind others. What would not fit is
 * left out as a whole, and "left_out":true says so.
 *
 * Depends on: nothing.  Threads: pure.
 */
#ifndef DRIVERS_LINES_MEMBERS_H
#define DRIVERS_LINES_MEMBERS_H

#include <stdbool.h>
#include <stddef.h>

enum { MEMBERS_SIZE = 2900 }; /* LOG_FIELDS_MAX, without what a driver puts there itself */

struct members {
    size_t size;
    bool failed;        /* something did not fit: nothing is written any more */
    bool is_mark_there; /* "left_out" */
    char text[MEMBERS_SIZE];
};

/** Raw text of the caller's, such as a bracket. */
void members_raw(struct members *members, const char *text);

/** Foreign text with quotes; control characters become spaces. */
void members_quoted(struct members *members, const char *text, size_t size);

/** ,"name":"text" */
void members_text(struct members *members, const char *name, const char *text, size_t size);

/** ,"name":7 */
void members_number(struct members *members, const char *name, unsigned number);

/** What was written since `size` is whole, or goes. */
void members_seal(struct members *members, size_t size);

#endif
