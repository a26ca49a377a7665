#include "agent/config/config.h"

#include "agent/config/device.h"
#include "agent/config/line_load.h"
#include "agent/config/name.h"
#include "agent/config/settings.h"
#include "agent/config/tables.h"
#include "base/cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CONFIG_ARENA_MAX_BYTES = 4 << 20, SCRATCH_MAX_BYTES = 64 << 20, DEVICE_COUNT_MAX = 10000 };

void config_free(struct config *config)
{
    if (config == NULL) {
        return;
    }
    for (size_t i = 0; i < config->device_count; i++) {
        config_device_free(config->devices[i]);
    }
    free((void *)config->devices);
    if (config->sync.target_state != NULL) {
        config->sync.target->close(config->sync.target_state);
    }
    arena_deinit(&config->arena);
    free(config);
}

static void free_config(struct config **config)
{
    config_free(*config);
}

static void deinit_scratch(struct loading *loading)
{
    arena_deinit(&loading->scratch);
}

/** May both run at once? Otherwise a finding says why not. */
static bool check_pair(struct loading *loading, const struct config_place *place,
                       const struct config_device *one, const struct config_device *two)
{
    const struct driver *driver = two->driver;

    if (strcmp(one->name, two->name) == 0) {
        return finding_add(loading, place, "the device '%s' is given twice; rename one", two->name);
    }
    if (one->driver == driver && driver->session != NULL &&
        strcmp(driver->session(one->state), driver->session(two->state)) == 0) {
        return finding_add(
            loading, place,
            "'%s' and '%s' have the same %.100s, which only one device may have; make "
            "them one device, or give each its own",
            one->name, two->name, driver->session(two->state));
    }
    if (one->driver == driver && driver->link != NULL &&
        strcmp(driver->link->name(one->state), driver->link->name(two->state)) == 0 &&
        strcmp(driver->link->terms(one->state), driver->link->terms(two->state)) != 0) {
        return finding_add(
            loading, place,
            "'%s' has '%.100s', but '%s', which is on the same %.100s, has '%.100s'; "
            "on one line all speak alike",
            two->name, driver->link->terms(two->state), one->name, driver->link->name(one->state),
            driver->link->terms(one->state));
    }
    return true;
}

/** Take the device when it is one, and goes with the others. */
static bool add_device(struct loading *loading, struct config *config,
                       const struct config_place *place, struct config_device *device)
{
    struct config_device **grown;

    if (device == NULL) {
        return !loading->no_memory;
    }
    for (size_t i = 0; i < config->device_count; i++) {
        if (!check_pair(loading, place, config->devices[i], device)) {
            config_device_free(device);
            return false;
        }
    }
    if (!line_load_check(loading, place, config, device)) {
        config_device_free(device);
        return false;
    }
    grown = config->device_count == DEVICE_COUNT_MAX
                ? NULL
                : realloc((void *)config->devices,
                          (config->device_count + 1) * sizeof(*config->devices));
    if (grown == NULL) {
        config_device_free(device);
        return loading_no_memory(loading);
    }
    config->devices = grown;
    config->devices[config->device_count++] = device;
    return true;
}

static void read_devices(struct loading *loading, struct config *config, struct document *document,
                         const yaml_node_t *list)
{
    struct config_place place = document_place(document, list);
    const yaml_node_t *item;

    if (document_is_nothing(list)) {
        return;
    }
    if (list->type != YAML_SEQUENCE_NODE) {
        (void)finding_add(loading, &place, "devices: takes a list; begin each device with '- '");
        return;
    }
    for (size_t i = 0; (item = document_item(document, list, i)) != NULL; i++) {
        place = document_place(document, item);
        if (item->type != YAML_MAPPING_NODE) {
            (void)finding_add(loading, &place,
                              "a device is written as keys and values: name, driver ...");
        } else {
            (void)add_device(loading, config, &place, device_load(loading, document, item));
        }
    }
}

/** One file of devices/: the whole file is one device. */
static void read_device_file(struct loading *loading, struct config *config, const char *path)
{
    CLEANUP(document_close) struct document document = {0};
    struct config_place place;
    const yaml_node_t *root;

    if (!document_read(loading, path, &document)) {
        return;
    }
    root = document_root(loading, &document);
    if (root == NULL) {
        return;
    }
    place = document_place(&document, root);
    (void)add_device(loading, config, &place, device_load(loading, &document, root));
}

static bool ends_with(const char *name, const char *end)
{
    size_t length = strlen(name);

    return length > strlen(end) && strcmp(name + length - strlen(end), end) == 0;
}

