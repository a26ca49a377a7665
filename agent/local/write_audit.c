#include "agent/local/write_audit.h"

#include "base/cleanup.h"
#include "base/event.h"
#include "base/utf8.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DETAIL_TEXT_MOST = 280 };

/** `text` without what is behind `most` bytes, between two characters. */
static bool add_text(cJSON *object, const char *key, const char *text, size_t most)
{
    char cut[WRITE_TEXT_SIZE];
    size_t size = strlen(text);
    size_t at = 0;

    while (at < size) {
        size_t step = utf8_sequence_size((const uint8_t *)text + at, size - at);

        step = step == 0 ? 1 : step;
        if (at + step > most || at + step >= sizeof(cut)) {
            break;
        }
        at += step;
    }
    memcpy(cut, text, at);
    cut[at] = '\0';
    return text[0] == '\0' || cJSON_AddStringToObject(object, key, cut) != NULL;
}

char *write_record_json(const struct write_record *record, size_t most)
{
    cJSON *object = cJSON_CreateObject();
    char uid[24];
    char pid[24];
    char *text = NULL;

    (void)snprintf(uid, sizeof(uid), "%u", record->who.uid);
    (void)snprintf(pid, sizeof(pid), "%d", record->who.pid);
    if (object != NULL && add_text(object, "point", record->point, most) &&
        add_text(object, "outcome", record->outcome, most) && add_text(object, "uid", uid, most) &&
        add_text(object, "pid", pid, most) && add_text(object, "asked", record->asked, most) &&
        add_text(object, "old", record->old, most) &&
        add_text(object, "written", record->written, most) &&
        add_text(object, "read_back", record->read_back, most) &&
        add_text(object, "unit", record->unit, most) &&
        add_text(object, "why", record->why, most)) {
        text = cJSON_PrintUnformatted(object);
    }
    cJSON_Delete(object);
    return text;
}

/** Texts are cut shorter where what JSON puts before odd characters would not fit. */
static char *detail_of(const struct write_record *record)
{
    size_t most = DETAIL_TEXT_MOST;
    char *detail = write_record_json(record, most);

    while (detail != NULL && strlen(detail) > EVENT_DETAIL_MAX && most > 1) {
        free(detail);
        most /= 2;
        detail = write_record_json(record, most);
    }
    return detail;
}

enum error_code write_audit(struct store *store, const struct clock *clock,
                            const struct write_record *record, struct error *error)
{
    CLEANUP(cleanup_free) char *detail = detail_of(record);
    struct sample sample = {.type = SAMPLE_TEXT, .status = STATUS_GOOD};
    char text[EVENT_TEXT_MAX];
    enum error_code code;

    if (detail == NULL) {
        return error_set(error, ERROR_NO_MEMORY, "no memory for the record of a write");
    }
    sample.time_ns = sample.received_ns = clock_utc_ns(clock);
    sample.value.text.size_bytes = (uint32_t)event_encode(
        &(const struct event){
            .kind = "write", .subject = record->point, .reason = record->outcome, .detail = detail},
        text);
    sample.value.text.bytes = text;
    code = store_append(store, STREAM_EVENTS, &sample, 1, error);
    return code == ERROR_OK ? store_commit(store, error) : code;
}
