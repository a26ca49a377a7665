/* base/device_identity.h - what a device says of itself: who made it, which one it is.
 *
 * Depends on: base.  Threads: plain data of one user.
 */
#ifndef BASE_DEVICE_IDENTITY_H
#define BASE_DEVICE_IDENTITY_H

#include "base/clock.h"
#include "base/error.h"

enum {
    IDENTITY_ROWS_MAX = 64,
    IDENTITY_NAME_SIZE = 32,
    IDENTITY_TEXT_SIZE = 512,
    IDENTITY_NOTES_MAX = 4,
    IDENTITY_NOTE_SIZE = 300
};

struct driver_identity_row {
    char name[IDENTITY_NAME_SIZE]; /* "vendor", "revision", "object 0x80" */
    char text[IDENTITY_TEXT_SIZE]; /* UTF-8; bytes that are no text as 0x00ff... */
};

/** One call of identify(). About 35 KiB: not for a stack. */
struct driver_identity {
    const struct clock *clock;
    int64_t deadline_ns; /* monotonic */

    /* Filled by the driver, also when it fails. */
    struct driver_identity_row rows[IDENTITY_ROWS_MAX];
    size_t row_count;
    char notes[IDENTITY_NOTES_MAX][IDENTITY_NOTE_SIZE]; /* sentences: what it does not say, why */
    size_t note_count;
};

/** Ask an open device what it is. Changes nothing in it. Failing, which not knowing the question is
 *  not, means that the connection is of no further use. */
typedef enum error_code device_identify(void *state, struct driver_identity *identity,
                                        struct error *error);

#endif
