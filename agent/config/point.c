#include "agent/config/point.h"

#include "agent/config/label.h"
#include "agent/config/name.h"
#include "agent/config/standard.h"
#include "agent/config/tables.h"
#include "agent/config/unit.h"
#include "base/parse.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void point_list_deinit(struct point_list *list)
{
    free(list->entries);
    *list = (struct point_list){0};
}

static bool append(const struct point_source *source, const struct point_entry *entry)
{
    struct point_list *list = source->list;

    if (list->count == POINT_COUNT_MAX) {
        return finding_add(source->loading, &entry->place, "more than %d points in one device",
                           POINT_COUNT_MAX);
    }
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 16 : list->capacity * 2;
        struct point_entry *grown = realloc(list->entries, capacity * sizeof(*grown));

        if (grown == NULL) {
            return loading_no_memory(source->loading);
        }
        list->entries = grown;
        list->capacity = capacity;
    }
    list->entries[list->count++] = *entry;
    return true;
}

/** "0.2" or "2%". */
static bool set_deadband(const char *text, struct definition *definition)
{
    size_t length = strlen(text);
    bool percent = length > 0 && text[length - 1] == '%';
    char digits[33]; /* the option's limit */
    double number;

    (void)snprintf(digits, sizeof(digits), "%.*s", (int)(percent ? length - 1 : length), text);
    if (!parse_double(digits, &number) || number < 0) {
        return false;
    }
    *(percent ? &definition->deadband_percent : &definition->deadband) = number;
    return true;
}

/** What no single option can check. */
static bool check(struct loading *loading, const struct record *record,
                  const struct point_settings *point, const struct driver *driver)
{
    char sentence[200];
    bool has_topics = driver->group_key != NULL && driver->pushes;
    bool fine = true;

    if (!name_is_valid(point->name, has_topics || driver->standard_points != NULL)) {
        fine =
            finding_add(loading, record_place(record, "name"),
                        "name: '%.60s' may hold letters, digits, '-' and '_'%s only", point->name,
                        !has_topics ? "" : ", and {parts} of the topic with '/' between them,");
    }
    if (point->unit != NULL && unit_problem(point->unit, sentence, sizeof(sentence)) != NULL) {
        fine = finding_add(loading, record_place(record, "unit"), "%s", sentence);
    }
    if (point->scale == 0) {
        fine = finding_add(loading, record_place(record, "scale"),
                           "scale: 0 would make every value the same; write the factor, or 1");
    }
    if (point->range_low > point->range_high) {
        fine = finding_add(loading, record_place(record, "range_low"),
                           "range: the low limit %g is above the high limit %g; swap them",
                           point->range_low, point->range_high);
    }
    if (driver->pushes && record_find(record, "interval") != NULL) {
        fine = finding_add(loading, record_place(record, "interval"),
                           "interval: the source sends when it likes (driver %s); remove it",
                           driver->name);
    }
    return fine;
}

/** Where the source says of which type its points are, nobody else does. */
static bool check_type(const struct point_source *source, const struct record *record)
{
    return source->group_template == NULL || record_find(record, "type") == NULL ||
           finding_add(source->loading, record_place(record, "type"),
                       "type: the source itself says of which type its points are; remove it");
}

/** `writable` and what goes with it. */
static bool take_writable(const struct point_source *source, const struct record *record,
                          const struct point_settings *settings, struct config_point *point)
{
    const char *type = point->definition.type;
    const struct config_place *place = record_place(record, "writable");
    bool own = !isnan(settings->write_range_low) || !isnan(settings->write_range_high);

    point->writable = point->driver.writable = settings->writable;
    point->write_low = own ? settings->write_range_low : settings->range_low;
    point->write_high = own ? settings->write_range_high : settings->range_high;
    if (!settings->writable) {
        return true;
    }
    if (source->device->driver->write == NULL) {
        return finding_add(source->loading, place, "writable: driver %s only reads; remove it",
                           source->device->driver->name);
    }
    if (point->write_low > point->write_high) {
        return finding_add(source->loading, record_place(record, "write_range_low"),
                           "write_range: the low limit %g is above the high limit %g; swap them",
                           point->write_low, point->write_high);
    }
    if (strcmp(type, "bool") != 0 && strcmp(type, "string") != 0 &&
        (isnan(point->write_low) || isnan(point->write_high))) {
        return finding_add(source->loading, place,
                           "writable: say what may be written, as in write_range: [10, 80]; "
                           "without it the point's range holds, and needs both limits");
    }
    return true;
}

/** Formatted into the device's arena; NULL: no memory. */
static const char *join(struct arena *arena, const char *one, char between, const char *two)
{
    size_t size = strlen(one) + 1 + strlen(two) + 1;
    char *joined = arena_allocate(arena, size);

    if (joined != NULL) {
        (void)snprintf(joined, size, "%s%c%s", one, between, two); /* sized for it */
    }
    return joined;
}

