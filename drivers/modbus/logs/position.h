/* drivers/modbus/logs/position.h - how far a log of a device was read.
 *
 *  W1  The text is the host's note of one slot: the log's fingerprint, so that a slot is found
 *      whatever the order of the logs, and the rest.
 *
 * Depends on: drivers/driver.h.  Threads: pure.
 */
#ifndef DRIVERS_MODBUS_LOGS_POSITION_H
#define DRIVERS_MODBUS_LOGS_POSITION_H

#include "drivers/driver.h"

#include <stdbool.h>
#include <stdint.h>

struct log_position {
    uint32_t fingerprint; /* of the log's layout */
    uint64_t
        next; /* of a counted ring the number, else the place, of the next record; of a queue 0 */
    int64_t time_ns;  /* UTC, of the newest record that was taken; INT64_MIN: none */
    int64_t after_ns; /* records of before are known already; INT64_MIN: none are */
    uint32_t sum;     /* CRC-32C of the registers of the record before `next`; 0: not known */
};

/** false: the text is none; what `position` holds then is of no meaning. */
bool log_position_parse(struct log_position *position, const char *text);
void log_position_print(const struct log_position *position, char text[DRIVER_POSITION_SIZE]);

#endif
