/* drivers/gateway/quantity.h - what can be known of a gateway: a table, from address to value.
 *
 * Depends on: items, text_file, base/facts.  Threads: the table is constant; a device's state
 * belongs to one thread at a time.
 */
#ifndef DRIVERS_GATEWAY_QUANTITY_H
#define DRIVERS_GATEWAY_QUANTITY_H

#include "base/facts.h"
#include "drivers/driver.h"
#include "drivers/gateway/items.h"

#include <sys/timex.h>

/** What stands behind the ':' of an address. */
enum quantity_item {
    QUANTITY_ALONE,  /* nothing */
    QUANTITY_FOLDER, /* the file system of a folder, or `queue` */
    QUANTITY_STREAM, /* a ring of the queue */
    QUANTITY_FOUND,  /* an item of `kind`, or nothing for each that is found */
};

/** One value, or why there is none. */
struct quantity_value {
    uint32_t status;
    enum sample_type type;
    int64_t integer;
    double real;
    char problem[200]; /* a sentence; "" when nothing is wrong */
};

/** Ticks of the processors, as a point last read them. */
struct quantity_ticks {
    uint64_t busy, total;
    double percent; /* what came of it */
};

/** What a reading may look at. */
struct quantity_look {
    const char *root;
    const struct clock *clock;
    const struct facts *facts;    /* NULL: there is no agent around */
    const char *item;             /* of QUANTITY_FOLDER: the folder */
    unsigned stream;              /* of QUANTITY_STREAM */
    struct quantity_ticks *ticks; /* of this point */
    struct quantity_value *value;
};

struct quantity {
    const char *name;
    enum sample_type type;
    enum quantity_item item;
    void (*read)(const struct quantity_look *look, unsigned which); /* NULL with QUANTITY_FOUND */
    unsigned which; /* or which of an item's values */
    enum items_kind kind;
};

/** The quantity at the beginning of `address`, and what stands behind its ':' (NULL: nothing
 *  does). NULL: there is none of this name. */
const struct quantity *quantity_find(const char *address, const char **item);

/** Fill `value` as a failure. */
void quantity_fail(struct quantity_value *value, enum status_code status, const char *format, ...)
    PRINTF_LIKE(3, 4);

void quantity_set_integer(struct quantity_value *value, int64_t integer);
void quantity_set_real(struct quantity_value *value, double real);

/** What the kernel has still to correct, in microseconds. */
int64_t quantity_clock_offset_us(const struct timex *state);

/** The standard points of a gateway, closed by a row without a name. */
extern const struct driver_standard_point gateway_standard_points[];

#endif
