#include "agent/store/store.h"

#include "agent/store/grow.h"
#include "agent/store/inside.h"
#include "agent/store/recover.h"
#include "agent/store/ring.h"
#include "agent/store/store_clock.h"
#include "base/fs.h"

#include <limits.h>
#include <stdlib.h>

static void close_contents(struct store *store)
{
    for (size_t i = 0; i < STREAM_RING_COUNT; i++) {
        ring_deinit(&store->rings[i]);
    }
    while (store->free_images != NULL) {
        struct image *next = store->free_images->next;

        free(store->free_images);
        store->free_images = next;
    }
    store->image_count = store->free_count = 0;
    catalogue_deinit(&store->catalogue);
    database_close(&store->database);
}

void store_close(struct store *store)
{
    if (store == NULL) {
        return;
    }
    close_contents(store);
    (void)pthread_mutex_destroy(&store->lock); /* nobody holds it any more */
    (void)pthread_mutex_destroy(&store->database_lock);
    free(store);
}

/** Sixteen bytes that change with each boot; zeros where the kernel does not tell. */
static void read_boot_id(uint8_t boot_id[SLOT_BOOT_ID_BYTES])
{
    struct buffer text;
    unsigned digits = 0;

    memset(boot_id, 0, SLOT_BOOT_ID_BYTES);
    buffer_init(&text, 256);
    if (fs_read_file("/proc/sys/kernel/random/boot_id", &text, NULL) == ERROR_OK) {
        for (size_t i = 0; i < text.size && digits < 2 * SLOT_BOOT_ID_BYTES; i++) {
            unsigned byte = text.bytes[i];
            unsigned nibble = byte >= 'a' ? byte - 'a' + 10U : byte - '0';

            if (nibble < 16) {
                boot_id[digits / 2] = (uint8_t)((unsigned)boot_id[digits / 2] << 4 | nibble);
                digits++;
            }
        }
    }
    buffer_deinit(&text);
}

static enum error_code take_point(void *context, uint32_t handle,
                                  const struct definition *definition, struct error *error)
{
    struct store *store = context;
    uint32_t added = 0;
    enum error_code code = catalogue_add(&store->catalogue, definition, &added, error);

    if (code == ERROR_OK && added != handle) {
        return error_set(error, ERROR_BAD_DATA, "the queue %s misses definition %u of a point",
                         store->database.path, added);
    }
    return code;
}

static enum error_code load_catalogue(struct store *store, struct error *error)
{
    struct row_state *state = &store->rows[STREAM_CATALOGUE];
    enum error_code code =
        database_load_ring(&store->database, STREAM_CATALOGUE, &state->row, error);

    if (code == ERROR_OK) {
        code = database_list_points(&store->database, take_point, store, error);
    }
    store->catalogue.committed = store->catalogue.count;
    state->on_disk = state->row;
    return code;
}

static enum error_code load_ring(struct store *store, enum stream stream,
                                 const struct store_settings *settings, struct recovered_gap *gap,
                                 struct error *error)
{
    struct ring *ring = &store->rings[stream];
    struct image *image = malloc(sizeof(*image)); /* for the newest slot; stays in the pool */
    enum error_code code;

    if (image == NULL) {
        return error_set(error, ERROR_NO_MEMORY, "not enough memory to open the queue %s",
                         settings->path);
    }
    store->image_count++;
    image_give_back(store, image);
    ring->stream = stream;
    ring->state = &store->rows[stream];
    ring->when_full = settings->when_full[stream];
    buffer_init(&ring->texts, CODEC_COLUMNS_MAX);
    code = recover_ring(store, ring, gap, error);
    grow_init(store, ring, settings->ring_bytes[stream]);
    return code;
}

static enum error_code open_contents(struct store *store, const struct store_settings *settings,
                                     struct recovered_gap gaps[STREAM_RING_COUNT],
                                     struct error *error)
{
    enum error_code code = database_open(&store->database, settings->path, error);

    catalogue_init(&store->catalogue);
    memset(store->rings, 0, sizeof(store->rings));
    memset(store->rows, 0, sizeof(store->rows));
    memset(store->cuts, 0, sizeof(store->cuts));
    store->newest_ns = 0;
    if (code != ERROR_OK) {
        return code;
    }
    store->incarnation = strtoull(store->database.incarnation, NULL, 16);
    code = note_load_all(&store->notes, &store->database, error);
    rights_load(&store->rights, &store->notes);
    if (code == ERROR_OK) {
        code = load_catalogue(store, error);
    }
    for (size_t i = 0; i < STREAM_RING_COUNT && code == ERROR_OK; i++) {
        gaps[i].reason = NULL;
        code = load_ring(store, (enum stream)i, settings, &gaps[i], error);
    }
    for (size_t i = 0; i < STREAM_COUNT && code == ERROR_OK; i++) {
        code = database_load_cut(&store->database, (enum stream)i, &store->cuts[i].cut,
                                 &store->cuts[i].active, error);
    }
    return code;
}

