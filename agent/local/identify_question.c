/* `leat identify`: what a device says of itself (base/device_identity.h). */
#include "agent/local/device_question.h"
#include "agent/local/json_field.h"
#include "base/cleanup.h"

#include <stdio.h>
#include <stdlib.h>

enum { IDENTIFY_MAX_S = 10 };

static enum error_code check(const struct config_device *device, struct error *error)
{
    return device->driver->identify != NULL
               ? ERROR_OK
               : error_set(error, ERROR_REFUSED,
                           "it is read by %.40s, which has no way to ask what it is",
                           device->driver->name);
}

static cJSON *row_object(const struct driver_identity_row *row)
{
    cJSON *object = cJSON_CreateObject();

    if (cJSON_AddStringToObject(object, "name", row->name) == NULL ||
        cJSON_AddStringToObject(object, "value", row->text) == NULL) {
        cJSON_Delete(object);
        return NULL;
    }
    return object;
}

static enum error_code ask(struct device_asking *asking, struct error *error)
{
    CLEANUP(cleanup_free) struct driver_identity *identity = calloc(1, sizeof(*identity));
    enum error_code code;

    if (identity == NULL || cJSON_AddArrayToObject(asking->answer, "identity") == NULL) {
        asking->out_of_memory = true;
        return ERROR_OK;
    }
    identity->clock = asking->clock;
    identity->deadline_ns = clock_monotonic_ns(asking->clock) + IDENTIFY_MAX_S * NS_PER_S;
    code = asking->device->driver->identify(asking->device->state, identity, error);
    for (size_t i = 0; i < identity->row_count; i++) {
        device_question_add(asking, "identity", row_object(&identity->rows[i]));
    }
    for (size_t i = 0; i < identity->note_count; i++) {
        device_question_note(asking, identity->notes[i]);
    }
    if (code != ERROR_OK && identity->note_count == 0) {
        device_question_note(asking, error->text);
    }
    return code;
}

static void print(const cJSON *answer)
{
    const cJSON *row;

    cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(answer, "identity"))
    {
        (void)printf("  %-14s %s\n", json_text(row, "name"), json_text(row, "value"));
    }
}

static bool is_whole(const cJSON *answer)
{
    return cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(answer, "identity")) > 0;
}

const struct device_question identify_question = {
    .word = "identify",
    .example = "leat identify boiler-1",
    .check = check,
    .ask = ask,
    .print = print,
    .is_whole = is_whole,
};
