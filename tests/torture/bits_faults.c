#include "tests/torture/bits_faults.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PAGE = 1024 };

static size_t below(uint64_t *seed, size_t limit)
{
    return (size_t)(bits_random(seed) % limit);
}

static void flip(const char *path, size_t at, unsigned bit)
{
    FILE *file = fopen(path, "r+b");
    int byte;

    bits_require(file != NULL && fseek(file, (long)at, SEEK_SET) == 0 &&
                     (byte = fgetc(file)) >= 0 && fseek(file, (long)at, SEEK_SET) == 0 &&
                     fputc(byte ^ (int)(1U << bit), file) >= 0 && fclose(file) == 0,
                 "cannot flip a bit of", path);
}

static const struct bits_slot *any_slot(const struct bits_image *image, uint64_t *seed)
{
    return image->slot_count > 0 ? &image->slots[bits_random(seed) % image->slot_count] : NULL;
}

static void flip_in_place(const struct bits_image *image, const struct bits_place *place, size_t at,
                          uint64_t *seed)
{
    flip(image->path[place->file], place->at + at, (unsigned)(bits_random(seed) % 8));
}

static void flip_in_slot(const struct bits_image *image, uint64_t *seed)
{
    const struct bits_slot *slot = any_slot(image, seed);

    if (slot != NULL) {
        const struct bits_place *place = &slot->places[bits_random(seed) % slot->place_count];

        flip_in_place(image, place, below(seed, place->size), seed);
    }
}

/** The cell with the slot's first bytes ends the page, or nearly. */
static void flip_in_slot_header(const struct bits_image *image, uint64_t *seed)
{
    const struct bits_slot *slot = any_slot(image, seed);
    const struct bits_place *place;
    const uint8_t *header;

    if (slot == NULL) {
        return;
    }
    place = &slot->places[0];
    header = memmem(image->bytes[place->file] + place->at, place->size, "LEATSLOT", 8);
    bits_require(header != NULL, "a slot has", "no header");
    flip_in_place(image, place,
                  (size_t)(header - image->bytes[place->file]) - place->at + below(seed, 64), seed);
}

static void flip_anywhere(const struct bits_image *image, uint64_t *seed)
{
    uint64_t count = 1 + bits_random(seed) % 20;

    for (uint64_t i = 0; i < count; i++) {
        flip(image->path[BITS_DATABASE], below(seed, image->size[BITS_DATABASE]),
             (unsigned)(bits_random(seed) % 8));
    }
}

static void flip_in_tables(const struct bits_image *image, uint64_t *seed)
{
    uint64_t count = 1 + bits_random(seed) % 20;

    for (uint64_t i = 0; i < count; i++) {
        flip(image->path[BITS_DATABASE], PAGE + below(seed, 9 * PAGE),
             (unsigned)(bits_random(seed) % 8));
    }
}

static void flip_in_page_1(const struct bits_image *image, uint64_t *seed)
{
    uint64_t count = 1 + bits_random(seed) % 3;

    for (uint64_t i = 0; i < count; i++) {
        flip(image->path[BITS_DATABASE], below(seed, bits_random(seed) % 2 == 0 ? 100 : PAGE),
             (unsigned)(bits_random(seed) % 8));
    }
}

static void flip_in_journal(const struct bits_image *image, uint64_t *seed)
{
    uint64_t count = 1 + bits_random(seed) % 3;
    size_t end = image->frames_end > 0 ? image->frames_end : image->size[BITS_JOURNAL];

    for (uint64_t i = 0; i < count; i++) {
        size_t at = bits_random(seed) % 8 == 0 ? below(seed, 32) : below(seed, end);

        flip(image->path[BITS_JOURNAL], at, (unsigned)(bits_random(seed) % 8));
    }
}

/** The second half of a slot, or what of it has reached the database; else of one of its pages. */
static void tear_slot(const struct bits_image *image, uint64_t *seed)
{
    static const uint8_t zeros[PAGE];
    const struct bits_slot *slot = any_slot(image, seed);
    size_t from = slot != NULL ? slot->place_count / 2 : 0, torn = 0;

    for (size_t i = from; slot != NULL && i <= slot->place_count; i++) {
        const struct bits_place *place = &slot->places[i < slot->place_count ? i : from];
        size_t part = i < slot->place_count ? PAGE - 4 : PAGE / 2;
        FILE *file;

        if (i < slot->place_count ? place->file != BITS_DATABASE : torn > 0) {
            continue;
        }
        file = fopen(image->path[place->file], "r+b");
        bits_require(file != NULL &&
                         fseek(file, (long)(place->at + place->size - part), SEEK_SET) == 0 &&
                         fwrite(zeros, 1, part, file) == part && fclose(file) == 0,
                     "cannot tear", image->path[place->file]);
        torn++;
    }
}

