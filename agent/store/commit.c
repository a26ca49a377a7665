/* store_commit(): everything that waits, in one transaction, for everyone who asked meanwhile. */
#include "agent/store/grow.h"
#include "agent/store/inside.h"
#include "agent/store/place.h"
#include "agent/store/ring.h"

static enum error_code place_images(struct store *store, struct ring *ring, struct error *error)
{
    for (struct image *image = ring->oldest; image != NULL; image = image->next) {
        enum error_code code = image->placed ? ERROR_OK : place_image(store, ring, image, error);

        if (code != ERROR_OK) {
            return code;
        }
    }
    return ERROR_OK;
}

/* Events come last, since evicting makes some; and again, since their own ring may evict. A ring
 * that cannot go on does not keep the others from it. */
static enum error_code encode_and_place(struct store *store, struct error *error)
{
    struct ring *events = &store->rings[STREAM_EVENTS];
    enum error_code first_failure = ERROR_OK;

    for (size_t i = 0; i < STREAM_RING_COUNT; i++) {
        struct ring *ring = &store->rings[i];
        enum error_code code;

        if (ring->tail_is_stale) {
            place_settle_tail(store, ring);
        }
        if (ring == events) {
            continue;
        }
        ring_encode(store, ring);
        code = place_images(store, ring, first_failure == ERROR_OK ? error : NULL);
        first_failure = first_failure == ERROR_OK ? code : first_failure;
    }
    do {
        enum error_code code;

        ring_encode(store, events);
        code = place_images(store, events, first_failure == ERROR_OK ? error : NULL);
        first_failure = first_failure == ERROR_OK ? code : first_failure;
    } while (events->raw_count > 0);
    return first_failure;
}

/** Note what of a ring goes to disk. Numbers are reserved before they get there. */
static void plan_ring(struct store *store, struct ring *ring, struct commit_plan *plan)
{
    struct database_ring *row = &ring->state->row;
    uint64_t next = ring->next_sequence;

    for (struct image *image = ring->oldest; image != NULL; image = image->next) {
        if (!image->placed) {
            next = image->header.first_sequence;
            break;
        }
        if (image->filled > image->written) {
            plan->writes[plan->write_count].ring = ring;
            plan->writes[plan->write_count].image = image;
            plan->writes[plan->write_count].from = image->written;
            plan->writes[plan->write_count++].to = image->filled;
        }
    }
    plan->next_sequence[ring->stream] = next;
    if (next - 1 > row->reserved) {
        row->reserved = next - 1 + RESERVED_NUMBERS;
        row_changed(store, ring->state);
    }
}

static void make_plan(struct store *store, struct commit_plan *plan)
{
    const struct catalogue *catalogue = &store->catalogue;

    plan->write_count = 0;
    for (size_t i = 0; i < STREAM_RING_COUNT; i++) {
        plan_ring(store, &store->rings[i], plan);
    }
    plan->first_point = catalogue_get(catalogue, catalogue->committed + 1);
    plan->last_point = catalogue_get(catalogue, catalogue->count);
    for (size_t i = 0; i < STREAM_COUNT; i++) {
        const struct row_state *state = &store->rows[i];

        plan->rows[i].due = state->changes != state->saved;
        plan->rows[i].row = state->row;
        plan->rows[i].changes = state->changes;
        plan->cuts[i].due = store->cuts[i].changes != store->cuts[i].saved;
        plan->cuts[i].state = store->cuts[i];
    }
    note_plan(&store->notes, &plan->notes);
    plan->changes = store->changes;
}

static bool plan_is_empty(const struct commit_plan *plan)
{
    bool empty = plan->write_count == 0 && plan->first_point == NULL && plan->notes.count == 0;

    for (size_t i = 0; i < STREAM_COUNT; i++) {
        empty = empty && !plan->rows[i].due && !plan->cuts[i].due;
    }
    return empty;
}

static enum error_code write_points(struct store *store, const struct commit_plan *plan,
                                    struct error *error)
{
    const struct catalogue_row *row = plan->first_point;
    enum error_code code = ERROR_OK;

    while (row != NULL && code == ERROR_OK) {
        code = database_add_point(&store->database, row->handle, &row->definition, error);
        row = row != plan->last_point ? row->next : NULL; /* the last one's next may be written */
    }
    return code;
}

static enum error_code write_plan(struct store *store, const struct commit_plan *plan,
                                  struct error *error)
{
    struct database *database = &store->database;
    enum error_code code = write_points(store, plan, error);

