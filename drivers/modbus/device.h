/* drivers/modbus/device.h - what a Modbus device and its points are made of.
 *
 *   options.h (fills it) -> [ DEVICE ] <- ask.h, logs/, sunspec/, modbus.c (which talk)
 *
 * Depends on: address, exchange, line, logs/log, memory, plan, sunspec/binding, value.  Threads: as
 * drivers/driver.h D5.
 */
#ifndef DRIVERS_MODBUS_DEVICE_H
#define DRIVERS_MODBUS_DEVICE_H

#include "drivers/driver.h"
#include "drivers/modbus/address.h"
#include "drivers/modbus/exchange.h"
#include "drivers/modbus/line.h"
#include "drivers/modbus/logs/log.h"
#include "drivers/modbus/plan.h"
#include "drivers/modbus/scale.h"
#include "drivers/modbus/sunspec/binding.h"
#include "drivers/modbus/value.h"

#include <stdbool.h>
#include <stdint.h>

struct modbus_point_options {
    const char *address;
    uint32_t type; /* enum value_type */
    uint32_t order;
    uint64_t length;            /* registers of a string */
    const char *invalid;        /* NULL: none */
    const char *scale_register; /* NULL: none */
};

struct modbus_point {
    struct modbus_point *next; /* in the order of configuration; of a log: the log's next one */
    uint32_t point_id;
    uint32_t schedule;
    bool writable;
    struct point_address address;
    struct value_format format;
    bool has_factor; /* scale.h; in the table of `address` */
    uint16_t factor_number;
    const struct sunspec_point *sunspec; /* NULL: its registers are configured */
    const struct sunspec_entry *entry;   /* of a sunspec one: what the registers hold */
    bool missing;                        /* a sunspec one that the device does not have */
};

struct modbus_device {
    /* Options. */
    const char *address;
    uint64_t unit;
    int64_t timeout_ns;
    int64_t connect_timeout_ns;
    int64_t connect_delay_ns;
    struct serial_settings serial; /* of modbus-rtu; `address` is its port */
    uint64_t gap;
    uint64_t block;
    uint64_t bit_block;
    uint32_t order; /* enum value_order */

    /* Configured. */
    struct modbus_point *points;
    struct modbus_point **last; /* where the next point goes; NULL: no point yet */
    uint32_t point_count;
    struct plan plan;
    struct peer peer;
    bool is_serial;
    const char *line_name; /* of the port, or the peer */
    const char *line_terms;
    const char *session;  /* the unit on that line: what one device alone may have */
    uint32_t fingerprint; /* of what the learned belongs to (memory.h) */

    struct sunspec_binding sunspec;
    struct logs logs;

    /* Learned; besides what the plan holds. */
    int64_t probed_s; /* UTC, when it was last tried again, or first learned; 0: never */
    size_t probe_place;
    bool probing;
    uint32_t told_sum; /* CRC-32C of what the host has; 0: nothing */

    /* Open. */
    struct line_unit on_line;
    struct line *own_line; /* when the host gave none; NULL: it did, or was never opened */
    enum exchange_framing framing;
    union exchange_answer *answer; /* of a device without bits there are only the registers */
    char text[VALUE_TEXT_SIZE];
};

/** What an item of the plan covers: the value, and its factor (N5). */
void modbus_point_span(const struct modbus_point *point, unsigned *first, unsigned *count);

/** Make the plan of those points that are not missing, and forget what was learned. */
void modbus_device_plan(struct modbus_device *device);

/** How long an answer may take: to think, and on a serial line to arrive. */
int64_t modbus_device_patience_ns(const struct modbus_device *device,
                                  const struct plan_request *request);

#endif
