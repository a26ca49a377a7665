#include "agent/config/template_list.h"

#include "agent/config/check.h"
#include "agent/config/device.h"
#include "agent/config/device_template.h"
#include "base/cleanup.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SCRATCH_MAX_BYTES = 64 << 20, SUFFIX_BYTES = 5 /* ".yaml" */ };

static void deinit_scratch(struct loading *loading)
{
    arena_deinit(&loading->scratch);
}

/** The folder that the main file names. What else is in it does not matter here. */
static void find_folder(struct loading *loading)
{
    CLEANUP(document_close) struct document document = {0};
    const yaml_node_t *node;
    const yaml_node_t *root;

    if (access(loading->main_path, R_OK) != 0 ||
        !document_read(loading, loading->main_path, &document)) {
        loading->findings->count = 0;
        return;
    }
    root = document_root(loading, &document);
    node = root == NULL ? NULL : document_get(&document, root, "templates");
    if (node != NULL && node->type == YAML_SCALAR_NODE && !document_is_nothing(node)) {
        const char *folder = arena_copy_text(
            &loading->scratch, (const char *)node->data.scalar.value, node->data.scalar.length);

        loading->template_folder = folder == NULL ? loading->template_folder : folder;
    }
    loading->findings->count = 0;
}

static int is_template(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);

    return entry->d_name[0] != '.' && length > SUFFIX_BYTES &&
           strcmp(entry->d_name + length - SUFFIX_BYTES, ".yaml") == 0;
}

static int by_name(const struct dirent **one, const struct dirent **two)
{
    return strcmp((*one)->d_name, (*two)->d_name);
}

static bool print_line(struct loading *loading, const char *folder, const char *file, FILE *out)
{
    CLEANUP(device_template_close) struct device_template template = {0};
    struct template_point point;
    size_t size = strlen(folder) + strlen(file) + 2;
    char *path = arena_allocate(&loading->scratch, size);
    size_t count = 0;

    if (path == NULL) {
        return loading_no_memory(loading);
    }
    (void)snprintf(path, size, "%s/%s", folder, file); /* sized for it */
    if (!device_template_read(loading, path, file, &template)) {
        return false;
    }
    while (device_template_point(loading, &template, count, &point)) {
        count++;
    }
    (void)fprintf(out, "%-24.*s %3zu points  %s: %s\n", (int)(strlen(file) - SUFFIX_BYTES), file,
                  count, template.settings.vendor, template.settings.models);
    return true;
}

/** false: one of them is not usable. A folder that is not there holds none. `*found` grows. */
static bool print_folder(struct loading *loading, const char *folder, FILE *out, size_t *found)
{
    struct dirent **entries = NULL;
    int count = folder == NULL ? 0 : scandir(folder, &entries, is_template, by_name);
    bool fine = true;

    for (int i = 0; i < count; i++) {
        fine = print_line(loading, folder, entries[i]->d_name, out) && fine;
        free(entries[i]);
        ++*found;
    }
    free((void *)entries);
    return fine;
}

/** The documents, then a line for each point. */
static void print_template(struct loading *loading, struct device_template *template, FILE *out)
{
    struct document *document = &template->document;
    const yaml_node_pair_t *pair = template->documents->data.mapping.pairs.start;
    struct template_point point;

    (void)fprintf(out, "%s: %s %s (%s)\n", template->name, template->settings.vendor,
                  template->settings.models, template->settings.protocol);
    for (; pair < template->documents->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = yaml_document_get_node(&document->tree, pair->key);
        const yaml_node_t *value = yaml_document_get_node(&document->tree, pair->value);

        if (value->type == YAML_SCALAR_NODE) {
            (void)fprintf(out, "  %s: %s\n", (const char *)key->data.scalar.value,
                          (const char *)value->data.scalar.value);
        }
    }
    for (size_t i = 0; device_template_point(loading, template, i, &point); i++) {
        const struct record_field *address = record_find(&point.record, "address");
        const struct record_field *unit = record_find(&point.record, "unit");

        (void)fprintf(out, "%-24s %-10s %-16s %-16s %s\n", point.name, point.group,
                      address == NULL ? "" : address->text, unit == NULL ? "" : unit->text,
                      point.source);
    }
}

static bool say_none(struct loading *loading)
{
    const struct config_place place = {"leat templates", 0, 0};

    return finding_add(
        loading, &place,
        "there are none in %.200s, nor in templates/ beside %.200s; write where they "
        "are into that file: templates: /path (in Leat's source: drivers/templates)",
        loading->template_folder, loading->main_path);
}

static bool print_one(struct loading *loading, const char *name, FILE *out)
{
    CLEANUP(device_template_close) struct device_template template = {0};
    struct config_place place = {"leat templates", 0, 0};

    if (!device_template_open(loading, &place, name, &template)) {
        return false;
    }
    print_template(loading, &template, out);
    return true;
}

enum error_code template_list(const char *config_path, const char *name, FILE *out,
                              struct error *error)
{
    CLEANUP(cleanup_free) struct config_findings *findings = calloc(1, sizeof(*findings));
    CLEANUP(deinit_scratch)
    struct loading loading = {
        .findings = findings, .main_path = config_path, .template_folder = CONFIG_TEMPLATES_PATH};
    size_t found = 0;
    bool fine;

    arena_init(&loading.scratch, SCRATCH_MAX_BYTES);
    if (findings == NULL) {
        return error_set(error, ERROR_NO_MEMORY, "not enough memory to list templates");
    }
    find_folder(&loading);
    if (name != NULL) {
        fine = print_one(&loading, name, out);
    } else {
        fine = print_folder(&loading, loading_path_beside(&loading, config_path, "templates"), out,
                            &found);
        fine = print_folder(&loading, loading.template_folder, out, &found) && fine;
        fine = fine && (found > 0 || say_none(&loading));
    }
    if (loading.no_memory) {
        return error_set(error, ERROR_NO_MEMORY, "not enough memory to list templates");
    }
    check_print_findings(out, findings);
    return fine ? ERROR_OK : error_set(error, ERROR_BAD_CONFIG, "%s", findings->list[0].text);
}
