#include "agent/local/log_intake.h"

#include "agent/local/line_reader.h"
#include "base/cleanup.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

enum { INPUT_BYTES = 32 << 10 };

struct session {
    struct store *store;
    enum log_severity severity;
    struct log_text source;
    struct local_peer *peer;
    int64_t now_ns;   /* of the bytes that are being taken */
    uint64_t taken;   /* lines appended */
    uint64_t stored;  /* of them on disk */
    bool refused;     /* the store did not take a line: `why` */
    struct error why; /* "" while all is well */
    struct line_reader reader;
    char text[LOG_RECORD_MAX];
    char input[INPUT_BYTES];
};

/** Say how many are stored, and what is wrong if anything is. false: nobody listens any more. */
static bool answer(const struct session *session)
{
    CLEANUP(cleanup_free) char *text = NULL;
    cJSON *object = cJSON_CreateObject();
    bool made = object != NULL &&
                cJSON_AddNumberToObject(object, "stored", (double)session->stored) != NULL &&
                (session->why.text[0] == '\0' ||
                 cJSON_AddStringToObject(object, "error", session->why.text) != NULL);

    text = made ? cJSON_PrintUnformatted(object) : NULL;
    cJSON_Delete(object);
    return text != NULL && local_peer_send(session->peer, text, strlen(text)) &&
           local_peer_send(session->peer, "\n", 1);
}

static bool take_line(void *context, const char *line, size_t size) /* line_reader_take */
{
    struct session *session = context;
    const struct log_record record = {.severity = session->severity,
                                      .source = session->source,
                                      .fields = log_text_of(""),
                                      .message = {line, (uint32_t)size}};
    struct sample sample = {.time_ns = session->now_ns,
                            .received_ns = session->now_ns,
                            .status = STATUS_GOOD,
                            .type = SAMPLE_TEXT};

    sample.value.text.bytes = session->text;
    sample.value.text.size_bytes = (uint32_t)log_record_encode(&record, session->text);
    session->refused =
        store_append(session->store, STREAM_LOGS, &sample, 1, &session->why) != ERROR_OK;
    session->taken += !session->refused;
    return !session->refused; /* N2 */
}

/** Take what has arrived, commit it, answer (N1). false: it was the last. */
static bool take_input(struct session *session, size_t size)
{
    struct error error;

    (void)line_reader_feed(&session->reader, session->input, size, take_line, session);
    if (session->taken > session->stored) {
        if (store_commit(session->store, &error) != ERROR_OK) {
            session->refused = true;
            session->why = error;
        } else {
            session->stored = session->taken;
        }
    } else if (!session->refused) {
        return true; /* the middle of a long line */
    }
    return answer(session) && !session->refused;
}

static void say_last(struct session *session, enum local_input last)
{
    if (last == LOCAL_INPUT_LOST) {
        (void)error_set(&session->why, ERROR_TIMEOUT,
                        "no line came in time, or the agent is ending");
    } else if (session->reader.begun) { /* N3 */
        (void)error_set(&session->why, ERROR_BAD_DATA,
                        "the last line does not end with a line feed; it was not stored");
    }
    (void)answer(session); /* the connection is closed now, whether it was heard or not */
}

static void take_all(struct session *session, const struct clock *clock)
{
    for (;;) {
        size_t size;
        enum local_input input =
            local_peer_receive(session->peer, session->input, sizeof(session->input), &size);

        if (input != LOCAL_INPUT_MORE) {
            say_last(session, input);
            return;
        }
        session->now_ns = clock_utc_ns(clock);
        if (!take_input(session, size)) {
            return;
        }
    }
}

void log_intake_serve(struct store *store, const struct clock *clock, const char *arguments,
                      struct local_peer *peer)
{
    CLEANUP(cleanup_free) struct session *session = calloc(1, sizeof(*session));
    char severity[2] = {arguments[0], '\0'};

    if (session == NULL) {
        return; /* without a word: the peer says that the agent did not answer */
    }
    session->store = store;
    session->peer = peer;
    if (severity[0] < '0' || !log_severity_parse(severity, &session->severity) ||
        arguments[1] != ' ' || arguments[2] == '\0') {
        (void)error_set(&session->why, ERROR_BAD_DATA,
                        "log takes a severity from 0 to 7 and a source");
    } else if (!local_peer_become_stream(peer)) {
        (void)error_set(&session->why, ERROR_NO_SPACE,
                        "the agent takes lines from %d others by now; try again later",
                        LOCAL_STREAMS_MAX);
    } else {
        session->source = log_text_of(arguments + 2);
        take_all(session, clock);
        return;
    }
    (void)answer(session); /* as above */
}
