#include "agent/collect/intake.h"

#include "agent/collect/alarm.h"
#include "agent/journal.h"
#include "agent/store/store_noted.h"
#include "base/utf8.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct intake *intake_of(struct driver_sink *sink)
{
    return (struct intake *)(void *)sink; /* its first member */
}

static void reject(struct driver_sink *sink, const struct driver_rejection *rejection)
{
    struct intake *intake = intake_of(sink);
    struct rejected_run *run = &intake->rejected;
    uint64_t count = rejection->count > 0 ? rejection->count : 1;
    char source[sizeof(run->first->source)];
    char reason[sizeof(run->first->reason)];

    if (run->count == 0 && run->first == NULL) {
        run->first = calloc(1, sizeof(*run->first)); /* NULL: told without its texts */
    }
    (void)utf8_copy(source, sizeof(source), rejection->source, strlen(rejection->source));
    (void)utf8_copy(reason, sizeof(reason), rejection->reason, strlen(rejection->reason));
    if (run->count == 0) {
        run->from_ns = rejection->received_ns;
    }
    if (run->first != NULL && run->count == 0) {
        memcpy(run->first->source, source, sizeof(source));
        memcpy(run->first->reason, reason, sizeof(reason));
        (void)utf8_copy(run->first->payload, sizeof(run->first->payload), rejection->payload,
                        rejection->payload_bytes);
    } else if (run->first != NULL && (strcmp(run->first->source, source) != 0 ||
                                      strcmp(run->first->reason, reason) != 0)) {
        run->other_count += count;
    }
    run->count += count;
    intake->counts.rejected += count;
    run->to_ns = rejection->received_ns;
}

/** A text that the store can never take. */
static void reject_sample(struct intake *intake, const struct collected_point *point,
                          const struct sample *sample)
{
    const struct driver_rejection rejection = {
        .received_ns = sample->received_ns,
        .source = point->definition->address,
        .reason = intake->refused_why.text,
        .payload = sample->value.text.bytes,
        .payload_bytes = sample->value.text.size_bytes,
    };

    reject(&intake->sink, &rejection);
}

/** Judge and store; false: the store has no room now. */
static bool take(struct intake *intake, struct collected_point *point, const struct sample *sample)
{
    struct point_memory memory = point->memory;
    struct sample judged = *sample;
    enum pipeline_verdict verdict = pipeline_judge(point->definition, &memory, &judged);
    enum error_code code;

    if (intake->watch != NULL) {
        intake->watch->seen(intake->watch, point->definition,
                            (uint32_t)(point - intake->points.points), &judged);
    }
    if (verdict == PIPELINE_SUPPRESS) {
        point->memory = memory;
        intake->counts.suppressed++;
        return true;
    }
    judged.point_id = point->handle;
    code = store_append(intake->store, STREAM_READINGS, &judged, 1, &intake->refused_why);
    if (code == ERROR_BAD_DATA) { /* it will never fit: tell it and go on */
        reject_sample(intake, point, sample);
        return true;
    }
    if (code != ERROR_OK) {
        intake->refused_count++;
        return false;
    }
    if (alarm_is_one(point->definition)) { /* K7 */
        intake->has_alarm = true;
        if (alarm_changed(&point->memory, &memory)) {
            alarm_tell(intake->store, intake->clock, point->definition, &judged);
        }
    }
    point->memory = memory; /* K5 */
    intake->counts.queued++;
    return true;
}

static bool emit(struct driver_sink *sink, const struct sample *sample)
{
    struct intake *intake = intake_of(sink);

    return take(intake, &intake->points.points[sample->point_id], sample);
}

static uint32_t instance(struct driver_sink *sink, uint32_t point_id, const char *name)
{
    struct intake *intake = intake_of(sink);
    struct error error;
    uint32_t id;

    if (point_table_instance(&intake->points, point_id, name, &id, &error) != ERROR_OK) {
        return DRIVER_NO_INSTANCE;
    }
    return id;
}

static void tell(struct driver_sink *sink, const struct event *event)
{
    struct intake *intake = intake_of(sink);
    char subject[STATUS_NAME_SIZE + 256];
    struct event told = *event;

    (void)snprintf(subject, sizeof(subject), "%s %s", intake->points.device->name, event->subject);
    told.subject = subject;
    journal_append(intake->store, intake->clock, &told);
}

/** The note of the position that the sink speaks of now. */
static void key_of(const struct intake *intake, char key[STORE_NOTE_KEY_SIZE])
{
    (void)snprintf(key, STORE_NOTE_KEY_SIZE, "at-%016" PRIx64 "-%x", intake->name_hash,
                   (unsigned)(intake->sink.slot % DRIVER_POSITIONS)); /* fits */
}

enum {
    REPAIRED_MOST = 3, /* bytes for one that is no UTF-8 (log_record.h, L1) */
    SEPARATORS = 8,    /* of a record, and its severity */
    LINES_TEXT_SIZE =
        REPAIRED_MOST * DRIVER_LINES_BYTES + DRIVER_LINES_MAX * SEPARATORS + LOG_RECORD_MAX,
};

