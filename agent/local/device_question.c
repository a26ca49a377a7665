#include "agent/local/device_question.h"

#include <string.h>

static const struct device_question *const questions[] = {&identify_question, &read_question};

const struct device_question *device_question_named(const char *word)
{
    for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
        if (strcmp(questions[i]->word, word) == 0) {
            return questions[i];
        }
    }
    return NULL;
}

void device_question_add(struct device_asking *asking, const char *key, cJSON *item)
{
    cJSON *list = cJSON_GetObjectItemCaseSensitive(asking->answer, key);

    if (list == NULL) {
        list = cJSON_AddArrayToObject(asking->answer, key);
    }
    if (item == NULL || cJSON_AddItemToArray(list, item) == 0) {
        cJSON_Delete(item);
        asking->out_of_memory = true;
    }
}

void device_question_note(struct device_asking *asking, const char *sentence)
{
    device_question_add(asking, "notes", cJSON_CreateString(sentence));
}

void device_question_begin(struct device_asking *asking)
{
    asking->answer = cJSON_CreateObject();
    asking->out_of_memory =
        cJSON_AddStringToObject(asking->answer, "device", asking->device->name) == NULL ||
        cJSON_AddArrayToObject(asking->answer, "notes") == NULL;
}

char *device_question_end(struct device_asking *asking)
{
    char *text = asking->out_of_memory ? NULL : cJSON_PrintUnformatted(asking->answer);

    cJSON_Delete(asking->answer);
    asking->answer = NULL;
    return text;
}
