/* drivers/modbus/logs/logs.h - records that a device kept, read from where the last run ended.
 *
 *   records of a ring, a file or a queue -> [ LOGS -> reading.h ] -> samples with their own times
 * -> sink
 *
 *  G1  A log is read when its points are due, and while it is behind in every turn. What is behind
 *      takes a quarter of the time between two turns, PORTION_MOST_NS at most, but one request in
 *      any case: so the other points of the device stay in time. Other units of the line have
 *      their turns between the requests anyway (ask.h, Q1).
 *  G2  A record's samples are handed over first, its position is kept behind them. A crash between
 *      two commits in that order doubles records, with equal points and times; none is lost by it.
 *  G3  What the sink has no room for stays in the device; the position does not go past it.
 *  G4  What is known to be lost is told once, as an `unread` event: its position is kept first.
 *  G5  Records of zeros or ones alone were never written and are passed over; one without a time is
 *      rejected. A device that refuses index or records is complained of once until it answers.
 *  G6  Records of one time, as an event log has them, are a microsecond apart, in their order: a
 *      point has one value at a time.
 *
 * Depends on: ask, layout, position, ring.  Threads: as drivers/driver.h D5.
 */
#ifndef DRIVERS_MODBUS_LOGS_LOGS_H
#define DRIVERS_MODBUS_LOGS_LOGS_H

#include "drivers/driver.h"
#include "drivers/modbus/limit.h"
#include "drivers/modbus/logs/layout.h"
#include "drivers/modbus/logs/position.h"
#include "drivers/modbus/plan.h"

struct asking;
struct modbus_device;
struct modbus_point;

struct log {
    struct log *next;                  /* in the order of configuration */
    const struct log_options *options; /* which group it is */
    struct log_layout layout;
    struct modbus_point *points, **last;
    uint32_t schedule;
    uint32_t slot; /* of its position; DRIVER_POSITIONS: not known yet */
    struct log_position position;
    bool has_position;
    bool is_unsaved;    /* the position is not kept yet */
    bool is_compared;   /* R1, since the device was opened */
    bool is_behind;     /* there is more to read */
    bool is_complained; /* G5 */
    struct limit limit; /* of records in one request */
};

/** Of a device. */
struct logs {
    struct log *first, **last;
    uint32_t count;
    bool is_loaded;  /* the positions */
    int64_t turn_ns; /* monotonic: when the last turn began; 0: none did */
};

/** As modbus_device_add_point(), of a point in a group; `point` is checked as a record's. */
MUST_CHECK enum error_code logs_add_point(struct modbus_device *device, struct arena *arena,
                                          const struct driver_point *configured,
                                          struct modbus_point *point, struct error *error);

/** The device was opened: records may have changed meanwhile. */
void logs_begin(struct logs *logs);

/** Read what is due or behind. Errors: those of ask_request(). */
MUST_CHECK enum error_code logs_read(struct modbus_device *device, const struct driver_turn *turn,
                                     struct driver_sink *sink, struct asking *asking,
                                     struct error *error);

/** The request that a log makes each time it is due; of a queue one as long as its own. */
struct plan_request log_index_request(const struct log *log);

#endif