static void truncate_database(const struct bits_image *image, uint64_t *seed)
{
    bits_require(truncate(image->path[0], (off_t)below(seed, image->size[0])) == 0,
                 "cannot truncate", image->path[0]);
    if (bits_random(seed) % 2 == 0) {
        (void)unlink(image->path[1]); /* or the journal makes up for it */
    }
}

static void truncate_journal(const struct bits_image *image, uint64_t *seed)
{
    size_t end = bits_random(seed) % 2 == 0 ? image->frames_end + 1 : image->size[1];

    bits_require(truncate(image->path[1], (off_t)below(seed, end)) == 0, "cannot truncate",
                 image->path[1]);
}

static void delete_journal(const struct bits_image *image, uint64_t *seed)
{
    (void)seed;
    bits_require(unlink(image->path[1]) == 0, "cannot remove", image->path[1]);
}

static void replace_by_noise(const struct bits_image *image, uint64_t *seed)
{
    size_t size = 1 + below(seed, 200000);
    uint8_t *bytes = malloc(size);

    bits_require(bytes != NULL, "there is", "no memory");
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)bits_random(seed);
    }
    bits_write_file(image->path[0], bytes, size);
    free(bytes);
}

static void replace_by_another(const struct bits_image *image, uint64_t *seed)
{
    sqlite3 *database = NULL;
    char other[BITS_PATH_SIZE + 8];

    (void)snprintf(other, sizeof(other), "%s.other", image->path[0]);
    bits_require(sqlite3_open(other, &database) == SQLITE_OK &&
                     sqlite3_exec(database,
                                  bits_random(seed) % 2 == 0 ? "PRAGMA page_size=1024" : "SELECT 1",
                                  NULL, NULL, NULL) == SQLITE_OK &&
                     sqlite3_exec(database,
                                  "CREATE TABLE visitors(name); INSERT INTO visitors "
                                  "VALUES('Anna'), ('Bert')",
                                  NULL, NULL, NULL) == SQLITE_OK,
                 "cannot make", other);
    (void)sqlite3_close(database); /* nothing of it is in use */
    bits_require(rename(other, image->path[0]) == 0, "cannot rename", other);
}

static void replace_by_nothing(const struct bits_image *image, uint64_t *seed)
{
    bits_write_file(image->path[0], "", 0);
    if (bits_random(seed) % 2 == 0) {
        (void)unlink(image->path[0]); /* was just written */
    }
}

/** As page 1 says, in the file and in each frame of it. */
static void make_newer(const struct bits_image *image, uint64_t *seed)
{
    sqlite3 *database = NULL;
    int yes = 1;

    (void)seed;
    bits_require(
        sqlite3_open(image->path[0], &database) == SQLITE_OK &&
            sqlite3_file_control(database, "main", SQLITE_FCNTL_PERSIST_WAL, &yes) == SQLITE_OK &&
            sqlite3_exec(database, "PRAGMA user_version=77", NULL, NULL, NULL) == SQLITE_OK,
        "cannot change", image->path[0]);
    (void)sqlite3_close(database); /* nothing of it is in use */
}

const struct bits_fault bits_faults[BITS_FAULT_COUNT] = {
    {"bit of a slot", flip_in_slot},
    {"bit of a slot's header", flip_in_slot_header},
    {"bits of the small tables", flip_in_tables},
    {"bits of page 1", flip_in_page_1},
    {"bits anywhere", flip_anywhere},
    {"bits of the journal", flip_in_journal},
    {"half a slot", tear_slot},
    {"database cut off", truncate_database},
    {"journal cut off", truncate_journal},
    {"journal gone", delete_journal},
    {"random bytes instead", replace_by_noise},
    {"another database", replace_by_another},
    {"empty or gone", replace_by_nothing},
    {"a newer version's", make_newer},
};
