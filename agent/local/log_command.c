#include "agent/local/log_command.h"

#include "agent/local/line_reader.h"
#include "agent/local/local_api.h"
#include "agent/local/local_client.h"
#include "base/cleanup.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

enum {
    READ_BYTES = 32 << 10,
    LINES_MAX_BYTES = 2 * READ_BYTES + LINE_READER_MAX, /* of one read, and the line before it */
    REPLY_MAX_BYTES = 4 << 20,
    COMMIT_TIMEOUT_S = 60, /* a worn card may take long */
    USER_BYTES = 1024,
};

/** Lines on their way to the agent. */
struct sending {
    const char *socket_path;
    char request[LOCAL_REQUEST_MAX];
    struct line_reader reader;
    struct buffer lines; /* read, not sent */
    uint64_t line_count; /* in `lines` */
    uint64_t stored;     /* over all connections */
};

/** The last whole answer of the agent (agent/local/log_intake.h). false: it makes no sense. */
static bool read_answer(const char *text, uint64_t *stored, struct error *error)
{
    cJSON *object = cJSON_Parse(text);
    const cJSON *number = cJSON_GetObjectItemCaseSensitive(object, "stored");
    const cJSON *why = cJSON_GetObjectItemCaseSensitive(object, "error");
    bool is_number = cJSON_IsNumber(number) && number->valuedouble >= 0;

    if (is_number) {
        *stored = (uint64_t)number->valuedouble;
    }
    if (cJSON_IsString(why)) {
        (void)error_set(error, ERROR_REFUSED, "%s", why->valuestring);
    }
    cJSON_Delete(object);
    return is_number;
}

/** How far the agent came with what it was given. */
static enum error_code judge(const struct sending *sending, struct buffer *reply, uint64_t *stored,
                             struct error *error)
{
    char *text = (char *)reply->bytes;
    char *end = reply->size > 0 ? memrchr(text, '\n', reply->size) : NULL;
    char *start;
    struct error why = {0};

    *stored = 0;
    if (end != NULL) {
        *end = '\0';
        start = memrchr(text, '\n', (size_t)(end - text));
        if (!read_answer(start == NULL ? text : start + 1, stored, &why) && why.code == ERROR_OK) {
            return error_set(error, ERROR_PROTOCOL, "the agent's answer makes no sense: %.100s",
                             start == NULL ? text : start + 1);
        }
    }
    if (why.code != ERROR_OK) {
        *error = why;
        return why.code;
    }
    return *stored == sending->line_count
               ? ERROR_OK
               : error_set(error, ERROR_UNREACHABLE, "the agent behind %s ended before it answered",
                           sending->socket_path);
}

static enum error_code send_lines(struct sending *sending, struct error *error)
{
    const struct local_question question = {sending->socket_path, sending->request,
                                            sending->lines.bytes, sending->lines.size,
                                            COMMIT_TIMEOUT_S};
    CLEANUP(buffer_deinit) struct buffer reply;
    struct error judged = {0};
    uint64_t stored = 0;
    enum error_code code, verdict;

    buffer_init(&reply, REPLY_MAX_BYTES);
    code = local_ask_with_input(&question, &reply, error);
    verdict = judge(sending, &reply, &stored, &judged);
    sending->stored += stored; /* also when it then fell silent */
    if (code == ERROR_OK && verdict != ERROR_OK && error != NULL) {
        *error = judged;
    }
    buffer_clear(&sending->lines);
    sending->line_count = 0;
    return code != ERROR_OK ? code : verdict;
}

static bool add_line(void *context, const char *line, size_t size) /* line_reader_take */
{
    struct sending *sending = context;

    (void)buffer_append(&sending->lines, line, size); /* a failure stays visible */
    sending->line_count++;
    return buffer_append_byte(&sending->lines, '\n');
}

static enum error_code feed(struct sending *sending, const char *bytes, size_t size,
                            struct error *error)
{
    if (!line_reader_feed(&sending->reader, bytes, size, add_line, sending)) {
        return error_set(error, ERROR_NO_MEMORY, "no memory for the lines");
    }
    return sending->line_count > 0 ? send_lines(sending, error) : ERROR_OK;
}

static enum error_code send_words(struct sending *sending, const struct log_command *command,
                                  struct error *error)
{
    CLEANUP(buffer_deinit) struct buffer text;

