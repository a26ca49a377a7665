#include "drivers/modbus/logs/logs.h"

#include "drivers/modbus/logs/functions.h"
#include "drivers/modbus/logs/reading.h"

#define PORTION_FIRST_NS (250 * NS_PER_MS)
#define PORTION_MOST_NS  (5 * NS_PER_S)

static struct log *find_log(const struct logs *logs, const struct log_options *options)
{
    struct log *log = logs->first;

    while (log != NULL && log->options != options) {
        log = log->next;
    }
    return log;
}

static enum error_code add_log(struct modbus_device *device, struct arena *arena,
                               const struct driver_point *configured, struct log **added,
                               struct error *error)
{
    struct logs *logs = &device->logs;
    struct log *log = arena_allocate(arena, sizeof(*log));
    enum error_code code;

    if (log == NULL) {
        return error_set(error, ERROR_NO_MEMORY, "logs: the configuration is too large");
    }
    if (logs->count == DRIVER_POSITIONS) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "logs: more than %d of one device; leave some out", DRIVER_POSITIONS);
    }
    log->options = configured->group;
    log->schedule = configured->schedule;
    log->slot = DRIVER_POSITIONS;
    code = log_layout_set(&log->layout, log->options, (unsigned)device->block,
                          (enum value_order)device->order, arena, error);
    if (code != ERROR_OK) {
        return code;
    }
    for (const struct log *other = logs->first; other != NULL; other = other->next) {
        if (other->layout.fingerprint == log->layout.fingerprint) {
            return error_set(error, ERROR_BAD_CONFIG,
                             "logs: there are two of records: %s with the same index; put the "
                             "points of both below one",
                             log->options->records);
        }
    }
    *(logs->last != NULL ? logs->last : &logs->first) = log;
    logs->last = &log->next;
    logs->count++;
    *added = log;
    return ERROR_OK;
}

enum error_code logs_add_point(struct modbus_device *device, struct arena *arena,
                               const struct driver_point *configured, struct modbus_point *point,
                               struct error *error)
{
    struct log *log = find_log(&device->logs, configured->group);
    enum error_code code = ERROR_OK;
    unsigned first;
    unsigned count;

    if (log == NULL) {
        code = add_log(device, arena, configured, &log, error);
    }
    if (code != ERROR_OK) {
        return code;
    }
    modbus_point_span(point, &first, &count);
    if (first + count > log->layout.length) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "address 'record:%u': it goes beyond the record, which has length: %u",
                         point->address.number, log->layout.length);
    }
    if (configured->writable) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "address 'record:%u': a record cannot be written; remove writable",
                         point->address.number);
    }
    if (configured->schedule != log->schedule) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "interval: the points of one log are read together; write it beside "
                         "'records' instead");
    }
    *(log->last != NULL ? log->last : &log->points) = point;
    log->last = &point->next;
    return ERROR_OK;
}

void logs_begin(struct logs *logs)
{
    for (struct log *log = logs->first; log != NULL; log = log->next) {
        log->is_compared = false;
    }
}

/** The log whose position this is, if it has none yet; NULL: none of ours. */
static struct log *log_of(const struct logs *logs, const struct log_position *position)
{
    struct log *log = logs->first;

    while (log != NULL &&
           (log->layout.fingerprint != position->fingerprint || log->slot != DRIVER_POSITIONS)) {
        log = log->next;
    }
    return log;
}

/** Find each log's position; give back those of logs that are no more. */
static void load_positions(struct logs *logs, struct driver_sink *sink)
{
    uint32_t used = 0;

    for (uint32_t slot = 0; slot < DRIVER_POSITIONS; slot++) {
        char text[DRIVER_POSITION_SIZE];
        struct log_position position = {0};
        struct log *log = NULL;

        sink->slot = slot;
        if (!sink->position(sink, text)) {
            continue;
        }
        if (log_position_parse(&position, text)) {
            log = log_of(logs, &position);
        }
        if (log != NULL) {
            log->slot = slot;
            log->position = position;
            log->has_position = true;
            used |= UINT32_C(1) << slot;
        } else {
            (void)sink->keep(sink, ""); /* else at the next start */
        }
    }
    for (struct log *log = logs->first; log != NULL; log = log->next) {
        if (log->slot == DRIVER_POSITIONS) {
            log->slot = (uint32_t)__builtin_ctz(~used); /* there are as many slots as logs */
            used |= UINT32_C(1) << log->slot;
        }
    }
    logs->is_loaded = true;
}

/** G1 */
static int64_t portion_ns(struct logs *logs, int64_t now_ns)
{
    int64_t quarter_ns = logs->turn_ns == 0 ? PORTION_FIRST_NS : (now_ns - logs->turn_ns) / 4;

    logs->turn_ns = now_ns;
    return quarter_ns < PORTION_MOST_NS ? quarter_ns : PORTION_MOST_NS;
}

enum error_code logs_read(struct modbus_device *device, const struct driver_turn *turn,
                          struct driver_sink *sink, struct asking *asking, struct error *error)
{
    struct logs *logs = &device->logs;
    int64_t now_ns = clock_utc_ns(turn->clock);
    int64_t begun_ns = clock_monotonic_ns(turn->clock);
    struct logs_turn logs_turn = {.device = device, .sink = sink, .asking = asking};

    if (logs->first == NULL) {
        return ERROR_OK;
    }
    if (!logs->is_loaded) {
        load_positions(logs, sink);
    }
    logs_turn.now_ns = now_ns - now_ns % NS_PER_MS;
    logs_turn.until_ns = begun_ns + portion_ns(logs, begun_ns);
    for (struct log *log = logs->first; log != NULL; log = log->next) {
        enum error_code code = ERROR_OK;

        if (log->is_unsaved && !log_keep_position(log, sink)) {
            continue; /* G3 */
        }
        if (log->is_behind || (turn->due >> log->schedule & 1) != 0) {
            code = log->layout.kind == LOG_QUEUE ? queue_read(&logs_turn, log, error)
                                                 : ring_read(&logs_turn, log, error);
        }
        if (code != ERROR_OK) {
            return code;
        }
    }
    return ERROR_OK;
}
