#include "agent/config/device_points.h"

#include "base/parse.h"

#include <stdio.h>
#include <string.h>

/** Whether `words` ("energy, power") holds the word of `length` bytes at `word`. */
static bool holds(const char *words, const char *word, size_t length)
{
    while (words != NULL && *words != '\0') {
        size_t begin = strspn(words, ", ");
        size_t size = strcspn(words + begin, ", ");

        if (size > 0 && size == length && strncmp(words + begin, word, length) == 0) {
            return true;
        }
        words += begin + size;
    }
    return false;
}

/** The item of `list` with this name, or NULL. */
static const yaml_node_t *own_point(struct document *document, const yaml_node_t *list,
                                    const char *name)
{
    const yaml_node_t *item;

    if (list == NULL || list->type != YAML_SEQUENCE_NODE) {
        return NULL;
    }
    for (size_t i = 0; (item = document_item(document, list, i)) != NULL; i++) {
        const char *own =
            item->type == YAML_MAPPING_NODE ? document_text(document, item, "name") : NULL;

        if (own != NULL && strcmp(own, name) == 0) {
            return item;
        }
    }
    return NULL;
}

/** T4: take the template's interval out where the device's is longer. */
static void keep_longer_interval(struct record *record, int64_t device_interval_ns)
{
    const struct record_field *field = record_find(record, "interval");
    size_t index = field == NULL ? 0 : (size_t)(field - record->fields);
    int64_t interval_ns;

    if (field == NULL || !parse_duration_ns(field->text, &interval_ns) ||
        interval_ns >= device_interval_ns) {
        return;
    }
    memmove(&record->fields[index], &record->fields[index + 1],
            (record->count - index - 1) * sizeof(record->fields[0]));
    record->count--;
}

/** Every word of `words` is a group (or a point, with `names`) of the template. */
static bool check_words(struct loading *loading, struct device_template *template,
                        const struct config_place *place, const char *words, bool names)
{
    bool fine = true;

    while (words != NULL && *words != '\0') {
        size_t begin = strspn(words, ", ");
        size_t length = strcspn(words + begin, ", ");
        struct template_point point;
        bool found = length == 0;

        for (size_t i = 0; !found && device_template_point(loading, template, i, &point); i++) {
            found = holds(names ? point.name : point.group, words + begin, length);
        }
        if (!found) {
            fine = finding_add(loading, place, "%s: the template %s has no %s '%.*s'",
                               names ? "without" : "only", template->name,
                               names ? "point" : "group", (int)length, words + begin);
        }
        words += begin + length;
    }
    return fine;
}

/** The item of `list` that read_template() has read under the name of this one; NULL: the template
 *  has no such point. */
static const yaml_node_t *changes_template(struct device_template *template,
                                           struct document *document, const yaml_node_t *list,
                                           const yaml_node_t *item)
{
    const char *name =
        item->type == YAML_MAPPING_NODE ? document_text(document, item, "name") : NULL;

    return name == NULL || own_point(&template->document, template->points, name) == NULL
               ? NULL
               : own_point(document, list, name);
}

/** The points of the template, changed by those of the same name in `list`. */
static bool read_template(const struct point_source *source, struct device_template *template,
                          const struct device_settings *settings, struct document *document,
                          const yaml_node_t *list)
{
    struct loading *loading = source->loading;
    struct template_point point;
    bool fine = check_words(loading, template, &source->place, settings->only, false);

    fine = check_words(loading, template, &source->place, settings->without, true) && fine; /* C1 */
    for (size_t i = 0; device_template_point(loading, template, i, &point); i++) {
        const yaml_node_t *own = own_point(document, list, point.name);
        struct record record = {.count = 0};

        if (own == NULL &&
            ((settings->only != NULL && !holds(settings->only, point.group, strlen(point.group))) ||
             holds(settings->without, point.name, strlen(point.name)))) {
            continue; /* T3 */
        }
        keep_longer_interval(&point.record, settings->interval_ns);
        record.place = point.record.place;
        fine = (own == NULL || document_flatten(loading, document, own, NULL, &record)) &&
               record_add_missing(loading, &record, &point.record) && point_read(source, &record) &&
               fine;
    }
    return fine;
}

/** What the device's list gives beyond the template, if there is one. */
static bool read_list(const struct point_source *source, struct device_template *template,
                      struct document *document, const yaml_node_t *list)
{
    struct config_place place = document_place(document, list);
    const yaml_node_t *item;
    bool fine = true;

    if (document_is_nothing(list)) {
        return true;
    }
    if (list->type != YAML_SEQUENCE_NODE) {
        return finding_add(source->loading, &place,
                           "points: takes a list; begin each point with '- '");
    }
    for (size_t i = 0; (item = document_item(document, list, i)) != NULL; i++) {
        const yaml_node_t *taken =
            template == NULL ? NULL : changes_template(template, document, list, item);
        struct record record;

        if (taken == item) {
            continue;
        }
        if (taken != NULL) {
            place = document_place(document, item);
            fine = finding_add(
                source->loading, &place, "the point '%.60s' is given twice, first in line %u",
                document_text(document, item, "name"), document_place(document, taken).line);
            continue;
        }
        if (item->type != YAML_MAPPING_NODE) {
            place = document_place(document, item);
            fine = finding_add(source->loading, &place,
                               "a point is written as keys and values: { name: ..., ... }");
            continue;
        }
        fine = document_flatten(source->loading, document, item, NULL, &record) &&
               point_read(source, &record) && fine;
    }
    return fine;
}

bool device_points_read(const struct point_source *source, struct device_template *template,
                        const struct device_settings *settings, struct document *document,
                        const yaml_node_t *list)
{
    bool fine = template == NULL || read_template(source, template, settings, document, list);

    return (list == NULL || read_list(source, template, document, list)) && fine; /* C1 */
}

/** The texts of `list` with ", " between, in the scratch arena; NULL: not that, or no memory. */
static const char *join_list(struct loading *loading, struct document *document,
                             const yaml_node_t *list)
{
    const yaml_node_t *item;
    size_t size = 1;
    char *joined;
    size_t at = 0;

    for (size_t i = 0; (item = document_item(document, list, i)) != NULL; i++) {
        if (item->type != YAML_SCALAR_NODE) {
            return NULL;
        }
        size += item->data.scalar.length + 2;
    }
    joined = arena_allocate(&loading->scratch, size);
    if (joined == NULL) {
        (void)loading_no_memory(loading);
        return NULL;
    }
    joined[0] = '\0';
    for (size_t i = 0; (item = document_item(document, list, i)) != NULL; i++) {
        at += (size_t)snprintf(joined + at, size - at, "%s%s", i == 0 ? "" : ", ",
                               (const char *)item->data.scalar.value); /* sized for it */
    }
    return joined;
}

bool device_points_join_lists(struct loading *loading, struct document *document,
                              const yaml_node_t *mapping, struct record *record)
{
    for (size_t i = 0; i < record->count; i++) {
        struct record_field *field = &record->fields[i];
        const char *joined;

        if (field->kind != RECORD_LIST ||
            (strcmp(field->key, "only") != 0 && strcmp(field->key, "without") != 0)) {
            continue;
        }
        joined = join_list(loading, document, document_get(document, mapping, field->key));
        if (joined == NULL) {
            return loading->no_memory
                       ? false
                       : finding_add(loading, &field->place, "'%s' takes words: [energy, power]",
                                     field->key);
        }
        field->text = joined;
        field->kind = RECORD_TEXT;
    }
    return true;
}
