#include "agent/store/ring.h"
#include "agent/store/inside.h"

#include <stdlib.h>
#include <string.h>

enum {
    USABLE_BYTES = SLOT_BYTES - SLOT_HEADER_BYTES - SLOT_BATCH_HEADER_BYTES,
    RAW_LEAST = 64,
    TEXT_LEAST = 2 * EVENT_TEXT_MAX,
    TABLE_LOG2_LEAST = 4,
};

void ring_deinit(struct ring *ring)
{
    while (ring->oldest != NULL) {
        struct image *next = ring->oldest->next;

        free(ring->oldest);
        ring->oldest = next;
    }
    ring->open = NULL;
    codec_encoder_free(ring->encoder);
    codec_encoder_free(ring->larger_encoder);
    ring->encoder = ring->larger_encoder = NULL;
    free(ring->raw);
    ring->raw = NULL;
    buffer_deinit(&ring->texts);
}

struct image *image_take(struct store *store)
{
    struct image *image = store->free_images;

    if (image != NULL) {
        store->free_images = image->next;
        store->free_count--;
        memset(image, 0, offsetof(struct image, bytes));
    }
    return image;
}

void image_give_back(struct store *store, struct image *image)
{
    image->next = store->free_images;
    store->free_images = image;
    store->free_count++;
}

static size_t worst_size(const struct sample *sample)
{
    return CODEC_SAMPLE_WORST + (sample->type == SAMPLE_TEXT ? sample->value.text.size_bytes : 0);
}

/** The most that zstd and batch headers make of `bytes` of columns. */
static size_t worst_in_slot(size_t bytes)
{
    return bytes + bytes / 128 + 512;
}

/** Images that encoding the raw samples and `extra_bytes` more may open. Two slots in a row are
 *  together more than full, so twice the size is enough. */
static unsigned images_needed(const struct ring *ring, size_t extra_bytes)
{
    size_t bytes = worst_in_slot(ring->raw_worst_bytes + extra_bytes);

    if (ring->raw_worst_bytes + extra_bytes == 0 ||
        (ring->open != NULL && bytes <= SLOT_BYTES - ring->open->filled)) {
        return 0;
    }
    return bytes <= USABLE_BYTES ? 1 : (unsigned)(2 + 2 * bytes / USABLE_BYTES);
}

static unsigned wanted_table_log2(const struct store *store)
{
    unsigned log2 = TABLE_LOG2_LEAST;

    while (log2 < CODEC_TABLE_LOG2_MAX && ((uint32_t)1 << log2) <= store->catalogue.count) {
        log2++;
    }
    return log2;
}

/** An encoder, and a larger one for the next slot when points were added. */
static bool reserve_encoder(struct store *store, struct ring *ring)
{
    unsigned wanted = ring->stream == STREAM_EVENTS ? TABLE_LOG2_LEAST : wanted_table_log2(store);

    if (ring->encoder == NULL) {
        ring->encoder = codec_encoder_create(wanted);
        return ring->encoder != NULL;
    }
    if (wanted > codec_encoder_table_log2(ring->encoder) && ring->larger_encoder == NULL) {
        ring->larger_encoder = codec_encoder_create(wanted); /* the small one goes on without */
    }
    return true;
}

static bool reserve_raw(struct ring *ring, size_t count, size_t text_bytes)
{
    size_t wanted = ring->raw_count + count;
    size_t capacity = ring->raw_capacity > 0 ? ring->raw_capacity : RAW_LEAST;
    size_t text_wanted = text_bytes > 0 || ring->stream == STREAM_EVENTS ? TEXT_LEAST : 0;

    while (capacity < wanted && capacity < CODEC_BATCH_MAX) {
        capacity *= 2;
    }
    if (capacity > ring->raw_capacity) {
        struct sample *raw = realloc(ring->raw, capacity * sizeof(*raw));

        if (raw == NULL) {
            return false;
        }
        ring->raw = raw;
        ring->raw_capacity = capacity;
    }
    if (text_bytes > 0 && ring->texts.size + text_bytes > text_wanted) {
        text_wanted = ring->texts.size + text_bytes;
    }
    if (text_wanted > ring->texts.maximum) {
        text_wanted = ring->texts.maximum; /* a batch takes no more */
    }
    if (text_wanted > ring->texts.capacity &&
        !buffer_reserve(&ring->texts, text_wanted - ring->texts.size)) {
        ring->texts.failed = false; /* what it holds is whole */
        return false;
    }
    return true;
}

/** Free images for what waits in the other rings, `count` for this one, and one for the events
 *  that a commit may make. */