/** Their text forms, one behind the other, as samples. */
static void encode_lines(const struct intake *intake, const struct driver_line *lines, size_t count,
                         char text[LINES_TEXT_SIZE], struct sample *samples)
{
    int64_t now_ns = clock_utc_ns(intake->clock);
    size_t given = 0, used = 0;

    for (size_t i = 0; i < count; i++) {
        size_t size;

        assert(given <= DRIVER_LINES_BYTES);
        size = log_record_encode(&lines[i].record, text + used);
        samples[i] = (struct sample){.time_ns = lines[i].time_ns,
                                     .received_ns = now_ns,
                                     .status = STATUS_GOOD,
                                     .type = SAMPLE_TEXT};
        samples[i].value.text.bytes = text + used;
        samples[i].value.text.size_bytes = (uint32_t)size;
        given += driver_line_bytes(&lines[i]);
        used += size;
    }
}

static bool lines(struct driver_sink *sink, const struct driver_line *lines, size_t count)
{
    struct intake *intake = intake_of(sink);
    char text[LINES_TEXT_SIZE], key[STORE_NOTE_KEY_SIZE];
    struct sample samples[DRIVER_LINES_MAX];
    const char *position = lines[count - 1].position;
    const struct store_remark remark = {key, position};
    enum error_code code;

    assert(count <= DRIVER_LINES_MAX);
    key_of(intake, key);
    encode_lines(intake, lines, count, text, samples);
    code = position == NULL
               ? store_append(intake->store, STREAM_LOGS, samples, count, &intake->refused_why)
               : store_append_noted(intake->store, STREAM_LOGS, samples, count, &remark,
                                    &intake->refused_why);
    if (code != ERROR_OK) {
        intake->refused_count++;
        return false;
    }
    intake->counts.lines += count;
    return true;
}

static bool line(struct driver_sink *sink, const struct driver_line *line)
{
    return lines(sink, line, 1);
}

static bool position(struct driver_sink *sink, char text[DRIVER_POSITION_SIZE])
{
    const struct intake *intake = intake_of(sink);
    char key[STORE_NOTE_KEY_SIZE];

    key_of(intake, key);
    return store_note_get(intake->store, key, text) && text[0] != '\0';
}

static bool keep(struct driver_sink *sink, const char *text)
{
    struct intake *intake = intake_of(sink);
    char key[STORE_NOTE_KEY_SIZE];
    const struct store_remark remark = {key, text};

    key_of(intake, key);

    return store_append_noted(intake->store, STREAM_LOGS, NULL, 0, &remark, &intake->refused_why) ==
           ERROR_OK;
}

/** Notes have short keys, devices long names. */
static uint64_t hash_of(const char *device)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

    for (; *device != '\0'; device++) {
        hash = (hash ^ (uint8_t)*device) * UINT64_C(0x100000001b3);
    }
    return hash;
}

enum error_code intake_init(struct intake *intake, const struct config_device *device,
                            struct store *store, const struct clock *clock, struct error *error)
{
    *intake = (struct intake){
        .sink = {.emit = emit,
                 .reject = reject,
                 .instance = instance,
                 .line = line,
                 .lines = lines,
                 .position = position,
                 .keep = keep,
                 .tell = tell},
        .store = store,
        .clock = clock,
    };
    intake->name_hash = hash_of(device->name);
    return point_table_init(&intake->points, device, store, error);
}

void intake_deinit(struct intake *intake)
{
    point_table_deinit(&intake->points);
    free(intake->rejected.first);
    intake->rejected.first = NULL;
}

/** Of a polled device's group: the device keeps its readings until they are read. */
static bool is_of_a_log(const struct intake *intake, size_t point)
{
    const struct config_device *device = intake->points.device;

    return point < device->point_count && device->points[point].driver.group != NULL &&
           !device->driver->pushes;
}

void intake_mark_all(struct intake *intake, uint32_t status)
{
    int64_t now_ns = clock_utc_ns(intake->clock) / NS_PER_MS * NS_PER_MS;
    struct sample sample = {
        .time_ns = now_ns, .received_ns = now_ns, .status = status, .type = SAMPLE_NONE};

    for (size_t i = 0; i < intake->points.count; i++) {
        if (intake->points.points[i].handle != 0 && !is_of_a_log(intake, i) &&
            !take(intake, &intake->points.points[i], &sample)) {
            return; /* counted as refused */
        }
    }
}

void intake_tell_rejected(struct intake *intake, bool at_once)
{
    static const struct rejected_payload untold = {.reason = "no memory to keep the reason"};
    struct rejected_run *run = &intake->rejected;
    const struct rejected_payload *first = run->first != NULL ? run->first : &untold;
    int64_t now_ns = clock_monotonic_ns(intake->clock);
    char subject[STATUS_NAME_SIZE + sizeof(first->source) + 1];
    char reason[sizeof(first->reason) + 80];
    struct event event = {
        .kind = "rejected",
        .subject = subject,
        .reason = first->reason,
        .detail = first->payload,
        .count = run->count,
        .from_ns = run->from_ns,
        .to_ns = run->to_ns,
    };

    if (run->count == 0 || (!at_once && now_ns < intake->tell_rejected_ns)) {
        return;
    }
    (void)snprintf(subject, sizeof(subject), "%s %s", intake->points.device->name, first->source);
    if (run->other_count > 0) {
        (void)snprintf(reason, sizeof(reason),
                       "%s; %" PRIu64 " of them of other sources or for "
                       "other reasons",
                       first->reason, run->other_count); /* fits */
        event.reason = reason;
    }
    journal_append(intake->store, intake->clock, &event);
    run->count = run->other_count = 0;
    intake->tell_rejected_ns = now_ns + NS_PER_S;
}

struct status_counts intake_take_counts(struct intake *intake)
{
    struct status_counts counts = intake->counts;

    intake->counts = (struct status_counts){0};
    return counts;
}
