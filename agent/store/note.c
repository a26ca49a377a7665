#include "agent/store/note.h"

#include "agent/store/inside.h"

#include <string.h>

struct note *note_find(struct notes *notes, const char *key)
{
    for (size_t i = 0; i < notes->count; i++) {
        if (strcmp(notes->list[i].key, key) == 0) {
            return &notes->list[i];
        }
    }
    return NULL;
}

struct note *note_find_or_add(struct notes *notes, const char *key)
{
    struct note *note = note_find(notes, key);

    if (note == NULL && notes->count < STORE_NOTES_MAX && strlen(key) < STORE_NOTE_KEY_SIZE) {
        note = &notes->list[notes->count++];
        *note = (struct note){0};
        memcpy(note->key, key, strlen(key) + 1);
    }
    return note;
}

enum error_code note_check(struct notes *notes, const char *key, const char *value,
                           struct error *error)
{
    if (strlen(value) >= STORE_NOTE_SIZE || note_find_or_add(notes, key) == NULL) {
        return error_set(error, ERROR_BUG, "the note %s is too long, or one too many", key);
    }
    return ERROR_OK;
}

bool note_put(struct notes *notes, const char *key, const char *value)
{
    struct note *note = note_find(notes, key);
    bool changes = strcmp(note->value, value) != 0;

    if (changes) {
        memcpy(note->value, value, strlen(value) + 1);
        note->changes++;
    }
    return changes;
}

static enum error_code set(struct store *store, const char *key, const char *value, bool commits,
                           struct error *error)
{
    enum error_code code;

    (void)pthread_mutex_lock(&store->lock); /* cannot fail */
    code = note_check(&store->notes, key, value, error);
    if (code == ERROR_OK && note_put(&store->notes, key, value)) {
        store->changes += commits;
    }
    (void)pthread_mutex_unlock(&store->lock); /* cannot fail */
    return code;
}

enum error_code store_note_set(struct store *store, const char *key, const char *value,
                               struct error *error)
{
    return set(store, key, value, true, error);
}

enum error_code store_note_leave(struct store *store, const char *key, const char *value,
                                 struct error *error)
{
    return set(store, key, value, false, error);
}

bool store_note_get(struct store *store, const char *key, char value[STORE_NOTE_SIZE])
{
    const struct note *note;

    value[0] = '\0';
    (void)pthread_mutex_lock(&store->lock); /* cannot fail */
    note = note_find(&store->notes, key);
    if (note != NULL) {
        memcpy(value, note->value, STORE_NOTE_SIZE);
    }
    (void)pthread_mutex_unlock(&store->lock); /* cannot fail */
    return note != NULL;
}

/** database_take_note: what is no note of ours is passed over. */
static void take_note(void *context, const char *key, const char *value)
{
    struct note *note = strlen(value) < STORE_NOTE_SIZE ? note_find_or_add(context, key) : NULL;

    if (note != NULL) {
        memcpy(note->value, value, strlen(value) + 1);
    }
}

enum error_code note_load_all(struct notes *notes, struct database *database, struct error *error)
{
    notes->count = 0;
    return database_list_notes(database, take_note, notes, error);
}

void note_plan(const struct notes *notes, struct note_plan *plan)
{
    plan->count = 0;
    for (size_t i = 0; i < notes->count; i++) {
        if (notes->list[i].changes != notes->list[i].saved) {
            plan->list[plan->count] = notes->list[i];
            plan->index[plan->count++] = i;
        }
    }
}

enum error_code note_write(const struct note_plan *plan, struct database *database,
                           struct error *error)
{
    enum error_code code = ERROR_OK;

    for (size_t i = 0; i < plan->count && code == ERROR_OK; i++) {
        code = database_save_note(database, plan->list[i].key, plan->list[i].value, error);
    }
    return code;
}

void note_apply(struct notes *notes, const struct note_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        notes->list[plan->index[i]].saved = plan->list[i].changes;
    }
}