static bool reserve_images(struct store *store, const struct ring *ring, unsigned count,
                           bool *commit_first)
{
    unsigned wanted = count + 1;

    for (size_t i = 0; i < STREAM_RING_COUNT; i++) {
        const struct ring *other = &store->rings[i];

        wanted += other != ring ? images_needed(other, 0) : 0;
    }
    while (store->free_count < wanted && store->image_count < IMAGE_MAX) {
        struct image *image = malloc(sizeof(*image));

        if (image == NULL) {
            return false;
        }
        store->image_count++;
        image_give_back(store, image);
    }
    *commit_first = store->free_count < wanted;
    return true;
}

static bool ring_has_room(const struct ring *ring, unsigned images)
{
    const struct database_ring *row = &ring->state->row;
    bool wrapped = row->head_first > 0 && row->tail > row->head;
    /* Slots that are made now are behind the head only after it went round. */
    uint32_t slots = ring->growth != STORE_GROWTH_FREE || wrapped ? row->made : ring->capacity;

    return ring->when_full == STORE_OVERWRITE_OLDEST || images == 0 ||
           ring_used_slots(ring) + images + RING_HELD_BACK <= slots;
}

static enum error_code reserve_memory(struct store *store, struct ring *ring, size_t count,
                                      size_t text_bytes, bool *commit_first, struct error *error)
{
    unsigned images = images_needed(ring, count * CODEC_SAMPLE_WORST + text_bytes);

    if (!reserve_encoder(store, ring) || !reserve_raw(ring, count, text_bytes) ||
        !reserve_images(store, ring, images, commit_first)) {
        return error_set(error, ERROR_NO_MEMORY, "not enough memory to queue %zu records of %s",
                         count, stream_name(ring->stream));
    }
    return ERROR_OK;
}

enum error_code ring_reserve_own(struct store *store, size_t count, bool *commit_first,
                                 struct error *error)
{
    *commit_first = false;
    return reserve_memory(store, &store->rings[STREAM_EVENTS], count, count * EVENT_TEXT_MAX,
                          commit_first, error);
}

enum error_code ring_reserve(struct store *store, struct ring *ring, size_t count,
                             size_t text_bytes, bool *commit_first, struct error *error)
{
    unsigned images = images_needed(ring, count * CODEC_SAMPLE_WORST + text_bytes);

    *commit_first = false;
    if (!ring_has_room(ring, images)) {
        *commit_first = ring->tail_is_stale; /* which looks for slots that are acknowledged */
        return error_set(
            error, ERROR_NO_SPACE,
            "the queue of %s is full and set to hold: %llu records wait to be "
            "uploaded",
            stream_name(ring->stream),
            (unsigned long long)(ring->next_sequence - 1 - ring->state->row.acknowledged));
    }
    return reserve_memory(store, ring, count, text_bytes, commit_first, error);
}

static void close_open_image(struct store *store, struct ring *ring)
{
    struct image *image = ring->open;

    if (image == NULL) {
        return;
    }
    image->closed = true;
    ring->open = NULL;
    if (image->written == image->filled) { /* then it is the only one, and no commit has it */
        ring->oldest = NULL;
        image_give_back(store, image);
    }
}

/** Begin the slot whose first record is the first raw one. */
static void ring_turn(struct store *store, struct ring *ring)
{
    struct image *image, **last = &ring->oldest;

    close_open_image(store, ring);
    image = image_take(store); /* there is one: I3 */
    if (ring->larger_encoder != NULL) {
        codec_encoder_free(ring->encoder);
        ring->encoder = ring->larger_encoder;
        ring->larger_encoder = NULL;
    }
    image->header = (struct slot_header){
        .stream = ring->stream,
        .clock = ring->raw_regime.state,
        .table_log2 = codec_encoder_table_log2(ring->encoder),
        .incarnation = store->incarnation,
        .first_sequence = ring->next_sequence - ring->raw_count,
        .t0_ns = ring->raw[0].received_ns,
    };
    memcpy(image->header.boot_id, store->boot_id, SLOT_BOOT_ID_BYTES);
    image->chain = slot_write_header(&image->header, image->bytes);
    image->filled = SLOT_HEADER_BYTES;
    image->starts = true;
    while (*last != NULL) {
        last = &(*last)->next;
    }
    *last = image;
    ring->open = image;
}