    buffer_init(&text, LINE_READER_MAX);
    for (size_t i = 0; i < command->word_count; i++) {
        size_t size = strlen(command->words[i]);
        size_t room = text.maximum - text.size;

        if (i > 0 && room > 0) {
            (void)buffer_append_byte(&text, ' '); /* a failure stays visible */
        }
        room = text.maximum - text.size;
        (void)buffer_append(&text, command->words[i], size < room ? size : room);
    }
    if (text.failed) {
        return error_set(error, ERROR_NO_MEMORY, "no memory for the message");
    }
    for (size_t i = 0; i < text.size; i++) {
        text.bytes[i] = text.bytes[i] == '\n' ? ' ' : text.bytes[i];
    }
    if (!add_line(sending, (const char *)text.bytes, text.size)) {
        return error_set(error, ERROR_NO_MEMORY, "no memory for the message");
    }
    return send_lines(sending, error);
}

static enum error_code send_input(struct sending *sending, struct error *error)
{
    CLEANUP(cleanup_free) char *bytes = malloc(READ_BYTES);
    enum error_code code = ERROR_OK;

    if (bytes == NULL) {
        return error_set(error, ERROR_NO_MEMORY, "no memory to read standard input");
    }
    while (code == ERROR_OK) {
        ssize_t got = read(STDIN_FILENO, bytes, READ_BYTES);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return error_set(error, ERROR_IO, "cannot read standard input: %s",
                             strerrordesc_np(errno));
        }
        if (got == 0) { /* its last line may have no line feed */
            return sending->reader.begun ? feed(sending, "\n", 1, error) : ERROR_OK;
        }
        code = feed(sending, bytes, (size_t)got, error);
    }
    return code;
}

static enum error_code write_request(char request[LOCAL_REQUEST_MAX], enum log_severity severity,
                                     const char *source, struct error *error)
{
    for (const char *at = source; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20) {
            return error_set(error, ERROR_BAD_CONFIG, "--source holds a control character");
        }
    }
    if (source[0] == '\0' || strlen(source) > LOG_SOURCE_MAX) {
        return error_set(error, ERROR_BAD_CONFIG, "--source is empty or longer than %d bytes",
                         LOG_SOURCE_MAX);
    }
    (void)snprintf(request, LOCAL_REQUEST_MAX, "log %d %s", (int)severity, source); /* it fits */
    return ERROR_OK;
}

static enum error_code build_request(const struct log_command *command,
                                     char request[LOCAL_REQUEST_MAX], struct error *error)
{
    enum log_severity severity = LOG_SEVERITY_NOTICE;
    struct passwd entry;
    struct passwd *found = NULL;
    char texts[USER_BYTES];
    char number[32];

    if (command->severity != NULL && !log_severity_parse(command->severity, &severity)) {
        return error_set(error, ERROR_BAD_CONFIG, "'%.40s' is no severity; they are %s",
                         command->severity, log_severity_names());
    }
    if (command->source != NULL) {
        return write_request(request, severity, command->source, error);
    }
    (void)snprintf(number, sizeof(number), "uid-%u", (unsigned)getuid()); /* a user without name */
    if (getpwuid_r(getuid(), &entry, texts, sizeof(texts), &found) != 0) {
        found = NULL;
    }
    return write_request(request, severity, found != NULL ? found->pw_name : number, error);
}

int log_command(const struct log_command *command)
{
    CLEANUP(cleanup_free) struct sending *sending = calloc(1, sizeof(*sending));
    struct error error = {0};
    enum error_code code;

    if (sending == NULL) {
        (void)fputs("leat: no memory\n", stderr);
        return EXIT_FAILURE;
    }
    sending->socket_path = command->socket_path;
    buffer_init(&sending->lines, LINES_MAX_BYTES);
    if (build_request(command, sending->request, &error) != ERROR_OK) {
        (void)fprintf(stderr, "leat: %s\n", error.text);
        return LOG_COMMAND_BAD_USE;
    }
    code = command->word_count > 0 ? send_words(sending, command, &error)
                                   : send_input(sending, &error);
    buffer_deinit(&sending->lines);
    (void)printf("stored %llu line%s\n", (unsigned long long)sending->stored,
                 sending->stored == 1 ? "" : "s");
    if (code != ERROR_OK) {
        (void)fprintf(stderr, "leat: %s: %s\n",
                      sending->stored == 0 ? "nothing was stored"
                                           : "the lines after these were not stored",
                      error.text);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
