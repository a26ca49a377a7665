/* tests/torture/shim_event.h - what the calling thread is in the middle of, and whether it dies
 * there.
 *
 *   shim.c (what the agent calls) -> [ SHIM EVENT ] -> shim_state(): the words of shim.h
 *
 * A thread begins an event, passes moments of it, and ends it (all was done) or leaves it (it
 * failed). The event that the harness armed is chosen when it begins; its thread then dies at the
 * moment that was asked for, or at the end.
 *
 * Depends on: shim.  Threads: each has events of its own.
 */
#ifndef TESTS_TORTURE_SHIM_EVENT_H
#define TESTS_TORTURE_SHIM_EVENT_H

#include "tests/torture/shim.h"

#include <stdbool.h>

/** Map the harness's file, if the environment names one. Before anything else. */
void shim_state_open(void);

/** The words; never NULL. Without a file they ask for nothing. */
struct shim_state *shim_state(void);

/** Note where, and kill this process on the spot. */
_Noreturn void shim_die(enum shim_event event, enum shim_moment moment);

/** Does nothing when the thread is in such an event already. */
void shim_begin(enum shim_event event);
bool shim_is_inside(enum shim_event event);

/** Is this the moment to die at? Numbered ones are counted by asking: ask once for each. */
bool shim_is_due(enum shim_event event, enum shim_moment moment);

/** Die if it is. */
void shim_pass(enum shim_event event, enum shim_moment moment);

/** All is done: die here if the event was chosen. */
void shim_end(enum shim_event event);
void shim_leave(enum shim_event event);

/** true for that many calls in a million; which ones follows from the seed. */
bool shim_chance(uint64_t parts_per_million);

#endif
