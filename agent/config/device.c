#include "agent/config/device.h"

#include "agent/config/device_points.h"
#include "agent/config/device_template.h"
#include "agent/config/finish.h"
#include "agent/config/name.h"
#include "agent/config/tables.h"
#include "base/cleanup.h"

#include <mbedtls/md.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CANONICAL_MAX_BYTES = 64 << 20 };

/** One device while it is read. */
struct reading {
    struct loading *loading;
    struct document *document;
    const yaml_node_t *mapping;
    struct config_device *device;
    struct device_settings settings;
    struct device_template template; /* its document is loaded when the device has one */
    struct point_list points;
    struct buffer canonical;
};

void config_device_free(struct config_device *device)
{
    if (device == NULL) {
        return;
    }
    if (device->state != NULL) {
        device->driver->close(device->state);
        device->driver->destroy(device->state);
    }
    arena_deinit(&device->arena);
    free(device);
}

static void free_device(struct config_device **device)
{
    config_device_free(*device);
}

static void reading_deinit(struct reading *reading)
{
    device_template_close(&reading->template);
    point_list_deinit(&reading->points);
    buffer_deinit(&reading->canonical);
}

/** The driver that the mapping names, or NULL with a finding. */
static const struct driver *find_driver(struct loading *loading, struct document *document,
                                        const yaml_node_t *mapping)
{
    const yaml_node_t *node = document_get(document, mapping, "driver");
    struct config_place place = document_place(document, node == NULL ? mapping : node);
    const struct driver *driver;
    char names[160] = "";
    size_t at = 0;

    if (node == NULL || node->type != YAML_SCALAR_NODE || document_is_nothing(node)) {
        (void)finding_add(loading, &place, "'driver' is missing from a device (its protocol)");
        return NULL;
    }
    driver = driver_find((const char *)node->data.scalar.value);
    if (driver != NULL) {
        return driver;
    }
    for (size_t i = 0; driver_registry[i] != NULL && at < sizeof(names); i++) {
        int added = snprintf(names + at, sizeof(names) - at, "%s%s", i == 0 ? "" : ", ",
                             driver_registry[i]->name);

        at += added < 0 ? sizeof(names) : (size_t)added;
    }
    (void)finding_add(loading, &place, "driver: there is no '%.40s'; there are %s",
                      (const char *)node->data.scalar.value, names);
    return NULL;
}

/** Keys of the device that apply_settings() leaves to read_points(). */
static void keys_elsewhere(const struct driver *driver, struct option_spec rows[3])
{
    size_t count = 0;

    rows[count++] = (struct option_spec){.type = OPTION_TEXT, .key = "points", .fallback = ""};
    if (driver->group_key != NULL) {
        rows[count++] =
            (struct option_spec){.type = OPTION_TEXT, .key = driver->group_key, .fallback = ""};
    }
    rows[count] = (struct option_spec){.type = OPTION_END};
}

/** The template that the record names, for whose driver it must be; what it gives joins the record.
 */
static bool take_template(struct reading *reading, struct record *record)
{
    struct loading *loading = reading->loading;
    const struct driver *driver = reading->device->driver;
    const struct record_field *field = record_find(record, "template");
    struct device_template *template = &reading->template;
    size_t length;

    if (!device_points_join_lists(loading, reading->document, reading->mapping, record)) {
        return false;
    }
    if (field == NULL || field->kind != RECORD_TEXT) {
        field = record_find(record, record_find(record, "only") == NULL ? "without" : "only");
        return field == NULL ||
               finding_add(loading, &field->key_place,
                           "'%s' picks points of a template; name one, or remove it", field->key);
    }
    if (driver->group_key != NULL && driver->pushes) {
        return finding_add(loading, &field->key_place,
                           "template: driver %s has none; write the points below '%s'",
                           driver->name, driver->group_key);
    }
    if (!device_template_open(loading, &field->place, field->text, template)) {
        return false;
    }
    length = strlen(template->settings.protocol);
    if (strncmp(driver->name, template->settings.protocol, length) != 0 ||
        (driver->name[length] != '-' && driver->name[length] != '\0')) {
        return finding_add(loading, &field->place,
                           "template: %s is for devices that speak %.40s; driver %s does not",
                           template->name, template->settings.protocol, driver->name);
    }
    return device_template_complete(loading, template, record);
}

