/* agent/machine/wear.h - what the queue costs the flash: bytes and syncs per UTC day, and how long
 * a card lasts.
 *
 *  F1  Counted where SQLite hands bytes to the disk (agent/store/vfs.h): bytes, syncs, and the
 *      bytes that a flash has to program for them, each sync rounded up to a program page.
 *  F2  Kept over restarts as notes, one for each of the last WEAR_DAYS days, which ride in a commit
 *      that happens anyway: an agent that is killed forgets at most WEAR_SAVE_S seconds of them.
 *  F3  The projection takes the mean of the whole days that are known, without the oldest one,
 * which was hardly whole, when there are others; without a whole day, the pace since the start,
 * once it is WEAR_PACE_LEAST_S old. What else writes to the card, and what the card itself copies
 *      about, is not in it.
 *
 * Life: wear_init() -> wear_count() now and then.
 *
 * Depends on: store.  Threads: one at a time; its user's lock.
 */
#ifndef AGENT_MACHINE_WEAR_H
#define AGENT_MACHINE_WEAR_H

#include "agent/config/config.h"
#include "agent/store/store.h"
#include "base/clock.h"

enum { WEAR_DAYS = 32, WEAR_SAVE_S = 600, WEAR_PACE_LEAST_S = 600 };

struct wear_day {
    int64_t day; /* since 1970, UTC */
    uint64_t bytes, syncs, programmed_bytes;
};

struct wear {
    struct store *store;
    const struct clock *clock;
    struct wear_day days[WEAR_DAYS]; /* by day modulo WEAR_DAYS; all zero: not known */
    struct store_totals counted;     /* what is in `days` already */
    int64_t started_ns, save_due_ns; /* monotonic */
};

/** Take up what the notes have. */
void wear_init(struct wear *wear, struct store *store, const struct clock *clock);

/** Add what was written since the last time to today; leave it for the next commit when that is due
 *  or `save` says so. */
void wear_count(struct wear *wear, bool save);

/** The day `ago` days before today; all zero when nothing is known of it. */
struct wear_day wear_day(const struct wear *wear, unsigned ago);

struct wear_projection {
    unsigned days;       /* how many whole days it is made from; 0: from the pace since the start */
    double daily_bytes;  /* programmed in a day */
    double life_percent; /* of the card's life in a year */
    double years;        /* until it is worn out; 0: nothing wears it */
};

/** false: too early to tell. */
bool wear_project(const struct wear *wear, const struct config_card *card,
                  struct wear_projection *projection);

#endif
