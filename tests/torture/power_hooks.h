/* tests/torture/power_hooks.h - what the store asks past SQLite, answered for the simulated disk.
 *
 * Linked with -Wl,--wrap=...: rename(), unlink() and access() of names on the disk, the boot id
 * (each power cut is a new boot, or not: then the newest slot is filled on), the pragmas
 * (`synchronous=NORMAL`, and checkpoints more often), and when slots are being made.
 *
 * Depends on: power_disk, database.  Threads: one.
 */
#ifndef TESTS_TORTURE_POWER_HOOKS_H
#define TESTS_TORTURE_POWER_HOOKS_H

#include "tests/torture/power_disk.h"

struct power_hooks {
    struct power_disk *disk;      /* NULL: everything goes to the system */
    char folder[POWER_NAME_SIZE]; /* names that begin with it are on the disk */
    uint64_t boot;
    bool normal;               /* synchronous=NORMAL */
    unsigned checkpoint_pages; /* 0: as shipped */
    uint64_t rewritten;        /* how often a pragma was found and changed */
    bool making_slots;
};

/** The ones in force. */
struct power_hooks *power_hooks(void);

#endif