static bool apply_settings(struct reading *reading, struct record *record)
{
    struct loading *loading = reading->loading;
    const struct driver *driver = reading->device->driver;
    struct option_spec elsewhere[3];
    char what[80];
    const struct settings settings = {
        .what = what,
        .parts = {{config_device_options, &reading->settings},
                  {driver->options, reading->device->state},
                  {elsewhere, NULL}},
        .arena = &reading->device->arena,
        .canonical = &reading->canonical,
    };
    bool fine;

    keys_elsewhere(driver, elsewhere);
    (void)snprintf(what, sizeof(what), "a device of driver %s", driver->name);
    if (!document_flatten(loading, reading->document, reading->mapping, elsewhere, record) ||
        !take_template(reading, record)) {
        return false;
    }
    fine = settings_apply(loading, &settings, record);
    reading->device->name = reading->settings.name == NULL ? "" : reading->settings.name;
    if (reading->settings.name != NULL && !name_is_valid(reading->settings.name, false)) {
        fine = finding_add(loading, record_place(record, "name"),
                           "name: '%.60s' may hold letters, digits, '-' and '_' only",
                           reading->settings.name);
    }
    if (driver->standard_interval_ns != 0 && record_find(record, "interval") == NULL) {
        reading->settings.interval_ns = driver->standard_interval_ns;
    }
    if (driver->pushes && record_find(record, "interval") != NULL) {
        fine = finding_add(loading, record_place(record, "interval"),
                           "interval: the source sends when it likes (driver %s); remove it",
                           driver->name);
    }
    return fine;
}

/** `points:` of `mapping`, with those of the template, and the file beside. */
static bool read_point_keys(struct reading *reading, const struct point_source *source,
                            struct device_template *template, const yaml_node_t *mapping,
                            const char *points_file)
{
    const yaml_node_t *list = document_get(reading->document, mapping, "points");
    const yaml_node_t *file = document_get(reading->document, mapping, "points_file");
    bool fine = device_points_read(source, template, &reading->settings, reading->document, list);

    if (points_file != NULL && file != NULL) {
        struct config_place place = document_place(reading->document, file);
        const char *path =
            loading_path_beside(reading->loading, reading->document->path, points_file);

        fine = path != NULL && point_read_csv(source, path, &place) && fine;
    }
    return fine;
}

/** The group's first text option: what it listens to. */
static const char *topic_of(const struct driver *driver, const void *group)
{
    const char *topic = NULL;

    for (const struct option_spec *row = driver->group_options; row->type != OPTION_END; row++) {
        if (row->type == OPTION_TEXT) {
            memcpy(&topic, (const char *)group + row->offset, sizeof(topic));
            break;
        }
    }
    return topic;
}

/** The point that stands for all that the group's source names. */
static bool read_template(const struct point_source *source, const struct config_place *place)
{
    const struct record record = {
        .place = *place,
        .count = 1,
        .fields = {{.key = "name",
                    .text = source->group_template,
                    .key_place = *place,
                    .place = *place,
                    .kind = RECORD_TEXT}},
    };

    return point_read(source, &record);
}

static bool read_group(struct reading *reading, struct point_source *source,
                       const yaml_node_t *mapping)
{
    static const struct option_spec elsewhere[] = {
        {.type = OPTION_TEXT, .key = "points", .fallback = ""}, {.type = OPTION_END}};
    const struct driver *driver = reading->device->driver;
    struct group_settings host = {0};
    void *group = arena_allocate(&reading->device->arena, driver->group_size + 1);
    char what[80];
    const struct settings settings = {
        .what = what,
        .parts = {{config_group_options, &host}, {driver->group_options, group}, {elsewhere, NULL}},
        .arena = &reading->device->arena,
        .canonical = &reading->canonical,
    };
    struct record record;
    bool fine;

    (void)snprintf(what, sizeof(what), "one of '%s'", driver->group_key);
    if (group == NULL) {
        return loading_no_memory(reading->loading);
    }
    settings_canonical(&reading->canonical, driver->group_key, NULL);
    fine = document_flatten(reading->loading, reading->document, mapping, elsewhere, &record) &&
           settings_apply(reading->loading, &settings, &record);
    if (host.interval_ns != 0 && driver->pushes) {
        fine = finding_add(reading->loading, record_place(&record, "interval"),
                           "interval: the source sends when it likes (driver %s); remove it",
                           driver->name);
    }
    source->interval_ns = host.interval_ns != 0 ? host.interval_ns
                          : driver->pushes      ? 0
                                                : reading->settings.interval_ns;
    source->group = group;
    source->group_topic = topic_of(driver, group);
    source->group_template =
        driver->group_template == NULL || !fine ? NULL : driver->group_template(group);
    if (source->group_template != NULL && host.points_file == NULL &&
        document_get(reading->document, mapping, "points") == NULL) {
        return read_template(source, &record.place);
    }
    /* The template's points stand beside the groups. */
    return read_point_keys(reading, source, NULL, mapping, host.points_file) && fine; /* C1 */
}

