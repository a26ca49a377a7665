/* drivers/modbus/sunspec/place.h - in which registers of a device a SunSpec point stands.
 *
 *   point, chain -> [ PLACE ] -> registers of the value and of its scale factor
 *
 *  P1  A group whose number is a point (705.NCrv) is there as often as the device says in it; one
 *      without a number as often as it fits into the model's length.
 *  P2  What the device does not have (the model, the group, registers so far behind) is told in a
 *      sentence and is no error.
 *
 * Depends on: models, point, chain.  Threads: one user at a time.
 */
#ifndef DRIVERS_MODBUS_SUNSPEC_PLACE_H
#define DRIVERS_MODBUS_SUNSPEC_PLACE_H

#include "drivers/modbus/sunspec/chain.h"
#include "drivers/modbus/sunspec/point.h"

struct sunspec_place {
    const struct sunspec_entry *entry;
    uint16_t first; /* holding register of the value */
    uint16_t factor_first;
    bool has_factor; /* in factor_first; entry->factor may be a fixed one instead */
};

enum { SUNSPEC_COUNTS_MAX = 64 };

/** A model of the device, with the numbers of its groups as they were asked for. */
struct sunspec_layout {
    const struct sunspec_chain *chain;
    struct sunspec_reader *reader;
    struct {
        uint16_t register_number, value;
    } counts[SUNSPEC_COUNTS_MAX];
    unsigned count_count;
};

/** Where `point` is. `missing` is filled when it is nowhere (P2), else left alone; *found says
 *  which. Errors: those of the reader. */
MUST_CHECK enum error_code sunspec_place_find(struct sunspec_layout *layout,
                                              const struct sunspec_point *point,
                                              struct sunspec_place *place, bool *found,
                                              struct error *missing, struct error *error);

#endif
