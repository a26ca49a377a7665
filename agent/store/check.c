#include "agent/store/check.h"

#include "agent/store/inside.h"
#include "agent/store/place.h"

#include <stdlib.h>

/** One pass over a ring. */
struct checker {
    struct store *store;
    const struct ring *ring;
    struct store_check *check;
    struct codec_decoder *decoder;
    uint64_t expected;  /* the next number; 0: not known */
    uint64_t committed; /* the last number on disk when the pass began */
    uint64_t told;      /* damage up to this number has its gap event */
    uint64_t headless;  /* slots in a row, up to this one, whose header is damaged */
    uint32_t index;     /* of the slot being looked at */
    struct slot_header header;
    uint8_t slot[SLOT_BYTES];
};

/** The slots in use, and where one is among them. */
struct span {
    uint32_t tail, made, count;
};

static void tell(struct checker *checker, uint64_t first, uint64_t last, const char *what)
{
    const struct ring *ring = checker->ring;
    bool by_opening =
        first >= ring->told_first && last <= ring->told_last; /* set before it is read */
    bool told = last > 0 && (last <= checker->told || by_opening);
    const struct store_finding finding = {ring->stream, checker->index, first, last, what, told};

    checker->check->findings++;
    checker->check->found(checker->check->context, &finding);
}

static struct span span_of(const struct ring *ring)
{
    const struct database_ring *row = &ring->state->on_disk;
    struct span span = {.tail = row->tail, .made = row->made};

    if (row->head_first > 0) {
        span.count = (row->head + row->made - row->tail) % row->made + 1;
    }
    return span;
}

/** Copy the slot at `position` of `span`. `*usable` false: nothing in it can be read, and
 *  `*evicted` says that it was overwritten since the pass began. */
static enum error_code copy_slot(struct checker *checker, const struct span *span,
                                 uint32_t position, bool *usable, bool *evicted,
                                 struct error *error)
{
    struct store *store = checker->store;
    struct span now;
    struct database_place place;
    uint32_t chain;
    enum error_code code;

    checker->index = (span->tail + position) % span->made;
    place = (struct database_place){checker->ring->stream, checker->index};
    (void)pthread_mutex_lock(&store->database_lock); /* cannot fail; nothing is committed now */
    now = span_of(checker->ring);
    *evicted = (checker->index + now.made - now.tail) % now.made >= now.count;
    code = *evicted ? ERROR_OK
                    : database_read_slot(&store->database, place, checker->slot, SLOT_BYTES, error);
    (void)pthread_mutex_unlock(&store->database_lock); /* cannot fail */
    *usable = !*evicted && code == ERROR_OK &&
              slot_read_header(checker->slot, &checker->header, &chain) &&
              checker->header.stream == checker->ring->stream &&
              checker->header.incarnation == store->incarnation;
    return code == ERROR_BAD_DATA ? ERROR_OK : code;
}

/** Rule 3. */
static void check_definitions(struct checker *checker, const struct slot_batch *batch,
                              const struct sample *samples)
{
    for (size_t i = 0; i < batch->count; i++) {
        uint64_t sequence = batch->first_sequence + i;

        if (store_definition(checker->store, samples[i].point_id) == NULL) {
            tell(checker, sequence, sequence, "this reading belongs to no known point");
        }
    }
}

/** Decode one batch; false: the rest of the slot cannot be read either. */
static bool check_batch(struct checker *checker, const struct slot_batch *batch)
{
    const struct sample *samples = NULL;

    if (!batch->fresh ||
        codec_decoder_start(checker->decoder, checker->header.table_log2, checker->header.t0_ns)) {
        samples =
            codec_decode(checker->decoder, batch->payload, batch->payload_bytes, batch->count);
    }
    if (samples == NULL) {
        tell(checker, batch->first_sequence, batch->first_sequence + batch->count - 1,
             "a batch has the right checksum and cannot be decoded; so has what follows in its "
             "slot");
        return false;
    }
    checker->check->batches++;
    checker->check->records += batch->count;
    if (checker->ring->stream == STREAM_READINGS) {
        check_definitions(checker, batch, samples);
    }
    return true;
}

/** Rule 2: numbers before a slot, or before the end, that no slot held. */
static void tell_missing(struct checker *checker, uint64_t last)
{
    if (checker->headless > 0) {
        tell(checker, checker->expected, last, "the header of the slot before is damaged");
    } else if (checker->expected > 0 && last >= checker->expected) {
        tell(checker, checker->expected, last, "these numbers are missing before the slot");
    }
    checker->headless = 0;
}

static void check_slot(struct checker *checker)
{
    struct slot_cursor cursor;
    struct slot_batch batch;
    enum slot_step step;
    uint32_t chain;
    bool readable = true;

    if (!slot_read_header(checker->slot, &checker->header, &chain)) {
        return; /* it was read a moment ago */
    }
    tell_missing(checker, checker->header.first_sequence - 1);
    slot_cursor_init(&cursor, checker->slot, &checker->header, chain);
    do {
        step = slot_cursor_next(&cursor, &batch);
        readable = step == SLOT_STEP_BATCH && check_batch(checker, &batch);
    } while (readable);
    checker->expected = cursor.next_sequence;
    if (step == SLOT_STEP_DAMAGED) {
        tell(checker, cursor.next_sequence, slot_cursor_last_seen(&cursor, NULL),
             "a batch has a wrong checksum, so it and what follows in its slot cannot be read");
        checker->expected = slot_cursor_last_seen(&cursor, NULL) + 1;
    }
}

static enum error_code check_all(struct checker *checker, const struct span *span,
                                 struct error *error)
{
    struct store_check *check = checker->check;

    for (uint32_t position = 0; position < span->count; position++) {
        bool usable, evicted;
        enum error_code code = copy_slot(checker, span, position, &usable, &evicted, error);

        if (code != ERROR_OK) {
            return code;
        }
        if (usable) {
            check->slots++;
            check_slot(checker);
        } else if (evicted) { /* rule 4 */
            checker->expected = 0;
        } else {
            check->slots++;
            checker->headless++; /* what it held is known where the next one begins */
        }
        if (check->progress != NULL &&
            !check->progress(check->context, position + 1, span->count)) {
            return ERROR_OK;
        }
    }
    tell_missing(checker, checker->committed);
    return ERROR_OK;
}

enum error_code store_check_ring(struct store *store, enum stream stream, struct store_check *check,
                                 struct error *error)
{
    struct checker *checker;
    struct span span;
    enum error_code code;

    if (!stream_has_ring(stream)) {
        return error_set(error, ERROR_BUG, "the stream of %s has no ring", stream_name(stream));
    }
    checker = calloc(1, sizeof(*checker));
    if (checker != NULL) {
        checker->decoder = codec_decoder_create();
    }
    if (checker == NULL || checker->decoder == NULL) {
        free(checker);
        return error_set(error, ERROR_NO_MEMORY, "not enough memory to check the queue of %s",
                         stream_name(stream));
    }
    checker->store = store;
    checker->ring = &store->rings[stream];
    checker->check = check;
    (void)pthread_mutex_lock(&store->database_lock); /* cannot fail */
    span = span_of(checker->ring);
    (void)pthread_mutex_lock(&store->lock); /* cannot fail */
    checker->committed = checker->ring->committed_sequence;
    checker->told = checker->ring->state->row.damage_reported;
    (void)pthread_mutex_unlock(&store->lock);          /* cannot fail */
    (void)pthread_mutex_unlock(&store->database_lock); /* cannot fail */
    code = check_all(checker, &span, error);
    codec_decoder_free(checker->decoder);
    free(checker);
    return code;
}