static int is_device_file(const struct dirent *entry)
{
    return entry->d_name[0] != '.' &&
           (ends_with(entry->d_name, ".yaml") || ends_with(entry->d_name, ".yml"));
}

static int by_name(const struct dirent **one, const struct dirent **two)
{
    return strcmp((*one)->d_name, (*two)->d_name); /* the same order in every locale */
}

static void read_device_folder(struct loading *loading, struct config *config,
                               const char *main_path)
{
    const char *folder = loading_path_beside(loading, main_path, "devices/");
    struct config_place place = {folder, 0, 0};
    struct dirent **entries;
    int count;

    if (folder == NULL) {
        return;
    }
    count = scandir(folder, &entries, is_device_file, by_name);
    if (count < 0) {
        if (errno == ENOMEM) {
            (void)loading_no_memory(loading);
        } else if (errno != ENOENT) {
            (void)finding_add(loading, &place, "cannot list the folder: %s",
                              strerrordesc_np(errno));
        }
        return;
    }
    for (int i = 0; i < count; i++) {
        const char *path = loading_path_beside(loading, folder, entries[i]->d_name);

        if (path != NULL && ends_with(path, ".yml")) {
            place.file = path;
            (void)finding_add(loading, &place, "rename the file to end in '.yaml'");
        } else if (path != NULL) {
            read_device_file(loading, config, path);
        }
        free(entries[i]);
    }
    free((void *)entries);
}

static void read_target(struct loading *loading, struct config *config, struct document *document,
                        const yaml_node_t *mapping)
{
    const yaml_node_t *type = document_get(document, mapping, "type");
    struct target_settings host = {0};
    struct settings settings = {
        .what = "a target",
        .parts = {{config_target_options, &host}},
        .arena = &config->arena,
    };
    const struct target *target = NULL;
    void *state = NULL;
    struct record record;

    if (type != NULL && type->type == YAML_SCALAR_NODE) {
        target = target_find((const char *)type->data.scalar.value);
    }
    if (type != NULL && target == NULL) {
        struct config_place place = document_place(document, type);

        (void)finding_add(loading, &place, "type: there is no such target; write 'directory'");
        return;
    }
    if (target != NULL) {
        state = arena_allocate(&config->arena, target->state_size + 1);
        if (state == NULL) {
            (void)loading_no_memory(loading);
            return;
        }
        settings.parts[1] = (struct settings_part){target->options, state};
    }
    if (!document_flatten(loading, document, mapping, NULL, &record) ||
        !settings_apply(loading, &settings, &record)) {
        return;
    }
    if (!name_is_valid(host.name, false)) {
        (void)finding_add(loading, record_place(&record, "name"),
                          "name: '%.60s' may hold letters, digits, '-' and '_' only", host.name);
        return;
    }
    config->sync.target_name = host.name;
    config->sync.target = target;
    config->sync.target_state = state;
}

static void read_targets(struct loading *loading, struct config *config, struct document *document,
                         const yaml_node_t *root)
{
    const yaml_node_t *sync = document_get(document, root, "sync");
    const yaml_node_t *list = sync == NULL || sync->type != YAML_MAPPING_NODE
                                  ? NULL
                                  : document_get(document, sync, "targets");
    const yaml_node_t *first;
    const yaml_node_t *second;
    struct config_place place;

    if (list == NULL || document_is_nothing(list)) {
        return;
    }
    place = document_place(document, list);
    first = list->type == YAML_SEQUENCE_NODE ? document_item(document, list, 0) : NULL;
    if (list->type != YAML_SEQUENCE_NODE || (first != NULL && first->type != YAML_MAPPING_NODE)) {
        (void)finding_add(loading, &place,
                          "targets: takes a list; begin a target with '- name: ...'");
        return;
    }
    second = document_item(document, list, 1);
    if (second != NULL) {
        place = document_place(document, second);
        (void)finding_add(loading, &place, "this version uploads to one target; remove this one");
    }
    if (first != NULL) {
        read_target(loading, config, document, first);
    }
}

/** The host's name up to its first dot. */
static bool default_gateway(struct loading *loading, struct config *config, const char *path)
{
    struct config_place place = {path, 0, 0};
    char name[HOST_NAME_MAX + 1] = "";

    if (gethostname(name, sizeof(name) - 1) != 0) {
        name[0] = '\0';
    }
    name[strcspn(name, ".")] = '\0';
    if (!name_is_valid(name, false) || strlen(name) > NAME_MAX_BYTES) {
        return finding_add(loading, &place,
                           "gateway: the host's name '%.60s' cannot be used; write 'gateway: ...' "
                           "with letters, digits, '-' and '_'",
                           name);
    }
    config->gateway = arena_copy_text(&config->arena, name, strlen(name));
    return config->gateway != NULL || loading_no_memory(loading);
}

