#include "agent/store/salvage.h"

#include "agent/store/catalogue.h"
#include "agent/store/codec.h"
#include "agent/store/inside.h"
#include "agent/store/room.h"
#include "agent/store/stray_slot.h"
#include "base/fs.h"
#include "base/utf8.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    TRIES_MAX = 4096,          /* rows in a row that cannot be read, before the rest is given up */
    UNKNOWN_NUMBERS = 1 << 20, /* a stream of which nothing is left had fewer, for all we know */
    JOURNAL_NUMBERS = 1 << 22, /* a journal that is lost held fewer, with some of `reserved` */
};

/** A ring of the new queue. */
struct rebuilt {
    struct database_ring row; /* as the old one's, where it could be read */
    uint64_t newest; /* the first number of the newest slot, by the old row; 0: not known */
    uint64_t end;    /* the next number after what was found; 0: nothing was */
    uint32_t used;   /* slots */
};

struct salvage {
    struct page_source source;
    struct database made;
    struct stray_slots slots;
    struct codec_decoder *decoder;
    struct rebuilt rings[STREAM_COUNT];
    uint32_t highest_handle; /* that a reading uses */
    uint64_t incarnation;
    int64_t oldest_ns; /* UTC: where nothing else tells when */
    struct salvage_report *report;
    uint8_t slot[SLOT_BYTES], other[SLOT_BYTES];
};

/** NULL: the table cannot be read. */
static sqlite3_stmt *prepare(struct salvage *salvage, const char *text)
{
    sqlite3 *handle = page_source_connect(&salvage->source);
    sqlite3_stmt *statement = NULL;

    if (handle != NULL) {
        (void)sqlite3_prepare_v2(handle, text, -1, &statement, NULL); /* NULL then */
    }
    return statement;
}

static uint64_t number_of(sqlite3_stmt *row, int column)
{
    sqlite3_int64 number = sqlite3_column_int64(row, column);

    return number > 0 ? (uint64_t)number : 0;
}

/* --- the slots --- */

/** What a slot holds: the number after its last whole batch. Learns which points it uses. */
static uint64_t end_of(struct salvage *salvage, const uint8_t *bytes, uint64_t *records)
{
    struct slot_header header;
    struct slot_cursor cursor;
    struct slot_batch batch;
    uint32_t chain;
    bool readable = true;

    *records = 0;
    if (!slot_read_header(bytes, &header, &chain)) {
        return 0;
    }
    if (header.t0_ns < salvage->oldest_ns || salvage->oldest_ns == 0) {
        salvage->oldest_ns = header.t0_ns;
    }
    slot_cursor_init(&cursor, bytes, &header, chain);
    while (slot_cursor_next(&cursor, &batch) == SLOT_STEP_BATCH) {
        const struct sample *samples = NULL;

        *records += batch.count;
        readable =
            readable && (!batch.fresh ||
                         codec_decoder_start(salvage->decoder, header.table_log2, header.t0_ns));
        if (readable && header.stream == STREAM_READINGS) {
            samples =
                codec_decode(salvage->decoder, batch.payload, batch.payload_bytes, batch.count);
        }
        for (size_t i = 0; samples != NULL && i < batch.count; i++) {
            if (samples[i].point_id > salvage->highest_handle &&
                samples[i].point_id <= CATALOGUE_MAX) {
                salvage->highest_handle = samples[i].point_id;
            }
        }
    }
    return *records > 0 ? cursor.next_sequence : 0;
}

/** Put the slot into the next place of its ring. */
static enum error_code write_slot(struct salvage *salvage, enum stream stream, const uint8_t *bytes,
                                  struct error *error)
{
    struct rebuilt *ring = &salvage->rings[stream];
    struct database_place place = {stream, ring->used};
    enum error_code code = ERROR_OK;

