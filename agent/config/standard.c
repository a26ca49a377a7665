#include "agent/config/standard.h"

#include <string.h>

static const char *text_of(const struct record *record, const char *key)
{
    const struct record_field *field = record_find(record, key);

    return field == NULL || field->kind != RECORD_TEXT ? NULL : field->text;
}

static bool is_same_kind(const char *one, const char *other)
{
    size_t length = strcspn(one, ":");

    return length == strcspn(other, ":") && strncmp(one, other, length) == 0;
}

const struct driver_standard_point *standard_find(const struct driver_standard_point *rows,
                                                  const struct record *record)
{
    const char *name = text_of(record, "name"), *address = text_of(record, "address");

    for (const struct driver_standard_point *row = rows; row->name != NULL; row++) {
        if (address != NULL ? is_same_kind(row->address, address)
                            : name != NULL && strcmp(row->name, name) == 0) {
            return row;
        }
    }
    return NULL;
}

bool standard_complete(struct loading *loading, const struct driver_standard_point *row,
                       struct record *record)
{
    const struct {
        const char *key, *text;
    } fields[] = {
        {"name", row->name},
        {"address", row->address},
        {"unit", row->unit},
        {"role", row->role},
        {"scale", row->scale},
        {"range_low", row->range_low},
        {"range_high", row->range_high},
        {"deadband", row->deadband},
        {"heartbeat", row->heartbeat},
    };

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        const struct record_field field = {.key = fields[i].key,
                                           .text = fields[i].text,
                                           .key_place = record->place,
                                           .place = record->place,
                                           .kind = RECORD_TEXT};

        if (fields[i].text != NULL && record_find(record, fields[i].key) == NULL &&
            !record_add(loading, record, &field)) {
            return false;
        }
    }
    return true;
}
