/* agent/store/note.h - small facts that outlive a restart, as rows of the table `meta`.
 *
 * A note that was set differs from the disk until a commit has written it: `changes` runs ahead of
 * `saved` (I5 of inside.h). A plan copies what is due, so that writing needs no lock.
 *
 * Depends on: database.  Threads: the store's lock, but for note_write().
 */
#ifndef AGENT_STORE_NOTE_H
#define AGENT_STORE_NOTE_H

#include "agent/store/database.h"

struct note {
    char key[STORE_NOTE_KEY_SIZE];
    char value[STORE_NOTE_SIZE];
    uint64_t changes, saved;
};

struct notes {
    struct note list[STORE_NOTES_MAX];
    size_t count;
};

/** What one commit writes of them. */
struct note_plan {
    struct note list[STORE_NOTES_MAX];
    size_t index[STORE_NOTES_MAX]; /* in struct notes */
    size_t count;
};

/** Take what the database has of them. Errors: as database.h. */
MUST_CHECK enum error_code note_load_all(struct notes *notes, struct database *database,
                                         struct error *error);

/** NULL: there is none. */
struct note *note_find(struct notes *notes, const char *key);

/** NULL: there are too many, or the key is too long. */
struct note *note_find_or_add(struct notes *notes, const char *key);

/** Is there room for it? Errors: ERROR_BUG. */
MUST_CHECK enum error_code note_check(struct notes *notes, const char *key, const char *value,
                                      struct error *error);

/** Set one that note_check() found room for; true: it is another text than before. */
bool note_put(struct notes *notes, const char *key, const char *value);

void note_plan(const struct notes *notes, struct note_plan *plan);

MUST_CHECK enum error_code note_write(const struct note_plan *plan, struct database *database,
                                      struct error *error);

/** The plan is on disk. */
void note_apply(struct notes *notes, const struct note_plan *plan);

#endif
