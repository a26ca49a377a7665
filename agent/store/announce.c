#include "agent/store/announce.h"

#include "agent/store/identity.h"
#include "agent/store/ring.h"
#include "base/parse.h"

#include <inttypes.h>
#include <stdio.h>

enum { SLOTS_PER_MIB = (1 << 20) / SLOT_BYTES };

/** The first words of a new incarnation. */
static void introduce(struct store *store, const char *predecessor)
{
    const struct event identity = {.kind = "identity",
                                   .subject = store->database.incarnation,
                                   .reason = store->kept_because,
                                   .detail = predecessor};

    ring_push_event(store, &identity);
    if (store->kept_as[0] != '\0') {
        const struct event kept = {.kind = "queue",
                                   .subject = "set-aside",
                                   .reason = store->kept_because,
                                   .detail = store->kept_as};

        ring_push_event(store, &kept);
    }
}

static void push_gap(struct store *store, enum stream stream, const struct recovered_gap *found)
{
    struct event gap;

    if (found->reason != NULL) {
        gap = ring_gap_event(stream, found->first, found->last, found->reason);
        gap.from_ns = found->from_ns;
        gap.to_ns = found->to_ns;
        ring_push_event(store, &gap);
    }
}

enum error_code announce_opening(struct store *store, const struct store_settings *settings,
                                 const struct recovered_gaps *gaps, const char *predecessor,
                                 struct error *error)
{
    struct ring *events = &store->rings[STREAM_EVENTS];
    bool commit_first = false;
    enum error_code code;

    (void)pthread_mutex_lock(&store->lock); /* cannot fail */
    code = ring_reserve_own(store, 2 + 2 * STREAM_RING_COUNT, &commit_first, error);
    if (code == ERROR_OK && events->next_sequence == 1 && !settings->is_aside) {
        introduce(store, predecessor);
    }
    for (size_t i = 0; i < STREAM_RING_COUNT && code == ERROR_OK; i++) {
        push_gap(store, (enum stream)i, &gaps[i].oldest);
        push_gap(store, (enum stream)i, &gaps[i].newest);
    }
    (void)pthread_mutex_unlock(&store->lock); /* cannot fail */
    if (code == ERROR_OK) {
        code = identity_note(store, settings, error);
    }
    return code == ERROR_OK ? store_commit(store, error) : code;
}

/** As the last opening had it: its note, or what was made. 0: there was none. */
static uint32_t previous_slots(struct store *store, const struct ring *ring, const char *key)
{
    char value[STORE_NOTE_SIZE];
    uint64_t slots = 0;

    if (!store_note_get(store, key, value) || !parse_uint64(value, &slots)) {
        return ring->state->row.made > ring->wanted ? ring->state->row.made : 0;
    }
    return (uint32_t)slots;
}

static enum error_code announce_size(struct store *store, struct ring *ring, bool *told,
                                     struct error *error)
{
    char key[STORE_NOTE_KEY_SIZE], value[STORE_NOTE_SIZE], reason[200];
    struct event event = {.kind = "queue", .subject = "resized", .reason = reason};
    enum error_code code = ERROR_OK;
    uint32_t before;

    (void)snprintf(key, sizeof(key), "ring:%s", stream_name(ring->stream)); /* fits, as the next */
    (void)snprintf(value, sizeof(value), "%" PRIu32, ring->wanted);
    before = previous_slots(store, ring, key);
    if (before == ring->wanted) {
        return ERROR_OK;
    }
    if (before != 0) {
        *told = true;
        (void)snprintf(reason, sizeof(reason),
                       "the ring of %s was made %s by configuration: from %.2f MiB to %.2f MiB",
                       stream_name(ring->stream), before < ring->wanted ? "larger" : "smaller",
                       (double)before / SLOTS_PER_MIB, (double)ring->wanted / SLOTS_PER_MIB);
        event.detail = stream_name(ring->stream);
        code = store_append_own(store, &event, error);
    }
    return code == ERROR_OK ? store_note_leave(store, key, value, error) : code;
}

enum error_code announce_sizes(struct store *store, struct error *error)
{
    enum error_code code = ERROR_OK;
    bool told = false;

    for (size_t i = 0; i < STREAM_RING_COUNT && code == ERROR_OK; i++) {
        code = announce_size(store, &store->rings[i], &told, error);
    }
    return code == ERROR_OK && told ? store_commit(store, error) : code;
}
