/* agent/local/json_field.h - a field of a JSON object that may not be there, or be something else.
 *
 * Depends on: cJSON.  Threads: pure.
 */
#ifndef AGENT_LOCAL_JSON_FIELD_H
#define AGENT_LOCAL_JSON_FIELD_H

#include <cjson/cJSON.h>

/** "" when it is no text. */
static inline const char *json_text(const cJSON *object, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));

    return text == NULL ? "" : text;
}

/** 0 when it is no number. */
static inline double json_number(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

    return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

/** 0 when it is no number, or below 0. */
static inline unsigned long long json_count(const cJSON *object, const char *key)
{
    double number = json_number(object, key);

    return number > 0 ? (unsigned long long)number : 0;
}

#endif
