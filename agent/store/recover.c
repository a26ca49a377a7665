#include "agent/store/recover.h"
#include "agent/store/inside.h"
#include "agent/store/place.h"
#include "agent/store/ring.h"

/** What is in the newest slot. */
struct newest {
    struct image *image;
    uint64_t next_sequence; /* after its last whole batch; 0: nothing in it can be used */
    uint64_t last_seen;     /* highest number in a damaged rest; 0: it is whole */
};

enum { LEAST_ROOM = 1024 }; /* a slot with less is not continued */

/** Records of one slot, decoded as far as they can be: when was the last one received? */
struct newest_time {
    struct codec_decoder *decoder; /* NULL: no more can be decoded */
    int64_t received_ns;
};

static void decode_batch(struct newest_time *time, const struct slot_header *header,
                         const struct slot_batch *batch)
{
    const struct sample *samples = NULL;

    if (time->decoder == NULL) {
        return;
    }
    if (!batch->fresh || codec_decoder_start(time->decoder, header->table_log2, header->t0_ns)) {
        samples = codec_decode(time->decoder, batch->payload, batch->payload_bytes, batch->count);
    }
    if (samples == NULL) { /* a reader reports it */
        codec_decoder_free(time->decoder);
        time->decoder = NULL;
        return;
    }
    time->received_ns = samples[batch->count - 1].received_ns;
}

/** The clock never starts below the newest time: that of the last record of any ring. */
static void note_newest_time(struct store *store, const struct slot_header *header,
                             const struct slot_cursor *cursor, int64_t received_ns)
{
    int64_t right_ns;

    if (cursor->regime_known && cursor->regime.state != CLOCK_SYNCHRONISED &&
        rights_find(&store->rights, header->boot_id, &right_ns)) {
        received_ns += right_ns - slot_regime_offset_ns(&cursor->regime);
    }
    if (received_ns > store->newest_ns) {
        store->newest_ns = received_ns;
    }
}

static enum error_code read_newest(struct store *store, const struct ring *ring,
                                   struct newest *newest, struct error *error)
{
    const struct database_ring *row = &ring->state->row;
    struct image *image = newest->image;
    struct slot_cursor cursor;
    struct slot_batch batch;
    struct newest_time time;
    enum slot_step step;
    enum error_code code =
        database_read_slot(&store->database, (struct database_place){ring->stream, row->head},
                           image->bytes, SLOT_BYTES, error);

    if (code != ERROR_OK) {
        return code == ERROR_BAD_DATA ? ERROR_OK : code; /* S4 */
    }
    if (!slot_read_header(image->bytes, &image->header, &image->chain) ||
        image->header.first_sequence != row->head_first || image->header.stream != ring->stream ||
        image->header.incarnation != store->incarnation) {
        return ERROR_OK;
    }
    slot_cursor_init(&cursor, image->bytes, &image->header, image->chain);
    time = (struct newest_time){codec_decoder_create(), image->header.t0_ns};
    while ((step = slot_cursor_next(&cursor, &batch)) == SLOT_STEP_BATCH) {
        decode_batch(&time, &image->header, &batch);
    }
    codec_decoder_free(time.decoder); /* accepts NULL */
    note_newest_time(store, &image->header, &cursor, time.received_ns);
    if (step == SLOT_STEP_DAMAGED) {
        newest->last_seen = slot_cursor_last_seen(&cursor);
    }
    if (cursor.at > SLOT_HEADER_BYTES || step == SLOT_STEP_DAMAGED) {
        newest->next_sequence = cursor.next_sequence; /* a slot is written with its first batch */
    }
    image->marked = cursor.regime_known;
    image->regime = cursor.regime;
    image->chain = cursor.chain;
    image->filled = image->written = cursor.at;
    image->index = row->head;
    image->placed = true;
    return ERROR_OK;
}

