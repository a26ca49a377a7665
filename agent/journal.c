#include "agent/journal.h"

#include "base/log.h"

#include <string.h>

static const char *or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

void journal_append(struct store *store, const struct clock *clock, const struct event *event)
{
    char text[EVENT_TEXT_MAX];
    struct event whole = *event;
    struct sample sample = {.type = SAMPLE_TEXT, .status = STATUS_GOOD};
    struct error error;

    whole.subject = or_empty(event->subject);
    whole.reason = or_empty(event->reason);
    whole.detail = or_empty(event->detail);
    sample.time_ns = sample.received_ns = clock_utc_ns(clock);
    sample.value.text.size_bytes = (uint32_t)event_encode(&whole, text);
    sample.value.text.bytes = text;
    if (store_append(store, STREAM_EVENTS, &sample, 1, &error) != ERROR_OK &&
        store_refused_events(store) == 1) {
        log_error("event-lost", "kind=%s subject=\"%s\" error=\"%s\"", whole.kind, whole.subject,
                  error.text);
    }
}

void journal_high_water(struct store *store, const struct clock *clock)
{
    for (int i = 0; i < STREAM_COUNT; i++) {
        enum stream stream = (enum stream)i;
        struct store_stream_state state;
        struct event event = {.kind = "high-water", .subject = stream_name(stream)};

        store_state(store, stream, &state);
        event.last = state.next_sequence - 1;
        if (event.last > 0) {
            journal_append(store, clock, &event);
        }
    }
}
