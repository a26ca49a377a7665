#include "drivers/modbus/device.h"

#include "drivers/modbus/memory.h"

void modbus_point_span(const struct modbus_point *point, unsigned *first, unsigned *count)
{
    unsigned end = (unsigned)point->address.number + point->format.registers;

    *first = point->address.number;
    if (point->has_factor && point->factor_number < *first) {
        *first = point->factor_number;
    } else if (point->has_factor && point->factor_number >= end) {
        end = (unsigned)point->factor_number + 1;
    }
    *count = end - *first;
}

void modbus_device_plan(struct modbus_device *device)
{
    struct plan *plan = &device->plan;
    uint32_t sequence = 0;

    plan->item_count = 0;
    for (const struct modbus_point *point = device->points; point != NULL;
         point = point->next, sequence++) {
        unsigned first;
        unsigned count;

        if (point->missing) {
            continue;
        }
        modbus_point_span(point, &first, &count);
        plan->items[plan->item_count++] = (struct plan_item){
            .point = point,
            .sequence = sequence,
            .number = (uint16_t)first,
            .count = (uint8_t)count,
            .table = (uint8_t)point->address.table,
            .schedule = (uint8_t)point->schedule,
        };
    }
    plan_prepare(plan);
    device->fingerprint = memory_fingerprint(plan, device->address, (unsigned)device->unit);
}

int64_t modbus_device_patience_ns(const struct modbus_device *device,
                                  const struct plan_request *request)
{
    enum { AROUND_BYTES = 8 + 5 }; /* the request, and what surrounds the values */
    size_t bytes = table_has_bits(request->table) ? (request->count + 7U) / 8 : request->count * 2U;

    if (request->count == 0) { /* not about registers: the longest answer there is */
        bytes = sizeof(uint16_t) * VALUE_REGISTERS_MAX;
    }
    return device->is_serial
               ? device->timeout_ns + serial_bytes_ns(&device->serial, AROUND_BYTES + bytes)
               : device->timeout_ns;
}
