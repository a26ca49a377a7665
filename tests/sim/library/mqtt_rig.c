#include "tests/sim/library/mqtt_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_BYTES = 4 << 20 };

static bool emit(struct driver_sink *sink, const struct sample *sample)
{
    struct mqtt_rig *rig = (struct mqtt_rig *)(void *)sink;

    rig->emits++;
    if (rig->room == 0) {
        return false;
    }
    rig->room--;
    if (rig->count < MQTT_RIG_SAMPLES_MAX) {
        struct mqtt_rig_sample *kept = &rig->samples[rig->count];

        kept->sample = *sample;
        kept->text[0] = '\0';
        if (sample->type == SAMPLE_TEXT) {
            uint32_t size = sample->value.text.size_bytes;

            (void)snprintf(kept->text, sizeof(kept->text), "%.*s", (int)(size > 47 ? 47 : size),
                           sample->value.text.bytes);
            kept->sample.value.text.bytes = kept->text;
        }
    }
    rig->count++;
    return true;
}

static void reject(struct driver_sink *sink, const struct driver_rejection *rejection)
{
    struct mqtt_rig *rig = (struct mqtt_rig *)(void *)sink;
    size_t size = rejection->payload_bytes > 255 ? 255 : rejection->payload_bytes;

    rig->rejections++;
    (void)snprintf(rig->reason, sizeof(rig->reason), "%s", rejection->reason);
    (void)snprintf(rig->source, sizeof(rig->source), "%s", rejection->source);
    (void)snprintf(rig->payload, sizeof(rig->payload), "%.*s", (int)size,
                   size > 0 ? (const char *)rejection->payload : "");
}

static uint32_t instance(struct driver_sink *sink, uint32_t point_id, const char *name)
{
    struct mqtt_rig *rig = (struct mqtt_rig *)(void *)sink;

    for (size_t i = 0; i < rig->instance_count; i++) {
        if (rig->templates[i] == point_id && strcmp(rig->instances[i], name) == 0) {
            return MQTT_RIG_FIRST_INSTANCE + (uint32_t)i;
        }
    }
    if (rig->instance_count == rig->instances_max) {
        return DRIVER_NO_INSTANCE;
    }
    rig->templates[rig->instance_count] = point_id;
    (void)snprintf(rig->instances[rig->instance_count], sizeof(rig->instances[0]), "%s", name);
    return MQTT_RIG_FIRST_INSTANCE + (uint32_t)rig->instance_count++;
}

static void tell(struct driver_sink *sink, const struct event *event)
{
    struct mqtt_rig *rig = (struct mqtt_rig *)(void *)sink;

    rig->events++;
    (void)snprintf(rig->event, sizeof(rig->event), "%s %s: %s", event->kind, event->subject,
                   event->reason);
}

static bool line(struct driver_sink *sink, const struct driver_line *line)
{
    struct mqtt_rig *rig = (struct mqtt_rig *)(void *)sink;
    const struct log_record *record = &line->record;

    rig->emits++;
    if (rig->room == 0) {
        return false;
    }
    rig->room--;
    rig->lines++;
    rig->severity = record->severity;
    rig->line_ns = line->time_ns;
    (void)snprintf(rig->line_source, sizeof(rig->line_source), "%.*s",
                   (int)record->source.size_bytes, record->source.bytes);
    (void)snprintf(rig->line_fields, sizeof(rig->line_fields), "%.*s",
                   (int)record->fields.size_bytes, record->fields.bytes);
    (void)snprintf(rig->line_message, sizeof(rig->line_message), "%.*s",
                   (int)record->message.size_bytes, record->message.bytes);
    return line->position == NULL;
}

void mqtt_rig_init(struct mqtt_rig *rig, const struct driver *driver)
{
    *rig = (struct mqtt_rig){
        .sink = {.emit = emit, .reject = reject, .instance = instance, .tell = tell, .line = line},
        .driver = driver,
        .room = SIZE_MAX,
        .instances_max = MQTT_RIG_INSTANCES_MAX};
    arena_init(&rig->arena, ARENA_BYTES);
    rig->state = calloc(1, driver->state_size);
    rig->samples = calloc(MQTT_RIG_SAMPLES_MAX, sizeof(rig->samples[0]));
    if (rig->state == NULL || rig->samples == NULL ||
        option_set_fallbacks(driver->options, rig->state, &rig->arena, &rig->error) != ERROR_OK) {
        abort(); /* a test without its rig proves nothing */
    }
}

