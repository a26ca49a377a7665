#include "agent/store/store.h"

#include "agent/store/announce.h"
#include "agent/store/grow.h"
#include "agent/store/identity.h"
#include "agent/store/inside.h"
#include "agent/store/recover.h"
#include "agent/store/ring.h"
#include "agent/store/store_clock.h"
#include "base/fs.h"

#include <limits.h>
#include <stdlib.h>

static const char journal_note[] = "journal"; /* the least size of the journal, bytes */

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
                                 const struct store_settings *settings, struct recovered_gaps *gaps,
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
    code = recover_ring(store, ring, gaps, error);
    grow_init(store, ring,
              settings->is_aside ? (uint64_t)ring->state->row.made * SLOT_BYTES
                                 : settings->ring_bytes[stream]);
    return code;
}

/** Is it all there, and ours? Nothing was written to it so far. */
static enum error_code check_ownership(struct store *store, const struct store_settings *settings,
                                       struct error *error)
{
    const struct note *journal = note_find(&store->notes, journal_note);
    char reason[STORE_REASON_SIZE];

    if (journal != NULL && strtoll(journal->value, NULL, 10) > store->database.journal_bytes) {
        return error_set(error, ERROR_BAD_DATA,
                         store->database.journal_bytes <= 0
                             ? "its journal is gone: SQLite would go back to what was before"
                             : "its journal was cut off: SQLite would go back to what was before");
    }
    if (identity_is_other(store, settings, reason)) {
        store->database.aside = ASIDE_OTHER_HOST;
        database_copy_on_close(&store->database, true); /* it is whole: let it stay so */
        return error_set(error, ERROR_BAD_DATA, "%s", reason);
    }
    return ERROR_OK;
}

/** From here on it is written to. The file itself must be known as a queue, and the size of its
 *  journal with it, before anything is acknowledged (inspect.h). */
static enum error_code take_over(struct store *store, struct error *error)
{
    struct note *note = note_find_or_add(&store->notes, journal_note);
    int64_t journal_bytes = 0;
    enum error_code code = database_accept(&store->database, &journal_bytes, error);

    if (code != ERROR_OK || note == NULL) {
        return code;
    }
    if (strtoll(note->value, NULL, 10) < journal_bytes) {
        (void)snprintf(note->value, sizeof(note->value), "%lld",
                       (long long)journal_bytes); /* fits */
        code = database_save_note(&store->database, note->key, note->value, error);
        store->database.is_made = false;
    }
    if (code == ERROR_OK && !store->database.is_made) {
        code = database_checkpoint(&store->database, error);
    }
    return code;
}

static enum error_code open_contents(struct store *store, const struct store_settings *settings,
                                     struct recovered_gaps gaps[STREAM_RING_COUNT],
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
        code = check_ownership(store, settings, error);
    }
    if (code == ERROR_OK) {
        code = load_catalogue(store, error);
    }
    for (size_t i = 0; i < STREAM_RING_COUNT && code == ERROR_OK; i++) {
        code = load_ring(store, (enum stream)i, settings, &gaps[i], error);
    }
    for (size_t i = 0; i < STREAM_COUNT && code == ERROR_OK; i++) {
        code = database_load_cut(&store->database, (enum stream)i, &store->cuts[i].cut,
                                 &store->cuts[i].active, error);
    }
    return code == ERROR_OK ? take_over(store, error) : code;
}

/** What is there cannot be used: keep it beside its name, and remember why. */
static enum error_code set_aside(struct store *store, const struct store_settings *settings,
                                 char predecessor[STORE_INCARNATION_SIZE], struct error *error)
{
    enum aside_kind kind = store->database.aside;
    enum error_code code;

    memcpy(predecessor, store->database.incarnation, STORE_INCARNATION_SIZE);
    close_contents(store);
    (void)snprintf(store->kept_because, sizeof(store->kept_because), "%s", error->text);
    code = aside_put(settings->path, settings->path, kind, store->kept_as, sizeof(store->kept_as),
                     error);
    if (code == ERROR_OK && predecessor[0] == '\0') {
        aside_incarnation(store->kept_as, predecessor);
    }
    return code;
}

/** Open what is there and say what is to be said. ERROR_BAD_DATA: it cannot go on. */
static enum error_code try_open(struct store *store, const struct store_settings *settings,
                                const char *predecessor, struct error *error)
{
    struct recovered_gaps gaps[STREAM_RING_COUNT] = {0};
    enum error_code code = open_contents(store, settings, gaps, error);

    if (code != ERROR_OK) {
        return code;
    }
    code = announce_opening(store, settings, gaps, predecessor, error);
    if (code == ERROR_OK && !settings->is_aside) {
        code = announce_sizes(store, error);
    }
    if (code == ERROR_BAD_DATA) { /* damaged where it must be written: what the journal has */
        database_copy_on_close(&store->database, false); /* may serve whoever salvages it */
    }
    return code;
}

/** Open; if what is there cannot be used, put it aside and begin a new one. */
static enum error_code open_or_replace(struct store *store, const struct store_settings *settings,
                                       struct error *error)
{
    char predecessor[STORE_INCARNATION_SIZE] = "";
    struct error reason = {0};
    enum error_code code = try_open(store, settings, predecessor, &reason);

    if (code == ERROR_IO && !settings->is_aside) { /* once more: a disk may come to itself */
        close_contents(store);
        code = try_open(store, settings, predecessor, &reason);
        if (code == ERROR_IO && store->database.is_unreadable) { /* S4: a bad sector is damage */
            database_copy_on_close(&store->database, false);
            code = ERROR_BAD_DATA;
        }
    }
    if (code == ERROR_BAD_DATA && !settings->is_aside) {
        code = set_aside(store, settings, predecessor, &reason);
        if (code == ERROR_OK) {
            code = try_open(store, settings, predecessor, &reason);
        }
    }
    if (code != ERROR_OK && error != NULL) {
        *error = reason;
    }
    return code == ERROR_BAD_DATA
               ? error_prefix(error, code, "the queue %s cannot be used", settings->path)
               : code;
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

enum error_code store_condemn(struct store *store, const char *reason, struct error *error)
{
    (void)pthread_mutex_lock(&store->database_lock); /* cannot fail */
    database_copy_on_close(&store->database, false); /* it may serve whoever salvages it */
    (void)pthread_mutex_unlock(&store->database_lock);
    return aside_condemn(store->database.path, reason, error);
}

const char *store_kept_as(const struct store *store)
{
    return store->kept_as;
}

const char *store_kept_because(const struct store *store)
{
    return store->kept_because;
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
