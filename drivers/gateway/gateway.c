#include "drivers/gateway/gateway.h"

#include "drivers/gateway/quantity.h"
#include "drivers/gateway/text_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { INSTANCE_NAME_SIZE = 192, REJECTION_SOURCE_SIZE = 128 };

struct gateway_point_options {
    const char *address;
};

struct gateway_point {
    struct gateway_point *next; /* in the order of the configuration */
    uint32_t point_id, schedule;
    const char *name, *address;
    const struct quantity *quantity;
    const char *item; /* NULL: none, or each that is found */
    unsigned stream;  /* of QUANTITY_STREAM */
    struct quantity_ticks ticks;
    bool told; /* W2 */
};

struct gateway_device {
    const char *root;
    struct gateway_point *points, **end;
    struct items items[ITEMS_KINDS];
    int item_problems[ITEMS_KINDS]; /* errno of the last look */
};

/** One read() in progress. */
struct turn {
    struct gateway_device *device;
    const struct driver_turn *turn;
    struct driver_sink *sink;
    const struct facts *facts;
    int64_t time_ns; /* W4 */
};

static const struct option_spec device_options[] = {
    {OPTION_TEXT, "root", "/", 1, 1000, offsetof(struct gateway_device, root),
     "the folder that holds proc and sys: another one in a container", NULL},
    {.type = OPTION_END},
};

static const struct option_spec point_options[] = {
    {OPTION_TEXT, "address", "", 1, 200, offsetof(struct gateway_point_options, address),
     "what to read: cpu-busy, disk-free:/data, temperature:cpu-thermal; a standard point's when "
     "absent",
     NULL},
    {.type = OPTION_END},
};

/** The number of the stream called `name`; false: there is none in the queue's rings. */
static bool stream_of(const char *name, unsigned *stream)
{
    for (unsigned i = 0; i < STREAM_RING_COUNT; i++) {
        if (strcmp(stream_name((enum stream)i), name) == 0) {
            *stream = i;
            return true;
        }
    }
    return false;
}

/** What stands behind the ':' fits the quantity. */
static enum error_code check_item(struct gateway_point *point, struct error *error)
{
    const char *quantity = point->quantity->name, *item = point->item;

    switch (point->quantity->item) {
    case QUANTITY_ALONE:
        return item == NULL ? ERROR_OK
                            : error_set(error, ERROR_BAD_CONFIG,
                                        "address: '%s' has nothing behind a ':'; write '%s'",
                                        point->address, quantity);
    case QUANTITY_FOLDER:
        return item != NULL && (item[0] == '/' || strcmp(item, "queue") == 0)
                   ? ERROR_OK
                   : error_set(error, ERROR_BAD_CONFIG,
                               "address: '%s' names no folder; write %s:/data, or %s:queue for "
                               "where the queue is",
                               point->address, quantity, quantity);
    case QUANTITY_STREAM:
        return item != NULL && stream_of(item, &point->stream)
                   ? ERROR_OK
                   : error_set(error, ERROR_BAD_CONFIG,
                               "address: '%s' names no ring; write %s:events, %s:readings or "
                               "%s:logs",
                               point->address, quantity, quantity, quantity);
    case QUANTITY_FOUND:
        break;
    }
    if ((item == NULL) != (strchr(point->name, '{') != NULL)) {
        return item == NULL
                   ? error_set(error, ERROR_BAD_CONFIG,
                               "name: '%s' would name several things at once; put an {item} into "
                               "it, or name one in the address: %s:eth0",
                               point->name, quantity)
                   : error_set(error, ERROR_BAD_CONFIG,
                               "address: '%s' is one thing, so the name '%s' must be without a "
                               "{part}",
                               point->address, point->name);
    }
    return ERROR_OK;
}

static enum error_code gateway_add_point(void *state, struct arena *arena,
                                         const struct driver_point *given, struct error *error)
{
    const struct gateway_point_options *options = given->options;
    struct gateway_device *device = state;
    struct gateway_point *point = arena_allocate(arena, sizeof(*point));
    const char *item = NULL;

    if (point == NULL) {
        return error_set(error, ERROR_NO_MEMORY, "no memory for the points of the gateway");
    }
    *point = (struct gateway_point){
        .point_id = given->point_id,
        .schedule = given->schedule,
        .name = given->name,
        .address = options->address,
        .quantity = options->address == NULL ? NULL : quantity_find(options->address, &item),
    };
    point->item = item;
    if (point->address == NULL) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "name: '%s' is none of the standard points (docs/gateway.md); give its "
                         "address, such as cpu-busy or disk-free:/data",
                         point->name);
    }
    if (point->quantity == NULL) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "address: '%s' is nothing that a gateway has; docs/gateway.md lists it, "
                         "such as cpu-busy or disk-free:/data",
                         point->address);
    }
    if (point->quantity->item != QUANTITY_FOUND && strchr(point->name, '{') != NULL) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "name: '%s': there is one of it, so nothing takes the place of a {part}",
                         point->name);
    }
    if (device->end == NULL) {
        device->end = &device->points;
    }
    *device->end = point;
    device->end = &point->next;
    return check_item(point, error);
}

