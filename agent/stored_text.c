#include "agent/stored_text.h"

void stored_event(const struct sample *sample, char copy[EVENT_TEXT_MAX], struct event *event)
{
    if (sample->type != SAMPLE_TEXT ||
        event_decode(sample->value.text.bytes, sample->value.text.size_bytes, copy, event, NULL) !=
            ERROR_OK) {
        *event = (struct event){.kind = "unreadable", .subject = "", .reason = "", .detail = ""};
    }
}

void stored_log(const struct sample *sample, struct log_record *record)
{
    struct log_text whole = log_text_of("");

    if (sample->type == SAMPLE_TEXT) {
        whole = (struct log_text){sample->value.text.bytes, sample->value.text.size_bytes};
    }
    if (log_record_decode(whole.bytes, whole.size_bytes, record, NULL) != ERROR_OK) {
        *record = (struct log_record){LOG_SEVERITY_UNKNOWN, log_text_of("unreadable"),
                                      log_text_of(""), whole};
    }
}
