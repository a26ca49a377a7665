#include "agent/config/settings.h"

#include <stdio.h>
#include <string.h>

static const struct option_spec *find(const struct settings *settings, const char *key,
                                      void **target)
{
    for (size_t i = 0; i < SETTINGS_PARTS_MAX; i++) {
        const struct option_spec *spec =
            settings->parts[i].table == NULL ? NULL : option_find(settings->parts[i].table, key);

        if (spec != NULL) {
            *target = settings->parts[i].target;
            return spec;
        }
    }
    return NULL;
}

static bool is_free(const struct settings *settings, const char *key)
{
    return settings->free_prefix != NULL &&
           strncmp(key, settings->free_prefix, strlen(settings->free_prefix)) == 0;
}

/** A row "key.more", or NULL. */
static const char *row_below(const struct settings *settings, const char *key)
{
    size_t length = strlen(key);

    for (size_t i = 0; i < SETTINGS_PARTS_MAX; i++) {
        const struct option_spec *row = settings->parts[i].table;

        for (; row != NULL && row->type != OPTION_END; row++) {
            if (strncmp(row->key, key, length) == 0 && row->key[length] == '.') {
                return row->key;
            }
        }
    }
    return NULL;
}

static const char *nearest(const struct settings *settings, const char *key)
{
    for (size_t i = 0; i < SETTINGS_PARTS_MAX; i++) {
        const char *found =
            settings->parts[i].table == NULL ? NULL : option_nearest(settings->parts[i].table, key);

        if (found != NULL) {
            return found;
        }
    }
    return NULL;
}

/** "name, driver, interval": as many keys as fit. */
static void list_keys(const struct settings *settings, char *text, size_t size)
{
    size_t at = 0;

    text[0] = '\0';
    for (size_t i = 0; i < SETTINGS_PARTS_MAX; i++) {
        const struct option_spec *row = settings->parts[i].table;

        for (; row != NULL && row->type != OPTION_END; row++) {
            int added = snprintf(text + at, size - at, "%s%s", at == 0 ? "" : ", ", row->key);

            if (added < 0 || (size_t)added >= size - at) {
                text[at] = '\0';
                return;
            }
            at += (size_t)added;
        }
    }
}

bool settings_knows(struct loading *loading, const struct settings *settings,
                    const struct config_place *place, const char *key)
{
    void *target = NULL;
    const struct option_spec *spec = find(settings, key, &target);
    const char *other;
    size_t length;
    char start[64];
    char keys[120];

    if (is_free(settings, key) || (spec != NULL && target != NULL)) {
        return true;
    }
    if ((strcmp(key, "range") == 0 || strcmp(key, "write_range") == 0) &&
        find(settings, "range_low", &target) != NULL) {
        return finding_add(loading, place,
                           "%s takes two numbers, [low, high]; in a CSV file they are the "
                           "columns %s_low and %s_high",
                           key, key, key);
    }
    length = strcspn(key, ".");
    (void)snprintf(start, sizeof(start), "%.*s", (int)(length < 60 ? length : 60), key);
    if (key[length] == '.' && find(settings, start, &target) != NULL) {
        return finding_add(loading, place,
                           "'%s' takes one value, not keys of its own such as '%.40s'", start,
                           key + length + 1);
    }
    other = row_below(settings, key);
    if (other != NULL) {
        return finding_add(loading, place, "'%.40s' takes keys of its own, such as '%s'", key,
                           other);
    }
    other = nearest(settings, key);
    if (other != NULL) {
        return finding_add(loading, place, "unknown key '%.40s' of %s; did you mean '%s'?", key,
                           settings->what, other);
    }
    list_keys(settings, keys, sizeof(keys));
    return finding_add(loading, place, "unknown key '%.40s' of %s; it knows %s", key,
                       settings->what, keys);
}

static bool set_field(struct loading *loading, const struct settings *settings,
                      const struct record *record, const struct record_field *field)
{
    void *target = NULL;
    const struct option_spec *spec = find(settings, field->key, &target);
    struct error error = {0};
    enum error_code code;

    if (field->kind == RECORD_NOTHING && spec == NULL && row_below(settings, field->key) != NULL) {
        return true; /* a section of which every line is a comment */
    }
    if (!settings_knows(loading, settings, &field->key_place, field->key)) {
        return false;
    }
    if (record_find(record, field->key) != field) {
        return finding_add(loading, &field->key_place, "'%.40s' is given twice; keep one",
                           field->key);
    }
    if (spec == NULL) {
        return true; /* a key with the free prefix */
    }
    if (field->kind == RECORD_LIST) {
        return finding_add(loading, &field->place, "'%s' takes one value, not a list (%s)",
                           spec->key, spec->help);
    }
    if (field->kind == RECORD_NOTHING) {
        return finding_add(loading, &field->key_place,
                           "'%s' has no value; write one or remove the line (%s)", spec->key,
                           spec->help);
    }
    code = option_set(spec, field->text, target, settings->arena, &error);
    if (code == ERROR_NO_MEMORY) {
        return loading_no_memory(loading);
    }
    return code == ERROR_OK || finding_add(loading, &field->place, "%s", error.text);
}

const char *settings_text(const struct settings *settings, const struct record *record,
                          const char *key)
{
    void *target;
    const struct option_spec *spec = find(settings, key, &target);
    const struct record_field *field = record_find(record, key);

    if (spec == NULL) {
        return NULL;
    }
    return field != NULL && field->kind == RECORD_TEXT ? field->text : spec->fallback;
}

void settings_canonical(struct buffer *canonical, const char *key, const char *text)
{
    (void)buffer_append(canonical, key, strlen(key) + 1); /* a failure sticks: looked at once */
    (void)buffer_append_byte(canonical, text == NULL ? 0 : 1);
    if (text != NULL) {
        (void)buffer_append(canonical, text, strlen(text) + 1);
    }
}

/** Fallbacks, required rows and the canonical text of one table. */
static bool apply_part(struct loading *loading, const struct settings *settings,
                       const struct settings_part *part, const struct record *record)
{
    bool fine = true;

    if (option_set_fallbacks(part->table, part->target, settings->arena, NULL) != ERROR_OK) {
        return loading_no_memory(loading); /* a fallback that is no value would be our bug */
    }
    for (const struct option_spec *row = part->table; row->type != OPTION_END; row++) {
        if (row->fallback == NULL && record_find(record, row->key) == NULL) {
            fine = finding_add(loading, &record->place, "'%s' is missing from %s (%s)", row->key,
                               settings->what, row->help);
        }
        if (settings->canonical != NULL) {
            settings_canonical(settings->canonical, row->key,
                               settings_text(settings, record, row->key));
        }
    }
    return fine;
}

bool settings_apply(struct loading *loading, const struct settings *settings,
                    const struct record *record)
{
    bool fine = true;

    for (size_t i = 0; i < SETTINGS_PARTS_MAX; i++) {
        const struct settings_part *part = &settings->parts[i];

        if (part->table != NULL && part->target != NULL) {
            fine = apply_part(loading, settings, part, record) && fine;
        }
    }
    for (size_t i = 0; i < record->count; i++) {
        fine = set_field(loading, settings, record, &record->fields[i]) && fine;
    }
    return fine;
}
