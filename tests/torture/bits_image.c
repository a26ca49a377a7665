#include "tests/torture/bits_image.h"

#include "agent/store/stray_slot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PAGE_BYTES = 1024, LOCAL_BYTES = 256, FRAME_BYTES = WAL_FRAME_HEADER_BYTES + PAGE_BYTES };

static const int64_t first_ns = INT64_C(1795375471123000000);

_Noreturn void bits_fail(const char *sentence, const char *detail)
{
    (void)printf("torture_bits: %s: %s\n", sentence, detail);
    exit(2);
}

uint64_t bits_random(uint64_t *seed)
{
    uint64_t mixed = *seed += UINT64_C(0x9e3779b97f4a7c15);

    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

struct sample bits_sample(enum stream stream, uint64_t sequence, char text[64])
{
    uint64_t seed = sequence * STREAM_COUNT + (uint64_t)stream;
    uint64_t dice = bits_random(&seed);
    struct sample sample = {
        .time_ns = first_ns + (int64_t)sequence * NS_PER_MS,
        .received_ns = first_ns + (int64_t)sequence * NS_PER_MS,
        .point_id = 1 + (uint32_t)(dice % 40),
        .type = SAMPLE_INT,
        .value.integer = (int64_t)dice,
    };

    if (stream == STREAM_LOGS) {
        sample.point_id = 0;
        sample.type = SAMPLE_TEXT;
        sample.value.text.bytes = text;
        sample.value.text.size_bytes =
            (uint32_t)snprintf(text, 64, "line %016llx", (unsigned long long)dice);
    }
    return sample;
}

void bits_settings(struct store_settings *settings, const char *path)
{
    *settings = (struct store_settings){.path = path, .clock = &clock_system};
    for (size_t i = 0; i < STREAM_RING_COUNT; i++) {
        settings->ring_bytes[i] = i == STREAM_READINGS ? 4 << 20 : 1 << 20;
    }
}

uint8_t *bits_read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes;
    long end = -1;

    *size = 0;
    if (file == NULL) {
        return NULL;
    }
    if (fseek(file, 0, SEEK_END) == 0) {
        end = ftell(file);
    }
    bits_require(end >= 0, "cannot read", path);
    rewind(file);
    *size = (size_t)end;
    bytes = malloc(*size + 1);
    bits_require(bytes != NULL && fread(bytes, 1, *size, file) == *size, "cannot read", path);
    (void)fclose(file); /* was only read */
    return bytes;
}

void bits_write_file(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");

    bits_require(file != NULL && (size == 0 || fwrite(bytes, 1, size, file) == size) &&
                     fclose(file) == 0,
                 "cannot write", path);
}

static void must(enum error_code code, const struct error *error)
{
    bits_require(code == ERROR_OK, "the store failed", error->text);
}

static void define_points(struct store *store)
{
    for (unsigned i = 0; i < 40; i++) {
        char point_id[32];
        const struct definition definition = {.point_id = point_id,
                                              .device = "pump",
                                              .name = "p",
                                              .type = "int64",
                                              .unit = "",
                                              .role = "sensor",
                                              .address = "",
                                              .labels = "",
                                              .scale = 1};
        struct error error = {0};
        uint32_t handle;

        (void)snprintf(point_id, sizeof(point_id), "pump/p%u", i);
        must(store_define(store, &definition, &handle, &error), &error);
    }
}

static void append(struct store *store, enum stream stream, uint64_t count)
{
    struct store_stream_state now;

    store_state(store, stream, &now);
    for (uint64_t i = 0; i < count; i++) {
        char text[64];
        struct sample sample = bits_sample(stream, now.next_sequence + i, text);
        struct error error = {0};

        must(store_append(store, stream, &sample, 1, &error), &error);
    }
}

/** As if a batch had gone up. */
static void acknowledge(struct store *store, enum stream stream, uint64_t last)
{
    struct store_cut cut = {.last = last, .digest = "0123456789ab"};
    struct store_stream_state now;
    struct error error = {0};

    store_state(store, stream, &now);
    cut.first = now.acknowledged + 1;
    if (cut.first <= last && last <= now.committed_sequence) {
        must(store_cut_save(store, stream, &cut, &error), &error);
        must(store_cut_finish(store, stream, &error), &error);
    }
}

static void fill(struct bits_image *image, struct store *store, uint64_t *seed)
{
    /* Some wrap around the journal, so that older slots stand in the database alone. */
    uint64_t commits = 3 + bits_random(seed) % (bits_random(seed) % 4 == 0 ? 260 : 60);
    struct error error = {0};

    define_points(store);
    for (uint64_t i = 0; i < commits; i++) {
        for (size_t j = 0; j < STREAM_RING_COUNT; j++) {
            struct store_stream_state now;

            store_state(store, (enum stream)j, &now);
            image->last_commit_first[j] = now.next_sequence;
        }
        append(store, STREAM_READINGS, 1 + bits_random(seed) % 2000);
        append(store, STREAM_LOGS, bits_random(seed) % 200);
        must(store_commit(store, &error), &error);
        if (bits_random(seed) % 8 == 0 && i + 1 < commits) {
            struct store_stream_state now;

            store_state(store, STREAM_READINGS, &now);
            acknowledge(store, STREAM_READINGS,
                        now.acknowledged + bits_random(seed) % (now.waiting_count + 1));
        }
    }
    for (size_t j = 0; j < STREAM_RING_COUNT; j++) {
        struct store_stream_state now;

        store_state(store, (enum stream)j, &now);
        image->committed[j] = now.committed_sequence;
        image->acknowledged[j] = now.acknowledged;
    }
}

