#include "agent/store/inside.h"

enum error_code store_cut_load(struct store *store, enum stream stream, struct store_cut *cut,
                               bool *found, struct error *error)
{
    const struct cut_state *state = &store->cuts[stream];

    (void)error;                            /* it is in memory since the opening */
    (void)pthread_mutex_lock(&store->lock); /* cannot fail */
    *found = state->active;
    *cut = state->cut;
    if (!state->active) {
        *cut = (struct store_cut){0};
        memcpy(cut->previous_digest, state->cut.previous_digest, STORE_DIGEST_SIZE);
    }
    (void)pthread_mutex_unlock(&store->lock); /* cannot fail */
    return ERROR_OK;
}

static enum error_code save(struct store *store, enum stream stream, const struct store_cut *cut,
                            struct error *error)
{
    enum error_code code = database_begin(&store->database, error);

    if (code == ERROR_OK) {
        code = database_save_cut(&store->database, stream, cut, true, error);
    }
    if (code == ERROR_OK) {
        code = database_commit(&store->database, error);
    }
    if (code != ERROR_OK) {
        database_rollback(&store->database);
    }
    return code;
}

enum error_code store_cut_save(struct store *store, enum stream stream, const struct store_cut *cut,
                               struct error *error)
{
    enum error_code code;

    (void)pthread_mutex_lock(&store->database_lock); /* cannot fail */
    code = save(store, stream, cut, error);
    if (code == ERROR_OK) {
        (void)pthread_mutex_lock(&store->lock); /* cannot fail */
        store->cuts[stream].cut = *cut;
        store->cuts[stream].active = true;
        store->cuts[stream].saved = store->cuts[stream].changes; /* the whole row was written */
        store->totals.commits++;
        (void)pthread_mutex_unlock(&store->lock); /* cannot fail */
    }
    (void)pthread_mutex_unlock(&store->database_lock); /* cannot fail */
    return code;
}

enum error_code store_cut_finish(struct store *store, enum stream stream, struct error *error)
{
    struct cut_state *state = &store->cuts[stream];
    struct row_state *row = &store->rows[stream];
    enum error_code code = ERROR_OK;

    (void)pthread_mutex_lock(&store->lock); /* cannot fail */
    if (!state->active) {
        code = error_set(error, ERROR_BUG, "no cut of %s is under way", stream_name(stream));
    } else {
        if (state->cut.last > row->row.acknowledged) {
            row->row.acknowledged = state->cut.last;
        }
        memcpy(state->cut.previous_digest, state->cut.digest, STORE_DIGEST_SIZE);
        state->active = false;
        state->changes++;
        row_changed(store, row);
        if (stream_has_ring(stream)) {
            store->rings[stream].tail_is_stale = true;
        }
    }
    (void)pthread_mutex_unlock(&store->lock); /* cannot fail */
    return code;
}
