/* tests/torture/bits_image.h - a queue as a crash or a clean end leaves it, and where in its files
 * each record stands.
 *
 *  1. The image is a copy of database and journal, made while the store has them open, or after it
 *     was closed. Both files are kept in memory as they were, to compare with what a fault left.
 *  2. A slot's newest pages stand in known places of the two files. If none of their bytes changed,
 *     the slot is undamaged: each of its records must come back, whatever else happened.
 *
 * Depends on: store.  Threads: one.
 */
#ifndef TESTS_TORTURE_BITS_IMAGE_H
#define TESTS_TORTURE_BITS_IMAGE_H

#include "agent/store/page_source.h"
#include "agent/store/slot.h"
#include "agent/store/store.h"

enum { BITS_DATABASE, BITS_JOURNAL, BITS_FILES, BITS_PATH_SIZE = 192, BITS_PAGES_MAX = 80 };

struct bits_place {
    int file; /* BITS_DATABASE, BITS_JOURNAL */
    size_t at, size;
};

struct bits_slot {
    enum stream stream;
    uint64_t first, end; /* records first .. end - 1 */
    struct bits_place places[BITS_PAGES_MAX];
    size_t place_count;
};

struct bits_image {
    char path[BITS_FILES][BITS_PATH_SIZE];
    uint8_t *bytes[BITS_FILES];
    size_t size[BITS_FILES];
    char incarnation[STORE_INCARNATION_SIZE];
    uint64_t acknowledged[STREAM_RING_COUNT], committed[STREAM_RING_COUNT];
    uint64_t last_commit_first[STREAM_RING_COUNT]; /* the newest transaction began there */
    size_t frames_end; /* bytes of the journal that hold frames of now */
    struct bits_slot *slots;
    size_t slot_count;
};

/** What record `sequence` of a stream is. */
struct sample bits_sample(enum stream stream, uint64_t sequence, char text[64]);

uint64_t bits_random(uint64_t *seed);

/** Make one in `folder` by this seed. */
void bits_image_make(struct bits_image *image, const char *folder, uint64_t *seed);
void bits_image_free(struct bits_image *image);

/** Is the slot undamaged in the files as they are now? */
bool bits_slot_is_whole(const struct bits_image *image, const struct bits_slot *slot,
                        uint8_t *const now[BITS_FILES], const size_t now_size[BITS_FILES]);

/** The whole file; NULL and size 0: there is none. */
uint8_t *bits_read_file(const char *path, size_t *size);

/** Replace a file. Ends the program when that fails, as all here does. */
void bits_write_file(const char *path, const void *bytes, size_t size);

void bits_settings(struct store_settings *settings, const char *path);

/** End the program with a sentence. */
_Noreturn void bits_fail(const char *sentence, const char *detail);

/** ... unless it is true. */
static inline void bits_require(bool is_true, const char *sentence, const char *detail)
{
    if (!is_true) {
        bits_fail(sentence, detail);
    }
}

#endif