    if (ring->used == ring->row.made) {
        code = room_make_slots(&salvage->made, stream, ring->row.made, RING_SLOTS_LEAST, error);
        if (code == ERROR_OK) {
            ring->row.made += RING_SLOTS_LEAST;
        }
    }
    if (code == ERROR_OK) {
        code = database_write_slot(&salvage->made, place, bytes, 0, SLOT_BYTES, error);
    }
    if (code == ERROR_OK) {
        ring->used++;
    }
    return code;
}

/** The longest of those that begin with the same number into salvage->slot; returns how many there
 *  are of them. */
static size_t read_longest(struct salvage *salvage, size_t index, uint64_t *end, uint64_t *records)
{
    const struct stray_slot *first = &salvage->slots.list[index];
    size_t count = 0;

    *end = *records = 0;
    while (index + count < salvage->slots.count &&
           salvage->slots.list[index + count].stream == first->stream &&
           salvage->slots.list[index + count].first_sequence == first->first_sequence) {
        uint64_t other_records, other_end;

        stray_slot_read(&salvage->source, first + count++, salvage->other);
        other_end = end_of(salvage, salvage->other, &other_records);
        if (other_end > *end) {
            memcpy(salvage->slot, salvage->other, SLOT_BYTES);
            *end = other_end;
            *records = other_records;
        }
    }
    return count;
}

static enum error_code copy_slots(struct salvage *salvage, struct error *error)
{
    enum error_code code = ERROR_OK;
    size_t i = 0;

    while (i < salvage->slots.count && code == ERROR_OK) {
        const struct stray_slot *slot = &salvage->slots.list[i];
        struct rebuilt *ring = &salvage->rings[slot->stream];
        uint64_t end, records;
        bool is_last;

        i += read_longest(salvage, i, &end, &records);
        is_last = i == salvage->slots.count || salvage->slots.list[i].stream != slot->stream;
        if (end == 0 || slot->first_sequence < ring->end ||
            (end - 1 <= ring->row.acknowledged && !is_last)) {
            ring->end = end > ring->end ? end : ring->end;
            continue; /* of an earlier lap, or the lake has it */
        }
        if (ring->used == 0 && slot->first_sequence > ring->row.acknowledged + 1) {
            memset(salvage->other, 0, SLOT_BYTES); /* the opening sees that the oldest is missing */
            code = write_slot(salvage, (enum stream)slot->stream, salvage->other, error);
        }
        if (code == ERROR_OK) {
            code = write_slot(salvage, (enum stream)slot->stream, salvage->slot, error);
        }
        ring->end = end;
        ring->row.head_first = slot->first_sequence;
        salvage->report->slots++;
        salvage->report->records += records;
    }
    return code;
}

/* --- the tables --- */

static void read_rows(struct salvage *salvage)
{
    sqlite3_stmt *row =
        prepare(salvage, "SELECT reserved, acknowledged, lost_count, damage_reported, head_first"
                         " FROM ring WHERE stream = ?1");

    for (int i = 0; i < STREAM_COUNT && row != NULL; i++) {
        (void)sqlite3_bind_int(row, 1, i); /* in range */
        if (sqlite3_step(row) == SQLITE_ROW &&
            (number_of(row, 1) <= number_of(row, 0) || i == (int)STREAM_CATALOGUE)) {
            salvage->rings[i].row = (struct database_ring){
                .reserved = number_of(row, 0),
                .acknowledged = number_of(row, 1),
                .lost_count = number_of(row, 2),
                .damage_reported = number_of(row, 3),
            };
            salvage->rings[i].newest = number_of(row, 4);
        }
        (void)sqlite3_reset(row); /* repeats an old failure */
    }
    (void)sqlite3_finalize(row);
}

static enum error_code copy_cuts(struct salvage *salvage, struct error *error)
{
    char nothing[] = "";
    struct database old = {.handle = page_source_connect(&salvage->source), .path = nothing};
    sqlite3_stmt *row = prepare(salvage, "SELECT * FROM cut WHERE stream = ?1");
    enum error_code code = ERROR_OK;

