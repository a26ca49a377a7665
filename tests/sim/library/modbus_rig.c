#include "tests/sim/library/modbus_rig.h"

#include "drivers/modbus/modbus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SETTINGS = 5 };

#define FIRST_READ_NS (5 * NS_PER_S)

static const struct driver *const driver = &modbus_tcp_driver;

static const struct clock *clock_of(const struct rig *rig)
{
    return rig->clock != NULL ? rig->clock : &clock_system;
}

static bool emit(struct driver_sink *sink, const struct sample *sample)
{
    struct rig *rig = (struct rig *)(void *)sink;
    struct rig_value *value = &rig->values[sample->point_id];

    if (sample->type == SAMPLE_TEXT) {
        size_t size = sample->value.text.size_bytes;

        size = size < RIG_TEXT_SIZE ? size : RIG_TEXT_SIZE - 1;
        memcpy(value->text, sample->value.text.bytes, size);
        value->text[size] = '\0';
    }
    value->sample = *sample;
    value->count++;
    return true;
}

static void reject(struct driver_sink *sink, const struct driver_rejection *rejection)
{
    struct rig *rig = (struct rig *)(void *)sink;

    rig->rejections += rejection->count;
    (void)snprintf(rig->rejection, sizeof(rig->rejection), "%s", rejection->reason);
}

static bool make_state(struct rig *rig)
{
    if (rig->state == NULL) {
        arena_init(&rig->arena, 1 << 20);
        rig->sink.emit = emit;
        rig->sink.reject = reject;
        rig->state = calloc(1, driver->state_size);
        return rig->state != NULL && option_set_fallbacks(driver->options, rig->state, &rig->arena,
                                                          &rig->error) == ERROR_OK;
    }
    return true;
}

bool rig_slave(struct rig *rig, const char *host, const char *points_path, const char *journal_path)
{
    const struct modbus_server_settings settings = {
        .host = host,
        .unit = -1,
        .plant = {.points_path = points_path, .journal_path = journal_path, .seed = 7}};
    char problem[PLANT_PROBLEM_SIZE];
    bool brackets = host != NULL && strchr(host, ':') != NULL;

    rig->server = modbus_server_open(&settings, problem);
    if (rig->server == NULL) {
        (void)fprintf(stderr, "%s\n", problem);
        return false;
    }
    (void)snprintf(rig->address, sizeof(rig->address), "%s%s%s:%u", brackets ? "[" : "",
                   host != NULL ? host : "127.0.0.1", brackets ? "]" : "",
                   (unsigned)modbus_server_port(rig->server));
    return true;
}

enum error_code rig_option(struct rig *rig, const char *key, const char *value)
{
    if (!make_state(rig)) {
        return ERROR_NO_MEMORY;
    }
    return option_set(option_find(driver->options, key), value, rig->state, &rig->arena,
                      &rig->error);
}

static enum error_code add(struct rig *rig, const char *const settings[SETTINGS], uint32_t schedule,
                           const void *group)
{
    static const char *const keys[SETTINGS] = {"address", "type", "order", "length",
                                               "scale_register"};
    struct driver_point *point = &rig->points[rig->point_count];
    enum error_code code;
    void *options;

    if (!make_state(rig) || rig->point_count == RIG_POINTS_MAX) {
        return ERROR_NO_MEMORY;
    }
    options = arena_allocate(&rig->arena, driver->point_size);
    if (options == NULL) {
        return ERROR_NO_MEMORY;
    }
    code = option_set_fallbacks(driver->point_options, options, &rig->arena, &rig->error);
    for (unsigned i = 0; code == ERROR_OK && i < SETTINGS; i++) {
        if (settings[i] != NULL) {
            code = option_set(option_find(driver->point_options, keys[i]), settings[i], options,
                              &rig->arena, &rig->error);
        }
    }
    if (code != ERROR_OK) {
        return code;
    }
    *point = (struct driver_point){.point_id = rig->point_count,
                                   .schedule = schedule,
                                   .name = settings[0],
                                   .options = options,
                                   .group = group};
    code = driver->add_point(rig->state, &rig->arena, point, &rig->error);
    rig->point_count += code == ERROR_OK ? 1 : 0;
    return code;
}

enum error_code rig_point(struct rig *rig, const char *address, const char *type, const char *order,
                          const char *length)
{
    const char *const settings[SETTINGS] = {address, type, order, length, NULL};

    return add(rig, settings, 0, NULL);
}

enum error_code rig_record(struct rig *rig, const void *group, const char *address,
                           const char *type, const char *order)
{
    const char *const settings[SETTINGS] = {address, type, order, NULL, NULL};

    return add(rig, settings, 0, group);
}

enum error_code rig_scaled(struct rig *rig, const char *address, const char *type,
                           const char *order, const char *scale_register)
{
    const char *const settings[SETTINGS] = {address, type, order, NULL, scale_register};

    return add(rig, settings, 0, NULL);
}

enum error_code rig_registers(struct rig *rig, unsigned first, unsigned count, uint32_t schedule)
{
    enum error_code code = ERROR_OK;

    for (unsigned i = 0; code == ERROR_OK && i < count; i++) {
        char address[RIG_ADDRESS_SIZE];
        const char *const settings[SETTINGS] = {address, "uint16", NULL, NULL, NULL};

        (void)snprintf(address, sizeof(address), "holding:%u", first + i);
        code = add(rig, settings, schedule, NULL);
    }
    return code;
}

enum error_code rig_configure(struct rig *rig)
{
    enum error_code code = rig_option(rig, "address", rig->address);

    if (code == ERROR_OK) {
        code = driver->prepare(rig->state, &rig->arena, &rig->error);
    }
    if (code == ERROR_OK && rig->server != NULL && !modbus_server_start(rig->server)) {
        code = ERROR_NO_MEMORY;
    }
    return code;
}

enum error_code rig_open(struct rig *rig)
{
    const struct clock *clock = clock_of(rig);

    return driver->open(rig->state, clock, clock_monotonic_ns(clock) + 10 * NS_PER_S, &rig->error);
}

enum error_code rig_read(struct rig *rig, uint32_t due, int64_t time_ns)
{
    const struct clock *clock = clock_of(rig);
    const struct driver_turn turn = {
        .clock = clock, .deadline_ns = clock_monotonic_ns(clock) + time_ns, .due = due};

    for (uint32_t i = 0; i < rig->point_count; i++) {
        rig->values[i].count = 0;
    }
    return driver->read(rig->state, &turn, &rig->sink, &rig->error);
}

enum error_code rig_first_read(struct rig *rig)
{
    enum error_code code = rig_configure(rig);

    if (code == ERROR_OK) {
        code = rig_open(rig);
    }
    return code == ERROR_OK ? rig_read(rig, 1, FIRST_READ_NS) : code;
}

void rig_close(struct rig *rig)
{
    driver->close(rig->state);
}

unsigned rig_requests(const struct rig *rig)
{
    return modbus_server_requests(rig->server);
}

void rig_release(struct rig *rig)
{
    if (rig->state != NULL) {
        driver->close(rig->state);
        driver->destroy(rig->state);
    }
    free(rig->state);
    arena_deinit(&rig->arena);
    modbus_server_close(rig->server);
}
