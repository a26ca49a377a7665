/* agent/upkeep.h - what the main thread looks after besides the commits: is there room, what does
 * the flash bear.
 *
 * Depends on: wear, store.  Threads: one at a time; its user's lock.
 */
#ifndef AGENT_UPKEEP_H
#define AGENT_UPKEEP_H

#include "agent/wear.h"

struct upkeep {
    struct store *store;
    struct wear wear;
    enum store_growth growth[STREAM_RING_COUNT]; /* as last told in the log */
};

void upkeep_start(struct upkeep *upkeep, struct store *store, const struct clock *clock);

/** After a commit. Never blocks for the disk. */
void upkeep_look(struct upkeep *upkeep);

/** Before the last commit. */
void upkeep_finish(struct upkeep *upkeep);

#endif
