/* drivers/modbus/sunspec/decode.h - registers of a SunSpec point to a sample.
 *
 *  D1  Integers, bit fields and enumerations are integers, those with a scale factor doubles
 *      (drivers/modbus/scale.h), addresses texts: 192.0.2.1, 2001:db8:0:0:0:0:0:1,
 * 00:11:22:33:44:55. D2  The value by which each type says "not implemented" is bad: no data
 * available. Of the accumulators and the addresses that is 0, of the floats every NaN, of a text no
 * letter.
 *
 * Depends on: models, value, scale.  Threads: pure.
 */
#ifndef DRIVERS_MODBUS_SUNSPEC_DECODE_H
#define DRIVERS_MODBUS_SUNSPEC_DECODE_H

#include "drivers/modbus/sunspec/models.h"
#include "drivers/modbus/value.h"

/** Set type, value and status of `sample` from entry->registers registers. `factor_register`: of
 *  an entry that has one, else NULL. A text borrows `text` (VALUE_TEXT_SIZE bytes). */
void sunspec_decode(const struct sunspec_entry *entry, const uint16_t *registers,
                    const uint16_t *factor_register, struct sample *sample, char *text);

#endif