void mqtt_rig_release(struct mqtt_rig *rig)
{
    if (rig->state != NULL) {
        rig->driver->close(rig->state);
        rig->driver->destroy(rig->state);
    }
    free(rig->state);
    free(rig->samples);
    arena_deinit(&rig->arena);
    rig->state = NULL;
    rig->samples = NULL;
}

static enum error_code set(struct mqtt_rig *rig, const struct option_spec *table, void *target,
                           const char *key, const char *value)
{
    const struct option_spec *row = option_find(table, key);

    if (row == NULL) {
        return error_set(&rig->error, ERROR_BUG, "there is no option %s", key);
    }
    return option_set(row, value, target, &rig->arena, &rig->error);
}

enum error_code mqtt_rig_set(struct mqtt_rig *rig, const char *key, const char *value)
{
    return set(rig, rig->driver->options, rig->state, key, value);
}

static enum error_code set_all(struct mqtt_rig *rig, const struct option_spec *table, void *target,
                               const char *const *settings)
{
    enum error_code code = option_set_fallbacks(table, target, &rig->arena, &rig->error);

    for (; code == ERROR_OK && settings != NULL && settings[0] != NULL; settings += 2) {
        code = set(rig, table, target, settings[0], settings[1]);
    }
    return code;
}

enum error_code mqtt_rig_group(struct mqtt_rig *rig, const char *const *settings)
{
    void *group = arena_allocate(&rig->arena, rig->driver->group_size);

    rig->group = group;
    return group == NULL ? ERROR_NO_MEMORY
                         : set_all(rig, rig->driver->group_options, group, settings);
}

enum error_code mqtt_rig_point(struct mqtt_rig *rig, const char *name, const char *const *settings)
{
    void *options = arena_allocate(&rig->arena, rig->driver->point_size);
    const struct driver_point point = {
        .point_id = rig->point_count++, .name = name, .options = options, .group = rig->group};
    enum error_code code = options == NULL
                               ? ERROR_NO_MEMORY
                               : set_all(rig, rig->driver->point_options, options, settings);

    return code == ERROR_OK ? rig->driver->add_point(rig->state, &rig->arena, &point, &rig->error)
                            : code;
}

enum error_code mqtt_rig_prepare(struct mqtt_rig *rig)
{
    return rig->driver->prepare(rig->state, &rig->arena, &rig->error);
}

static int64_t soon(int64_t ns)
{
    return clock_monotonic_ns(&clock_system) + ns;
}

enum error_code mqtt_rig_open(struct mqtt_rig *rig)
{
    return rig->driver->open(rig->state, &clock_system, soon(20 * NS_PER_S), &rig->error);
}

enum error_code mqtt_rig_read(struct mqtt_rig *rig, int64_t within_ms)
{
    const struct driver_turn turn = {
        .clock = &clock_system, .deadline_ns = soon(within_ms * NS_PER_MS), .due = UINT32_MAX};

    return rig->driver->read(rig->state, &turn, &rig->sink, &rig->error);
}

enum error_code mqtt_rig_read_until(struct mqtt_rig *rig, size_t count)
{
    int64_t give_up_ns = soon(30 * NS_PER_S);
    enum error_code code = ERROR_OK;

    while (code == ERROR_OK && rig->count + rig->lines + rig->rejections < count &&
           clock_monotonic_ns(&clock_system) < give_up_ns) {
        code = mqtt_rig_read(rig, 5000);
    }
    return code;
}

void mqtt_rig_close(struct mqtt_rig *rig)
{
    rig->driver->close(rig->state);
}

void mqtt_rig_clear(struct mqtt_rig *rig)
{
    rig->count = rig->lines = rig->rejections = rig->emits = 0;
    rig->room = SIZE_MAX;
}