static enum error_code gateway_prepare(void *state, struct arena *arena, struct error *error)
{
    (void)state;
    (void)arena;
    (void)error;
    return ERROR_OK;
}

static const char *root_of(const struct gateway_device *device)
{
    return strcmp(device->root, "/") == 0 ? "" : device->root;
}

static enum error_code gateway_open(void *state, const struct clock *clock, int64_t deadline_ns,
                                    struct error *error)
{
    const struct gateway_device *device = state;
    char text[32];
    int problem = text_file_read(root_of(device), "proc/uptime", text, sizeof(text));

    (void)clock;
    (void)deadline_ns; /* nothing here waits */
    return problem == 0
               ? ERROR_OK
               : error_set(error, ERROR_UNREACHABLE,
                           "cannot read %s/proc/uptime: %s; is `root` the folder that holds proc "
                           "and sys?",
                           root_of(device), strerrordesc_np(problem));
}

/** W2: `told` remembers it. */
static void tell(const struct turn *turn, const char *source, const char *problem, bool *told)
{
    const struct driver_rejection rejection = {
        .received_ns = turn->time_ns, .source = source, .reason = problem, .payload = ""};

    if (problem[0] != '\0' && !*told) {
        turn->sink->reject(turn->sink, &rejection);
    }
    *told = problem[0] != '\0';
}

static bool emit(const struct turn *turn, uint32_t point_id, const struct quantity_value *value)
{
    struct sample sample = {
        .time_ns = turn->time_ns,
        .received_ns = turn->time_ns,
        .point_id = point_id,
        .status = value->status,
        .type = value->type,
    };

    if (value->type == SAMPLE_INT) {
        sample.value.integer = value->integer;
    } else if (value->type == SAMPLE_DOUBLE) {
        sample.value.real = value->real;
    }
    return driver_emit(turn->sink, &sample);
}

static bool read_alone(const struct turn *turn, struct gateway_point *point)
{
    struct quantity_value value = {.status = 0};
    const struct quantity_look look = {
        .root = root_of(turn->device),
        .clock = turn->turn->clock,
        .facts = turn->facts,
        .item = point->item,
        .stream = point->stream,
        .ticks = &point->ticks,
        .value = &value,
    };

    point->quantity->read(&look, point->quantity->which);
    tell(turn, point->address, value.problem, &point->told);
    return emit(turn, point->point_id, &value);
}

/** The value of an item that was seen (W3). */
static void value_of(const struct quantity *quantity, const struct item *item,
                     struct quantity_value *value)
{
    if (!item->there && quantity->kind == ITEMS_LINKS && quantity->which == LINK_UP) {
        quantity_set_integer(value, 0);
    } else if (!item->there) {
        quantity_fail(value, STATUS_BAD_NODE_ID_UNKNOWN, "%s", "");
    } else if (item->problem != 0) {
        quantity_fail(value, STATUS_BAD_SENSOR_FAILURE, "%s: %s", item->name,
                      strerrordesc_np(item->problem));
    } else {
        quantity_set_integer(value, item->values[quantity->which]);
    }
}

/** "temperature-{sensor}" with "cpu-thermal" in the braces. */
static void expand(const char *name, const char *item, char text[INSTANCE_NAME_SIZE])
{
    const char *open = strchr(name, '{'), *close = strchr(name, '}');

    (void)snprintf(text, INSTANCE_NAME_SIZE, "%.*s%s%s", (int)(open - name), name, item,
                   close + 1); /* both are there: the host checks names */
}

static bool read_each(const struct turn *turn, struct gateway_point *point)
{
    struct items *items = &turn->device->items[point->quantity->kind];

    for (size_t i = 0; i < items->count; i++) {
        struct quantity_value value;
        char name[INSTANCE_NAME_SIZE];
        uint32_t point_id;

        expand(point->name, items->list[i].name, name);
        point_id = turn->sink->instance(turn->sink, point->point_id, name);
        value_of(point->quantity, &items->list[i], &value);
        tell(turn, point->address, value.problem, &items->list[i].told);
        if (point_id != DRIVER_NO_INSTANCE && !emit(turn, point_id, &value)) {
            return false;
        }
    }
    return true;
}

