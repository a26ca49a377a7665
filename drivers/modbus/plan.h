/* drivers/modbus/plan.h - which registers to ask for together.
 *
 *   points -> [ PLAN ] -> requests -> libmodbus
 *
 * Life: items filled, plan_prepare() once, then per turn plan_next() from 0 until it returns false.
 *
 *  N1  Items stand in the order of table, number, length. A request is a run of neighbours that are
 *      due; those between them that are not due do not matter.
 *  N2  Between two items of a request at most `gap` registers lie that nobody asked for.
 *  N3  A request spans at most `block` registers, or `bit_block` bits, and at most what the slave
 *      is known to take (limit.h). No item is cut: its length must fit (the caller checks).
 *  N4  What a slave refused: plan_split() cuts at the widest hole, else near the middle, and the
 *      cut stays until it is taken back; an item refused on its own stays alone until it is
 *      answered again. Items of equal registers (bits of one register) always go together.
 *  N5  An item may hold more than a value: all from the value to its scale factor. So both come in
 *      one answer or, where the slave refuses that, neither does.
 *
 * Depends on: address, limit.  Threads: one user at a time. Never allocates.
 */
#ifndef DRIVERS_MODBUS_PLAN_H
#define DRIVERS_MODBUS_PLAN_H

#include "drivers/modbus/address.h"
#include "drivers/modbus/limit.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct plan_item {
    const void *point; /* the caller's */
    uint32_t sequence; /* in the order of configuration: keeps the plan the same every time */
    uint16_t number;   /* first register or bit */
    uint8_t count;     /* registers; 1 of a bit table */
    uint8_t table;     /* enum table */
    uint8_t schedule;  /* which bit of `due` */
    bool cut_before;   /* learned: no request goes on from its neighbour into this one */
    bool cut_proven;   /* both sides of the cut were answered on their own; else it searches */
    bool refused;      /* learned: it was refused on its own */
};

struct plan {
    struct plan_item *items;
    size_t item_count;
    unsigned gap;
    unsigned block;
    unsigned bit_block;
    struct limit limit, bit_limit; /* learned */
    bool changed;                  /* something was learned, or forgotten */
};

struct plan_request {
    enum table table;
    unsigned first; /* register or bit */
    unsigned count;
    size_t begin, end; /* items of the plan, those not due among them included */
};

/** Bring the items into their order and forget what was learned. */
void plan_prepare(struct plan *plan);

static inline bool plan_item_is_due(const struct plan_item *item, uint32_t due)
{
    return (due >> item->schedule & 1) != 0;
}

/** The next request at or behind item `from`. false: there is none. */
bool plan_next(const struct plan *plan, uint32_t due, size_t from, struct plan_request *request);

/** Cut a refused request in two, so that plan_next() from request->begin gives its first part.
 *  Returns the item that the second begins with; 0: all its due items have the same registers, it
 *  cannot be cut. */
size_t plan_split(struct plan *plan, uint32_t due, const struct plan_request *request);

/** Take back the unproven cuts before items from `begin` + 1 to `end`: they only searched. */
void plan_join(struct plan *plan, size_t begin, size_t end);

/** Take back the cuts of a table between items that follow one another without a hole. */
void plan_join_neighbours(struct plan *plan, enum table table);

#endif