    old.statements[DATABASE_LOAD_CUT] = row;
    for (int i = 0; i < STREAM_COUNT && row != NULL && code == ERROR_OK; i++) {
        struct store_cut cut;
        bool active;

        if (sqlite3_column_count(row) < 10 ||
            database_load_cut(&old, (enum stream)i, &cut, &active, NULL) != ERROR_OK ||
            (cut.last == 0 && cut.previous_digest[0] == '\0')) {
            continue; /* none, or not to be read */
        }
        code = database_save_cut(&salvage->made, (enum stream)i, &cut, active, error);
        if (!active && salvage->rings[i].row.acknowledged < cut.last &&
            salvage->rings[i].row.reserved == 0) {
            salvage->rings[i].row.acknowledged = cut.last; /* its row could not be read */
        }
    }
    (void)sqlite3_finalize(row);
    return code;
}

/** All notes but those that bind the old file. */
static enum error_code copy_notes(struct salvage *salvage, struct error *error)
{
    static const char *const left_out[] = {"incarnation", "machine", "hardware", "file", "journal"};
    sqlite3_stmt *row = prepare(salvage, "SELECT key, value FROM meta");
    enum error_code code = ERROR_OK;

    while (row != NULL && code == ERROR_OK && sqlite3_step(row) == SQLITE_ROW) {
        const char *key = (const char *)sqlite3_column_text(row, 0);
        const char *value = (const char *)sqlite3_column_text(row, 1);
        bool wanted = key != NULL && value != NULL && strlen(value) < STORE_NOTE_SIZE &&
                      utf8_is_valid(value, strlen(value));

        for (size_t i = 0; i < sizeof(left_out) / sizeof(left_out[0]) && wanted; i++) {
            wanted = strcmp(key, left_out[i]) != 0;
        }
        if (wanted) {
            code = database_save_note(&salvage->made, key, value, error);
        }
    }
    (void)sqlite3_finalize(row);
    return code;
}

static enum error_code add_placeholder(struct salvage *salvage, uint32_t handle,
                                       struct error *error)
{
    char point_id[32];
    const struct definition definition = {
        .point_id = point_id,
        .device = "unknown",
        .name = point_id + strlen("unknown/"),
        .type = "",
        .unit = "",
        .role = "",
        .address = "",
        .labels = "",
        .scale = 1,
        .range_low = (double)NAN,
        .range_high = (double)NAN,
        .revision = 1,
        .valid_from_ns = salvage->oldest_ns,
    };

    (void)snprintf(point_id, sizeof(point_id), "unknown/%u", handle); /* fits */
    salvage->report->made_points++;
    return database_add_point(&salvage->made, handle, &definition, error);
}

static bool texts_are_whole(const struct definition *definition)
{
    const char *const texts[] = {definition->point_id, definition->device, definition->name,
                                 definition->type,     definition->unit,   definition->role,
                                 definition->address,  definition->labels};
    bool whole = definition->point_id[0] != '\0';

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        whole = whole && utf8_is_valid(texts[i], strlen(texts[i]));
    }
    return whole;
}

/** The row of a handle, or of the next one there is; 0: no more. */
static uint32_t find_point(sqlite3_stmt *row, uint32_t from)
{
    for (uint32_t i = 0; i < TRIES_MAX && row != NULL && from + i <= CATALOGUE_MAX; i++) {
        int step;

        (void)sqlite3_reset(row); /* repeats an old failure */
        (void)sqlite3_bind_int64(row, 1, from + i);
        step = sqlite3_step(row);
        if (step == SQLITE_ROW && sqlite3_column_count(row) == 19) {
            sqlite3_int64 handle = sqlite3_column_int64(row, 0);

            return handle >= from + i && handle <= CATALOGUE_MAX ? (uint32_t)handle : 0;
        }
        if (step == SQLITE_DONE) {
            return 0;
        }
    }
    return 0;
}

static enum error_code copy_points(struct salvage *salvage, struct error *error)
{
    sqlite3_stmt *row =
        prepare(salvage, "SELECT * FROM point WHERE handle >= ?1 ORDER BY handle LIMIT 1");
    uint32_t handle = 1, found;
    enum error_code code = ERROR_OK;

