/* agent/machine/presence.h - when the agent did not run: one `down` event for each time.
 *
 *  P1  While it runs, a note says so, with the time and the boot id: left once a minute for a
 * commit that happens anyway, and set at the clean end with the signal that ended it. P2  A start
 * that finds the note tells the time since: from the later of the note and the newest record in the
 * queue (an agent with nothing to store is thus believed to have run for up to a quarter of an hour
 * less than it did) to the start. No note, no event: the first start has nothing to tell. P3  After
 * a boot the clock may still be wrong: the event then waits until it is right, at most
 *      PRESENCE_WAIT_S, and counts back to the start. Until it is told the note stays as it is.
 *
 *  | the note      | boot id  | reason                                 |
 *  | a clean end   | the same | it was stopped (signal 15)             |
 *  | a clean end   | another  | the machine was shut down or restarted |
 *  | it was running| the same | it was killed or crashed               |
 *  | it was running| another  | the machine lost power or was reset    |
 *
 * Depends on: journal, store.  Threads: the main thread's.
 */
#ifndef AGENT_MACHINE_PRESENCE_H
#define AGENT_MACHINE_PRESENCE_H

#include "agent/store/store.h"
#include "base/clock.h"

#include <stdbool.h>

enum { PRESENCE_SAVE_S = 60, PRESENCE_WAIT_S = 120, PRESENCE_REASON_SIZE = 160 };

struct presence {
    struct store *store;
    const struct clock *clock;
    bool waits;             /* the event below is not told yet */
    bool machine_restarted; /* since from_ns */
    int64_t from_ns;        /* UTC: known to have run until then */
    int64_t started_ns;     /* boot time */
    int64_t save_due_ns;    /* monotonic */
    char reason[PRESENCE_REASON_SIZE];
};

/** The store is open and the clock as good as it is. */
void presence_start(struct presence *presence, struct store *store, const struct clock *clock);

/** Now and then, at least once a minute. */
void presence_look(struct presence *presence);

/** Before the last commit. */
void presence_end(struct presence *presence, unsigned signal_number);

#endif
