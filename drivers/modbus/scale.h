/* drivers/modbus/scale.h - a value and the power of ten that the device keeps in another register.
 *
 *   value 12345, factor -1  ->  1234.5
 *
 *  F1  The factor is a signed 16-bit exponent of ten, in the point's byte order, and comes in the
 *      same answer as the value (plan.h N5).
 *  F2  The result is a double, whatever the factor: the one nearest to the exact decimal number.
 *  F3  A factor of 0x8000 ("not implemented" in SunSpec) and one outside -10 to 10 leave no value,
 *      with a bad status: without its factor the number says nothing.
 *
 * Depends on: value.  Threads: pure.
 */
#ifndef DRIVERS_MODBUS_SCALE_H
#define DRIVERS_MODBUS_SCALE_H

#include "drivers/modbus/value.h"

#include <stdbool.h>

enum { SCALE_FACTOR_MOST = 10 };

/** May values of `type` have a factor? Integers may. */
static inline bool scale_fits(enum value_type type)
{
    return type >= VALUE_INT16 && type <= VALUE_UINT64;
}

/** Apply the factor in `factor_register` to `sample`, which value_decode() made by `format`. A
 *  status that is bad already stays. */
void scale_apply(const struct value_format *format, uint16_t factor_register,
                 struct sample *sample);

#endif
