/* agent/machine/upkeep.h - what the main thread looks after besides the commits: is there room,
 * what does the flash bear, since when does the agent run.
 *
 * Life: upkeep_start() -> upkeep_begin() -> upkeep_look()* -> upkeep_finish().
 *
 * Depends on: presence, wear, store.  Threads: one at a time; its user's lock.
 */
#ifndef AGENT_MACHINE_UPKEEP_H
#define AGENT_MACHINE_UPKEEP_H

#include "agent/machine/presence.h"
#include "agent/machine/wear.h"

struct upkeep {
    struct store *store;
    const struct clock *clock;
    struct wear wear;
    struct presence presence;
    enum store_growth growth[STREAM_RING_COUNT]; /* as last told in the log */
};

void upkeep_start(struct upkeep *upkeep, struct store *store, const struct clock *clock);

/** The clock is as good as it is. */
void upkeep_begin(struct upkeep *upkeep);

/** After a commit, once it has begun. Never blocks for the disk. */
void upkeep_look(struct upkeep *upkeep);

/** Before the last commit. */
void upkeep_finish(struct upkeep *upkeep, unsigned signal_number);

#endif
