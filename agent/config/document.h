/* agent/config/document.h - one YAML file as a tree that is safe to walk.
 *
 *   file -> libyaml -> [ DOCUMENT ] -> record
 *
 *  Y1  What cannot be read is a finding at its line and column: bytes that are no text, tabs as
 *      indentation, whatever libyaml refuses, a second document.
 *  Y2  A document that was read has: one root, keys that are plain texts and differ within their
 *      mapping, every node in one place (no aliases), no tags, no merge keys.
 *
 * Depends on: base, libyaml, loading, record.  Threads: one user at a time.
 */
#ifndef AGENT_CONFIG_DOCUMENT_H
#define AGENT_CONFIG_DOCUMENT_H

#include "agent/config/record.h"
#include "base/buffer.h"
#include "base/option.h"

#include <stdbool.h>
#include <yaml.h>

enum {
    DOCUMENT_MAX_BYTES = 4 << 20,
    DOCUMENT_KEYS_MAX = 500,
    DOCUMENT_DEPTH_MAX = 6,
    DOCUMENT_NESTING_MAX = 16
};

struct document {
    const char *path; /* borrowed */
    struct buffer content;
    yaml_document_t tree;
    bool loaded; /* `tree` must be deleted */
};

/** Read and check `path`. false: findings say why. Close it in any case. */
bool document_read(struct loading *loading, const char *path, struct document *document);

/** Accepts a zeroed document. */
void document_close(struct document *document);

/** The root is a mapping, or this adds a finding and returns NULL. */
yaml_node_t *document_root(struct loading *loading, struct document *document);

struct config_place document_place(const struct document *document, const yaml_node_t *node);

/** The value of `key` in `mapping`, or NULL. */
yaml_node_t *document_get(struct document *document, const yaml_node_t *mapping, const char *key);

/** The text of `key` in `mapping`, or NULL: it has none. */
const char *document_text(struct document *document, const yaml_node_t *mapping, const char *key);

/** Nothing stands there: `key:` and the end of the line. */
bool document_is_nothing(const yaml_node_t *node);

/** Item `index` of a list; NULL after the last. */
yaml_node_t *document_item(struct document *document, const yaml_node_t *list, size_t index);

/** The mapping as a record. Dotted keys that are rows of `elsewhere` (may be NULL) are left out.
 *  A list [low, high] of `range` becomes range_low and range_high. false: findings say why. */
bool document_flatten(struct loading *loading, struct document *document,
                      const yaml_node_t *mapping, const struct option_spec *elsewhere,
                      struct record *record);

#endif
