/* `leat read`: the values of a device, or of one of its points, now. */
#include "agent/local/device_question.h"
#include "agent/local/json_field.h"
#include "agent/local/value_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { READ_MAX_S = 10, VALUE_SIZE = 1024 };

/** Of one reading: it hears of each value through the intake of the running agent, or is the sink
 *  itself when there is none. */
struct look {
    struct intake_watch watch; /* first: seen() finds the rest */
    struct driver_sink sink;
    struct device_asking *asking;
};

static enum error_code check(const struct config_device *device, struct error *error)
{
    return !device->driver->pushes
               ? ERROR_OK
               : error_set(error, ERROR_REFUSED,
                           "it sends when it likes (%.40s) and cannot be asked; what it sent is in "
                           "the queue: leat queue export",
                           device->driver->name);
}

static cJSON *reading_object(const struct definition *definition, const struct sample *judged)
{
    char value[VALUE_SIZE], status[STATUS_TEXT_SIZE], stamp[CLOCK_STAMP_SIZE];
    cJSON *object = cJSON_CreateObject();

    value_text_print(definition, judged, value, sizeof(value));
    status_describe(judged->status, status);
    clock_format_stamp(judged->time_ns, stamp, sizeof(stamp));
    if (cJSON_AddStringToObject(object, "point", definition->name) == NULL ||
        cJSON_AddStringToObject(object, "address", definition->address) == NULL ||
        cJSON_AddStringToObject(object, "value", value) == NULL ||
        cJSON_AddStringToObject(object, "unit", definition->unit) == NULL ||
        cJSON_AddStringToObject(object, "status", status[0] == '\0' ? "good" : status) == NULL ||
        cJSON_AddStringToObject(object, "time", stamp) == NULL) {
        cJSON_Delete(object);
        return NULL;
    }
    return object;
}

/** Of a log that the device keeps: not a value of now. */
static bool is_of_a_log(const struct config_device *device, uint32_t point_id)
{
    return point_id < device->point_count && device->points[point_id].driver.group != NULL;
}

static void seen(struct intake_watch *watch, const struct definition *definition, uint32_t point_id,
                 const struct sample *judged)
{
    struct device_asking *asking = ((struct look *)(void *)watch)->asking;

    if (!is_of_a_log(asking->device, point_id) &&
        (asking->point == NULL || strcmp(asking->point, definition->name) == 0)) {
        device_question_add(asking, "readings", reading_object(definition, judged));
    }
}

static struct look *look_of(struct driver_sink *sink)
{
    return (struct look *)(void *)((char *)sink - offsetof(struct look, sink));
}

static bool emit_alone(struct driver_sink *sink, const struct sample *sample)
{
    struct look *look = look_of(sink);
    const struct config_device *device = look->asking->device;
    const struct definition *definition = &device->points[sample->point_id].definition;
    struct point_memory memory = {0};
    struct sample judged = *sample;

    if (is_of_a_log(device, sample->point_id)) {
        return false; /* nobody keeps it */
    }
    (void)pipeline_judge(definition, &memory, &judged);
    seen(&look->watch, definition, sample->point_id, &judged);
    return true;
}

static void reject_alone(struct driver_sink *sink, const struct driver_rejection *rejection)
{
    struct device_asking *asking = look_of(sink)->asking;
    const cJSON *note;

    cJSON_ArrayForEach(note, cJSON_GetObjectItemCaseSensitive(asking->answer, "notes"))
    {
        if (strcmp(note->valuestring, rejection->reason) == 0) {
            return; /* said once */
        }
    }
    device_question_note(asking, rejection->reason);
}

static uint32_t no_instance(struct driver_sink *sink, uint32_t point_id, const char *name)
{
    (void)sink;
    (void)point_id;
    (void)name;
    return DRIVER_NO_INSTANCE;
}

static void tell_nobody(struct driver_sink *sink, const struct event *event)
{
    (void)sink;
    (void)event;
}

static bool take_no_line(struct driver_sink *sink, const struct driver_line *line)
{
    (void)sink;
    (void)line;
    return false;
}

static bool take_no_lines(struct driver_sink *sink, const struct driver_line *lines, size_t count)
{
    (void)sink;
    (void)lines;
    (void)count;
    return false;
}

