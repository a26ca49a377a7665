/* store_read(): slots are copied under the database lock, decoded and visited without any lock. */
#include "agent/store/inside.h"
#include "agent/store/place.h"
#include "agent/store/ring.h"

#include <stdlib.h>
#include <string.h>

struct reader {
    struct store *store;
    struct ring *ring;
    struct codec_decoder *decoder;
    store_visit *visit;
    void *context;
    uint64_t began;     /* the first one that was asked for */
    uint64_t wanted;    /* the next sequence number to be visited */
    uint64_t after;     /* slots that begin here or before were read to their end; 0: none */
    uint64_t committed; /* as of the last copy; read up to here, all that it held was seen */
    uint64_t oldest;    /* first number in the tail slot, as of the last copy */
    bool stopped;       /* by visit() */
    struct slot_header header;
    uint8_t slot[SLOT_BYTES];
};

/** A ring's slots in use as they are on disk, oldest first. */
struct run {
    enum stream stream;
    uint32_t tail, made, count;
};

static uint32_t index_of(const struct run *run, uint32_t position)
{
    return (run->tail + position) % run->made;
}

/** The last position from `low` on whose slot begins at `sequence` or before; slots that cannot be
 *  read are stepped over. */
static uint32_t find_position(struct store *store, const struct run *run, uint64_t sequence)
{
    uint32_t low = 0, high = run->count - 1;

    while (low < high) {
        uint32_t middle = low + (high - low + 1) / 2;
        uint32_t probe = middle;
        struct slot_header header = {0};

        while (probe <= high &&
               !place_read_header(store, run->stream, index_of(run, probe), &header)) {
            probe++;
        }
        if (probe > high || header.first_sequence > sequence) {
            high = middle - 1;
        } else {
            low = probe;
        }
    }
    return low;
}

/** Copy the slot that `wanted` is in, or the next one there is. `*found` false: no more. */
static enum error_code copy_slot(struct reader *reader, bool *found, struct error *error)
{
    struct store *store = reader->store;
    const struct database_ring *row = &reader->ring->state->on_disk;
    struct run run = {.stream = reader->ring->stream, .tail = row->tail, .made = row->made};
    enum error_code code = ERROR_OK;
    uint32_t position;

    *found = false;
    if (row->head_first == 0) {
        return ERROR_OK;
    }
    run.count = (row->head + row->made - row->tail) % row->made + 1;
    for (position = find_position(store, &run, reader->wanted); position < run.count; position++) {
        uint32_t index = index_of(&run, position);
        uint32_t chain;

        if (!place_read_header(store, run.stream, index, &reader->header) ||
            reader->header.first_sequence <= reader->after) {
            continue;
        }
        code = database_read_slot(&store->database, (struct database_place){run.stream, index},
                                  reader->slot, SLOT_BYTES, error);
        if (code == ERROR_BAD_DATA) {
            code = ERROR_OK;
            continue; /* S4: it costs its own slot */
        }
        *found = code == ERROR_OK && slot_read_header(reader->slot, &reader->header, &chain);
        break;
    }
    return code == ERROR_OK ? place_check_rows(store, error) : code;
}

static enum error_code next_slot(struct reader *reader, bool *found, struct error *error)
{
    struct store *store = reader->store;
    enum error_code code;

    (void)pthread_mutex_lock(&store->database_lock); /* cannot fail; nothing is committed now */
    (void)pthread_mutex_lock(&store->lock);          /* cannot fail */
    reader->committed = reader->ring->committed_sequence;
    reader->oldest = reader->ring->tail_first;
    (void)pthread_mutex_unlock(&store->lock); /* cannot fail */
    *found = false;
    code = reader->wanted > reader->committed ? ERROR_OK : copy_slot(reader, found, error);
    (void)pthread_mutex_unlock(&store->database_lock); /* cannot fail */
    return code;
}

/** What is known of the clock that the batch at the cursor was stamped by. */
static struct store_regime regime_at(const struct reader *reader, const struct slot_cursor *cursor)
{
    struct store *store = reader->store;
    const uint8_t *boot_id = reader->header.boot_id;
    int64_t right_ns = 0;
    struct store_regime regime = {
        .state = cursor->regime_known ? cursor->regime.state : reader->header.clock,
        .this_boot = memcmp(boot_id, store->boot_id, SLOT_BOOT_ID_BYTES) == 0,
        .is_known = cursor->regime_known,
    };

    if (regime.is_known) {
        regime.began_ns = cursor->regime.utc_ns;
        regime.offset_ns = slot_regime_offset_ns(&cursor->regime);
        (void)pthread_mutex_lock(&store->lock); /* cannot fail */
        regime.is_right_known = rights_find(&store->rights, boot_id, &right_ns);
        (void)pthread_mutex_unlock(&store->lock); /* cannot fail */
        regime.correction_ns = regime.is_right_known ? right_ns - regime.offset_ns : 0;
    }
    return regime;
}

/** Visit the records of a batch from `wanted` on. */
static void visit_batch(struct reader *reader, const struct slot_batch *batch,
                        const struct sample *samples, const struct store_regime *regime)
{
    for (size_t i = 0; i < batch->count && !reader->stopped; i++) {
        uint64_t sequence = batch->first_sequence + i;

        if (sequence >= reader->wanted) {
            reader->stopped = !reader->visit(reader->context, sequence, &samples[i], regime);
            reader->wanted = sequence + 1;
        }
    }
}

