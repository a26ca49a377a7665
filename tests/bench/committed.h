/* tests/bench/committed.h - what the agent has committed, as the shim inside it notes it.
 *
 *   the agent with tests/torture/libshim.so -> [ a mapped file ] -> bench
 *
 * Life: committed_open() -> committed_wait()* -> committed_close().
 *
 * Depends on: tests/torture/shim.h.  Threads: one user at a time.
 */
#ifndef TESTS_BENCH_COMMITTED_H
#define TESTS_BENCH_COMMITTED_H

#include "tests/torture/shim.h"

#include <stdbool.h>

/** Make the file at `path` and map it. NULL: it cannot be made. */
struct shim_state *committed_open(const char *path);

/** Wait until the record of that number is committed, or so many seconds. The highest number by
 *  then. */
uint64_t committed_wait(struct shim_state *state, enum stream stream, uint64_t least,
                        unsigned seconds);

/** Accepts NULL. */
void committed_close(struct shim_state *state);

#endif