static bool read_groups(struct reading *reading, struct point_source *source)
{
    struct document *document = reading->document;
    const char *key = reading->device->driver->group_key;
    const yaml_node_t *list = document_get(document, reading->mapping, key);
    const yaml_node_t *stray = document_get(document, reading->mapping, "points");
    struct config_place place = document_place(document, list == NULL ? reading->mapping : list);
    const yaml_node_t *item;
    bool fine = true;

    if (reading->device->driver->pushes &&
        (stray != NULL || reading->settings.points_file != NULL)) {
        place = document_place(document, stray == NULL ? reading->mapping : stray);
        return finding_add(reading->loading, &place,
                           "points of driver %s stand below its '%s', not beside them",
                           reading->device->driver->name, key);
    }
    if (list == NULL && !reading->device->driver->pushes) {
        return true;
    }
    if (list == NULL || list->type != YAML_SEQUENCE_NODE) {
        return finding_add(reading->loading, &place,
                           "'%s' is missing or not a list; begin each entry with '- '", key);
    }
    for (size_t i = 0; (item = document_item(document, list, i)) != NULL; i++) {
        if (item->type != YAML_MAPPING_NODE) {
            place = document_place(document, item);
            fine = finding_add(reading->loading, &place,
                               "an entry of '%s' is written as keys and values", key);
            continue;
        }
        fine = read_group(reading, source, item) && fine;
    }
    return fine;
}

static bool read_points(struct reading *reading)
{
    const struct driver *driver = reading->device->driver;
    struct config_place place = document_place(reading->document, reading->mapping);
    struct point_source source = {
        .loading = reading->loading,
        .device = reading->device,
        .interval_ns = driver->pushes ? 0 : reading->settings.interval_ns,
        .heartbeat_ns = reading->settings.heartbeat_ns,
        .place = place,
        .canonical = &reading->canonical,
        .list = &reading->points,
    };
    struct device_template *template =
        reading->template.document.loaded ? &reading->template : NULL;
    bool fine = (driver->group_key != NULL && driver->pushes) ||
                read_point_keys(reading, &source, template, reading->mapping,
                                reading->settings.points_file);

    if (driver->group_key != NULL) {
        fine = read_groups(reading, &source) && fine;
    }
    if (fine && reading->points.count == 0 && driver->standard_points != NULL) {
        fine = point_read_standard(&source, &place);
    }
    if (fine && reading->points.count == 0 && driver->point_options != NULL) {
        return finding_add(reading->loading, &place,
                           "the device has no points; nothing would be read");
    }
    return finish_check_names(reading->loading, &reading->points) && fine;
}

static bool take_fingerprint(struct reading *reading)
{
    const mbedtls_md_info_t *sha256 = mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);

    return !reading->canonical.failed &&
           mbedtls_md(sha256, reading->canonical.bytes, reading->canonical.size,
                      reading->device->fingerprint) == 0;
}

struct config_device *device_load(struct loading *loading, struct document *document,
                                  const yaml_node_t *mapping)
{
    CLEANUP(free_device) struct config_device *device = NULL;
    CLEANUP(reading_deinit)
    struct reading reading = {.loading = loading, .document = document, .mapping = mapping};
    const struct driver *driver = find_driver(loading, document, mapping);
    struct record record;
    bool fine;

    buffer_init(&reading.canonical, CANONICAL_MAX_BYTES);
    if (driver == NULL) {
        return NULL;
    }
    reading.device = device = calloc(1, sizeof(*device));
    if (device == NULL) {
        (void)loading_no_memory(loading);
        return NULL;
    }
    arena_init(&device->arena, DEVICE_ARENA_MAX_BYTES);
    device->driver = driver;
    device->state = arena_allocate(&device->arena, driver->state_size + 1);
    if (device->state == NULL) {
        (void)loading_no_memory(loading);
        return NULL;
    }
    fine = apply_settings(&reading, &record);
    if (!fine && record_find(&record, "template") != NULL) {
        return NULL; /* its points stand nowhere else */
    }
    fine = read_points(&reading) && fine;
    if (!fine || !finish_device(loading, device, &reading.points, &record.place)) {
        return NULL;
    }
    if (!take_fingerprint(&reading)) {
        (void)loading_no_memory(loading);
        return NULL;
    }
    return reading.settings.enabled ? TAKE(device) : NULL;
}
