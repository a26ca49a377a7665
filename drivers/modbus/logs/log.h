/* drivers/modbus/logs/log.h - the logs of a device: what was configured, and how far each was read.
 *
 * The rules G are those of logs.h, R those of ring.h.
 *
 * Depends on: layout, limit, plan, position.  Threads: as drivers/driver.h D5.
 */
#ifndef DRIVERS_MODBUS_LOGS_LOG_H
#define DRIVERS_MODBUS_LOGS_LOG_H

#include "drivers/modbus/limit.h"
#include "drivers/modbus/logs/layout.h"
#include "drivers/modbus/logs/position.h"
#include "drivers/modbus/plan.h"

#include <stdbool.h>
#include <stdint.h>

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

/** The request that a log makes each time it is due; of a queue one as long as its own. */
struct plan_request log_index_request(const struct log *log);

#endif
