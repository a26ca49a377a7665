/* drivers/modbus/logs/reading.h - one log in one turn: its new records to the sink, then its
 * position.
 *
 *   logs.c -> [ READING: ring_read.c | queue_read.c -> record.c ] -> sink
 *
 * The rules are those of logs.h; what is new of a ring tells ring.h, what is new of a queue:
 *
 *  F1  The queue is read whole; reading it leaves it as it is (6.18 of the standard). What stands
 *      behind the record that was taken last is new; where that is gone, all of it is.
 *  F2  A queue that is full and no longer has the last record may have dropped some: told (G4).
 *
 * Depends on: ask, decode, functions, layout, log, position, ring.  Threads: as drivers/driver.h
 * D5.
 */
#ifndef DRIVERS_MODBUS_LOGS_READING_H
#define DRIVERS_MODBUS_LOGS_READING_H

#include "drivers/modbus/ask.h"
#include "drivers/modbus/logs/log.h"

/** One logs_read() in progress. */
struct logs_turn {
    struct modbus_device *device;
    struct driver_sink *sink;
    struct asking *asking;
    int64_t now_ns;   /* UTC */
    int64_t until_ns; /* monotonic: G1 */
};

/** Read what is new of a ring, in registers or in a file, as far as the turn allows. Errors: those
 *  of ask_request(). */
MUST_CHECK enum error_code ring_read(const struct logs_turn *turn, struct log *log,
                                     struct error *error);

/** The same of a queue. */
MUST_CHECK enum error_code queue_read(const struct logs_turn *turn, struct log *log,
                                      struct error *error);

/** Begin a position in front of the record `next`. */
void log_start_position(struct log *log, uint64_t next);

/** Take a record: its samples go to the sink, and it is the position's last one; what is no record
 *  is passed over (G5, G6). The position is not kept yet. false: the sink has no room (G3). */
bool log_take_record(const struct logs_turn *turn, struct log *log, const uint16_t *record);

/** What identifies a record among its neighbours; 0 is none. */
uint32_t log_record_sum(const struct log *log, const uint16_t *record);

/** false: the host has no room for it now; it is kept before more is read. */
bool log_keep_position(struct log *log, struct driver_sink *sink);

/** G4: the position is kept as it stands, then `reason` told, with how many were lost, if known.
 *  false: no room for the position; the same is found again. */
bool log_tell_unread(const struct logs_turn *turn, struct log *log, const char *reason,
                     uint64_t lost);

/** G5 */
void log_complain(const struct logs_turn *turn, struct log *log, const char *format, ...)
    PRINTF_LIKE(3, 4);

#endif
