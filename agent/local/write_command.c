#include "agent/local/write_command.h"

#include "agent/local/local_api.h"
#include "agent/local/local_client.h"
#include "base/cleanup.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REPLY_MAX_BYTES = 64 << 10, ANSWER_MAX_S = 60 };

static bool build_request(const struct write_command *command, char request[LOCAL_REQUEST_MAX])
{
    int length;

    if (command->word_count != 2 || strchr(command->words[0], '/') == NULL) {
        (void)fputs("leat: write takes DEVICE/POINT and VALUE, as in: leat write boiler-1/setpoint "
                    "21.5\n",
                    stderr);
        return false;
    }
    for (size_t i = 0; i < 2; i++) {
        for (const char *at = command->words[i]; *at != '\0'; at++) {
            if ((unsigned char)*at < 0x20 || (i == 0 && *at == ' ')) {
                (void)fputs("leat: a name holds no spaces, and neither holds control characters\n",
                            stderr);
                return false;
            }
        }
    }
    length = snprintf(request, LOCAL_REQUEST_MAX, "write %s %s %s",
                      command->dry_run ? "dry-run" : "now", command->words[0], command->words[1]);
    if (length < 0 || length >= LOCAL_REQUEST_MAX - 1) { /* with its newline */
        (void)fputs("leat: the value is too long\n", stderr);
        return false;
    }
    return true;
}

static const char *text_of(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

    return cJSON_IsString(item) ? item->valuestring : "";
}

static void print_value(const cJSON *object, const char *key, const char *label)
{
    const char *text = text_of(object, key);
    const char *unit = text_of(object, "unit");

    if (text[0] != '\0') {
        (void)printf("  %-10s %s%s%s\n", label, text, unit[0] == '\0' ? "" : " ", unit);
    }
}

/** What it means to the person who asked. */
static const char *sentence_of(const char *outcome)
{
    static const char *const sentences[][2] = {
        {"done", "written, and read back"},
        {"would", "would be written; nothing was sent"},
        {"differs", "NOT AS ASKED: the device holds another value"},
        {"refused", "refused; nothing was changed"},
        {"unknown", "UNKNOWN: it was sent, and nobody knows what became of it; look at the device"},
    };

    for (size_t i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++) {
        if (strcmp(sentences[i][0], outcome) == 0) {
            return sentences[i][1];
        }
    }
    return "the agent's answer makes no sense";
}

static int print(const cJSON *object, const char *whole, bool json)
{
    const char *outcome = text_of(object, "outcome");
    const char *why = text_of(object, "why");
    bool good = strcmp(outcome, "done") == 0 || strcmp(outcome, "would") == 0;

    if (text_of(object, "error")[0] != '\0') {
        (void)fprintf(stderr, "leat: %s\n", text_of(object, "error"));
        return EXIT_FAILURE;
    }
    if (json) {
        (void)puts(whole);
    } else {
        (void)printf("%s: %s\n", text_of(object, "point"), sentence_of(outcome));
        print_value(object, "old", "before");
        print_value(object, "asked", "asked");
        if (strcmp(text_of(object, "written"), text_of(object, "asked")) != 0) {
            print_value(object, "written", "nearest"); /* W3 */
        }
        print_value(object, "read_back", "read back");
    }
    if (why[0] != '\0' && !json) {
        (void)fprintf(stderr, "leat: %s\n", why);
    }
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

int write_command(const struct write_command *command)
{
    CLEANUP(buffer_deinit) struct buffer reply;
    char request[LOCAL_REQUEST_MAX];
    const struct local_question question = {command->socket_path, request, NULL, 0, ANSWER_MAX_S};
    struct error error = {0};
    cJSON *object;
    int code;

    if (!build_request(command, request)) {
        return WRITE_COMMAND_BAD_USE;
    }
    buffer_init(&reply, REPLY_MAX_BYTES);
    if (local_ask_with_input(&question, &reply, &error) != ERROR_OK ||
        !buffer_append_byte(&reply, '\0')) {
        (void)fprintf(stderr, "leat: %s\n", error.code == ERROR_OK ? "no memory" : error.text);
        return EXIT_FAILURE;
    }
    object = cJSON_Parse((const char *)reply.bytes);
    if (object == NULL) {
        (void)fputs("leat: the agent ended before it answered; look at the device\n", stderr);
        return EXIT_FAILURE;
    }
    code = print(object, (const char *)reply.bytes, command->json);
    cJSON_Delete(object);
    return code;
}
