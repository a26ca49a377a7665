/* sync/target.h - a place batches are uploaded to.
 *
 *   device -> driver -> agent/pipeline -> agent/store -> sync/encoder -> [ TARGET ] -> lake
 *
 *  T1  put() returns ERROR_OK only when the target itself has made the whole batch durable.
 *  T2  put() of the same object_name again gives the same one object. So the uplink may repeat
 *      any put() whose outcome it does not know, and the lake sees each sample once.
 *  T3  A batch is visible at the target whole or not at all.
 *  T4  `batch` is borrowed until put() returns.
 *  T5  close() is valid in every state and cannot fail; the host calls it after any failure.
 *  T6  Only the uplink thread calls a target, one call at a time.
 *
 * Depends on: base.
 */
#ifndef SYNC_TARGET_H
#define SYNC_TARGET_H

#include "base/error.h"
#include "base/option.h"

#include <stddef.h>
#include <stdint.h>

struct batch; /* sync/batch.h */

struct target {
    const char *name; /* "directory", ... */
    const char *summary;
    const struct option_spec *options;
    size_t state_size; /* the host allocates this, zeroed, and frees it */

    enum error_code (*open)(void *state, int64_t deadline_ns, struct error *error);
    enum error_code (*put)(void *state, const struct batch *batch, int64_t deadline_ns,
                           struct error *error);
    void (*close)(void *state);
};

/** The target type called `name`, or NULL. */
const struct target *target_find(const char *name);

/** All target types, closed by NULL. */
extern const struct target *const target_registry[];

#endif
