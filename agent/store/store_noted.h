/* agent/store/store_noted.h - samples and how far their source was read, in one transaction.
 *
 *   collector -> [ STORE ] -> note (store_note_get) after a restart
 *
 * Depends on: store.  Threads: any, as store.h.
 */
#ifndef AGENT_STORE_STORE_NOTED_H
#define AGENT_STORE_STORE_NOTED_H

#include "agent/store/store.h"

struct store_remark {
    const char *key, *value; /* as store_note_set() takes them */
};

/** As store_append(), with a note that is on disk exactly when the samples are. `count` may be 0.
 *  Further errors: ERROR_BUG: the note is too long, or one too many; no sample is taken then. */
MUST_CHECK enum error_code store_append_noted(struct store *store, enum stream stream,
                                              const struct sample *samples, size_t count,
                                              const struct store_remark *remark,
                                              struct error *error);

#endif
