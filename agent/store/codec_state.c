#include "agent/store/codec_state.h"

#include "base/clock.h"

static const double powers[CODEC_EXPONENT_MAX + 1] = {1e0, 1e1, 1e2, 1e3, 1e4,
                                                      1e5, 1e6, 1e7, 1e8, 1e9};

double codec_power_of_ten(unsigned exponent)
{
    return powers[exponent];
}

int64_t codec_unit_ns(unsigned index)
{
    static const int64_t units[CODEC_UNIT_COUNT] = {1, NS_PER_US, NS_PER_MS, NS_PER_S};

    return units[index];
}

static double real_of_bits(int64_t integer, unsigned form)
{
    double real;

    if (form == FORM_BITS32) {
        uint32_t bits = (uint32_t)integer;
        float narrow;

        memcpy(&narrow, &bits, sizeof(narrow));
        return (double)narrow;
    }
    memcpy(&real, &integer, sizeof(real));
    return real;
}

double codec_real_of(unsigned kind, int64_t integer)
{
    unsigned form = kind & CODEC_FORM_MASK;
    double real;

    if (!codec_is_decimal(kind)) {
        return real_of_bits(integer, form);
    }
    real = (double)integer / powers[kind >> CODEC_FORM_BITS];
    return form == FORM_DECIMAL32 ? (double)(float)real : real;
}

static int64_t power_of_ten_integer(unsigned exponent)
{
    int64_t power = 1;

    while (exponent-- > 0) {
        power *= 10;
    }
    return power;
}

void codec_point_turn(struct codec_point *point, unsigned kind)
{
    unsigned before = point->number_kind;

    if (kind == before) {
        return;
    }
    if (codec_is_decimal(kind) && codec_is_decimal(before)) {
        unsigned old_exponent = before >> CODEC_FORM_BITS;
        unsigned new_exponent = kind >> CODEC_FORM_BITS;

        if (new_exponent >= old_exponent) {
            uint64_t scale = (uint64_t)power_of_ten_integer(new_exponent - old_exponent);

            point->last = (int64_t)((uint64_t)point->last * scale);
        } else {
            point->last /= power_of_ten_integer(old_exponent - new_exponent);
        }
    } else {
        point->last = 0;
    }
    point->number_kind = (uint8_t)kind;
}
