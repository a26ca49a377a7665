/* drivers/modbus/sunspec/binding.h - what a device knows of its SunSpec models.
 *
 * The rules B are those of bind.h.
 *
 * Depends on: chain.  Threads: as drivers/driver.h D5.
 */
#ifndef DRIVERS_MODBUS_SUNSPEC_BINDING_H
#define DRIVERS_MODBUS_SUNSPEC_BINDING_H

#include "base/error.h"
#include "drivers/modbus/sunspec/chain.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Of a device. */
struct sunspec_binding {
    uint32_t point_count; /* sunspec ones; 0: nothing of this is used */
    struct sunspec_chain chain;
    uint32_t places_sum; /* CRC-32C of where the points stand; 0: not bound yet */
    uint32_t missing_count;
    bool told; /* B2 */
    struct error missing;
    uint8_t *remembered; /* what remember() brought, until the first binding */
    size_t remembered_bytes;
};

#endif
