/* agent/config/settings.h - check a record against option tables and fill the structs behind them.
 *
 *   record -> [ SETTINGS ] -> the host's struct, the driver's struct
 *
 *  G1  Every key is a row of a table; one that is not is a finding with the nearest row.
 *  G2  What is absent has its row's fallback; a row without one is required.
 *  G3  The canonical text is the same for two records exactly when they mean the same: rows in the
 *      tables' order, each with the text given or its fallback.
 *
 * Depends on: base, loading, record.  Threads: one user at a time.
 */
#ifndef AGENT_CONFIG_SETTINGS_H
#define AGENT_CONFIG_SETTINGS_H

#include "agent/config/record.h"
#include "base/buffer.h"
#include "base/option.h"

#include <stdbool.h>

enum { SETTINGS_PARTS_MAX = 3 };

struct settings_part {
    const struct option_spec *table; /* NULL: no rows */
    void *target; /* NULL: keys that the caller reads itself, named for "did you mean" only */
};

struct settings {
    const char *what; /* "a device of driver modbus-tcp": for sentences about unknown keys */
    struct settings_part parts[SETTINGS_PARTS_MAX];
    const char *free_prefix;  /* keys that begin so are the caller's: "labels."; or NULL */
    struct arena *arena;      /* where texts are kept */
    struct buffer *canonical; /* appended to (G3); NULL: not wanted */
};

/** Store fallbacks, then what the record gives. false: at least one finding, or no memory. */
bool settings_apply(struct loading *loading, const struct settings *settings,
                    const struct record *record);

/** Whether a field with this key may be set; when not, a finding at `place`. */
bool settings_knows(struct loading *loading, const struct settings *settings,
                    const struct config_place *place, const char *key);

/** The text of `key`: as given, or its fallback; NULL when there is no such row. */
const char *settings_text(const struct settings *settings, const struct record *record,
                          const char *key);

/** Append `key`, `text` to the canonical text, as G3 has it. `text` NULL: absent. */
void settings_canonical(struct buffer *canonical, const char *key, const char *text);

#endif