static void add_place(struct bits_slot *slot, struct page_source *source, uint32_t page)
{
    struct bits_place *place = &slot->places[slot->place_count++];
    uint32_t frame;

    bits_require(slot->place_count <= BITS_PAGES_MAX, "a slot has", "too many pages");
    if (wal_map_find(&source->map, page, &frame)) {
        *place = (struct bits_place){BITS_JOURNAL, WAL_HEADER_BYTES + (size_t)frame * FRAME_BYTES,
                                     FRAME_BYTES};
    } else {
        *place = (struct bits_place){BITS_DATABASE, (size_t)(page - 1) * PAGE_BYTES, PAGE_BYTES};
    }
}

/** Where the slot's newest pages are, and what records it holds. */
static void map_slot(struct bits_image *image, struct page_source *source,
                     const struct stray_slot *found)
{
    struct bits_slot *slot = &image->slots[image->slot_count];
    static uint8_t bytes[SLOT_BYTES];
    uint8_t page[PAGE_BYTES];
    struct slot_header header;
    struct slot_cursor cursor;
    struct slot_batch batch;
    uint32_t chain, next;

    stray_slot_read(source, found, bytes);
    *slot =
        (struct bits_slot){.stream = (enum stream)found->stream, .first = found->first_sequence};
    bits_require(slot_read_header(bytes, &header, &chain), "a slot has", "no header");
    slot_cursor_init(&cursor, bytes, &header, chain);
    while (slot_cursor_next(&cursor, &batch) == SLOT_STEP_BATCH) {
    }
    slot->end = cursor.next_sequence;
    add_place(slot, source, found->page);
    (void)page_source_read(source, found->page, page);
    next = raw_get(page + found->offset + LOCAL_BYTES, 4);
    while (next != 0) {
        add_place(slot, source, next);
        bits_require(page_source_read(source, next, page), "a slot has", "a broken chain");
        next = raw_get(page, 4);
    }
    if (slot->end > image->acknowledged[slot->stream] + 1 && slot->end > slot->first) {
        image->slot_count++;
    }
}

static void map_slots(struct bits_image *image)
{
    struct page_source source;
    struct stray_slots found;
    uint64_t incarnation = strtoull(image->incarnation, NULL, 16);
    struct error error = {0};

    must(page_source_open(&source, image->path[BITS_DATABASE], &error), &error);
    must(stray_slots_find(&source, &incarnation, &found, &error), &error);
    image->slots = calloc(found.count + 1, sizeof(*image->slots));
    bits_require(image->slots != NULL, "there is", "no memory");
    for (size_t i = 0; i < found.count; i++) {
        map_slot(image, &source, &found.list[i]);
    }
    for (size_t i = 0; i < source.map.count; i++) {
        size_t end = WAL_HEADER_BYTES + ((size_t)(uint32_t)source.map.entries[i] + 1) * FRAME_BYTES;

        image->frames_end = end > image->frames_end ? end : image->frames_end;
    }
    stray_slots_free(&found);
    page_source_close(&source);
}

void bits_image_make(struct bits_image *image, const char *folder, uint64_t *seed)
{
    char original[BITS_FILES][BITS_PATH_SIZE];
    struct store_settings settings;
    struct store *store = NULL;
    struct error error = {0};
    bool closed = bits_random(seed) % 3 == 0;

    *image = (struct bits_image){0};
    (void)snprintf(original[0], BITS_PATH_SIZE, "%s/original.db", folder);
    (void)snprintf(original[1], BITS_PATH_SIZE, "%s/original.db-wal", folder);
    (void)snprintf(image->path[0], BITS_PATH_SIZE, "%s/queue.db", folder);
    (void)snprintf(image->path[1], BITS_PATH_SIZE, "%s/queue.db-wal", folder);
    bits_settings(&settings, original[0]);
    must(store_open(&settings, &store, &error), &error);
    memcpy(image->incarnation, store_incarnation(store), sizeof(image->incarnation));
    fill(image, store, seed);
    if (closed) {
        store_close(store);
    }
    for (int i = 0; i < BITS_FILES; i++) {
        image->bytes[i] = bits_read_file(original[i], &image->size[i]);
        bits_write_file(image->path[i], image->bytes[i], image->size[i]);
    }
    if (!closed) {
        store_close(store);
    }
    (void)unlink(original[0]); /* done with */
    (void)unlink(original[1]);
    map_slots(image);
}

void bits_image_free(struct bits_image *image)
{
    for (int i = 0; i < BITS_FILES; i++) {
        free(image->bytes[i]);
    }
    free(image->slots);
    *image = (struct bits_image){0};
}

bool bits_slot_is_whole(const struct bits_image *image, const struct bits_slot *slot,
                        uint8_t *const now[BITS_FILES], const size_t now_size[BITS_FILES])
{
    for (size_t i = 0; i < slot->place_count; i++) {
        const struct bits_place *place = &slot->places[i];

        if (place->at + place->size > now_size[place->file] ||
            memcmp(now[place->file] + place->at, image->bytes[place->file] + place->at,
                   place->size) != 0) {
            return false;
        }
    }
    return true;
}