/** Go on filling the newest slot, unless it is damaged, full, of another boot or of an older
 *  version, which has no marks. */
static bool continue_newest(struct store *store, struct ring *ring, const struct newest *newest)
{
    struct image *image = newest->image;

    if (newest->last_seen > 0 || image->header.version != SLOT_VERSION ||
        image->filled + LEAST_ROOM > SLOT_BYTES ||
        memcmp(image->header.boot_id, store->boot_id, SLOT_BOOT_ID_BYTES) != 0) {
        return false;
    }
    ring->encoder = codec_encoder_create(image->header.table_log2);
    if (ring->encoder == NULL) {
        return false; /* whoever appends first will say so */
    }
    image->starts = true;
    ring->oldest = ring->open = image;
    return true;
}

/** The newest slot is lost: no number that it may have held is given again (S2). Usually the row
 *  knows; slots are asked as well, for the case that the row is older than they are. */
static uint64_t highest_given(struct store *store, const struct ring *ring)
{
    const struct database_ring *row = &ring->state->row;
    uint64_t highest = row->reserved;

    for (uint32_t i = 0; i < row->made; i++) {
        struct slot_header header;

        if (place_read_header(store, ring->stream, i, &header) && header.first_sequence > highest) {
            highest = header.first_sequence + RESERVED_NUMBERS;
        }
    }
    return highest;
}

static void recover_tail(struct store *store, struct ring *ring, const struct newest *newest)
{
    struct database_ring *row = &ring->state->row;
    struct slot_header header;
    bool newest_is_good = newest->next_sequence > 0;

    ring->head_t0_ns = newest_is_good ? newest->image->header.t0_ns : 0;
    while (row->tail != row->head) {
        if (place_read_header(store, ring->stream, row->tail, &header) &&
            header.first_sequence < row->head_first) {
            ring->tail_first = header.first_sequence;
            ring->tail_t0_ns = header.t0_ns;
            return;
        }
        row->tail = row->tail + 1 < row->made ? row->tail + 1 : 0;
    }
    ring->tail_first = newest_is_good ? row->head_first : ring->next_sequence;
    ring->tail_t0_ns = ring->head_t0_ns;
}

enum error_code recover_ring(struct store *store, struct ring *ring, struct recovered_gap *gap,
                             struct error *error)
{
    struct database_ring *row = &ring->state->row;
    struct newest newest = {0};
    enum error_code code = database_load_ring(&store->database, ring->stream, row, error);

    ring->next_sequence = 1;
    if (code != ERROR_OK || row->head_first == 0) {
        return code;
    }
    newest.image = image_take(store);
    code = read_newest(store, ring, &newest, error);
    if (code != ERROR_OK) {
        image_give_back(store, newest.image);
        return code;
    }
    ring->next_sequence = newest.next_sequence;
    if (newest.last_seen > 0) {
        *gap = (struct recovered_gap){"the end of the queue was damaged", newest.next_sequence,
                                      newest.last_seen, newest.image->header.t0_ns,
                                      clock_utc_ns(store->clock)};
        ring->next_sequence = newest.last_seen + 1;
    } else if (newest.next_sequence == 0) {
        uint64_t highest = highest_given(store, ring);

        *gap = (struct recovered_gap){"the newest part of the queue was damaged: at most these "
                                      "numbers were given",
                                      row->head_first, highest, 0, clock_utc_ns(store->clock)};
        ring->next_sequence = highest + 1;
    }
    recover_tail(store, ring, &newest);
    if (newest.next_sequence == 0 || !continue_newest(store, ring, &newest)) {
        image_give_back(store, newest.image);
    }
    if (gap->reason != NULL) {
        row->lost_count += gap->last - gap->first + 1;
        row->damage_reported = gap->last;
        row_changed(store, ring->state);
    }
    ring->committed_sequence = ring->next_sequence - 1;
    ring->state->on_disk = *row;
    return ERROR_OK;
}
