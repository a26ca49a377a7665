#include "drivers/modbus/decode.h"

#include "drivers/modbus/scale.h"
#include "drivers/modbus/sunspec/decode.h"

void modbus_point_decode(const struct modbus_point *point, const uint16_t *registers,
                         unsigned first, struct sample *sample, char *text)
{
    const uint16_t *value = registers + (point->address.number - first);
    const uint16_t *factor = point->has_factor ? registers + (point->factor_number - first) : NULL;

    if (point->sunspec != NULL) {
        sunspec_decode(point->entry, value, factor, sample, text);
        return;
    }
    value_decode(&point->format, value, sample, text);
    if (factor != NULL) {
        scale_apply(&point->format, *factor, sample);
    }
}
