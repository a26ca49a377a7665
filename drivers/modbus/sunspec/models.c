#include "drivers/modbus/sunspec/models.h"

#include <string.h>

#include "drivers/modbus/sunspec/models.inc"

const char *sunspec_text(uint16_t place)
{
    return texts + place;
}

const struct sunspec_model *sunspec_model_find(unsigned id)
{
    for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
        if (models[i].id == id) {
            return &models[i];
        }
    }
    return NULL;
}

const struct sunspec_entry *sunspec_model_entries(const struct sunspec_model *model)
{
    return &entries[model->first];
}

const struct sunspec_entry *sunspec_entry_next(const struct sunspec_entry *entry)
{
    unsigned depth = 0;

    do {
        depth += entry->kind == SUNSPEC_GROUP ? 1 : 0;
        depth -= entry->kind == SUNSPEC_END ? 1 : 0;
        entry++;
    } while (depth > 0);
    return entry;
}

const struct sunspec_entry *sunspec_entry_find(const struct sunspec_entry *entry, const char *name)
{
    for (; entry->kind != SUNSPEC_END; entry = sunspec_entry_next(entry)) {
        if (strcmp(sunspec_name(entry), name) == 0) {
            return entry;
        }
    }
    return NULL;
}
