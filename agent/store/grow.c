#include "agent/store/grow.h"

#include "agent/store/room.h"

enum { DROPPED_AT_ONCE = 64 };

static uint32_t slots_of(uint64_t ring_bytes)
{
    uint64_t slots = ring_bytes / SLOT_BYTES;

    if (slots > RING_SLOTS_MOST) {
        return RING_SLOTS_MOST;
    }
    return slots < RING_SLOTS_LEAST ? RING_SLOTS_LEAST : (uint32_t)slots;
}

void grow_init(struct store *store, struct ring *ring, uint64_t ring_bytes)
{
    uint32_t made = ring->state->row.made;

    ring->wanted = slots_of(ring_bytes);
    ring->capacity = ring->wanted > made ? ring->wanted : made;
    ring->has_leftover = room_has_slots(&store->database, ring->stream, made);
}

bool grow_is_due(const struct store *store)
{
    bool due = false;

    for (size_t i = 0; i < STREAM_RING_COUNT; i++) {
        const struct ring *ring = &store->rings[i];

        due = due || ring->growth != STORE_GROWTH_FREE || ring->has_leftover ||
              ring->state->row.made > ring->wanted;
    }
    return due;
}

/** W3, if the run in use permits it. Both locks. */
static void shrink(struct store *store, struct ring *ring)
{
    struct database_ring *row = &ring->state->row;

    if (row->made <= ring->wanted ||
        (row->head_first > 0 && (row->tail > row->head || row->head >= ring->wanted))) {
        return;
    }
    row->made = ring->wanted;
    ring->capacity = ring->wanted;
    ring->has_leftover = true;
    ring->growth = STORE_GROWTH_FREE;
    row_changed(store, ring->state);
}

/** The row on disk must know before a slot goes: a slot below its `made` exists. A failure is that
 *  of the disk, which the commit that follows meets too; it is tried again with the next one. */
static void drop_leftover(struct store *store, struct ring *ring)
{
    uint32_t made = ring->state->row.made;
    bool left = true;

    if (ring->has_leftover && ring->state->on_disk.made <= made &&
        room_drop_slots(&store->database, ring->stream, made, DROPPED_AT_ONCE, &left, NULL) ==
            ERROR_OK) {
        ring->has_leftover = left;
    }
}

static bool is_near_end(const struct database_ring *row)
{
    return row->head_first == 0 || row->head + IMAGE_MAX >= row->made;
}

/** How many slots to make, or to see whether there is room for. Under `lock`. */
static uint32_t slots_due(const struct ring *ring)
{
    const struct database_ring *row = &ring->state->row;
    bool waits = ring->growth != STORE_GROWTH_FREE;
    bool fills = (ring->oldest != NULL || ring->raw_count > 0) && is_near_end(row);
    uint32_t missing = ring->capacity - row->made;

    if (!waits && !fills) {
        return 0;
    }
    return missing < RING_SLOTS_LEAST ? missing : RING_SLOTS_LEAST;
}

/** W2. A ring that waited for room and does not need it yet makes nothing: it only waits no more.
 */
static enum error_code make_slots(struct store *store, struct ring *ring, uint32_t count,
                                  struct error *error)
{
    struct database_ring *row = &ring->state->row;
    bool may = row->made < RING_SLOTS_LEAST ||
               room_is_left(&store->database, count, store->keep_free_bytes);
    bool make = may && is_near_end(row);
    enum error_code code =
        make ? room_make_slots(&store->database, ring->stream, row->made, count, error) : ERROR_OK;

    (void)pthread_mutex_lock(&store->lock); /* cannot fail */
    ring->growth = !may               ? STORE_GROWTH_FLOOR
                   : code != ERROR_OK ? STORE_GROWTH_DISK_FULL
                                      : STORE_GROWTH_FREE;
    if (make && code == ERROR_OK) {
        row->made += count;
        row_changed(store, ring->state);
    }
    (void)pthread_mutex_unlock(&store->lock); /* cannot fail */
    return row->made > 0 ? ERROR_OK : code;
}

enum error_code grow_ahead(struct store *store, struct ring *ring, struct error *error)
{
    uint32_t count;

    (void)pthread_mutex_lock(&store->lock); /* cannot fail */
    shrink(store, ring);
    count = slots_due(ring);
    (void)pthread_mutex_unlock(&store->lock); /* cannot fail */
    drop_leftover(store, ring);
    return count == 0 ? ERROR_OK : make_slots(store, ring, count, error);
}