static void check_names(struct loading *loading, struct config *config, const struct record *record)
{
    const struct {
        const char *key, *name;
    } names[] = {{"site", config->site}, {"gateway", config->gateway}};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i].name != NULL && !name_is_valid(names[i].name, false)) {
            (void)finding_add(loading, record_place(record, names[i].key),
                              "%s: '%.60s' may hold letters, digits, '-' and '_' only",
                              names[i].key, names[i].name);
        }
    }
    if (config->gateway == NULL && record_find(record, "gateway") == NULL) {
        (void)default_gateway(loading, config, record->place.file);
    }
}

static void read_main(struct loading *loading, struct config *config, struct document *document,
                      const yaml_node_t *root)
{
    static const struct option_spec elsewhere[] = {
        {.type = OPTION_TEXT, .key = "devices", .fallback = ""},
        {.type = OPTION_TEXT, .key = "sync.targets", .fallback = ""},
        {.type = OPTION_END}};
    const struct settings settings = {
        .what = "the configuration",
        .parts = {{config_options, config}, {elsewhere, NULL}},
        .arena = &config->arena,
    };
    const yaml_node_t *devices = document_get(document, root, "devices");
    struct record record;

    if (document_flatten(loading, document, root, elsewhere, &record)) {
        (void)settings_apply(loading, &settings, &record); /* the findings are counted at the end */
        check_names(loading, config, &record);
        if (config->queue.flush_ns == 0) { /* not given */
            config->queue.flush_ns = (config->queue.flash_saver ? 5 : 1) * NS_PER_S;
        }
    }
    if (config->template_folder != NULL) {
        loading->template_folder = config->template_folder;
    }
    read_targets(loading, config, document, root);
    if (devices != NULL) {
        read_devices(loading, config, document, devices);
    }
}

void config_finding_place(const struct config_finding *finding, char text[CONFIG_PLACE_SIZE])
{
    if (finding->line == 0) {
        (void)snprintf(text, CONFIG_PLACE_SIZE, "%s", finding->file); /* it fits, as below */
    } else {
        (void)snprintf(text, CONFIG_PLACE_SIZE, "%s:%u:%u", finding->file, finding->line,
                       finding->column);
    }
}

enum error_code config_load(const char *path, struct config **config,
                            struct config_findings *findings, struct error *error)
{
    CLEANUP(free_config) struct config *loaded = calloc(1, sizeof(*loaded));
    CLEANUP(deinit_scratch)
    struct loading loading = {
        .findings = findings, .main_path = path, .template_folder = CONFIG_TEMPLATES_PATH};
    CLEANUP(document_close) struct document document = {0};
    const yaml_node_t *root;

    findings->count = 0;
    if (loaded == NULL) {
        return error_set(error, ERROR_NO_MEMORY, "%s: not enough memory to load it", path);
    }
    arena_init(&loaded->arena, CONFIG_ARENA_MAX_BYTES);
    arena_init(&loading.scratch, SCRATCH_MAX_BYTES);
    if (document_read(&loading, path, &document)) {
        root = document_root(&loading, &document);
        if (root != NULL) {
            read_main(&loading, loaded, &document, root);
        }
    }
    read_device_folder(&loading, loaded, path);
    if (loading.no_memory) {
        return error_set(error, ERROR_NO_MEMORY, "%s: not enough memory to load it", path);
    }
    if (findings->count > 0) {
        char place[CONFIG_PLACE_SIZE];

        config_finding_place(&findings->list[0], place);
        return error_set(error, ERROR_BAD_CONFIG, "%s: %s", place, findings->list[0].text);
    }
    *config = TAKE(loaded);
    return ERROR_OK;
}

struct config_device *config_device_named(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->device_count; i++) {
        if (config->devices[i] != NULL && strcmp(config->devices[i]->name, name) == 0) {
            return config->devices[i];
        }
    }
    return NULL;
}

const struct config_point *config_point_named(const struct config_device *device, const char *name)
{
    for (size_t i = 0; i < device->point_count; i++) {
        if (strcmp(device->points[i].definition.name, name) == 0) {
            return &device->points[i];
        }
    }
    return NULL;
}