static bool no_position(struct driver_sink *sink, char position[DRIVER_POSITION_SIZE])
{
    (void)sink;
    position[0] = '\0';
    return false;
}

static bool keep_nothing(struct driver_sink *sink, const char *position)
{
    (void)sink;
    (void)position;
    return false;
}

/** The schedules of what is asked for; of an unknown name, which a template may become, all. */
static uint32_t schedules_of(const struct config_device *device, const char *point)
{
    uint32_t named = 0, all = 0;

    for (size_t i = 0; i < device->point_count; i++) {
        const struct config_point *one = &device->points[i];
        uint32_t bit = UINT32_C(1) << one->driver.schedule;

        all |= one->driver.group == NULL ? bit : 0;
        named |=
            one->driver.group == NULL && point != NULL && strcmp(one->definition.name, point) == 0
                ? bit
                : 0;
    }
    return named != 0 ? named : all;
}

static enum error_code ask(struct device_asking *asking, struct error *error)
{
    const struct config_device *device = asking->device;
    struct look look = {
        .watch = {.seen = seen},
        .sink = {.emit = emit_alone,
                 .reject = reject_alone,
                 .instance = no_instance,
                 .tell = tell_nobody,
                 .line = take_no_line,
                 .lines = take_no_lines,
                 .position = no_position,
                 .keep = keep_nothing},
        .asking = asking,
    };
    const struct driver_turn turn = {
        .clock = asking->clock,
        .deadline_ns = clock_monotonic_ns(asking->clock) + READ_MAX_S * NS_PER_S,
        .due = schedules_of(device, asking->point),
        .host = asking->host,
    };
    enum error_code code;

    if (asking->intake == NULL) { /* no agent is running */
        code = device->driver->read(device->state, &turn, &look.sink, error);
    } else {
        asking->intake->watch = &look.watch;
        code = device->driver->read(device->state, &turn, &asking->intake->sink, error);
        asking->intake->watch = NULL;
    }
    if (code != ERROR_OK) {
        device_question_note(asking, error->text);
    } else if (!cJSON_HasObjectItem(asking->answer, "readings")) {
        device_question_note(asking, asking->point == NULL
                                         ? "it has no points that can be read at any time"
                                         : "it has no such point that can be read at any time; "
                                           "without a point, leat read shows all of them");
    }
    return code;
}

static int width_of(const char *text)
{
    int width = 0;

    for (; *text != '\0'; text++) {
        width += (*text & 0xc0) != 0x80; /* a character of UTF-8 once */
    }
    return width;
}

/** Left-aligned; `widest` of all in its column. */
static void print_padded(const char *text, int widest)
{
    (void)printf("  %s%*s", text, widest - width_of(text), "");
}

static void print(const cJSON *answer)
{
    const cJSON *readings = cJSON_GetObjectItemCaseSensitive(answer, "readings");
    const cJSON *reading;
    int widest_name = 0, widest_value = 0;

    cJSON_ArrayForEach(reading, readings)
    {
        int name = width_of(json_text(reading, "point"));
        int value = width_of(json_text(reading, "value"));

        widest_name = name > widest_name ? name : widest_name;
        widest_value = value > widest_value ? value : widest_value;
    }
    cJSON_ArrayForEach(reading, readings)
    {
        const char *value = json_text(reading, "value");
        const char *status = json_text(reading, "status");

        print_padded(json_text(reading, "point"), widest_name);
        (void)printf("  %*s%s %s%s%s\n", widest_value - width_of(value), "", value,
                     json_text(reading, "unit"), strcmp(status, "good") == 0 ? "" : "  ",
                     strcmp(status, "good") == 0 ? "" : status);
    }
}

static bool is_whole(const cJSON *answer)
{
    const cJSON *readings = cJSON_GetObjectItemCaseSensitive(answer, "readings");
    const cJSON *reading;

    cJSON_ArrayForEach(reading, readings)
    {
        if (strcmp(json_text(reading, "status"), "good") != 0) {
            return false;
        }
    }
    return cJSON_GetArraySize(readings) > 0 &&
           cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(answer, "notes")) == 0;
}

const struct device_question read_question = {
    .word = "read",
    .example = "leat read boiler-1/level",
    .takes_point = true,
    .check = check,
    .ask = ask,
    .print = print,
    .is_whole = is_whole,
};