/** Encode the raw samples as the open image's next batch; false: it does not fit. */
static bool append_batch(struct ring *ring)
{
    struct image *image = ring->open;
    uint8_t *bytes = image->bytes + image->filled;
    size_t room = SLOT_BYTES - image->filled;
    struct slot_batch batch = {
        .count = ring->raw_count,
        .first_sequence = ring->next_sequence - ring->raw_count,
        .fresh = image->starts,
        .marked = !image->marked || !regime_same(&image->regime, &ring->raw_regime),
        .regime = ring->raw_regime,
    };
    size_t overhead = slot_batch_overhead_bytes(&batch);

    if (room <= overhead) {
        return false;
    }
    if (image->starts) {
        codec_encoder_start(ring->encoder, image->header.t0_ns);
        image->starts = false;
    }
    batch.payload_bytes = codec_encode(ring->encoder, ring->raw, ring->raw_count, ring->texts.bytes,
                                       bytes + overhead, room - overhead);
    if (batch.payload_bytes == 0) {
        return false;
    }
    image->chain = slot_seal_batch(bytes, &batch, image->chain);
    image->filled += overhead + batch.payload_bytes;
    image->marked = true;
    image->regime = ring->raw_regime;
    return true;
}

void ring_encode(struct store *store, struct ring *ring)
{
    if (ring->raw_count == 0) {
        return;
    }
    if (ring->open == NULL || !append_batch(ring)) {
        ring_turn(store, ring);
        (void)append_batch(ring); /* fits: ring_push() bounds a batch to what a slot holds */
    }
    ring->raw_count = 0;
    ring->raw_worst_bytes = 0;
    buffer_clear(&ring->texts);
}

void ring_look_at_clock(struct store *store, bool ask_state)
{
    const struct slot_regime *regime = &store->watch.now.regime;

    (void)regime_look(&store->watch, ask_state); /* whoever pushes asks for the regime */
    if (regime->state == CLOCK_SYNCHRONISED &&
        rights_learn(&store->rights, &store->notes, store->boot_id,
                     slot_regime_offset_ns(regime))) {
        store->changes++;
    }
}

/** What is raw is all of one regime. */
static void choose_regime(struct store *store, struct ring *ring, const struct sample *sample,
                          unsigned *switches_left)
{
    const struct slot_regime *regime = regime_of(&store->watch, sample->received_ns);

    if (ring->raw_count > 0 && !regime_same(regime, &ring->raw_regime)) {
        if (*switches_left == 0) {
            return;
        }
        (*switches_left)--;
        ring_encode(store, ring);
    }
    ring->raw_regime = *regime;
}

void ring_push(struct store *store, struct ring *ring, const struct sample *sample,
               unsigned *switches_left)
{
    size_t worst = worst_size(sample);
    size_t text_bytes = sample->type == SAMPLE_TEXT ? sample->value.text.size_bytes : 0;

    if (ring->raw_count == ring->raw_capacity ||
        ring->raw_worst_bytes + worst > CODEC_COLUMNS_MAX ||
        ring->texts.size + text_bytes > ring->texts.capacity) {
        ring_encode(store, ring);
    }
    choose_regime(store, ring, sample, switches_left);
    if (text_bytes > 0) {
        (void)buffer_append(&ring->texts, sample->value.text.bytes, text_bytes); /* reserved */
    }
    ring->raw[ring->raw_count++] = *sample;
    ring->raw_worst_bytes += worst;
    ring->next_sequence++;
    store->changes++;
}

void ring_push_event(struct store *store, const struct event *event)
{
    char text[EVENT_TEXT_MAX];
    unsigned switches = RING_SWITCHES_MAX;
    int64_t now_ns = clock_utc_ns(store->clock);
    struct sample sample = {
        .time_ns = now_ns,
        .received_ns = now_ns,
        .type = SAMPLE_TEXT,
        .value.text = {text, (uint32_t)event_encode(event, text)},
    };

    ring_look_at_clock(store, false);
    ring_push(store, &store->rings[STREAM_EVENTS], &sample, &switches);
}

uint32_t ring_used_slots(const struct ring *ring)
{
    const struct database_ring *row = &ring->state->row;
    uint32_t used = 0;

    if (row->head_first > 0) {
        used = (row->head + row->made - row->tail) % row->made + 1;
    }
    for (const struct image *image = ring->oldest; image != NULL; image = image->next) {
        used += !image->placed;
    }
    return used;
}

struct event ring_gap_event(enum stream stream, uint64_t first, uint64_t last, const char *reason)
{
    return (struct event){
        .kind = "gap",
        .subject = stream_name(stream),
        .reason = reason,
        .detail = "",
        .first = first,
        .last = last,
        .count = last - first + 1,
    };
}
