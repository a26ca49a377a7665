/* base/device_write.h - one value on its way to a device: what goes into driver.write(), and
 * what comes out.
 *
 *  DW1 Nothing is sent but to a point that was added as `writable`, after its present value was
 *      read, and never when `only_look` is set. It is sent once.
 *  DW2 What cannot be known is said so: `outcome` is DRIVER_WRITE_UNKNOWN from the moment the first
 *      byte may have left.
 *
 * Depends on: base.  Threads: plain data of one user.
 */
#ifndef BASE_DEVICE_WRITE_H
#define BASE_DEVICE_WRITE_H

#include "base/clock.h"
#include "base/error.h"
#include "base/sample.h"

#include <stdbool.h>
#include <stdint.h>

enum driver_write_outcome {
    DRIVER_WRITE_NONE,    /* nothing was sent; the device has the value it had */
    DRIVER_WRITE_REFUSED, /* the device refused */
    DRIVER_WRITE_UNKNOWN, /* sent, but there was no answer, or none to reading it back */
    DRIVER_WRITE_DIFFERS, /* the device took it, but another value was read back */
    DRIVER_WRITE_DONE,    /* and read back */
};

enum { DRIVER_WRITE_TEXT_SIZE = 1024, DRIVER_WRITE_REASON_SIZE = 200 };

/** One call of write(). */
struct driver_write {
    const struct clock *clock;
    int64_t deadline_ns; /* monotonic */
    uint32_t point_id;
    struct sample value; /* raw, as driver.fit() left it */
    bool only_look;      /* read the present value, send nothing */

    /* Filled by the driver, also when it fails. */
    enum driver_write_outcome outcome;
    char reason[DRIVER_WRITE_REASON_SIZE]; /* unless DONE or only looked: a sentence, why */
    struct sample before, after;           /* raw; SAMPLE_NONE: was not read */
    char before_text[DRIVER_WRITE_TEXT_SIZE], after_text[DRIVER_WRITE_TEXT_SIZE];
};

/** Make of a raw value the nearest one that the point can hold: a whole number for a register. No
 *  I/O. Errors: ERROR_REFUSED with what fits. */
typedef enum error_code device_fit(void *state, uint32_t point_id, struct sample *value,
                                   struct error *error);

/** Write one point of an open device and read it back. Failing, which a refusal is not, means that
 *  the connection is of no further use. */
typedef enum error_code device_write(void *state, struct driver_write *write, struct error *error);

#endif
