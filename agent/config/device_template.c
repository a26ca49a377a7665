#include "agent/config/device_template.h"

#include "agent/config/name.h"
#include "agent/config/settings.h"

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
        if (document_text(document, item, needed[i]) == NULL) {
            return finding_add(loading, &place,
                               "'%s' is missing from a point of a template (it has a name, a group "
                               "and a source: which document and page)",
                               needed[i]);
        }
    }
    source = document_text(document, item, "source");
    (void)snprintf(key, sizeof(key), "%.*s", (int)strcspn(source, ","), source);
    if (document_text(document, template->documents, key) == NULL) {
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
    const char *folders[] = {loading_path_beside(loading, loading->main_path, "templates"),
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
    point->name = document_text(document, item, "name");
    point->group = document_text(document, item, "group");
    point->source = document_text(document, item, "source");
    return document_flatten(loading, document, item, point_elsewhere, &point->record);
}

bool device_template_complete(struct loading *loading, struct device_template *template,
                              struct record *record)
{
    struct record more;

    return template->device == NULL ||
           (document_flatten(loading, &template->document, template->device, NULL, &more) &&
            record_add_missing(loading, record, &more));
}
