#include "agent/inspect/wire.h"

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/parse.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { SUMMARY_MAX = 4 << 20, PIECE_BYTES = 16 << 10 };

/* ---- the agent's side */

static bool send_file(void *context, const char *name)
{
    char line[WIRE_LINE_MAX];
    int size = snprintf(line, sizeof(line), "file %s\n", name);

    return size > 0 && size < (int)sizeof(line) && local_peer_send(context, line, (size_t)size);
}

static bool send_bytes(void *context, const void *bytes, size_t size_bytes)
{
    char line[WIRE_LINE_MAX];
    int size = snprintf(line, sizeof(line), "data %zu\n", size_bytes); /* fits */

    return size_bytes == 0 || (local_peer_send(context, line, (size_t)size) &&
                               local_peer_send(context, bytes, size_bytes));
}

static bool send_progress(void *context, uint64_t done, uint64_t total)
{
    char line[WIRE_LINE_MAX];
    int size = snprintf(line, sizeof(line), "at %" PRIu64 " %" PRIu64 "\n", done, total); /* fits */

    return local_peer_send(context, line, (size_t)size);
}

struct answer wire_answer(struct local_peer *peer)
{
    return (struct answer){send_file, send_bytes, send_progress, peer};
}

void wire_end(struct local_peer *peer, const cJSON *summary, const struct error *error)
{
    CLEANUP(cleanup_free) char *json = summary == NULL ? NULL : cJSON_PrintUnformatted(summary);
    char line[WIRE_LINE_MAX];

    if (json != NULL) {
        if (local_peer_send(peer, "end\n", 4)) {
            (void)local_peer_send(peer, json, strlen(json)); /* a peer that left needs no answer */
        }
        return;
    }
    (void)snprintf(line, sizeof(line), "error %.480s\n",
                   summary == NULL ? error->text : "not enough memory to answer"); /* cut */
    (void)local_peer_send(peer, line, strlen(line));
}

/* ---- the asking side */

struct receiver {
    int connection;
    const struct answer *answer;
    size_t size, at; /* of what was received and not used yet */
    char bytes[PIECE_BYTES];
    struct error *error;
};

static enum error_code fill(struct receiver *receiver)
{
    ssize_t got;

    do {
        got = recv(receiver->connection, receiver->bytes, sizeof(receiver->bytes), 0);
    } while (got < 0 && errno == EINTR);
    receiver->at = 0;
    receiver->size = got > 0 ? (size_t)got : 0;
    if (got == 0) { /* W1 */
        return error_set(receiver->error, ERROR_PROTOCOL,
                         "the agent ended in the middle of its answer; ask again");
    }
    return got < 0 ? error_set(receiver->error, ERROR_TIMEOUT, "the agent stopped answering")
                   : ERROR_OK;
}

static enum error_code read_line(struct receiver *receiver, char line[WIRE_LINE_MAX])
{
    size_t size = 0;

    for (;;) {
        if (receiver->at == receiver->size) {
            enum error_code code = fill(receiver);

            if (code != ERROR_OK) {
                return code;
            }
        }
        if (receiver->bytes[receiver->at] == '\n') {
            receiver->at++;
            line[size] = '\0';
            return ERROR_OK;
        }
        if (size == WIRE_LINE_MAX - 1) { /* W2 */
            return error_set(receiver->error, ERROR_PROTOCOL, "this is no answer of an agent");
        }
        line[size++] = receiver->bytes[receiver->at++];
    }
}

static enum error_code read_data(struct receiver *receiver, uint64_t left)
{
    while (left > 0) {
        size_t here = receiver->size - receiver->at;

        if (here == 0) {
            enum error_code code = fill(receiver);

            if (code != ERROR_OK) {
                return code;
            }
            continue;
        }
        here = here < left ? here : (size_t)left;
        if (!receiver->answer->bytes(receiver->answer->context, receiver->bytes + receiver->at,
                                     here)) {
            return error_set(receiver->error, ERROR_IO, "the answer could not be written");
        }
        receiver->at += here;
        left -= here;
    }
    return ERROR_OK;
}

static enum error_code read_summary(struct receiver *receiver, cJSON **summary)
{
    CLEANUP(buffer_deinit) struct buffer text;
    ssize_t got;

    buffer_init(&text, SUMMARY_MAX);
    (void)buffer_append(&text, receiver->bytes + receiver->at, receiver->size - receiver->at);
    while ((got = recv(receiver->connection, receiver->bytes, sizeof(receiver->bytes), 0)) != 0) {
        if (got < 0 && errno != EINTR) {
            return error_set(receiver->error, ERROR_TIMEOUT, "the agent stopped answering");
        }
        if (got > 0) {
            (void)buffer_append(&text, receiver->bytes, (size_t)got); /* marks it when it fails */
        }
    }
    *summary = text.failed ? NULL : cJSON_ParseWithLength((const char *)text.bytes, text.size);
    return *summary != NULL ? ERROR_OK
                            : error_set(receiver->error, ERROR_PROTOCOL,
                                        "the end of the agent's answer cannot be read");
}

/** Two numbers with a space between them. */
static bool is_progress(char *text, uint64_t *done, uint64_t *total)
{
    char *space = strchr(text, ' ');

    if (space == NULL) {
        return false;
    }
    *space = '\0';
    return parse_uint64(text, done) && parse_uint64(space + 1, total);
}

/** One frame; `*last` after `end`. */
static enum error_code take_frame(struct receiver *receiver, bool *last)
{
    const struct answer *answer = receiver->answer;
    char line[WIRE_LINE_MAX];
    uint64_t done = 0, total = 0;
    enum error_code code = read_line(receiver, line);

    if (code != ERROR_OK) {
        return code;
    }
    *last = strcmp(line, "end") == 0;
    if (*last) {
        return ERROR_OK;
    }
    if (strncmp(line, "error ", 6) == 0) {
        return error_set(receiver->error, ERROR_REFUSED, "%s", line + 6);
    }
    if (strncmp(line, "file ", 5) == 0 && strchr(line, '/') == NULL) {
        return answer->file(answer->context, line + 5)
                   ? ERROR_OK
                   : error_set(receiver->error, ERROR_IO, "the answer could not be written");
    }
    if (strncmp(line, "data ", 5) == 0 && parse_uint64(line + 5, &total) &&
        total <= WIRE_DATA_MAX) {
        return read_data(receiver, total);
    }
    if (strncmp(line, "at ", 3) == 0 && is_progress(line + 3, &done, &total)) {
        (void)answer->progress(answer->context, done, total); /* only shown */
        return ERROR_OK;
    }
    return error_set(receiver->error, ERROR_PROTOCOL, "this is no answer of an agent: %.60s", line);
}

enum error_code wire_receive(int connection, const struct answer *answer, cJSON **summary,
                             struct error *error)
{
    struct receiver receiver = {.connection = connection, .answer = answer, .error = error};
    bool last = false;
    enum error_code code = ERROR_OK;

    while (code == ERROR_OK && !last) {
        code = take_frame(&receiver, &last);
    }
    return code == ERROR_OK ? read_summary(&receiver, summary) : code;
}
