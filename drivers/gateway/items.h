/* drivers/gateway/items.h - what a gateway may have several of: sensors, links, flash chips.
 *
 *   /sys/class/thermal, /sys/class/hwmon, /proc/net/dev, /sys/block -> [ ITEMS ] -> quantities
 *
 *  I1  An item's name is the kernel's, with '-' for what a point's name may not hold; a second one
 *      of the same name ends in "-2", by the kernel's order.
 *  I2  A list keeps what it has seen; what the last look did not find is not `there`.
 *  I3  A thermal zone that the kernel shows in hwmon as well counts once, as the zone.
 *
 * Depends on: text_file.  Threads: one at a time.
 */
#ifndef DRIVERS_GATEWAY_ITEMS_H
#define DRIVERS_GATEWAY_ITEMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GATEWAY_ITEMS_MAX = 24, GATEWAY_ITEM_NAME_SIZE = 48, GATEWAY_ITEM_VALUES = 5 };

enum items_kind { ITEMS_NONE, ITEMS_SENSORS, ITEMS_LINKS, ITEMS_FLASH, ITEMS_KINDS };

/** Which of an item's values is which. */
enum { SENSOR_MILLIDEGREES = 0 };
enum { LINK_UP, LINK_RECEIVED, LINK_SENT, LINK_RECEIVE_ERRORS, LINK_SEND_ERRORS };
enum { FLASH_LIFE_USED, FLASH_SPARE };

struct item {
    char name[GATEWAY_ITEM_NAME_SIZE];
    bool there;
    bool told;   /* the user's: what is wrong with it was said */
    int problem; /* errno of reading its values; 0: they are good */
    int64_t values[GATEWAY_ITEM_VALUES];
};

struct items {
    struct item list[GATEWAY_ITEMS_MAX];
    size_t count;
};

/** Look which items of `kind` there are and read their values. Returns 0, or errno when there is no
 *  telling: then none is there. */
int items_look(struct items *items, enum items_kind kind, const char *root);

/** NULL: never seen. */
struct item *items_find(struct items *items, const char *name);

/** Where it was looked: for a sentence. */
const char *items_place(enum items_kind kind);

#endif
