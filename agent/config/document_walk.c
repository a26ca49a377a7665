#include "agent/config/document.h"

#include <stdio.h>
#include <string.h>

static const char *text_of(const yaml_node_t *node)
{
    return (const char *)node->data.scalar.value;
}

yaml_node_t *document_get(struct document *document, const yaml_node_t *mapping, const char *key)
{
    for (const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
         pair < mapping->data.mapping.pairs.top; pair++) {
        if (strcmp(text_of(yaml_document_get_node(&document->tree, pair->key)), key) == 0) {
            return yaml_document_get_node(&document->tree, pair->value);
        }
    }
    return NULL;
}

yaml_node_t *document_item(struct document *document, const yaml_node_t *list, size_t index)
{
    size_t count = (size_t)(list->data.sequence.items.top - list->data.sequence.items.start);

    if (index >= count) {
        return NULL;
    }
    return yaml_document_get_node(&document->tree, list->data.sequence.items.start[index]);
}

bool document_is_nothing(const yaml_node_t *node)
{
    const char *text = text_of(node);

    return node->type == YAML_SCALAR_NODE && node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           (text[0] == '\0' || strcmp(text, "~") == 0 || strcmp(text, "null") == 0);
}

const char *document_text(struct document *document, const yaml_node_t *mapping, const char *key)
{
    const yaml_node_t *node = document_get(document, mapping, key);

    return node == NULL || node->type != YAML_SCALAR_NODE || document_is_nothing(node)
               ? NULL
               : text_of(node);
}

struct flattening {
    struct loading *loading;
    struct document *document;
    const struct option_spec *elsewhere;
    struct record *record;
};

static bool flatten(struct flattening *work, const yaml_node_t *mapping, const char *prefix,
                    unsigned depth);

/** "time" and "path" -> "time.path"; NULL: no memory. */
static const char *join(struct loading *loading, const char *prefix, const char *key)
{
    size_t size = strlen(prefix) + 1 + strlen(key) + 1;
    char *joined;

    if (prefix[0] == '\0') {
        return key;
    }
    joined = arena_allocate(&loading->scratch, size);
    if (joined == NULL) {
        (void)loading_no_memory(loading);
        return NULL;
    }
    (void)snprintf(joined, size, "%s.%s", prefix, key); /* sized for it above */
    return joined;
}

/** `range: [low, high]`, or `write_range`, as two fields; false when it is not that, or there is no
 * room. */
static bool add_range(struct flattening *work, const struct record_field *field,
                      const yaml_node_t *list)
{
    static const char *const names[] = {"range", "write_range"};
    static const char *const keys[][2] = {{"range_low", "range_high"},
                                          {"write_range_low", "write_range_high"}};
    size_t which = 0;

    while (which < 2 && strcmp(names[which], field->key) != 0) {
        which++;
    }
    if (which == 2) {
        return false;
    }
    if (document_item(work->document, list, 2) != NULL) {
        return false;
    }
    for (size_t i = 0; i < 2; i++) {
        const yaml_node_t *item = document_item(work->document, list, i);
        struct record_field half = *field;

        if (item == NULL || item->type != YAML_SCALAR_NODE) {
            return false;
        }
        half.key = keys[which][i];
        half.place = document_place(work->document, item);
        half.text = text_of(item);
        half.kind = document_is_nothing(item) ? RECORD_NOTHING : RECORD_TEXT;
        if (!record_add(work->loading, work->record, &half)) {
            return false;
        }
    }
    return true;
}

static bool flatten_pair(struct flattening *work, const yaml_node_pair_t *pair, const char *prefix,
                         unsigned depth)
{
    const yaml_node_t *key = yaml_document_get_node(&work->document->tree, pair->key);
    const yaml_node_t *value = yaml_document_get_node(&work->document->tree, pair->value);
    struct record_field field = {
        .key = join(work->loading, prefix, text_of(key)),
        .text = "",
        .key_place = document_place(work->document, key),
        .place = document_place(work->document, value),
        .kind = RECORD_LIST,
    };

    if (field.key == NULL) {
        return false;
    }
    if (work->elsewhere != NULL && option_find(work->elsewhere, field.key) != NULL) {
        return true;
    }
    if (value->type == YAML_MAPPING_NODE) {
        return flatten(work, value, field.key, depth + 1);
    }
    if (value->type == YAML_SEQUENCE_NODE && add_range(work, &field, value)) {
        return true;
    }
    if (value->type == YAML_SCALAR_NODE) {
        field.kind = document_is_nothing(value) ? RECORD_NOTHING : RECORD_TEXT;
        field.text = field.kind == RECORD_TEXT ? text_of(value) : "";
    }
    return record_add(work->loading, work->record, &field);
}

static bool flatten(struct flattening *work, const yaml_node_t *mapping, const char *prefix,
                    unsigned depth)
{
    if (depth > DOCUMENT_DEPTH_MAX) {
        struct config_place place = document_place(work->document, mapping);

        return finding_add(work->loading, &place, "nested deeper than any setting is");
    }
    for (const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
         pair < mapping->data.mapping.pairs.top; pair++) {
        if (!flatten_pair(work, pair, prefix, depth)) {
            return false;
        }
    }
    return true;
}

bool document_flatten(struct loading *loading, struct document *document,
                      const yaml_node_t *mapping, const struct option_spec *elsewhere,
                      struct record *record)
{
    struct flattening work = {loading, document, elsewhere, record};

    record->place = document_place(document, mapping);
    record->count = 0;
    return flatten(&work, mapping, "", 1);
}
