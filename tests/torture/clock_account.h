/* tests/torture/clock_account.h - every record of the simulated gateway, what is true of it, and
 * what the lake says.
 */
#ifndef TESTS_TORTURE_CLOCK_ACCOUNT_H
#define TESTS_TORTURE_CLOCK_ACCOUNT_H

#include "base/stream.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A reading: number, true time of receipt, boot. */
struct truth {
    int64_t true_ns;
    uint32_t boot;
    bool own_time;  /* the source gave its time: 5 s before, and right */
    bool was_known; /* the right time of the boot was on disk when it was received */
};

/** Of a boot: when its right time was on disk; INT64_MAX: never. */
struct boot_truth {
    int64_t right_ns;
};

struct account {
    struct truth *readings; /* of number i + 1 */
    size_t reading_count, reading_room, committed;
    size_t event_count; /* committed */
    struct boot_truth *boots;
    size_t boot_count, boot_room;
    uint8_t *found[STREAM_RING_COUNT]; /* how often, by number - 1 */
    size_t found_room[STREAM_RING_COUNT];
    /* the result */
    uint64_t objects, right, corrected, flagged;
    uint64_t double_count, unsound, spanning, wrong_time, wrong_flag, wrong_row, late;
    int64_t worst_right_ns, worst_corrected_ns;
    uint64_t wait_ns, max_age_ns; /* what the agent was told */
};

void account_deinit(struct account *account);

/** The next reading's truth. */
void account_reading(struct account *account, const struct truth *truth);

/** A boot begins. */
void account_boot(struct account *account);

/** Compare all objects below `lake` and remove them. */
void account_check_lake(struct account *account, const char *lake);

/** Committed and in no object. */
uint64_t account_lost(const struct account *account);
uint64_t account_acknowledged(const struct account *account);

/** Broken promises but for lost and double ones. */
uint64_t account_broken(const struct account *account);

#endif
