#include "agent/store/inside.h"
#include "agent/store/ring.h"
#include "agent/store/store_noted.h"

/** Is this a call that can be taken whole? */
static enum error_code check_call(enum stream stream, const struct sample *samples, size_t count,
                                  size_t *text_bytes, struct error *error)
{
    if (!stream_has_ring(stream)) {
        return error_set(error, ERROR_BUG, "the stream of %s has no ring", stream_name(stream));
    }
    if (count > STORE_APPEND_MAX) {
        return error_set(error, ERROR_BUG, "%zu records in one call; at most %d are taken", count,
                         STORE_APPEND_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        size_t size = samples[i].type == SAMPLE_TEXT ? samples[i].value.text.size_bytes : 0;

        *text_bytes += size;
        if (size > STORE_TEXT_MAX || *text_bytes > STORE_APPEND_TEXT_MAX) {
            return error_set(error, ERROR_BAD_DATA,
                             "a text of %zu bytes, %zu in one call, is more than the queue takes "
                             "(%d, %d)",
                             size, *text_bytes, STORE_TEXT_MAX, STORE_APPEND_TEXT_MAX);
        }
    }
    return ERROR_OK;
}

/** S7: note that an event is not taken. `lock` held. */
static void note_refused(struct store *store, const struct sample *sample, size_t count)
{
    struct refused_run *run = &store->refused;
    char copy[EVENT_TEXT_MAX];
    struct event event;

    run->to_ns = clock_utc_ns(store->clock);
    if (run->count == 0) {
        run->from_ns = run->to_ns;
        if (sample->type != SAMPLE_TEXT ||
            event_decode(sample->value.text.bytes, sample->value.text.size_bytes, copy, &event,
                         NULL) != ERROR_OK) {
            event = (struct event){.kind = "unreadable", .subject = ""};
        }
        (void)snprintf(run->first, sizeof(run->first), "%s %s", event.kind, event.subject);
    }
    run->count += count;
}

/** S7: tell what was refused, if there is room for it without a commit. `lock` held. */
static void tell_refused(struct store *store)
{
    struct refused_run *run = &store->refused;
    const struct event event = {
        .kind = "rejected",
        .subject = "events",
        .reason = "the queue of events was full and set to hold: events were not kept",
        .detail = run->first,
        .count = run->count,
        .from_ns = run->from_ns,
        .to_ns = run->to_ns,
    };
    bool commit_first = true;

    if (run->count > 0 &&
        ring_reserve(store, &store->rings[STREAM_EVENTS], 1, EVENT_TEXT_MAX, &commit_first, NULL) ==
            ERROR_OK &&
        !commit_first) {
        ring_push_event(store, &event);
        run->count = 0;
    }
}

/** Take the call, committing first where that makes the room. `lock` held, but for the commits. */
static enum error_code take_all(struct store *store, enum stream stream,
                                const struct sample *samples, size_t count, size_t text_bytes,
                                struct error *error)
{
    unsigned switches = RING_SWITCHES_MAX;
    bool commit_first;
    enum error_code code =
        ring_reserve(store, &store->rings[stream], count, text_bytes, &commit_first, error);

    while (commit_first) {
        store->changes++; /* so that this commit looks again even if all is covered */
        (void)pthread_mutex_unlock(&store->lock); /* cannot fail */
        code = store_commit(store, error);
        (void)pthread_mutex_lock(&store->lock); /* cannot fail */
        if (code != ERROR_OK) {
            return code;
        }
        code = ring_reserve(store, &store->rings[stream], count, text_bytes, &commit_first, error);
    }
    if (code == ERROR_OK) {
        ring_look_at_clock(store, false);
    }
    for (size_t i = 0; i < count && code == ERROR_OK; i++) {
        ring_push(store, &store->rings[stream], &samples[i], &switches);
    }
    return code;
}

enum error_code store_append_noted(struct store *store, enum stream stream,
                                   const struct sample *samples, size_t count,
                                   const struct store_remark *remark, struct error *error)
{
    size_t text_bytes = 0;
    enum error_code code = check_call(stream, samples, count, &text_bytes, error);

    if (code == ERROR_OK) {
        (void)pthread_mutex_lock(&store->lock); /* cannot fail */
        code = note_check(&store->notes, remark->key, remark->value, error);
        if (code == ERROR_OK) {
            code = take_all(store, stream, samples, count, text_bytes, error);
        }
        if (code == ERROR_OK) { /* no commit came between */
            store->changes += note_put(&store->notes, remark->key, remark->value);
        }
        (void)pthread_mutex_unlock(&store->lock); /* cannot fail */
    }
    return code;
}

enum error_code store_append(struct store *store, enum stream stream, const struct sample *samples,
                             size_t count, struct error *error)
{
    size_t text_bytes = 0;
    enum error_code code = check_call(stream, samples, count, &text_bytes, error);

    if (code != ERROR_OK || count == 0) {
        return code;
    }
    (void)pthread_mutex_lock(&store->lock); /* cannot fail */
    if (stream == STREAM_EVENTS) {
        tell_refused(store);
    }
    code = take_all(store, stream, samples, count, text_bytes, error);
    if (stream == STREAM_EVENTS && code != ERROR_OK) {
        note_refused(store, samples, count);
    }
    (void)pthread_mutex_unlock(&store->lock); /* cannot fail */
    return code;
}

uint64_t store_refused_events(struct store *store)
{
    uint64_t count;

    (void)pthread_mutex_lock(&store->lock); /* cannot fail */
    count = store->refused.count;
    (void)pthread_mutex_unlock(&store->lock); /* cannot fail */
    return count;
}

uint64_t store_pending_bytes(struct store *store)
{
    uint64_t pending = 0;

    (void)pthread_mutex_lock(&store->lock); /* cannot fail */
    for (size_t i = 0; i < STREAM_RING_COUNT; i++) {
        for (const struct image *image = store->rings[i].oldest; image != NULL;
             image = image->next) {
            pending += image->filled - image->written;
        }
    }
    (void)pthread_mutex_unlock(&store->lock); /* cannot fail */
    return pending;
}

enum error_code store_append_own(struct store *store, const struct event *event,
                                 struct error *error)
{
    bool commit_first;
    enum error_code code;

    (void)pthread_mutex_lock(&store->lock); /* cannot fail */
    code = ring_reserve_own(store, 1, &commit_first, error);
    while (commit_first && code == ERROR_OK) {
        store->changes++;                         /* as above */
        (void)pthread_mutex_unlock(&store->lock); /* cannot fail */
        code = store_commit(store, error);
        (void)pthread_mutex_lock(&store->lock); /* cannot fail */
        if (code == ERROR_OK) {
            code = ring_reserve_own(store, 1, &commit_first, error);
        }
    }
    if (code == ERROR_OK) {
        ring_push_event(store, event);
    }
    (void)pthread_mutex_unlock(&store->lock); /* cannot fail */
    return code;
}

/** How much of a ring waits to be uploaded. */
static void describe_ring(const struct ring *ring, struct store_stream_state *state)
{
    const struct database_ring *row = &ring->state->row;
    uint64_t first = row->acknowledged + 1;
    uint32_t used = ring_used_slots(ring);

    state->next_sequence = ring->next_sequence;
    state->committed_sequence = ring->committed_sequence;
    state->ring_bytes = (uint64_t)ring->capacity * SLOT_BYTES;
    state->made_bytes = (uint64_t)row->made * SLOT_BYTES;
    state->growth = ring->growth;
    state->when_full = ring->when_full;
    if (row->head_first > 0 && ring->tail_first > first) {
        first = ring->tail_first;
    }
    if (first <= ring->committed_sequence) {
        state->oldest_sequence = first;
        state->oldest_received_ns = ring->tail_t0_ns;
        state->waiting_count = ring->committed_sequence - first + 1;
        state->waiting_bytes = (uint64_t)(used - (ring->open != NULL)) * SLOT_BYTES +
                               (ring->open != NULL ? ring->open->filled : 0);
    }
}

static void describe_catalogue(const struct store *store, struct store_stream_state *state)
{
    const struct catalogue *catalogue = &store->catalogue;

    state->next_sequence = (uint64_t)catalogue->count + 1;
    state->committed_sequence = catalogue->committed;
    if (state->acknowledged < catalogue->committed) {
        const struct catalogue_row *row =
            catalogue_get(catalogue, (uint32_t)state->acknowledged + 1);

        state->oldest_sequence = state->acknowledged + 1;
        state->oldest_received_ns = row->definition.valid_from_ns;
        state->waiting_count = catalogue->committed - state->acknowledged;
    }
}

void store_state(struct store *store, enum stream stream, struct store_stream_state *state)
{
    *state = (struct store_stream_state){0};
    (void)pthread_mutex_lock(&store->lock); /* cannot fail */
    state->acknowledged = store->rows[stream].row.acknowledged;
    state->lost_count = store->rows[stream].row.lost_count;
    if (stream_has_ring(stream)) {
        describe_ring(&store->rings[stream], state);
    } else {
        describe_catalogue(store, state);
    }
    (void)pthread_mutex_unlock(&store->lock); /* cannot fail */
}

void store_totals(struct store *store, struct store_totals *totals)
{
    (void)pthread_mutex_lock(&store->lock); /* cannot fail */
    *totals = store->totals;
    (void)pthread_mutex_unlock(&store->lock); /* cannot fail */
}