static bool read_one_item(const struct turn *turn, struct gateway_point *point)
{
    const struct item *item = items_find(&turn->device->items[point->quantity->kind], point->item);
    struct quantity_value value;

    if (item == NULL) {
        quantity_fail(&value, STATUS_BAD_NODE_ID_UNKNOWN, "there is no %s in %s", point->item,
                      items_place(point->quantity->kind));
    } else {
        value_of(point->quantity, item, &value);
    }
    tell(turn, point->address, value.problem, &point->told);
    return emit(turn, point->point_id, &value);
}

static bool read_found(const struct turn *turn, struct gateway_point *point)
{
    int problem = turn->device->item_problems[point->quantity->kind];
    char sentence[REJECTION_SOURCE_SIZE] = "";

    if (point->item != NULL && problem == 0) {
        return read_one_item(turn, point);
    }
    if (problem != 0) {
        (void)snprintf(sentence, sizeof(sentence), "cannot read %s: %s",
                       items_place(point->quantity->kind), strerrordesc_np(problem));
    }
    tell(turn, point->address, sentence, &point->told);
    if (point->item != NULL) {
        struct quantity_value value;

        quantity_fail(&value, STATUS_BAD_DEVICE_FAILURE, "%s", "");
        return emit(turn, point->point_id, &value);
    }
    return read_each(turn, point);
}

static bool is_due(const struct turn *turn, const struct gateway_point *point)
{
    return (turn->turn->due >> point->schedule & 1) != 0;
}

/** Each kind of items once a turn. */
static void look_at_items(const struct turn *turn)
{
    struct gateway_device *device = turn->device;
    bool wanted[ITEMS_KINDS] = {false};

    for (const struct gateway_point *point = device->points; point != NULL; point = point->next) {
        wanted[point->quantity->kind] |= is_due(turn, point);
    }
    for (unsigned kind = ITEMS_NONE + 1; kind < ITEMS_KINDS; kind++) {
        if (wanted[kind]) {
            device->item_problems[kind] =
                items_look(&device->items[kind], (enum items_kind)kind, root_of(device));
        }
    }
}

static enum error_code gateway_read(void *state, const struct driver_turn *turn,
                                    struct driver_sink *sink, struct error *error)
{
    struct gateway_device *device = state;
    int64_t now_ns = clock_utc_ns(turn->clock);
    struct facts facts = {0};
    const struct turn this_turn = {
        .device = device,
        .turn = turn,
        .sink = sink,
        .facts = turn->host == NULL ? NULL : &facts,
        .time_ns = now_ns - (now_ns % NS_PER_MS + NS_PER_MS) % NS_PER_MS,
    };

    (void)error; /* what cannot be read is a bad reading (W2) */
    if (turn->host != NULL) {
        turn->host->read(turn->host, &facts);
    }
    look_at_items(&this_turn);
    for (struct gateway_point *point = device->points; point != NULL; point = point->next) {
        if (is_due(&this_turn, point) &&
            !(point->quantity->item == QUANTITY_FOUND ? read_found(&this_turn, point)
                                                      : read_alone(&this_turn, point))) {
            return ERROR_OK; /* D8: the rest of the turn is dropped and the host counts it */
        }
    }
    return ERROR_OK;
}

static void gateway_committed(void *state)
{
    (void)state; /* nobody waits for it */
}

static void gateway_close(void *state)
{
    (void)state; /* nothing stays open between readings */
}

static void gateway_destroy(void *state)
{
    (void)state;
}

const struct driver gateway_driver = {
    .name = "gateway",
    .summary = "reads the gateway itself: load, memory, temperatures, disks, links, clock, queue",
    .options = device_options,
    .state_size = sizeof(struct gateway_device),
    .point_options = point_options,
    .point_size = sizeof(struct gateway_point_options),
    .point_address_offset = offsetof(struct gateway_point_options, address),
    .standard_points = gateway_standard_points,
    .standard_interval_ns = 60 * NS_PER_S,
    .add_point = gateway_add_point,
    .prepare = gateway_prepare,
    .open = gateway_open,
    .read = gateway_read,
    .committed = gateway_committed,
    .close = gateway_close,
    .destroy = gateway_destroy,
};
