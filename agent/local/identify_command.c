#include "agent/local/identify_command.h"

#include "agent/config/config.h"
#include "agent/local/identify_request.h"
#include "agent/local/local_client.h"
#include "base/cleanup.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REPLY_MAX_BYTES = 1 << 20, ANSWER_MAX_S = 60 };

/** ERROR_UNREACHABLE: no agent is running. */
static enum error_code ask_agent(const struct identify_command *command, char **text,
                                 struct error *error)
{
    CLEANUP(buffer_deinit) struct buffer reply;
    char request[LOCAL_REQUEST_MAX];
    const struct local_question question = {command->socket_path, request, NULL, 0, ANSWER_MAX_S};
    int length = snprintf(request, sizeof(request), "identify %s", command->device);
    enum error_code code;

    buffer_init(&reply, REPLY_MAX_BYTES);
    if (length < 0 || length >= LOCAL_REQUEST_MAX - 1 || strchr(command->device, '\n') != NULL) {
        return error_set(error, ERROR_BAD_CONFIG, "no device has such a name");
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

static enum error_code ask_device(struct config_device *device, struct driver_identity *identity,
                                  struct error *error)
{
    enum error_code code;

    if (device->driver->identify == NULL) {
        return error_set(error, ERROR_REFUSED,
                         "%.80s is read by %.40s, which has no way to ask what it is", device->name,
                         device->driver->name);
    }
    identity->clock = &clock_system;
    identity->deadline_ns = clock_monotonic_ns(&clock_system) + IDENTIFY_MAX_S * NS_PER_S;
    code = device->driver->open(device->state, &clock_system, identity->deadline_ns, error);
    if (code == ERROR_OK) {
        code = device->driver->identify(device->state, identity, error);
        code = identity->note_count > 0 ? ERROR_OK : code; /* it is said there */
    }
    device->driver->close(device->state);
    return code;
}

static enum error_code ask_alone(const struct identify_command *command, char **text,
                                 struct error *error)
{
    CLEANUP(cleanup_free) struct driver_identity *identity = calloc(1, sizeof(*identity));
    CLEANUP(cleanup_free) struct config_findings *findings = calloc(1, sizeof(*findings));
    struct config *config = NULL;
    struct config_device *device = NULL;
    enum error_code code;

    if (identity == NULL || findings == NULL) {
        return error_set(error, ERROR_NO_MEMORY, "no memory to ask the device");
    }
    code = config_load(command->config_path, &config, findings, error);
    for (size_t i = 0; code == ERROR_OK && i < config->device_count; i++) {
        if (strcmp(config->devices[i]->name, command->device) == 0) {
            device = config->devices[i];
        }
    }
    if (code == ERROR_OK) {
        code = device != NULL
                   ? ask_device(device, identity, error)
                   : error_set(error, ERROR_BAD_CONFIG, "%.100s: no device is called so in %.200s",
                               command->device, command->config_path);
    }
    if (code == ERROR_OK) {
        *text = identify_json(command->device, identity);
        code = *text != NULL ? code : error_set(error, ERROR_NO_MEMORY, "no memory");
    }
    config_free(config);
    return code;
}

static const char *text_of(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

    return cJSON_IsString(item) ? item->valuestring : "";
}

static int print(const cJSON *object, const char *whole, bool json)
{
    const cJSON *rows = cJSON_GetObjectItemCaseSensitive(object, "identity");
    const cJSON *notes = cJSON_GetObjectItemCaseSensitive(object, "notes");
    const cJSON *item;

    if (text_of(object, "error")[0] != '\0') {
        (void)fprintf(stderr, "leat: %s\n", text_of(object, "error"));
        return EXIT_FAILURE;
    }
    if (json) {
        (void)puts(whole);
        return cJSON_GetArraySize(rows) > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    (void)printf("%s\n", text_of(object, "device"));
    cJSON_ArrayForEach(item, rows)
    {
        (void)printf("  %-14s %s\n", text_of(item, "name"), text_of(item, "value"));
    }
    (void)fflush(stdout); /* before what stderr says; puts and printf would have told */
    cJSON_ArrayForEach(item, notes)
    {
        (void)fprintf(stderr, "leat: %s\n", cJSON_IsString(item) ? item->valuestring : "");
    }
    return cJSON_GetArraySize(rows) > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int identify_command(const struct identify_command *command)
{
    CLEANUP(cleanup_free) char *text = NULL;
    struct error error = {0};
    enum error_code code = ask_agent(command, &text, &error);
    cJSON *object;
    int result;

    if (code == ERROR_UNREACHABLE) {
        error = (struct error){0};
        code = ask_alone(command, &text, &error);
    }
    if (code != ERROR_OK) {
        (void)fprintf(stderr, "leat: %s\n", error.text);
        return EXIT_FAILURE;
    }
    object = cJSON_Parse(text);
    if (object == NULL) {
        (void)fputs("leat: the agent's answer makes no sense\n", stderr);
        return EXIT_FAILURE;
    }
    result = print(object, text, command->json);
    cJSON_Delete(object);
    return result;
}
