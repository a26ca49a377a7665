/* tests/sim/library/modbus_rig.h - a slave and the modbus-tcp driver reading it, for tests.
 *
 * Life: zeroed -> rig_slave() -> rig_point()* -> rig_configure() -> rig_open(), rig_read() ... ->
 * rig_release(). It plays the host's part as drivers/driver.h describes it.
 *
 * Depends on: modbus_server, drivers/modbus.  Threads: one user.
 */
#ifndef TESTS_SIM_LIBRARY_MODBUS_RIG_H
#define TESTS_SIM_LIBRARY_MODBUS_RIG_H

#include "drivers/driver.h"
#include "tests/sim/library/modbus_server.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RIG_POINTS_MAX = 256, RIG_TEXT_SIZE = 256, RIG_ADDRESS_SIZE = 64 };

/** The last sample of a point. */
struct rig_value {
    struct sample sample;
    char text[RIG_TEXT_SIZE]; /* of a SAMPLE_TEXT, terminated */
    unsigned count;           /* samples since rig_read() was called */
};

struct rig {
    struct driver_sink sink; /* first: emit() finds the rest */
    struct arena arena;
    void *state;
    struct modbus_server *server;
    char address[RIG_ADDRESS_SIZE]; /* of the slave; may be overwritten before rig_configure() */
    const struct clock *clock;      /* NULL: the system's */
    struct driver_point points[RIG_POINTS_MAX];
    struct rig_value values[RIG_POINTS_MAX]; /* by point_id */
    uint32_t point_count;
    uint64_t rejections;           /* the sum of what was rejected */
    char rejection[RIG_TEXT_SIZE]; /* why, the last one */
    struct error error;
};

/** Make a slave, not yet running. `points_path` and `journal_path` may be NULL. */
bool rig_slave(struct rig *rig, const char *host, const char *points_path,
               const char *journal_path);

/** Set an option of the device. All are at their fallbacks before. */
enum error_code rig_option(struct rig *rig, const char *key, const char *value);

/** Add a point of schedule 0; `order` and `length` may be NULL. */
enum error_code rig_point(struct rig *rig, const char *address, const char *type, const char *order,
                          const char *length);

/** As rig_point(), of a record of the log that `group` (a filled struct log_options) names. */
enum error_code rig_record(struct rig *rig, const void *group, const char *address,
                           const char *type, const char *order);

/** As rig_point(), of an integer with a scale register. */
enum error_code rig_scaled(struct rig *rig, const char *address, const char *type,
                           const char *order, const char *scale_register);

/** As rig_point(), `count` uint16 points of holding registers from `first`. */
enum error_code rig_registers(struct rig *rig, unsigned first, unsigned count, uint32_t schedule);

/** Write the address, prepare(), start the slave. */
enum error_code rig_configure(struct rig *rig);

enum error_code rig_open(struct rig *rig);
enum error_code rig_read(struct rig *rig, uint32_t due, int64_t time_ns);
/** The three above, once, of schedule 0; the code of the first that fails. */
enum error_code rig_first_read(struct rig *rig);
void rig_close(struct rig *rig);
unsigned rig_requests(const struct rig *rig); /* that the slave got so far */
void rig_release(struct rig *rig);

#endif
