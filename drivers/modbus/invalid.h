/* drivers/modbus/invalid.h - values that mean "there is none": 0x8000, 0xffff ... as a manual says.
 *
 *   invalid: 0x8000         invalid: 0xffff, 0xfffe         invalid: -1
 *
 * They are the bits of the value in its byte order, before its scale; a negative number stands for
 * its two's complement. A float's NaN needs none: the pipeline never takes one for good.
 *
 * Depends on: value, base.  Threads: pure.
 */
#ifndef DRIVERS_MODBUS_INVALID_H
#define DRIVERS_MODBUS_INVALID_H

#include "base/arena.h"
#include "base/error.h"
#include "drivers/modbus/value.h"

/** Read `text` (NULL: none) into format->invalid. Errors: ERROR_BAD_CONFIG with what to write
 *  instead, ERROR_NO_MEMORY. */
MUST_CHECK enum error_code invalid_parse(const char *text, struct arena *arena,
                                         struct value_format *format, struct error *error);

#endif
