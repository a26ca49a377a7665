#include "agent/config/record.h"

#include <string.h>

bool record_add(struct loading *loading, struct record *record, const struct record_field *field)
{
    if (record->count == RECORD_FIELDS_MAX) {
        return finding_add(loading, &field->key_place, "more than %d keys stand together here",
                           RECORD_FIELDS_MAX);
    }
    record->fields[record->count++] = *field;
    return true;
}

const struct record_field *record_find(const struct record *record, const char *key)
{
    for (size_t i = 0; i < record->count; i++) {
        if (strcmp(record->fields[i].key, key) == 0) {
            return &record->fields[i];
        }
    }
    return NULL;
}

bool record_add_missing(struct loading *loading, struct record *record, const struct record *more)
{
    for (size_t i = 0; i < more->count; i++) {
        if (record_find(record, more->fields[i].key) == NULL &&
            !record_add(loading, record, &more->fields[i])) {
            return false;
        }
    }
    return true;
}

const struct config_place *record_place(const struct record *record, const char *key)
{
    const struct record_field *field = record_find(record, key);

    return field == NULL ? &record->place : &field->place;
}
