#include "agent/store/recover.h"
#include "agent/store/inside.h"
#include "agent/store/place.h"
#include "agent/store/ring.h"

#include <stdlib.h>

/** What is in the newest slot. */
struct newest {
    struct image *image;
    uint64_t next_sequence; /* after its last whole batch; 0: nothing in it can be used */
    uint64_t last_seen;     /* highest number in a damaged rest; 0: it is whole */
    bool is_certain;        /* there was none above it */
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
        newest->last_seen = slot_cursor_last_seen(&cursor, &newest->is_certain);
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

/** Stand on the oldest slot that can be read; what stood before it is lost. */
static void recover_tail(struct store *store, struct ring *ring, const struct newest *newest,
                         struct recovered_gap *gap)
{
    struct database_ring *row = &ring->state->row;
    struct slot_header header = {0};
    bool newest_is_good = newest->next_sequence > 0;
    bool found = false, skipped = false;
    uint64_t told =
        row->acknowledged > row->damage_reported ? row->acknowledged : row->damage_reported;

    ring->head_t0_ns = newest_is_good ? newest->image->header.t0_ns : 0;
    while (!found && row->tail != row->head) {
        found = place_read_header(store, ring->stream, row->tail, &header) &&
                header.first_sequence < row->head_first;
        if (!found) {
            row->tail = row->tail + 1 < row->made ? row->tail + 1 : 0;
            skipped = true;
        }
    }
    ring->tail_first = found            ? header.first_sequence
                       : newest_is_good ? row->head_first
                                        : ring->next_sequence;
    ring->tail_t0_ns = found ? header.t0_ns : ring->head_t0_ns;
    if (skipped && told + 1 < (found ? ring->tail_first : row->head_first)) {
        *gap = (struct recovered_gap){
            "the oldest part of the queue was damaged: at most these records", told + 1,
            (found ? ring->tail_first : row->head_first) - 1, 0, ring->tail_t0_ns};
        row->damage_reported = gap->last;
    }
}

static const char *told_key(const struct ring *ring, char key[STORE_NOTE_KEY_SIZE])
{
    (void)snprintf(key, STORE_NOTE_KEY_SIZE, "told-%s", stream_name(ring->stream)); /* fits */
    return key;
}

static void load_told(struct store *store, struct ring *ring)
{
    char key[STORE_NOTE_KEY_SIZE];
    const struct note *note = note_find(&store->notes, told_key(ring, key));
    char *end = NULL;

    if (note != NULL) {
        ring->told_first = strtoull(note->value, &end, 10);
        ring->told_last = strtoull(end, NULL, 10);
    }
}

/** That the end is missing is told now; older damage, by who reads it. */
static void tell_newest(struct store *store, struct ring *ring, const struct recovered_gap *gap)
{
    char key[STORE_NOTE_KEY_SIZE];
    struct note *note = note_find_or_add(&store->notes, told_key(ring, key));

    ring->told_first = gap->first;
    ring->told_last = gap->last;
    if (note != NULL) {
        (void)snprintf(note->value, sizeof(note->value), "%llu %llu",
                       (unsigned long long)gap->first, (unsigned long long)gap->last); /* fits */
        note->changes++;
    }
}

static void count_gap(struct store *store, struct ring *ring, const struct recovered_gap *gap)
{
    if (gap->reason != NULL) {
        ring->state->row.lost_count += gap->last - gap->first + 1;
        row_changed(store, ring->state);
    }
}

/** The row says that no slot is in use, or names one of another incarnation; the slots, which have
 *  checksums, say otherwise. Going on would give numbers a second time. */
static enum error_code refuse_contradiction(struct store *store, const struct ring *ring,
                                            struct error *error)
{
    const struct database_ring *row = &ring->state->row;
    uint8_t bytes[SLOT_HEADER_BYTES];
    struct slot_header header;
    uint32_t chain;

    /* A ring that was ever used has used its first slot. */
    if (database_read_slot(
            &store->database,
            (struct database_place){ring->stream, row->head_first > 0 ? row->head : 0}, bytes,
            sizeof(bytes), NULL) != ERROR_OK ||
        !slot_read_header(bytes, &header, &chain) || header.stream != ring->stream ||
        (row->head_first > 0 && header.incarnation == store->incarnation)) {
        return ERROR_OK;
    }
    return error_set(error, ERROR_BAD_DATA, "the tables of the queue contradict its slots of %s",
                     stream_name(ring->stream));
}

enum error_code recover_ring(struct store *store, struct ring *ring, struct recovered_gaps *gaps,
                             struct error *error)
{
    struct database_ring *row = &ring->state->row;
    struct newest newest = {0};
    enum error_code code = database_load_ring(&store->database, ring->stream, row, error);

    *gaps = (struct recovered_gaps){0};
    ring->next_sequence = 1;
    load_told(store, ring);
    if (code == ERROR_OK) {
        code = refuse_contradiction(store, ring, error);
    }
    if (code != ERROR_OK || row->head_first == 0) {
        store->database.slot_is_lost = false; /* an unused ring may have none */
        return code;
    }
    newest.image = image_take(store);
    code = read_newest(store, ring, &newest, error);
    if (code != ERROR_OK) {
        image_give_back(store, newest.image);
        return code;
    }
    ring->next_sequence = newest.next_sequence;
    if (newest.last_seen > 0 && newest.is_certain) {
        gaps->newest = (struct recovered_gap){
            "the end of the queue was damaged", newest.next_sequence, newest.last_seen,
            newest.image->header.t0_ns, clock_utc_ns(store->clock)};
        ring->next_sequence = newest.last_seen + 1;
    } else if (newest.last_seen > 0 || newest.next_sequence == 0) {
        uint64_t highest = highest_given(store, ring);

        highest = highest > newest.last_seen ? highest : newest.last_seen;
        gaps->newest = (struct recovered_gap){
            "the newest part of the queue was damaged: at most these numbers were given",
            newest.next_sequence > 0 ? newest.next_sequence : row->head_first, highest,
            newest.next_sequence > 0 ? newest.image->header.t0_ns : 0, clock_utc_ns(store->clock)};
        ring->next_sequence = highest + 1;
    }
    recover_tail(store, ring, &newest, &gaps->oldest);
    code = place_check_rows(store, error);
    if (code != ERROR_OK) {
        image_give_back(store, newest.image);
        return code;
    }
    if (newest.next_sequence == 0 || !continue_newest(store, ring, &newest)) {
        image_give_back(store, newest.image);
    }
    count_gap(store, ring, &gaps->oldest);
    count_gap(store, ring, &gaps->newest);
    if (gaps->newest.reason != NULL) {
        tell_newest(store, ring, &gaps->newest);
    }
    ring->committed_sequence = ring->next_sequence - 1;
    ring->state->on_disk = *row;
    return ERROR_OK;
}
