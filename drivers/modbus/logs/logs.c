#include "drivers/modbus/logs/logs.h"

#include "base/crc.h"
#include "drivers/modbus/ask.h"
#include "drivers/modbus/decode.h"
#include "drivers/modbus/logs/ring.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PORTION_FIRST_NS (250 * NS_PER_MS)
#define PORTION_MOST_NS  (5 * NS_PER_S)

/** One logs_read() in progress. */
struct logs_turn {
    struct modbus_device *device;
    struct driver_sink *sink;
    struct asking *asking;
    int64_t now_ns;   /* UTC */
    int64_t until_ns; /* monotonic: G1 */
};

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

struct plan_request log_index_request(const struct log *log)
{
    return (struct plan_request){.table = log->layout.index.table,
                                 .first = log->layout.index.number,
                                 .count = log->layout.index_format.registers};
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

/** false: the host has no room for it now. */
static bool keep_position(struct log *log, struct driver_sink *sink)
{
    char text[DRIVER_POSITION_SIZE];

    log_position_print(&log->position, text);
    sink->slot = log->slot;
    log->is_unsaved = !sink->keep(sink, text);
    return !log->is_unsaved;
}

/** G5 */
PRINTF_LIKE(3, 4)
static void complain(const struct logs_turn *turn, struct log *log, const char *format, ...)
{
    char reason[300];
    struct driver_rejection rejection = {.received_ns = turn->now_ns,
                                         .source = log->layout.records,
                                         .reason = reason,
                                         .payload = "",
                                         .count = 1};
    va_list arguments;

    if (log->is_complained) {
        return;
    }
    va_start(arguments, format);
    (void)vsnprintf(reason, sizeof(reason), format, arguments); /* cut when too long */
    va_end(arguments);
    log->is_complained = true;
    turn->sink->reject(turn->sink, &rejection);
}

static void reject_record(const struct logs_turn *turn, const struct log *log,
                          const uint16_t *record)
{
    static const char reason[] = "a record has no valid time; check time and time_format";
    uint16_t count = stamp_registers(log->layout.stamp.format);
    char registers[64] = "";
    struct driver_rejection rejection = {.received_ns = turn->now_ns,
                                         .source = log->layout.records,
                                         .reason = reason,
                                         .payload = registers,
                                         .count = 1};

    for (uint16_t i = 0; i < count; i++) {
        size_t at = strlen(registers);

        (void)snprintf(registers + at, sizeof(registers) - at, "%s%04x", i == 0 ? "" : " ",
                       record[log->layout.stamp.offset + i]); /* six fit */
    }
    rejection.payload_bytes = strlen(registers);
    turn->sink->reject(turn->sink, &rejection);
}

/** G4. false: no room for the position; the same is found again. */
static bool tell_news(const struct logs_turn *turn, struct log *log, const struct ring_view *view,
                      enum ring_news news)
{
    static const char *const reasons[] = {
        [RING_LOST] = "the device overwrote records before they were read",
        [RING_RESTARTED] = "the device cleared its log, or counts its records anew; how many were "
                           "not read before is not known",
        [RING_UNKNOWN] = "the last record that was read is no longer there: the device cleared its "
                         "log, or overwrote records before they were read; how many is not known",
    };
    const struct event event = {
        .kind = "unread",
        .subject = log->layout.records,
        .reason = reasons[news],
        .detail = "",
        .count = view->lost,
        .from_ns = log->position.time_ns == INT64_MIN ? 0 : log->position.time_ns,
        .to_ns = turn->now_ns,
    };

