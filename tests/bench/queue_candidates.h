/* tests/bench/queue_candidates.h - ways to make readings durable, behind one interface.
 *
 *  store  agent/store, one commit per batch
 *  log    the physical floor: the same batches, encoded and framed alike, written into a file that
 *         was filled before, one fdatasync per batch
 *  rows   the obvious way: a row per reading in SQLite (WAL, synchronous=FULL), a transaction per
 *         batch
 *
 * Every function ends the program with a line on standard error when something fails: a figure
 * from half a run is none.
 *
 * Depends on: store, SQLite, zstd.  Threads: one.
 */
#ifndef TESTS_BENCH_QUEUE_CANDIDATES_H
#define TESTS_BENCH_QUEUE_CANDIDATES_H

#include "base/sample.h"

#include <stddef.h>
#include <stdint.h>

struct candidate {
    const char *name;
    void *(*open)(const char *folder);
    void (*commit)(void *state, const struct sample *samples, size_t count);
    uint64_t (*written_bytes)(const void *state); /* handed to the file system */
    uint64_t (*syncs)(const void *state);
    void (*close)(void *state);
    size_t lap_readings; /* so many, in large commits, and its file does not grow any more */
};

extern const struct candidate candidate_store, candidate_log, candidate_rows;

/** A store with rings of this size for readings. */
struct store *candidate_store_open(const char *folder, uint64_t ring_bytes);
void candidate_store_commit(void *store, const struct sample *samples, size_t count);

/** End the program. */
_Noreturn void bench_fail(const char *what);

/** Bytes of payload and processor time per reading, in batches of `batch`, through the codec, a
 * slot after the other. */
void measure_codec(const struct sample *samples, size_t count, size_t batch, double *bytes,
                   double *processor_ns);

/** The same for a JSON object per line and zstd at level 3. */
void measure_json(const struct sample *samples, size_t count, size_t batch, double *bytes,
                  double *processor_ns);

#endif
