/* agent/config/record.h - the settings of one thing as flat keys and texts, whatever file they
 * stood in.
 *
 *   YAML mapping (document.h), row of a CSV file (csv.h) -> [ RECORD ] -> settings.h
 *
 * Nested mappings become dotted keys: `time: { path: t }` is "time.path".
 *
 * Depends on: loading.  Threads: plain data; texts are borrowed from the file that was read.
 */
#ifndef AGENT_CONFIG_RECORD_H
#define AGENT_CONFIG_RECORD_H

#include "agent/config/loading.h"

#include <stddef.h>

enum { RECORD_FIELDS_MAX = 128 };

enum record_kind {
    RECORD_TEXT,
    RECORD_NOTHING, /* a key without a value */
    RECORD_LIST,
};

struct record_field {
    const char *key;
    const char *text; /* "" unless RECORD_TEXT */
    struct config_place key_place, place;
    enum record_kind kind;
};

struct record {
    struct config_place place; /* where the whole begins */
    struct record_field fields[RECORD_FIELDS_MAX];
    size_t count;
};

/** false, with a finding, when there is no room for one more field. */
bool record_add(struct loading *loading, struct record *record, const struct record_field *field);

/** Add the fields of `more` whose keys `record` has not. As record_add(). */
bool record_add_missing(struct loading *loading, struct record *record, const struct record *more);

/** The first field with this key, or NULL. */
const struct record_field *record_find(const struct record *record, const char *key);

/** Where to point for a problem with `key`: its value, or the whole record when it is absent. */
const struct config_place *record_place(const struct record *record, const char *key);

#endif
