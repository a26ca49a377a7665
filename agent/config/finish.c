#include "agent/config/finish.h"

#include "base/cleanup.h"

#include <stdlib.h>
#include <string.h>

/** By name, then in the order they were read. */
static int compare_names(const void *one, const void *two)
{
    const struct point_entry *a = *(const struct point_entry *const *)one;
    const struct point_entry *b = *(const struct point_entry *const *)two;
    int order = strcmp(a->point.definition.name, b->point.definition.name);

    return order != 0 ? order : a < b ? -1 : a > b;
}

bool finish_check_names(struct loading *loading, const struct point_list *list)
{
    CLEANUP(cleanup_free)
    const struct point_entry **sorted = calloc(list->count + 1, sizeof(*sorted));
    bool fine = true;

    if (sorted == NULL) {
        return loading_no_memory(loading);
    }
    for (size_t i = 0; i < list->count; i++) {
        sorted[i] = &list->entries[i];
    }
    qsort(sorted, list->count, sizeof(struct point_entry *), compare_names);
    for (size_t i = 1; i < list->count; i++) {
        if (strcmp(sorted[i - 1]->point.definition.name, sorted[i]->point.definition.name) == 0 &&
            !(sorted[i - 1]->is_implied && sorted[i]->is_implied)) {
            const struct config_place *first = &sorted[i - 1]->place;

            fine = finding_add(loading, &sorted[i]->place,
                               "the point '%.60s' is given twice, first in %.100s, line %u",
                               sorted[i]->point.definition.name, first->file, first->line);
        }
    }
    return fine;
}

/** The schedule of an interval, made when it is new. */
static bool schedule_of(struct loading *loading, struct config_device *device,
                        const struct point_entry *entry, uint32_t *schedule)
{
    int64_t interval_ns = entry->point.definition.interval_ns;
    uint32_t i = 0;

    while (i < device->interval_count && device->intervals_ns[i] != interval_ns) {
        i++;
    }
    if (i == CONFIG_INTERVALS_MAX) {
        return finding_add(loading, &entry->place,
                           "interval: more than %d different ones in one device; use one of the "
                           "others",
                           CONFIG_INTERVALS_MAX);
    }
    if (i == device->interval_count) {
        device->intervals_ns[device->interval_count++] = interval_ns;
    }
    *schedule = i;
    return true;
}

/** What is wrong with a subscription or a log is wrong for each of its points; it is told once. */
static bool is_told(const struct point_list *list, size_t index, const struct error *told,
                    const struct error *error)
{
    return index > 0 && list->entries[index].point.driver.group != NULL &&
           list->entries[index].point.driver.group == list->entries[index - 1].point.driver.group &&
           strcmp(told->text, error->text) == 0;
}

static bool add_points(struct loading *loading, struct config_device *device,
                       const struct point_list *list)
{
    struct error told = {0};
    bool fine = true;

    for (size_t i = 0; i < list->count; i++) {
        struct config_point *point = &device->points[i];
        struct error error = {0};
        enum error_code code;

        *point = list->entries[i].point;
        point->driver.point_id = (uint32_t)i;
        if (!device->driver->pushes &&
            !schedule_of(loading, device, &list->entries[i], &point->driver.schedule)) {
            return false;
        }
        code = device->driver->add_point(device->state, &device->arena, &point->driver, &error);
        if (code == ERROR_NO_MEMORY) {
            return loading_no_memory(loading);
        }
        if (code != ERROR_OK && !is_told(list, i, &told, &error)) {
            fine = finding_add(loading, &list->entries[i].place, "%s", error.text);
        }
        told = error;
    }
    device->point_count = list->count;
    return fine;
}

bool finish_device(struct loading *loading, struct config_device *device,
                   const struct point_list *list, const struct config_place *place)
{
    struct error error = {0};
    enum error_code code;

    device->points = arena_allocate(&device->arena, list->count * sizeof(*device->points));
    if (device->points == NULL) {
        return loading_no_memory(loading);
    }
    if (!add_points(loading, device, list)) {
        return false;
    }
    code = device->driver->prepare(device->state, &device->arena, &error);
    if (code == ERROR_NO_MEMORY) {
        return loading_no_memory(loading);
    }
    return code == ERROR_OK || finding_add(loading, place, "%s", error.text);
}
