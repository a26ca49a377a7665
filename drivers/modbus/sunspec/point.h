/* drivers/modbus/sunspec/point.h - the address of a SunSpec point, as a technician writes it.
 *
 *   sunspec:103.W                       point W of model 103
 *   sunspec:160.module[2].DCW           of its second module; the first is 1
 *   sunspec:203[2].W                    of the second model 203 that the device has
 *   sunspec:101|102|103.W               of the first of these models that the device has
 *
 * Depends on: models, base.  Threads: pure.
 */
#ifndef DRIVERS_MODBUS_SUNSPEC_POINT_H
#define DRIVERS_MODBUS_SUNSPEC_POINT_H

#include "base/error.h"
#include "drivers/modbus/sunspec/models.h"

#include <stdbool.h>
#include <stdint.h>

enum { SUNSPEC_CHOICES_MAX = 8, SUNSPEC_STEPS_MAX = 4, SUNSPEC_NAME_SIZE = 32 };

struct sunspec_point {
    struct {
        uint16_t id;
        uint16_t instance;                 /* of the models with this id, from 1 */
        const struct sunspec_entry *entry; /* of the point itself */
    } choices[SUNSPEC_CHOICES_MAX];
    unsigned choice_count;
    struct {
        char name[SUNSPEC_NAME_SIZE];
        uint16_t index; /* of a group, from 1 */
    } steps[SUNSPEC_STEPS_MAX];
    unsigned step_count; /* the last is the point */
};

/** Is `address` meant to be one? */
bool sunspec_point_is(const char *address);

/** Errors: ERROR_BAD_CONFIG with what to write instead. */
MUST_CHECK enum error_code sunspec_point_parse(const char *address, struct sunspec_point *point,
                                               struct error *error);

/** Of which type its samples are, in words of a configuration: "float64" where there is a scale
 *  factor, "uint16", "string". */
const char *sunspec_entry_type(const struct sunspec_entry *entry);

#endif