static const char *address_of(const struct point_source *source, const void *options)
{
    const struct driver *driver = source->device->driver;
    const char *address = NULL;

    if (driver->point_size > 0) {
        memcpy(&address, (const char *)options + driver->point_address_offset, sizeof(address));
    }
    if (source->group_topic == NULL) {
        return address == NULL ? "" : address;
    }
    return address == NULL || address[0] == '\0'
               ? source->group_topic
               : join(&source->device->arena, source->group_topic, '#', address);
}

static bool define(const struct point_source *source, const struct point_settings *point,
                   const struct record *record, struct definition *definition)
{
    struct arena *arena = &source->device->arena;
    const char *type = definition->type;
    int64_t interval_ns = point->interval_ns == 0 ? source->interval_ns : point->interval_ns;

    definition->point_id = join(arena, source->device->name, '/', point->name);
    definition->device = source->device->name;
    definition->name = point->name;
    definition->type = arena_copy_text(arena, type, strlen(type));
    definition->unit = point->unit == NULL ? "" : point->unit;
    definition->role = config_roles[point->role];
    definition->labels = label_json(source->loading, record, arena);
    definition->scale = point->scale;
    definition->offset = point->offset;
    definition->range_low = point->range_low;
    definition->range_high = point->range_high;
    definition->interval_ns = source->device->driver->pushes ? 0 : interval_ns;
    definition->heartbeat_ns =
        point->heartbeat_ns == 0 ? source->heartbeat_ns : point->heartbeat_ns;
    if (definition->point_id == NULL || definition->type == NULL || definition->address == NULL) {
        return loading_no_memory(source->loading);
    }
    if (point->deadband != NULL && !set_deadband(point->deadband, definition)) {
        return finding_add(
            source->loading, record_place(record, "deadband"),
            "deadband: '%s' is neither a number, such as 0.2, nor per cent, such as 2%%",
            point->deadband);
    }
    return definition->labels != NULL;
}

/** `type` is the point's when the driver has no such option. */
static bool read_point(const struct point_source *source, const struct record *record,
                       const char *type)
{
    const struct driver *driver = source->device->driver;
    struct point_settings point = {.range_low = (double)NAN,
                                   .range_high = (double)NAN,
                                   .write_range_low = (double)NAN,
                                   .write_range_high = (double)NAN};
    struct point_entry entry = {.place = record->place};
    void *options = arena_allocate(&source->device->arena, driver->point_size + 1);
    char what[80];
    const struct settings settings = {
        .what = what,
        .parts = {{config_point_options, &point}, {driver->point_options, options}},
        .free_prefix = LABEL_PREFIX,
        .arena = &source->device->arena,
        .canonical = source->canonical,
    };
    const char *configured_type;

    (void)snprintf(what, sizeof(what), "a point of driver %s", driver->name);
    if (options == NULL) {
        return loading_no_memory(source->loading);
    }
    if (!settings_apply(source->loading, &settings, record) ||
        !check(source->loading, record, &point, driver) || !check_type(source, record)) {
        return false;
    }
    configured_type = driver->point_type == NULL ? NULL : driver->point_type(options);
    if (configured_type == NULL) {
        configured_type = settings_text(&settings, record, "type");
    }
    entry.point.definition.type = source->group_template != NULL ? ""
                                  : configured_type == NULL      ? type
                                                                 : configured_type;
    entry.is_implied =
        source->group_template != NULL && strcmp(point.name, source->group_template) == 0;
    entry.point.definition.address = address_of(source, options);
    if (!take_writable(source, record, &point, &entry.point) ||
        !define(source, &point, record, &entry.point.definition)) {
        return false;
    }
    settings_canonical(source->canonical, "labels", entry.point.definition.labels);
    entry.point.line = record->place.line;
    entry.point.driver.name = point.name;
    entry.point.driver.options = options;
    entry.point.driver.group = source->group;
    return append(source, &entry);
}

bool point_read(const struct point_source *source, const struct record *record)
{
    const struct driver_standard_point *rows = source->device->driver->standard_points;
    const struct driver_standard_point *row = rows == NULL ? NULL : standard_find(rows, record);
    struct record whole;

    if (row == NULL) {
        return read_point(source, record, "");
    }
    whole = *record;
    return standard_complete(source->loading, row, &whole) && read_point(source, &whole, row->type);
}

bool point_read_standard(const struct point_source *source, const struct config_place *place)
{
    bool fine = true;

    for (const struct driver_standard_point *row = source->device->driver->standard_points;
         row->name != NULL; row++) {
        struct record record = {.place = *place};

        fine = standard_complete(source->loading, row, &record) &&
               read_point(source, &record, row->type) && fine;
    }
    return fine;
}