    while (code == ERROR_OK && (found = find_point(row, handle)) > 0) {
        struct definition definition;

        while (handle < found && code == ERROR_OK) {
            code = add_placeholder(salvage, handle++, error);
        }
        definition = database_definition_of(row);
        if (code == ERROR_OK && texts_are_whole(&definition)) {
            code = database_add_point(&salvage->made, handle++, &definition, error);
            salvage->report->points++;
        } else if (code == ERROR_OK) {
            code = add_placeholder(salvage, handle++, error);
        }
    }
    while (handle <= salvage->highest_handle && code == ERROR_OK) {
        code = add_placeholder(salvage, handle++, error);
    }
    (void)sqlite3_finalize(row);
    return code;
}

/* --- the new queue --- */

/** A ring whose newest numbers are not known begins with a slot in which nothing can be read: the
 *  opening goes on above `reserved` then, and says so (rule 3). */
static enum error_code finish_ring(struct salvage *salvage, enum stream stream, struct error *error)
{
    struct rebuilt *ring = &salvage->rings[stream];
    bool is_known = ring->row.reserved > 0 || ring->end > 0;
    bool is_guess = salvage->report->is_guessed || ring->newest != ring->row.head_first;
    bool jumps = is_guess && (is_known || stream == STREAM_EVENTS);
    enum error_code code = ERROR_OK;

    if (ring->end <= ring->row.acknowledged) {
        ring->end = ring->row.acknowledged + 1;
    }
    if (jumps || (ring->used == 0 && is_known)) {
        memset(salvage->slot, 0, sizeof(salvage->slot));
        code = write_slot(salvage, stream, salvage->slot, error);
        ring->row.head_first = ring->end;
        if (jumps && salvage->report->is_guessed) { /* the row is older than what was lost */
            ring->row.reserved =
                (ring->row.reserved > ring->end ? ring->row.reserved : ring->end) + JOURNAL_NUMBERS;
        } else if (jumps && ring->row.reserved < ring->end - 1 + RESERVED_NUMBERS) {
            ring->row.reserved = ring->end - 1 + RESERVED_NUMBERS;
        }
        if (!is_known) {
            ring->row.reserved = UNKNOWN_NUMBERS;
        }
    }
    if (ring->row.reserved < ring->end - 1) {
        ring->row.reserved = ring->end - 1;
    }
    ring->row.tail = 0;
    ring->row.head = ring->used > 0 ? ring->used - 1 : 0;
    return code == ERROR_OK && ring->used > 0
               ? database_save_ring(&salvage->made, stream, &ring->row, error)
               : code;
}

static enum error_code finish_catalogue(struct salvage *salvage, struct error *error)
{
    struct database_ring *row = &salvage->rings[STREAM_CATALOGUE].row;
    uint64_t count = salvage->report->points + salvage->report->made_points;

    row->acknowledged = row->acknowledged < count ? row->acknowledged : count;
    return database_save_ring(&salvage->made, STREAM_CATALOGUE, row, error);
}

static enum error_code fill(struct salvage *salvage, struct error *error)
{
    enum error_code code =
        database_save_note(&salvage->made, "incarnation", salvage->report->incarnation, error);

    read_rows(salvage);
    if (code == ERROR_OK) {
        code = copy_cuts(salvage, error);
    }
    if (code == ERROR_OK) {
        code = copy_slots(salvage, error);
    }
    for (int i = 0; i < STREAM_RING_COUNT && code == ERROR_OK; i++) {
        code = finish_ring(salvage, (enum stream)i, error);
    }
    if (code == ERROR_OK) {
        code = copy_points(salvage, error);
    }
    if (code == ERROR_OK) {
        code = finish_catalogue(salvage, error);
    }
    return code == ERROR_OK ? copy_notes(salvage, error) : code;
}

