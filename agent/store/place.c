#include "agent/store/place.h"
#include "agent/store/inside.h"
#include "agent/store/ring.h"

static uint32_t index_after(const struct ring *ring, uint32_t index)
{
    return index + 1 < ring->state->row.made ? index + 1 : 0;
}

bool place_read_header(struct store *store, enum stream stream, uint32_t index,
                       struct slot_header *header)
{
    uint8_t bytes[SLOT_HEADER_BYTES];
    uint32_t chain;

    return database_read_slot(&store->database, (struct database_place){stream, index}, bytes,
                              sizeof(bytes), NULL) == ERROR_OK &&
           slot_read_header(bytes, header, &chain) && header->stream == stream &&
           header->incarnation == store->incarnation;
}

enum error_code place_check_rows(const struct store *store, struct error *error)
{
    if (!store->database.slot_is_lost) {
        return ERROR_OK;
    }
    return error_set(error, ERROR_BAD_DATA, "the tables of the queue no longer lead to its slots");
}

/** The header of a slot in use: in memory if it was not written yet. */
static bool header_at(struct store *store, const struct ring *ring, uint32_t index,
                      struct slot_header *header)
{
    for (const struct image *image = ring->oldest; image != NULL; image = image->next) {
        if (image->placed && image->index == index) {
            *header = image->header;
            return true;
        }
    }
    return place_read_header(store, ring->stream, index, header);
}

/** The next slot after the tail that can be read; the head when there is none before it. */
static uint32_t second_slot(struct store *store, const struct ring *ring,
                            struct slot_header *header)
{
    const struct database_ring *row = &ring->state->row;
    uint32_t index = index_after(ring, row->tail);

    while (index != row->head &&
           (!header_at(store, ring, index, header) || header->first_sequence <= ring->tail_first ||
            header->first_sequence > row->head_first)) {
        index = index_after(ring, index);
    }
    if (index == row->head) {
        header->first_sequence = row->head_first;
        header->t0_ns = ring->head_t0_ns;
    }
    return index;
}

static void move_tail(struct store *store, struct ring *ring, uint32_t index,
                      const struct slot_header *header)
{
    ring->state->row.tail = index;
    ring->tail_first = header->first_sequence;
    ring->tail_t0_ns = header->t0_ns;
    row_changed(store, ring->state);
}

void place_settle_tail(struct store *store, struct ring *ring)
{
    const struct database_ring *row = &ring->state->row;

    ring->tail_is_stale = false;
    while (row->head_first > 0 && row->tail != row->head) {
        struct slot_header header;
        uint32_t index = second_slot(store, ring, &header);

        if (header.first_sequence - 1 > row->acknowledged) {
            return;
        }
        move_tail(store, ring, index, &header);
    }
}

/** Give up the oldest slot; what it held and nobody has is lost, and is said to be. */
static void evict_tail(struct store *store, struct ring *ring)
{
    struct database_ring *row = &ring->state->row;
    const struct cut_state *cut = &store->cuts[ring->stream];
    struct slot_header header;
    uint32_t index = second_slot(store, ring, &header);
    uint64_t first =
        ring->tail_first > row->acknowledged ? ring->tail_first : row->acknowledged + 1;
    uint64_t last = header.first_sequence - 1;
    int64_t from_ns = ring->tail_t0_ns;

    move_tail(store, ring, index, &header);
    if (first <= last) {
        bool uploading = cut->active && first <= cut->cut.last && last >= cut->cut.first;
        struct event event = ring_gap_event(
            ring->stream, first, last,
            uploading
                ? "the queue was full: the oldest records, just being uploaded, were overwritten"
                : "the queue was full: the oldest records were overwritten");

        event.from_ns = from_ns;
        event.to_ns = header.t0_ns;
        row->lost_count += event.count;
        ring_push_event(store, &event);
    }
}

enum error_code place_image(struct store *store, struct ring *ring, struct image *image,
                            struct error *error)
{
    struct database_ring *row = &ring->state->row;
    uint32_t index;

    if (row->made == 0) {
        return error_set(error, ERROR_NO_SPACE, "there is no room for the queue of %s",
                         stream_name(ring->stream));
    }
    index = row->head_first == 0 ? 0 : index_after(ring, row->head);
    if (row->head_first > 0 && index == row->tail) {
        if (ring->when_full == STORE_HOLD && ring->stream != STREAM_EVENTS) {
            return error_set(error, ERROR_NO_SPACE, "the queue of %s is full and set to hold",
                             stream_name(ring->stream));
        }
        evict_tail(store, ring);
    }
    if (row->head_first == 0) {
        row->tail = index;
        ring->tail_first = image->header.first_sequence;
        ring->tail_t0_ns = image->header.t0_ns;
    }
    row->head = index;
    row->head_first = image->header.first_sequence;
    ring->head_t0_ns = image->header.t0_ns;
    image->index = index;
    image->placed = true;
    row_changed(store, ring->state);
    return ERROR_OK;
}