/** Decode the slot up to its end, or to the first batch that is damaged. */
static enum error_code visit_slot(struct reader *reader, struct error *error)
{
    struct slot_cursor cursor;
    struct slot_batch batch;
    uint32_t chain;

    (void)slot_read_header(reader->slot, &reader->header, &chain); /* was checked when copied */
    slot_cursor_init(&cursor, reader->slot, &reader->header, chain);
    while (!reader->stopped && slot_cursor_next(&cursor, &batch) == SLOT_STEP_BATCH) {
        const struct sample *samples;
        struct store_regime regime;

        if (batch.fresh && !codec_decoder_start(reader->decoder, reader->header.table_log2,
                                                reader->header.t0_ns)) {
            return error_set(error, ERROR_NO_MEMORY, "not enough memory to read the queue of %s",
                             stream_name(reader->ring->stream));
        }
        samples = codec_decode(reader->decoder, batch.payload, batch.payload_bytes, batch.count);
        if (samples == NULL) {
            break; /* the gap that it leaves is noticed where the next records begin */
        }
        regime = regime_at(reader, &cursor);
        visit_batch(reader, &batch, samples, &regime);
    }
    /* The newest slot, read to the end of what was on disk, may have got more since. */
    reader->after = reader->header.first_sequence - (reader->wanted > reader->committed);
    return ERROR_OK;
}

static enum error_code tell_gap(struct reader *reader, uint64_t first, uint64_t last,
                                struct error *error)
{
    struct event event = ring_gap_event(reader->ring->stream, first, last,
                                        "the queue was damaged: these records cannot be read");

    return first <= last ? store_append_own(reader->store, &event, error) : ERROR_OK;
}

/** Tell of first..last, but for what an opening told of already. */
static enum error_code tell_gaps(struct reader *reader, uint64_t first, uint64_t last,
                                 struct error *error)
{
    const struct ring *ring = reader->ring;
    enum error_code code;

    if (ring->told_last < first || ring->told_first > last) {
        return tell_gap(reader, first, last, error);
    }
    code = tell_gap(reader, first, ring->told_first - 1, error);
    return code == ERROR_OK ? tell_gap(reader, ring->told_last + 1, last, error) : code;
}

/** How many of first..last the opening did not count. */
static uint64_t count_untold(const struct ring *ring, uint64_t first, uint64_t last)
{
    uint64_t told_from = first > ring->told_first ? first : ring->told_first;
    uint64_t told_to = last < ring->told_last ? last : ring->told_last;

    return last - first + 1 - (told_from <= told_to ? told_to - told_from + 1 : 0);
}

/** Records from `wanted` to `last` are not there: say so once (S4). Who began in the middle says
 *  nothing: the one who reads all that waits will. */
static enum error_code report_damage(struct reader *reader, uint64_t last, struct error *error)
{
    struct store *store = reader->store;
    struct row_state *state = reader->ring->state;
    uint64_t first, before, lost = 0;
    enum error_code code = ERROR_OK;

    (void)pthread_mutex_lock(&store->lock); /* cannot fail */
    before = state->row.damage_reported;
    first = before + 1;
    first = first > state->row.acknowledged ? first : state->row.acknowledged + 1;
    first = first > reader->oldest ? first : reader->oldest;
    if (reader->began > first) {
        first = last + 1;
    }
    first = first > reader->wanted ? first : reader->wanted;
    if (first <= last) {
        lost = count_untold(reader->ring, first, last);
        state->row.damage_reported = last;
        state->row.lost_count += lost;
        row_changed(store, state);
    }
    (void)pthread_mutex_unlock(&store->lock); /* cannot fail */
    if (first <= last) {
        code = tell_gaps(reader, first, last, error);
    }
    if (code != ERROR_OK) {                     /* then it is found again by the next reader */
        (void)pthread_mutex_lock(&store->lock); /* cannot fail */
        state->row.damage_reported = before;
        state->row.lost_count -= lost;
        (void)pthread_mutex_unlock(&store->lock); /* cannot fail */
    }
    return code;
}

static enum error_code read_slots(struct reader *reader, struct error *error)
{
    enum error_code code = ERROR_OK;

    while (code == ERROR_OK && !reader->stopped) {
        bool found;
        uint64_t begin;

        code = next_slot(reader, &found, error);
        if (code != ERROR_OK) {
            break;
        }
        begin = found ? reader->header.first_sequence : reader->committed + 1;
        if (begin > reader->wanted) {
            code = report_damage(reader, begin - 1, error);
        }
        if (code != ERROR_OK || !found) {
            break;
        }
        code = visit_slot(reader, error);
    }
    return code;
}

enum error_code store_read(struct store *store, enum stream stream, uint64_t first_sequence,
                           store_visit *visit, void *context, struct error *error)
{
    struct reader *reader;
    enum error_code code;

    if (!stream_has_ring(stream)) {
        return error_set(error, ERROR_BUG, "the stream of %s has no ring", stream_name(stream));
    }
    reader = calloc(1, sizeof(*reader));
    if (reader != NULL) {
        reader->decoder = codec_decoder_create();
    }
    if (reader == NULL || reader->decoder == NULL) {
        free(reader);
        return error_set(error, ERROR_NO_MEMORY, "not enough memory to read the queue of %s",
                         stream_name(stream));
    }
    reader->store = store;
    reader->ring = &store->rings[stream];
    reader->visit = visit;
    reader->context = context;
    reader->began = reader->wanted = first_sequence > 0 ? first_sequence : 1;
    code = read_slots(reader, error);
    codec_decoder_free(reader->decoder);
    free(reader);
    return code;
}