/** Which queue was it? Asked of the table, of the file's bytes, of its slots. */
static enum error_code find_incarnation(struct salvage *salvage, const char *from,
                                        struct error *error)
{
    char *text = salvage->report->incarnation;
    sqlite3_stmt *row = prepare(salvage, "SELECT value FROM meta WHERE key = 'incarnation'");
    enum error_code code;

    if (row != NULL && sqlite3_step(row) == SQLITE_ROW && sqlite3_column_text(row, 0) != NULL) {
        (void)snprintf(text, STORE_INCARNATION_SIZE, "%s", sqlite3_column_text(row, 0));
    }
    (void)sqlite3_finalize(row);
    if (strspn(text, "0123456789abcdef") != STORE_INCARNATION_SIZE - 1) {
        aside_incarnation(from, text);
    }
    salvage->incarnation = strtoull(text, NULL, 16); /* 0: of the first slot */
    code = stray_slots_find(&salvage->source, &salvage->incarnation, &salvage->slots, error);
    if (code == ERROR_OK && salvage->incarnation == 0) {
        return error_set(error, ERROR_BAD_DATA, "nothing in %s is a queue's", from);
    }
    (void)snprintf(text, STORE_INCARNATION_SIZE, "%016llx",
                   (unsigned long long)salvage->incarnation); /* 16 digits fit */
    return code;
}

/** Make it beside its name; rename it when it is whole (rule 4). */
static enum error_code make(struct salvage *salvage, const char *partial, struct error *error)
{
    int64_t journal_bytes;
    enum error_code code = aside_remove(partial, error); /* of an earlier try */

    if (code == ERROR_OK) {
        code = database_open(&salvage->made, partial, error);
    }
    if (code == ERROR_OK) {
        code = database_accept(&salvage->made, &journal_bytes, error);
    }
    if (code == ERROR_OK) {
        code = fill(salvage, error);
    }
    if (code == ERROR_OK) {
        code = database_checkpoint(&salvage->made, error);
    }
    database_close(&salvage->made);
    return code;
}

/** Is the journal shorter than the queue noted? Then commits may have been cut off. */
static bool journal_is_cut(struct salvage *salvage)
{
    sqlite3_stmt *row = prepare(salvage, "SELECT value FROM meta WHERE key = 'journal'");
    int64_t noted = INT64_MAX; /* what cannot be read is not known */

    if (row != NULL && sqlite3_step(row) == SQLITE_ROW) {
        noted = sqlite3_column_int64(row, 0);
    }
    (void)sqlite3_finalize(row);
    return salvage->source.journal.size_bytes < noted;
}

static enum error_code run(struct salvage *salvage, const char *from, const char *to,
                           struct error *error)
{
    char partial[PATH_MAX];
    enum error_code code;

    if (snprintf(partial, sizeof(partial), "%s.partial", to) >= (int)sizeof(partial) - 8) {
        return error_set(error, ERROR_BAD_CONFIG, "the path %s is too long", to);
    }
    code = page_source_open(&salvage->source, from, error);
    if (code == ERROR_OK) {
        code = find_incarnation(salvage, from, error);
    }
    if (code == ERROR_OK) {
        salvage->report->is_guessed = !salvage->source.journal_is_whole || journal_is_cut(salvage);
        code = make(salvage, partial, error);
    }
    return code == ERROR_OK ? aside_rename(partial, to, error) : code;
}

enum error_code salvage_queue(const char *from, const char *to, struct salvage_report *report,
                              struct error *error)
{
    struct salvage *salvage = calloc(1, sizeof(*salvage));
    enum error_code code;

    *report = (struct salvage_report){0};
    if (salvage != NULL) {
        salvage->decoder = codec_decoder_create();
    }
    if (salvage == NULL || salvage->decoder == NULL) {
        free(salvage);
        return error_set(error, ERROR_NO_MEMORY, "not enough memory to salvage %s", from);
    }
    salvage->report = report;
    code = run(salvage, from, to, error);
    page_source_close(&salvage->source);
    stray_slots_free(&salvage->slots);
    codec_decoder_free(salvage->decoder);
    free(salvage);
    return code;
}
