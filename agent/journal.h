/* agent/journal.h - put an event into the events stream, stamped now.
 *
 * Depends on: base, store.  Threads: all.
 */
#ifndef AGENT_JOURNAL_H
#define AGENT_JOURNAL_H

#include "agent/store/store.h"
#include "base/clock.h"
#include "base/event.h"

/** NULL texts of `event` count as "". An event that the store cannot take is counted there and told
 *  when there is room (S7 of store.h); the first of a row of them is logged. */
void journal_append(struct store *store, const struct clock *clock, const struct event *event);

/** One high-water event per stream, so that the lake can tell what is still on its way. */
void journal_high_water(struct store *store, const struct clock *clock);

#endif
