/* Which integer stands for a double: the encoder's half of codec_real_of(). */
#include "agent/store/codec_state.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

enum { PATIENCE = 31 };

static uint64_t bits_of(double real)
{
    uint64_t bits;

    memcpy(&bits, &real, sizeof(bits));
    return bits;
}

static bool same_bits(double left, double right)
{
    return bits_of(left) == bits_of(right);
}

static bool fits_decimal(double real, unsigned kind, int64_t *integer)
{
    double scaled = real * codec_power_of_ten(kind >> CODEC_FORM_BITS);

    if (!(fabs(scaled) < 0x1p53)) { /* also refuses NaN */
        return false;
    }
    *integer = (int64_t)nearbyint(scaled);
    return same_bits(codec_real_of(kind, *integer), real);
}

/** The form for a double that its point's last form does not fit. */
static unsigned learn_form(struct codec_point *point, double real, int64_t *integer)
{
    bool narrow = fabs(real) <= (double)FLT_MAX && same_bits((double)(float)real, real);
    float as_float;
    uint32_t bits;

    for (unsigned exponent = 0; point->patience == 0 && exponent <= CODEC_EXPONENT_MAX;
         exponent++) {
        unsigned kind = FORM_DECIMAL64 | exponent << CODEC_FORM_BITS;

        if (fits_decimal(real, kind, integer)) {
            return kind;
        }
        kind = FORM_DECIMAL32 | exponent << CODEC_FORM_BITS;
        if (narrow && fits_decimal(real, kind, integer) && llabs(*integer) < 1 << 21) {
            return kind; /* with more digits than that, any float fits and its bits are shorter */
        }
    }
    point->patience = point->patience == 0 ? PATIENCE : (uint8_t)(point->patience - 1);
    if (!narrow) {
        *integer = (int64_t)bits_of(real);
        return FORM_BITS64;
    }
    as_float = (float)real;
    memcpy(&bits, &as_float, sizeof(bits));
    *integer = bits;
    return FORM_BITS32;
}

unsigned codec_form_of_real(struct codec_point *point, double real, int64_t *integer)
{
    if (codec_is_decimal(point->learned) && fits_decimal(real, point->learned, integer)) {
        return point->learned;
    }
    return learn_form(point, real, integer);
}