    log->position.next = view->next;
    log->position.sum = 0;
    log->position.after_ns = news == RING_UNKNOWN ? log->position.time_ns : INT64_MIN;
    if (!keep_position(log, turn->sink)) {
        return false;
    }
    turn->sink->tell(turn->sink, &event);
    return true;
}

/** Never written (G5). */
static bool is_empty(const struct log *log, const uint16_t *record)
{
    for (uint16_t i = 1; i < log->layout.length; i++) {
        if (record[i] != record[0]) {
            return false;
        }
    }
    return record[0] == 0 || record[0] == UINT16_MAX;
}

/** false: the sink has no room (G3). */
static bool emit_record(const struct logs_turn *turn, const struct log *log, int64_t time_ns,
                        const uint16_t *record)
{
    for (const struct modbus_point *point = log->points; point != NULL; point = point->next) {
        struct sample sample = {
            .time_ns = time_ns,
            .received_ns = turn->now_ns,
            .point_id = point->point_id,
            .status = STATUS_GOOD,
        };

        modbus_point_decode(point, record, 0, &sample, turn->device->text);
        if (!driver_emit(turn->sink, &sample)) {
            return false;
        }
    }
    return true;
}

static uint32_t sum_of(const struct log *log, const uint16_t *record)
{
    return crc32c(0, record, log->layout.length * sizeof(*record));
}

/** G6 */
static int64_t apart_ns(const struct log *log, int64_t time_ns)
{
    int64_t unit_ns = stamp_unit_ns(log->layout.stamp.format);
    int64_t newest_ns = log->position.time_ns;

    return newest_ns != INT64_MIN && newest_ns - newest_ns % unit_ns == time_ns
               ? newest_ns + NS_PER_US
               : time_ns;
}

/** Take the next record of the view. false: the sink has no room (G3). */
static bool take_record(const struct logs_turn *turn, struct log *log, struct ring_view *view,
                        const uint16_t *record)
{
    struct log_position *position = &log->position;
    int64_t time_ns;

    if (!is_empty(log, record)) {
        if (!stamp_read(&log->layout.stamp, record, turn->now_ns, &time_ns)) {
            reject_record(turn, log, record);
        } else if (position->after_ns == INT64_MIN || time_ns > position->after_ns) { /* R3 */
            time_ns = apart_ns(log, time_ns);
            if (!emit_record(turn, log, time_ns, record)) {
                return false;
            }
            position->time_ns = time_ns;
        }
    }
    view->next = ring_after(&log->layout, view->next);
    view->left--;
    position->next = view->next;
    position->sum = sum_of(log, record);
    position->after_ns = view->left == 0 ? INT64_MIN : position->after_ns;
    log->has_position = log->is_unsaved = true;
    return true;
}

/** The records from `begin` on that come in one request. */
static struct plan_request records_request(const struct logs_turn *turn, const struct log *log,
                                           const struct ring_view *view, uint32_t *count)
{
    const struct log_layout *layout = &log->layout;
    uint32_t place = ring_place(layout, view->next + (view->with_last ? layout->count - 1U : 0U));
    uint64_t wanted = view->left + (view->with_last ? 1 : 0);
    uint32_t most = (uint32_t)turn->device->block / layout->length;

    most = limit_to_ask(&log->limit, most);
    most = most < layout->count - place ? most : layout->count - place;
    *count = wanted < most ? (uint32_t)wanted : most;
    return (struct plan_request){.table = layout->table,
                                 .first = layout->first + place * layout->length,
                                 .count = *count * layout->length};
}

/** What came for records_request(). false: it goes on in another turn. */
static bool take_records(const struct logs_turn *turn, struct log *log, struct ring_view *view,
                         uint32_t count)
{
    const uint16_t *record = turn->device->answer->registers;

    if (view->with_last) {
        if (sum_of(log, record) != log->position.sum) { /* R1 */
            enum ring_news news = ring_see_again(&log->layout, view);

            return tell_news(turn, log, view, news);
        }
        view->with_last = false;
        log->is_compared = true;
        record += log->layout.length;
        count--;
    }
    for (uint32_t i = 0; i < count; i++, record += log->layout.length) {
        if (!take_record(turn, log, view, record)) {
            (void)keep_position(log, turn->sink); /* else with the next one */
            return false;
        }
    }
    return !log->is_unsaved || keep_position(log, turn->sink);
}

static void complain_of(const struct logs_turn *turn, struct log *log,
                        const struct plan_request *request, unsigned exception)
{
    complain(turn, log, "the device refuses %s:%u to %u: %s", table_name(request->table),
             request->first, request->first + request->count - 1,
             exchange_exception_name(exception));
}

static enum error_code read_records(const struct logs_turn *turn, struct log *log,
                                    struct ring_view *view, struct error *error)
{
    bool is_first = true;
    bool goes_on = true;

    while (goes_on && (view->with_last || view->left > 0)) {
        unsigned exception = 0;
        uint64_t left = view->left;
        uint32_t count;
        struct plan_request request = records_request(turn, log, view, &count);
        enum error_code code;

        if (!is_first && clock_monotonic_ns(turn->asking->clock) >= turn->until_ns) { /* G1 */
            break;
        }
        code = ask_request(turn->device, turn->asking, &request, &exception, error);
        if (code != ERROR_OK) {
            return code;
        }
        if (exchange_is_refusal(exception) && count > 1) {
            (void)limit_refused(&log->limit, count, true); /* its places are no guess */
            continue;
        }
        if (exception != EXCHANGE_ANSWERED) {
            if (exception != EXCHANGE_NO_TIME) {
                complain_of(turn, log, &request, exception);
            }
            break;
        }
        log->is_complained = false;
        limit_answered(&log->limit, count);
        goes_on = take_records(turn, log, view, count);
        is_first = is_first && view->left >= left; /* comparing alone (R1) is not it */
    }
    log->is_behind = view->left > 0;
    return ERROR_OK;
}

static void start_position(struct log *log, const struct ring_view *view)
{
    log->position = (struct log_position){.fingerprint = log->layout.fingerprint,
                                          .next = view->next,
                                          .time_ns = INT64_MIN,
                                          .after_ns = INT64_MIN};
    log->is_compared = true;
}

static enum error_code read_log(const struct logs_turn *turn, struct log *log, struct error *error)
{
    struct plan_request request = log_index_request(log);
    const struct log_position *known = log->has_position ? &log->position : NULL;
    struct sample index = {0};
    struct ring_view view;
    enum ring_news news;
    unsigned exception = 0;
    enum error_code code = ask_request(turn->device, turn->asking, &request, &exception, error);

    if (code != ERROR_OK || exception == EXCHANGE_NO_TIME) {
        return code;
    }
    if (exception != EXCHANGE_ANSWERED) {
        complain_of(turn, log, &request, exception);
        return ERROR_OK;
    }
    value_decode(&log->layout.index_format, turn->device->answer->registers, &index, NULL);
    if (!ring_see(&log->layout, known, (uint64_t)index.value.integer, &view, &news)) {
        complain(turn, log, "index: it says %lld, which is no record of %u; check index_first",
                 (long long)index.value.integer, log->layout.count);
        return ERROR_OK;
    }
    if (news != RING_AS_KNOWN && !tell_news(turn, log, &view, news)) {
        return ERROR_OK;
    }
    if (known == NULL && view.left > 0) {
        start_position(log, &view);
    }
    view.with_last = view.with_last && (view.left > 0 || !log->is_compared);
    return read_records(turn, log, &view, error);
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

        if (log->is_unsaved && !keep_position(log, sink)) {
            continue; /* G3 */
        }
        if (log->is_behind || (turn->due >> log->schedule & 1) != 0) {
            code = read_log(&logs_turn, log, error);
        }
        if (code != ERROR_OK) {
            return code;
        }
    }
    return ERROR_OK;
}
