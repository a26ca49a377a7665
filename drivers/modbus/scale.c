#include "drivers/modbus/scale.h"

#include "base/parse.h"

#include <inttypes.h>
#include <stdio.h>

enum { FACTOR_ABSENT = -0x8000, NUMBER_SIZE = 32 };

/* Above, not every integer is a double. */
#define EXACT_MOST (UINT64_C(1) << 53)

static const double powers[SCALE_FACTOR_MOST + 1] = {1,   1e1, 1e2, 1e3, 1e4, 1e5,
                                                     1e6, 1e7, 1e8, 1e9, 1e10};

/** F2: integer and power are both exact, so one operation rounds once. Dividing, since a tenth is
 *  no double. */
static double scale_small(double value, int factor)
{
    return factor < 0 ? value / powers[-factor] : value * powers[factor];
}

/** F2 for integers that are no doubles: let the digits be read with their exponent. */
static double scale_large(bool is_negative, uint64_t magnitude, int factor)
{
    char text[NUMBER_SIZE];
    double value = 0;

    (void)snprintf(text, sizeof(text), "%s%" PRIu64 "e%d", is_negative ? "-" : "", magnitude,
                   factor);
    (void)parse_double(text, &value); /* a number by its making, far below the largest double */
    return value;
}

static int factor_of(const struct value_format *format, uint16_t factor_register)
{
    const struct value_format factor = {
        .type = VALUE_INT16, .order = format->order, .registers = 1};
    struct sample sample = {0};

    value_decode(&factor, &factor_register, &sample, NULL);
    return (int)sample.value.integer;
}

void scale_apply(const struct value_format *format, uint16_t factor_register, struct sample *sample)
{
    int factor = factor_of(format, factor_register);
    int64_t value = sample->value.integer;
    bool is_negative = value < 0 && format->type != VALUE_UINT64;
    uint64_t magnitude = is_negative ? 0 - (uint64_t)value : (uint64_t)value;

    if (factor < -SCALE_FACTOR_MOST || factor > SCALE_FACTOR_MOST) { /* F3 */
        if (status_is_good(sample->status)) {
            sample->status = factor == FACTOR_ABSENT ? (uint32_t)STATUS_BAD_NO_DATA_AVAILABLE
                                                     : (uint32_t)STATUS_BAD_OUT_OF_RANGE;
        }
        sample->type = SAMPLE_NONE;
        return;
    }
    sample->type = SAMPLE_DOUBLE;
    if (magnitude <= EXACT_MOST) {
        sample->value.real =
            scale_small(is_negative ? -(double)magnitude : (double)magnitude, factor);
    } else {
        sample->value.real = scale_large(is_negative, magnitude, factor);
    }
}
