#include "agent/config/device_template.h"

#include "agent/config/device.h"
#include "agent/config/name.h"
#include "agent/config/settings.h"
#include "base/parse.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/** Keys of a template that are no settings. */
static const struct option_spec head_elsewhere[] = {
    {.type = OPTION_TEXT, .key = "device", .fallback = ""},
    {.type = OPTION_TEXT, .key = "documents", .fallback = ""},
    {.type = OPTION_TEXT, .key = "points", .fallback = ""},
    {.type = OPTION_END},
};

/** Keys of its points that the driver is not shown. */
static const struct option_spec point_elsewhere[] = {
    {.type = OPTION_TEXT, .key = "group", .fallback = ""},
    {.type = OPTION_TEXT, .key = "source", .fallback = ""},
    {.type = OPTION_END},
};

/** The text of `key`, or NULL when there is none. */
static const char *text_of(struct document *document, const yaml_node_t *mapping, const char *key)
{
    const yaml_node_t *node = document_get(document, mapping, key);

    return node == NULL || node->type != YAML_SCALAR_NODE || document_is_nothing(node)
               ? NULL
               : (const char *)node->data.scalar.value;
}

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

/** T5 for one point, and that its source begins with the name of a document. */
static bool check_point(struct loading *loading, struct device_template *template,
                        const yaml_node_t *item)
{
    struct document *document = &template->document;
    struct config_place place = document_place(document, item);
    static const char *const needed[] = {"name", "group", "source"};
    const char *source;
    char key[NAME_MAX_BYTES + 1];

    if (item->type != YAML_MAPPING_NODE) {
        return finding_add(loading, &place,
                           "a point is written as keys and values: { name: ..., ... }");
    }
    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        if (text_of(document, item, needed[i]) == NULL) {
            return finding_add(loading, &place,
                               "'%s' is missing from a point of a template (it has a name, a group "
                               "and a source: which document and page)",
                               needed[i]);
        }
    }
    source = text_of(document, item, "source");
    (void)snprintf(key, sizeof(key), "%.*s", (int)strcspn(source, ","), source);
    if (text_of(document, template->documents, key) == NULL) {
        place = document_place(document, document_get(document, item, "source"));
        return finding_add(loading, &place,
                           "source: '%s' is none of 'documents'; write which of them and where in "
                           "it, as in 'manual, p. 12'",
                           key);
    }
    return true;
}

static bool check_points(struct loading *loading, struct device_template *template)
{
    struct document *document = &template->document;
    const yaml_node_t *item;
    bool fine = true;

    for (size_t i = 0; (item = document_item(document, template->points, i)) != NULL; i++) {
        fine = check_point(loading, template, item) && fine;
    }
    return fine;
}

/** `device`, `documents` and `points` are of the right kind. */
static bool check_sections(struct loading *loading, struct device_template *template,
                           const yaml_node_t *root)
{
    struct config_place place = document_place(&template->document, root);

    template->device = document_get(&template->document, root, "device");
    template->documents = document_get(&template->document, root, "documents");
    template->points = document_get(&template->document, root, "points");
    if (template->device != NULL && template->device->type != YAML_MAPPING_NODE) {
        place = document_place(&template->document, template->device);
        return finding_add(loading, &place, "'device' takes keys of a device, such as order");
    }
    if (template->documents == NULL || template->documents->type != YAML_MAPPING_NODE) {
        return finding_add(loading, &place,
                           "'documents' is missing from a template: a name and a title each, as in "
                           "documents: { manual: ... }");
    }
    if (template->points == NULL || template->points->type != YAML_SEQUENCE_NODE) {
        return finding_add(loading, &place,
                           "'points' is missing from a template; it is a list: begin each point "
                           "with '- '");
    }
    return true;
}

bool device_template_read(struct loading *loading, const char *path, const char *name,
                          struct device_template *template)
{
    const struct settings settings = {
        .what = "a template",
        .parts = {{config_template_options, &template->settings}, {head_elsewhere, NULL}},
        .arena = &loading->scratch,
    };
    const yaml_node_t *root;
    struct record record;

