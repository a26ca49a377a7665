/* drivers/modbus/logs/ring.h - which records of a ring are new, from its index and a position.
 *
 *   index register, position -> [ RING ] -> what to read next (logs.c)
 *
 *  R1  The record before the next one is read along and compared: only while it is the one that was
 *      taken last does the position still mean something.
 *  R2  Where a counter of all records tells that the ring went round, what was lost is known to the
 *      record, and the rest is read from the oldest on.
 *  R3  Where it does not (the index is a place), a record that changed means that the ring went
 *      round or was cleared. All places are read then, from the oldest on, and those records taken
 *      that are newer than the newest that was taken.
 *  R4  Without a position the ring is read from the oldest record on.
 *
 * Depends on: layout, position.  Threads: pure.
 */
#ifndef DRIVERS_MODBUS_LOGS_RING_H
#define DRIVERS_MODBUS_LOGS_RING_H

#include "drivers/modbus/logs/layout.h"
#include "drivers/modbus/logs/position.h"

enum ring_news {
    RING_AS_KNOWN,
    RING_LOST,      /* R2: ring_view.lost records */
    RING_RESTARTED, /* R2: the counter went back, or the record changed */
    RING_UNKNOWN,   /* R3 */
};

struct ring_view {
    uint64_t head;  /* the number or place behind the newest record */
    uint64_t next;  /* the number or place of the next record to take */
    uint64_t left;  /* how many there are to take */
    bool with_last; /* R1: begin with the record before */
    uint64_t lost;  /* of RING_LOST */
};

/** `index` is what the register said; `position` NULL: none yet (R4). false: the register can not
 *  say that of this ring. */
bool ring_see(const struct log_layout *layout, const struct log_position *position, uint64_t index,
              struct ring_view *view, enum ring_news *news);

/** R1 found another record: view all that is there. */
enum ring_news ring_see_again(const struct log_layout *layout, struct ring_view *view);

/** The place of a record, from 0. */
static inline uint32_t ring_place(const struct log_layout *layout, uint64_t number)
{
    return (uint32_t)(number % layout->count);
}

/** The number, or place, of the record behind this one. */
static inline uint64_t ring_after(const struct log_layout *layout, uint64_t number)
{
    return layout->index_says == LOG_INDEX_WRITTEN ? number + 1 : (number + 1) % layout->count;
}

#endif