struct event store_gap_event(enum stream stream, uint64_t first, uint64_t last, const char *reason)
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

/** What the opening has to say becomes events, durable before anything else is. */
static enum error_code announce(struct store *store, const struct recovered_gap *gaps,
                                const char *predecessor, const char *reason, struct error *error)
{
    struct ring *events = &store->rings[STREAM_EVENTS];
    bool commit_first = false;
    enum error_code code;

    (void)pthread_mutex_lock(&store->lock); /* cannot fail */
    code = ring_reserve_own(store, 1 + STREAM_RING_COUNT, &commit_first, error);
    if (code == ERROR_OK && events->next_sequence == 1) {
        const struct event identity = {.kind = "identity",
                                       .subject = store->database.incarnation,
                                       .reason = reason,
                                       .detail = predecessor};

        ring_push_event(store, &identity);
    }
    for (size_t i = 0; i < STREAM_RING_COUNT && code == ERROR_OK; i++) {
        if (gaps[i].reason != NULL) {
            struct event gap =
                store_gap_event((enum stream)i, gaps[i].first, gaps[i].last, gaps[i].reason);

            gap.from_ns = gaps[i].from_ns;
            gap.to_ns = gaps[i].to_ns;
            ring_push_event(store, &gap);
        }
    }
    (void)pthread_mutex_unlock(&store->lock); /* cannot fail */
    return code == ERROR_OK ? store_commit(store, error) : code;
}

/** Open what is there, or begin, and say what is to be said of it: some damage shows only when the
 *  first event is written. */
static enum error_code open_and_announce(struct store *store, const struct store_settings *settings,
                                         const char *predecessor, const char *reason,
                                         struct error *error)
{
    struct recovered_gap gaps[STREAM_RING_COUNT] = {{0}};
    enum error_code code = open_contents(store, settings, gaps, error);

    if (code == ERROR_OK) {
        code = announce(store, gaps, predecessor, reason, error);
    }
    return code == ERROR_OK ? grow_announce(store, error) : code;
}

/** Open; if what is there cannot be used, put it aside and begin a new one. */
static enum error_code open_or_replace(struct store *store, const struct store_settings *settings,
                                       struct error *error)
{
    char predecessor[STORE_INCARNATION_SIZE];
    char kept_as[PATH_MAX] = "";
    char reason[512];
    enum error_code code = open_and_announce(store, settings, "", "", error);

    if (code != ERROR_BAD_DATA) {
        return code;
    }
    memcpy(predecessor, store->database.incarnation, sizeof(predecessor));
    close_contents(store);
    code = database_set_aside(settings->path, kept_as, sizeof(kept_as), error);
    if (code != ERROR_OK) {
        return code;
    }
    (void)snprintf(reason, sizeof(reason), "the queue was damaged and is kept as %.400s",
                   kept_as); /* cut, if it must be */
    return open_and_announce(store, settings, predecessor, reason, error);
}

enum error_code store_open(const struct store_settings *settings, struct store **store,
                           struct error *error)
{
    struct store *opened = calloc(1, sizeof(*opened));
    enum error_code code;

    if (opened == NULL) {
        return error_set(error, ERROR_NO_MEMORY, "not enough memory to open the queue %s",
                         settings->path);
    }
    opened->clock = settings->clock;
    opened->keep_free_bytes = settings->keep_free_bytes;
    (void)pthread_mutex_init(&opened->lock, NULL); /* cannot fail on Linux */
    (void)pthread_mutex_init(&opened->database_lock, NULL);
    if (settings->boot_id != NULL) {
        memcpy(opened->boot_id, settings->boot_id, SLOT_BOOT_ID_BYTES);
    } else {
        read_boot_id(opened->boot_id);
    }
    regime_watch_init(&opened->watch, settings->clock);
    code = open_or_replace(opened, settings, error);
    if (settings->program_page_bytes > 0) {
        opened->database.vfs.program_page_bytes = settings->program_page_bytes;
    }
    if (code != ERROR_OK) {
        store_close(opened);
        return code;
    }
    *store = opened;
    return ERROR_OK;
}

const char *store_incarnation(const struct store *store)
{
    return store->database.incarnation;
}

void store_look_at_clock(struct store *store)
{
    (void)pthread_mutex_lock(&store->lock); /* cannot fail */
    ring_look_at_clock(store, true);
    (void)pthread_mutex_unlock(&store->lock); /* cannot fail */
}

uint64_t store_clock_version(struct store *store)
{
    uint64_t version;

    (void)pthread_mutex_lock(&store->lock); /* cannot fail */
    version = store->rights.changes;
    (void)pthread_mutex_unlock(&store->lock); /* cannot fail */
    return version;
}

int64_t store_newest_ns(const struct store *store)
{
    return store->newest_ns;
}

const uint8_t *store_boot_id(const struct store *store)
{
    return store->boot_id;
}