    template->name = name;
    if (!document_read(loading, path, &template->document)) {
        return false;
    }
    root = document_root(loading, &template->document);
    return root != NULL &&
           document_flatten(loading, &template->document, root, head_elsewhere, &record) &&
           settings_apply(loading, &settings, &record) && check_sections(loading, template, root) &&
           check_points(loading, template);
}

bool device_template_open(struct loading *loading, const struct config_place *place,
                          const char *name, struct device_template *template)
{
    const char *folders[] = {device_path_beside(loading, loading->main_path, "templates"),
                             loading->template_folder};
    char file[NAME_MAX_BYTES + sizeof("/.yaml")];

    if (!name_is_valid(name, false)) {
        return finding_add(loading, place,
                           "template: '%.60s' may hold letters, digits, '-' and '_' only", name);
    }
    (void)snprintf(file, sizeof(file), "/%s.yaml", name); /* the option's limit */
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        size_t size = folders[i] == NULL ? 0 : strlen(folders[i]) + sizeof(file);
        char *path = arena_allocate(&loading->scratch, size);

        if (folders[i] == NULL || path == NULL) {
            return loading_no_memory(loading);
        }
        (void)snprintf(path, size, "%s%s", folders[i], file); /* sized for it */
        if (access(path, F_OK) == 0) {
            return device_template_read(loading, path, name, template);
        }
    }
    if (access(loading->template_folder, F_OK) != 0) {
        return finding_add(
            loading, place,
            "template: '%.60s' is not found, for the folder %.60s is not there; write "
            "where templates are: templates: /path (in Leat's source: "
            "drivers/templates)",
            name, loading->template_folder);
    }
    return finding_add(loading, place,
                       "template: there is no '%.60s' in %.60s; `leat templates` lists them", name,
                       loading->template_folder);
}

void device_template_close(struct device_template *template)
{
    document_close(&template->document);
}

bool device_template_point(struct loading *loading, struct device_template *template, size_t index,
                           struct template_point *point)
{
    struct document *document = &template->document;
    const yaml_node_t *item = document_item(document, template->points, index);

    if (item == NULL) {
        return false;
    }
    point->name = text_of(document, item, "name");
    point->group = text_of(document, item, "group");
    point->source = text_of(document, item, "source");
    return document_flatten(loading, document, item, point_elsewhere, &point->record);
}

/** Add the fields of `more` whose keys `record` has not. */
static bool add_missing(struct loading *loading, struct record *record, const struct record *more)
{
    for (size_t i = 0; i < more->count; i++) {
        if (record_find(record, more->fields[i].key) == NULL &&
            !record_add(loading, record, &more->fields[i])) {
            return false;
        }
    }
    return true;
}

bool device_template_complete(struct loading *loading, struct device_template *template,
                              struct record *record)
{
    struct record more;

    return template->device == NULL ||
           (document_flatten(loading, &template->document, template->device, NULL, &more) &&
            add_missing(loading, record, &more));
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
        const char *own = item->type == YAML_MAPPING_NODE ? text_of(document, item, "name") : NULL;

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

bool device_template_took(struct device_template *template, struct document *document,
                          const yaml_node_t *item)
{
    const char *name = item->type == YAML_MAPPING_NODE ? text_of(document, item, "name") : NULL;

    return name != NULL && own_point(document, template->own, name) == item &&
           own_point(&template->document, template->points, name) != NULL;
}

bool device_template_points(const struct point_source *source,
                            const struct device_settings *settings, struct document *document,
                            const yaml_node_t *list)
{
    struct loading *loading = source->loading;
    struct device_template *template = source->template;
    struct template_point point;
    bool fine = check_words(loading, template, &source->place, settings->only, false) &&
                check_words(loading, template, &source->place, settings->without, true);

    template->own = list;
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
               add_missing(loading, &record, &point.record) && point_read(source, &record) && fine;
    }
    return fine;
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

bool device_template_join_lists(struct loading *loading, struct document *document,
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