    for (size_t i = 0; i < plan->write_count && code == ERROR_OK; i++) {
        const struct image *image = plan->writes[i].image;
        struct database_place place = {plan->writes[i].ring->stream, image->index};

        code = database_write_slot(database, place, image->bytes, plan->writes[i].from,
                                   plan->writes[i].to, error);
    }
    if (code == ERROR_OK) {
        code = note_write(&plan->notes, &store->database, error);
    }
    for (size_t i = 0; i < STREAM_COUNT && code == ERROR_OK; i++) {
        if (plan->rows[i].due) {
            code = database_save_ring(database, (enum stream)i, &plan->rows[i].row, error);
        }
        if (code == ERROR_OK && plan->cuts[i].due) {
            code = database_save_cut(database, (enum stream)i, &plan->cuts[i].state.cut,
                                     plan->cuts[i].state.active, error);
        }
    }
    return code;
}

static enum error_code write_transaction(struct store *store, const struct commit_plan *plan,
                                         struct error *error)
{
    enum error_code code = database_begin(&store->database, error);

    if (code == ERROR_OK) {
        code = write_plan(store, plan, error);
    }
    if (code == ERROR_OK) {
        code = database_commit(&store->database, error);
    }
    if (code != ERROR_OK) {
        database_rollback(&store->database);
    }
    return code;
}

/** Images that are closed and on disk are done. */
static void release_written(struct store *store, struct ring *ring)
{
    while (ring->oldest != NULL && ring->oldest->closed &&
           ring->oldest->written == ring->oldest->filled) {
        struct image *image = ring->oldest;

        ring->oldest = image->next;
        image_give_back(store, image);
    }
}

/** The transaction is on disk: let the memory know. */
static void apply_plan(struct store *store, const struct commit_plan *plan, bool empty)
{
    for (size_t i = 0; i < plan->write_count; i++) {
        plan->writes[i].image->written = plan->writes[i].to;
    }
    for (size_t i = 0; i < STREAM_RING_COUNT; i++) {
        store->rings[i].committed_sequence = plan->next_sequence[i] - 1;
        release_written(store, &store->rings[i]);
    }
    for (size_t i = 0; i < STREAM_COUNT; i++) {
        store->rows[i].on_disk = plan->rows[i].row;
        store->rows[i].saved = plan->rows[i].changes;
        store->cuts[i].saved = plan->cuts[i].state.changes;
    }
    note_apply(&store->notes, &plan->notes);
    if (plan->last_point != NULL) {
        store->catalogue.committed = plan->last_point->handle;
    }
    store->totals.commits += !empty;
    store->totals.bytes_written = store->database.vfs.written_bytes;
    store->totals.syncs = store->database.vfs.sync_count;
    store->totals.programmed_bytes = store->database.vfs.programmed_bytes;
}

static enum error_code commit_now(struct store *store, struct error *error)
{
    struct commit_plan *plan = &store->plan;
    struct error growing;
    enum error_code placed, code = ERROR_OK, grown = ERROR_OK;
    bool empty;

    for (size_t i = 0; i < STREAM_RING_COUNT; i++) {
        grown = grown == ERROR_OK ? grow_ahead(store, &store->rings[i], &growing) : grown;
    }
    (void)pthread_mutex_lock(&store->lock); /* cannot fail */
    ring_look_at_clock(store, true);
    placed = encode_and_place(store, error);
    if (placed != ERROR_OK && grown != ERROR_OK) {
        placed = grown; /* which says why there is no room */
        if (error != NULL) {
            *error = growing;
        }
    }
    make_plan(store, plan);
    if (placed != ERROR_OK) {
        plan->notes.count = 0; /* one may speak of samples that are not in this commit */
    }
    (void)pthread_mutex_unlock(&store->lock); /* cannot fail */
    empty = plan_is_empty(plan);
    if (!empty) {
        code = write_transaction(store, plan, error);
    }
    if (code != ERROR_OK) {
        return code;
    }
    (void)pthread_mutex_lock(&store->lock); /* cannot fail */
    apply_plan(store, plan, empty);
    if (placed == ERROR_OK) {
        store->covered = plan->changes;
    }
    (void)pthread_mutex_unlock(&store->lock); /* cannot fail */
    return placed == ERROR_OK ? place_check_rows(store, error) : placed;
}

enum error_code store_commit(struct store *store, struct error *error)
{
    enum error_code code = ERROR_OK;
    uint64_t wanted;
    bool covered;

    (void)pthread_mutex_lock(&store->lock); /* cannot fail */
    wanted = store->changes;
    (void)pthread_mutex_unlock(&store->lock);        /* cannot fail */
    (void)pthread_mutex_lock(&store->database_lock); /* who waited here often finds it done: S1 */
    (void)pthread_mutex_lock(&store->lock);          /* cannot fail */
    covered = store->covered >= wanted && !grow_is_due(store) && !store->database.slot_is_lost;
    (void)pthread_mutex_unlock(&store->lock); /* cannot fail */
    if (!covered) {
        code = commit_now(store, error);
    }
    (void)pthread_mutex_unlock(&store->database_lock); /* cannot fail */
    return code;
}
