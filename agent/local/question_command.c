#include "agent/local/question_command.h"

#include "agent/local/device_question.h"
#include "agent/local/json_field.h"
#include "agent/local/local_api.h"
#include "agent/local/local_client.h"
#include "base/cleanup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REPLY_MAX_BYTES = 4 << 20, ANSWER_MAX_S = 60, OPEN_MAX_S = 10 };

/** ERROR_UNREACHABLE: no agent is running. */
static enum error_code ask_agent(const struct question_command *command, char **text,
                                 struct error *error)
{
    CLEANUP(buffer_deinit) struct buffer reply;
    char request[LOCAL_REQUEST_MAX];
    const struct local_question question = {command->socket_path, request, NULL, 0, ANSWER_MAX_S};
    int length = snprintf(request, sizeof(request), "%s %s", command->word, command->words[0]);
    enum error_code code;

    buffer_init(&reply, REPLY_MAX_BYTES);
    if (length < 0 || length >= LOCAL_REQUEST_MAX - 1 || strchr(command->words[0], '\n') != NULL) {
        return error_set(error, ERROR_BAD_CONFIG, "nothing has such a name");
    }
    code = local_ask_with_input(&question, &reply, error);
    if (code == ERROR_OK && reply.size == 0) {
        return error_set(error, ERROR_BAD_DATA, "the agent ended before it answered");
    }
    if (code == ERROR_OK) {
        *text = strndup((const char *)reply.bytes, reply.size);
        code = *text != NULL ? code : error_set(error, ERROR_NO_MEMORY, "no memory");
    }
    return code;
}

/** Open it, ask it, let it go. */
static enum error_code ask_device(const struct device_question *question,
                                  struct device_asking *asking, struct error *error)
{
    struct config_device *device = asking->device;
    enum error_code code = question->check(device, error);

    if (code == ERROR_OK) {
        code =
            device->driver->open(device->state, asking->clock,
                                 clock_monotonic_ns(asking->clock) + OPEN_MAX_S * NS_PER_S, error);
    }
    if (code == ERROR_OK) {
        struct error told; /* in the notes */

        device_question_begin(asking);
        (void)question->ask(asking, &told);
    }
    device->driver->close(device->state);
    return code == ERROR_OK ? ERROR_OK : error_prefix(error, code, "%.80s", device->name);
}

static enum error_code ask_alone(const struct question_command *command, char **text,
                                 struct error *error)
{
    CLEANUP(cleanup_free) struct config_findings *findings = calloc(1, sizeof(*findings));
    CLEANUP(cleanup_free) char *name = strdup(command->words[0]);
    struct device_asking asking = {.clock = &clock_system};
    struct config *config = NULL;
    enum error_code code;

    if (findings == NULL || name == NULL) {
        return error_set(error, ERROR_NO_MEMORY, "no memory to ask the device");
    }
    if (strchr(name, '/') != NULL) {
        *strchr(name, '/') = '\0';
        asking.point = strchr(command->words[0], '/') + 1;
    }
    code = config_load(command->config_path, &config, findings, error);
    if (code == ERROR_OK) {
        asking.device = config_device_named(config, name);
        code = asking.device != NULL
                   ? ask_device(device_question_named(command->word), &asking, error)
                   : error_set(error, ERROR_BAD_CONFIG, "%.100s: no device is called so in %.200s",
                               name, command->config_path);
    }
    if (code == ERROR_OK) {
        *text = device_question_end(&asking);
        code = *text != NULL ? code : error_set(error, ERROR_NO_MEMORY, "no memory");
    }
    config_free(config);
    return code;
}

/** Returns the exit code. */
static int show(const struct device_question *question, const cJSON *answer, const char *text,
                bool json)
{
    const cJSON *note;

    if (json_text(answer, "error")[0] != '\0') {
        (void)fprintf(stderr, "leat: %s\n", json_text(answer, "error"));
        return EXIT_FAILURE;
    }
    if (json) {
        (void)puts(text);
    } else {
        (void)printf("%s\n", json_text(answer, "device"));
        question->print(answer);
        (void)fflush(stdout); /* before what stderr says; puts and printf would have told */
        cJSON_ArrayForEach(note, cJSON_GetObjectItemCaseSensitive(answer, "notes"))
        {
            (void)fprintf(stderr, "leat: %s\n", cJSON_IsString(note) ? note->valuestring : "");
        }
    }
    return question->is_whole(answer) ? EXIT_SUCCESS : EXIT_FAILURE;
}

static bool is_well_used(const struct device_question *question,
                         const struct question_command *command)
{
    if (command->word_count == 1 &&
        (question->takes_point || strchr(command->words[0], '/') == NULL)) {
        return true;
    }
    (void)fprintf(stderr, "leat: %s takes the name of one device%s, as in: %s\n", question->word,
                  question->takes_point ? ", or DEVICE/POINT" : "", question->example);
    return false;
}

int question_command(const struct question_command *command)
{
    const struct device_question *question = device_question_named(command->word);
    CLEANUP(cleanup_free) char *text = NULL;
    struct error error = {0};
    enum error_code code;
    cJSON *answer;
    int exit_code;

    if (!is_well_used(question, command)) {
        return QUESTION_COMMAND_BAD_USE;
    }
    code = ask_agent(command, &text, &error);
    if (code == ERROR_UNREACHABLE) {
        error = (struct error){0};
        code = ask_alone(command, &text, &error);
    }
    if (code != ERROR_OK) {
        (void)fprintf(stderr, "leat: %s\n", error.text);
        return EXIT_FAILURE;
    }
    answer = cJSON_Parse(text);
    if (answer == NULL) {
        (void)fputs("leat: the agent's answer makes no sense\n", stderr);
        return EXIT_FAILURE;
    }
    exit_code = show(question, answer, text, command->json);
    cJSON_Delete(answer);
    return exit_code;
}
