/* drivers/modbus/exception.h - what a slave refuses with, and what it means.
 *
 * The codes are those of Modbus Application Protocol 1.1b3, chapter 7, and two of our own.
 *
 * Depends on: base, libmodbus.  Threads: all.
 */
#ifndef DRIVERS_MODBUS_EXCEPTION_H
#define DRIVERS_MODBUS_EXCEPTION_H

#include <stdbool.h>
#include <stdint.h>

enum {
    EXCEPTION_NONE = 0,        /* it answered */
    EXCEPTION_UNKNOWN = 0x100, /* a code that the standard does not list */
    EXCEPTION_NO_TIME = 0x101, /* was not asked: the turn is over */
};

/** What it is called in the standard. */
const char *exception_name(unsigned exception);

/** Does the slave say that it has no such registers, or not so many at once? */
bool exception_is_refusal(unsigned exception);

/** Does it say that it is at work and wants to be asked later (05, 06)? */
bool exception_is_busy(unsigned exception);

/** What it makes of a point's quality. */
uint32_t exception_status(unsigned exception);

#endif
