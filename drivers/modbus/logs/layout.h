/* drivers/modbus/logs/layout.h - where a device keeps the records of a log, as configured.
 *
 *   one entry of `logs:` -> [ LAYOUT ] -> ring.h, logs.h
 *
 * Depends on: address, stamp, value.  Threads: as drivers/driver.h D5.
 */
#ifndef DRIVERS_MODBUS_LOGS_LAYOUT_H
#define DRIVERS_MODBUS_LOGS_LAYOUT_H

#include "base/arena.h"
#include "base/option.h"
#include "drivers/modbus/address.h"
#include "drivers/modbus/logs/stamp.h"

#include <stdbool.h>
#include <stdint.h>

#define LOG_INDEX_CHOICES "none|next|newest|written"

/** What the index register tells; in the order of LOG_INDEX_CHOICES. */
enum log_index { LOG_INDEX_NONE, LOG_INDEX_NEXT, LOG_INDEX_NEWEST, LOG_INDEX_WRITTEN };

#define LOG_FILE_CHOICES "none|records|registers"

/** What the record numbers of a file count; in the order of LOG_FILE_CHOICES. */
enum log_file_numbers { LOG_FILE_NONE, LOG_FILE_RECORDS, LOG_FILE_REGISTERS };

enum log_kind {
    LOG_REGISTERS, /* a ring in holding or input registers */
    LOG_FILE,      /* a ring in a file: function 20 */
    LOG_QUEUE,     /* function 24; it has no index */
};

/** driver.group_options fill it. */
struct log_options {
    const char *records; /* first: it stands in front of the addresses of the log's points */
    uint64_t length, count;
    uint32_t file_numbers; /* enum log_file_numbers */
    const char *index;     /* NULL: none */
    uint32_t index_type;   /* VALUE_UINT16 or VALUE_UINT32, as the choice */
    uint32_t index_says;   /* enum log_index */
    uint64_t index_first;
    const char *time;
    uint32_t time_format; /* enum stamp_format */
    const char *zone;
};

extern const struct option_spec log_group_options[];

struct log_layout {
    const char *records; /* as written */
    enum log_kind kind;
    enum table table;
    uint16_t file;
    uint16_t first;   /* register, or record number, of the first record; or the queue's address */
    bool by_register; /* of a file: its record numbers count registers */
    uint16_t length;  /* of a record, in registers */
    uint32_t count;   /* records in the ring; not of a queue */
    struct point_address index; /* this and the next three not of a queue */
    struct value_format index_format;
    enum log_index index_says;
    uint32_t index_first; /* what the index calls the first record */
    struct stamp stamp;
    uint32_t fingerprint; /* of all that a position depends on */
};

/** Check the options of a device with this block and order. Errors: ERROR_BAD_CONFIG with what to
 *  write instead, ERROR_NO_MEMORY. */
MUST_CHECK enum error_code log_layout_set(struct log_layout *layout,
                                          const struct log_options *options, unsigned block,
                                          enum value_order order, struct arena *arena,
                                          struct error *error);

/** How many records come in one request of a device with this block; 0: not even one. */
unsigned log_layout_most(const struct log_layout *layout, unsigned block);

#endif
