/* agent/machine/card.h - what the flash chip below the queue says of its own age.
 *
 * An eMMC estimates how much of its life is used up (JESD84-B51, EXT_CSD 267 to 269); Linux shows
 * it as life_time and pre_eol_info. The chip is found from the file's device number: from a
 * partition or a mapping with one device below it to the whole device. SD cards tell nothing.
 *
 * Depends on: base.  Threads: all.
 */
#ifndef AGENT_MACHINE_CARD_H
#define AGENT_MACHINE_CARD_H

#include <stdbool.h>

struct card_health {
    char name[32]; /* mmcblk0 */
    unsigned
        used[2];    /* of types A and B: 1: up to 10 % ... 10: up to 100 %, 11: more; 0: not told */
    unsigned spare; /* reserved blocks: 1 normal, 2 80 % used, 3 90 % used; 0: not told */
};

/** `sysfs` is "/sys". false: the file's device is no eMMC, or one that tells nothing. */
bool card_read(const char *sysfs, const char *path, struct card_health *health);

#endif
