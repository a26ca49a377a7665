#include "base/crc.h"
#include "drivers/modbus/decode.h"
#include "drivers/modbus/logs/reading.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void log_start_position(struct log *log, uint64_t next)
{
    log->position = (struct log_position){.fingerprint = log->layout.fingerprint,
                                          .next = next,
                                          .time_ns = INT64_MIN,
                                          .after_ns = INT64_MIN};
    log->has_position = true;
}

bool log_keep_position(struct log *log, struct driver_sink *sink)
{
    char text[DRIVER_POSITION_SIZE];

    log_position_print(&log->position, text);
    sink->slot = log->slot;
    log->is_unsaved = !sink->keep(sink, text);
    return !log->is_unsaved;
}

void log_complain(const struct logs_turn *turn, struct log *log, const char *format, ...)
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

bool log_tell_unread(const struct logs_turn *turn, struct log *log, const char *reason,
                     uint64_t lost)
{
    const struct event event = {
        .kind = "unread",
        .subject = log->layout.records,
        .reason = reason,
        .detail = "",
        .count = lost,
        .from_ns = log->position.time_ns == INT64_MIN ? 0 : log->position.time_ns,
        .to_ns = turn->now_ns,
    };

    if (!log_keep_position(log, turn->sink)) {
        return false;
    }
    turn->sink->tell(turn->sink, &event);
    return true;
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
static bool emit(const struct logs_turn *turn, const struct log *log, int64_t time_ns,
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

uint32_t log_record_sum(const struct log *log, const uint16_t *record)
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

bool log_take_record(const struct logs_turn *turn, struct log *log, const uint16_t *record)
{
    struct log_position *position = &log->position;
    int64_t time_ns;

    if (!is_empty(log, record)) {
        if (!stamp_read(&log->layout.stamp, record, turn->now_ns, &time_ns)) {
            reject_record(turn, log, record);
        } else if (position->after_ns == INT64_MIN || time_ns > position->after_ns) { /* R3 */
            time_ns = apart_ns(log, time_ns);
            if (!emit(turn, log, time_ns, record)) {
                return false;
            }
            position->time_ns = time_ns;
        }
    }
    position->sum = log_record_sum(log, record);
    log->is_unsaved = true;
    return true;
}
