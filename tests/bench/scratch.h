/* tests/bench/scratch.h - a folder of a bench's own, on the disk where the figures go.
 *
 * That is LEAT_BENCH_DIR or build/bench: /tmp may be memory, where every sync is done at once.
 *
 * Threads: one user at a time.
 */
#ifndef TESTS_BENCH_SCRATCH_H
#define TESTS_BENCH_SCRATCH_H

#include <stdbool.h>

enum { SCRATCH_SIZE = 1000 };

/** `folder` becomes its whole path, without symbolic links. false: it cannot be made. */
bool scratch_make(const char *bench_name, char folder[SCRATCH_SIZE]);

/** Remove it with all that is in it. */
void scratch_remove(const char *folder);

#endif
