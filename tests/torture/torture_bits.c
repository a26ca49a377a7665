/* Flipped bits, torn slots, files cut off, lost or replaced: whatever stood in a slot of which no
 * byte changed must come back, in the queue or after it was salvaged; what does not, must be told;
 * no number is given twice; and new records always get through.
 *
 * One thing cannot be told from a power cut in the middle of a commit: bits that flipped in the
 * frames of the very last transaction in the journal. Its records are not counted then ("torn").
 */
#include "agent/store/salvage.h"
#include "agent/store/store_aside.h"
#include "base/event.h"
#include "base/parse.h"
#include "tests/torture/bits_faults.h"

#include <dirent.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROUNDS = 1400, FRAME = 1048, NEW_RECORDS = 300 };

enum went { WENT_ON, WENT_SALVAGED, WENT_NOTHING };

struct fault {
    const char *name;
    uint64_t rounds, went[3], acknowledged, found, torn, lost, untold, doubled;
};

/** What one round saw. */
struct sighting {
    const struct bits_image *image;
    struct fault *fault;
    uint8_t *seen[STREAM_RING_COUNT]; /* by sequence: 1 found, 2 a gap event tells of it */
    enum stream stream;
    bool is_empty[STREAM_RING_COUNT]; /* nothing of the stream was left to salvage */
    bool broken;
};

/* --- what is there afterwards --- */

static bool same(const struct sample *left, const struct sample *right)
{
    return left->time_ns == right->time_ns && left->point_id == right->point_id &&
           left->type == right->type &&
           (left->type == SAMPLE_TEXT
                ? left->value.text.size_bytes == right->value.text.size_bytes &&
                      memcmp(left->value.text.bytes, right->value.text.bytes,
                             left->value.text.size_bytes) == 0
                : left->value.integer == right->value.integer);
}

static bool see_record(void *context, uint64_t sequence, const struct sample *sample,
                       const struct store_regime *regime)
{
    struct sighting *sighting = context;
    char text[64];
    struct sample expected = bits_sample(sighting->stream, sequence, text);

    (void)regime;
    if (sequence <= sighting->image->committed[sighting->stream]) {
        uint8_t *seen = &sighting->seen[sighting->stream][sequence];

        if ((*seen & 1) != 0 || !same(sample, &expected)) {
            sighting->fault->doubled++; /* there twice, or as something else */
        }
        *seen |= 1;
    }
    return true;
}

static bool see_event(void *context, uint64_t sequence, const struct sample *sample,
                      const struct store_regime *regime)
{
    struct sighting *sighting = context;
    char copy[EVENT_TEXT_MAX];
    struct event event;

    (void)sequence;
    (void)regime;
    if (event_decode(sample->value.text.bytes, sample->value.text.size_bytes, copy, &event, NULL) !=
            ERROR_OK ||
        strcmp(event.kind, "gap") != 0) {
        return true;
    }
    for (size_t i = 0; i < STREAM_RING_COUNT; i++) {
        if (strcmp(event.subject, stream_name((enum stream)i)) == 0) {
            for (uint64_t n = event.first; n <= event.last && n <= sighting->image->committed[i];
                 n++) {
                sighting->seen[i][n] |= 2;
            }
        }
    }
    return true;
}

/** Read all that a queue has. */
static void look(struct sighting *sighting, struct store *store)
{
    static const enum stream order[] = {STREAM_READINGS, STREAM_LOGS, STREAM_EVENTS};
    struct error error = {0};

    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        bool events = order[i] == STREAM_EVENTS;

        struct store_stream_state now;

        store_state(store, order[i], &now);
        sighting->is_empty[order[i]] = now.next_sequence == 1;
        sighting->stream = order[i];
        enum error_code code =
            store_read(store, order[i], 1, events ? see_event : see_record, sighting, &error);

        if (code == ERROR_BAD_DATA) { /* the next commit says so as well */
            return;
        }
        if (code != ERROR_OK) {
            (void)printf("%s: cannot be read: %s\n", sighting->fault->name, error.text);
            sighting->broken = true;
        }
        if (store_commit(store, &error) !=
            ERROR_OK) { /* so that gaps are read, that reading found */
            return;
        }
    }
}

/** New records get through: appended, committed, read again. */
static void go_on(struct sighting *sighting, struct store *store, bool same_incarnation)
{
    const struct bits_image *image = sighting->image;
    struct store_stream_state now;
    struct error error = {0};

    for (size_t i = 0; i < STREAM_RING_COUNT && same_incarnation; i++) {
        store_state(store, (enum stream)i, &now);
        if (now.next_sequence < image->last_commit_first[i]) {
            (void)printf("%s: %s from %llu on are given again, up to %llu were\n",
                         sighting->fault->name, stream_name((enum stream)i),
                         (unsigned long long)now.next_sequence,
                         (unsigned long long)image->committed[i]);
            sighting->fault->doubled++;
        }
    }
    store_state(store, STREAM_READINGS, &now);
    for (uint64_t i = 0; i < NEW_RECORDS; i++) {
        char text[64];
        struct sample sample = bits_sample(STREAM_READINGS, now.next_sequence + i, text);

        sighting->broken = sighting->broken ||
                           store_append(store, STREAM_READINGS, &sample, 1, &error) != ERROR_OK;
    }
    if (sighting->broken || store_commit(store, &error) != ERROR_OK) {
        sighting->broken = true;
        (void)printf("%s: new records do not get through: %s\n", sighting->fault->name, error.text);
    }
}

/** Salvage what was set aside. */
static enum went salvage(struct sighting *sighting, const char *kept_as)
{
    char to[BITS_PATH_SIZE + 16];
    struct salvage_report report;
    struct store_settings settings;
    struct store *store = NULL;
    struct error error = {0};
    enum error_code code;

    (void)snprintf(to, sizeof(to), "%s.salvaged", sighting->image->path[0]);
    code = salvage_queue(kept_as, to, &report, &error);
    if (code == ERROR_OK) {
        bits_settings(&settings, to);
        settings.is_aside = true;
        code = store_open(&settings, &store, &error);
    } else if (code == ERROR_BAD_DATA) {
        return WENT_NOTHING;
    }
    if (code != ERROR_OK || strcmp(store_incarnation(store), sighting->image->incarnation) != 0) {
        (void)printf("%s: cannot be salvaged: %s\n", sighting->fault->name, error.text);
        sighting->broken = true;
    } else {
        look(sighting, store);
    }
    store_close(store);
    return WENT_SALVAGED;
}

/** A queue that is damaged where it must be written is given up, as the agent does it. */
static struct store *open_again(struct store *store, const struct store_settings *settings)
{
    struct error error = {0};

    bits_require(store_condemn(store, "a commit failed", &error) == ERROR_OK, "cannot be condemned",
                 error.text);
    store_close(store);
    store = NULL;
    bits_require(store_open(settings, &store, &error) == ERROR_OK, "does not open", error.text);
    return store;
}

static enum went open_and_look(struct sighting *sighting)
{
    const struct bits_image *image = sighting->image;
    struct store_settings settings;
    struct store *store = NULL;
    struct error error = {0};
    enum went went = WENT_ON;
    bool same_incarnation;

    bits_settings(&settings, image->path[0]);
    if (store_open(&settings, &store, &error) != ERROR_OK) {
        (void)printf("%s: does not open: %s\n", sighting->fault->name, error.text);
        sighting->broken = true;
        return WENT_NOTHING;
    }
    same_incarnation = strcmp(store_incarnation(store), image->incarnation) == 0;
    if (same_incarnation) {
        look(sighting, store);
        if (store_commit(store, &error) == ERROR_BAD_DATA) {
            store = open_again(store, &settings);
            same_incarnation = false;
            for (size_t i = 0; i < STREAM_RING_COUNT; i++) {
                memset(sighting->seen[i], 0, (size_t)image->committed[i] + 1);
            }
        }
    }
    if (!same_incarnation) {
        went = salvage(sighting, store_kept_as(store));
    }
    go_on(sighting, store, same_incarnation);
    if (sighting->broken && same_incarnation) { /* damage that only writing meets */
        sighting->broken = false;
        for (size_t i = 0; i < STREAM_RING_COUNT; i++) {
            memset(sighting->seen[i], 0, (size_t)image->committed[i] + 1);
        }
        store = open_again(store, &settings);
        went = salvage(sighting, store_kept_as(store));
        go_on(sighting, store, false);
    }
    store_close(store);
    return went;
}

/* --- the account --- */

/** Was the end of the journal hit, where damage looks like a torn commit? */
static bool end_is_hit(const struct bits_image *image, const struct bits_slot *slot,
                       uint8_t *const now[BITS_FILES], const size_t now_size[BITS_FILES])
{
    size_t from = image->frames_end > 64 * FRAME ? image->frames_end - 64 * FRAME : 0;

    return slot->end > image->last_commit_first[slot->stream] &&
           (now_size[1] < image->frames_end ||
            memcmp(now[1] + from, image->bytes[1] + from, image->frames_end - from) != 0);
}

static void count_slot(struct sighting *sighting, const struct bits_slot *slot, bool whole,
                       bool hit)
{
    const struct bits_image *image = sighting->image;
    struct fault *fault = sighting->fault;

    for (uint64_t n = slot->first; whole && n < slot->end; n++) {
        if (n <= image->acknowledged[slot->stream]) {
            continue;
        }
        if (hit && n >= image->last_commit_first[slot->stream]) {
            fault->torn += (sighting->seen[slot->stream][n] & 1) == 0;
            continue;
        }
        fault->acknowledged++;
        if ((sighting->seen[slot->stream][n] & 1) != 0) {
            fault->found++;
        } else {
            fault->lost++;
        }
    }
}

/** What is not there must be told. Of a stream of which nothing at all is left, the event that the
 *  queue was set aside tells; so it does when the journal is gone: nothing that is left knows what
 * it held, beyond the numbers that the database had reserved. */
static void count_untold(struct sighting *sighting)
{
    const struct bits_image *image = sighting->image;

    for (size_t i = STREAM_READINGS; i < STREAM_RING_COUNT; i++) {
        for (uint64_t n = image->acknowledged[i] + 1;
             n < image->last_commit_first[i] && !sighting->is_empty[i]; n++) {
            sighting->fault->untold += sighting->seen[i][n] == 0;
        }
    }
}

static void account(struct sighting *sighting, uint8_t *const now[BITS_FILES],
                    const size_t now_size[BITS_FILES], enum went went)
{
    const struct bits_image *image = sighting->image;

    for (size_t i = 0; i < image->slot_count; i++) {
        const struct bits_slot *slot = &image->slots[i];

        if (slot->stream != STREAM_EVENTS) {
            count_slot(sighting, slot, bits_slot_is_whole(image, slot, now, now_size),
                       end_is_hit(image, slot, now, now_size));
        }
    }
    if (went != WENT_NOTHING && now_size[BITS_JOURNAL] > 0) {
        count_untold(sighting);
    }
    sighting->fault->lost += sighting->broken;
    sighting->fault->rounds++;
    sighting->fault->went[went]++;
}

static void empty_folder(const char *folder)
{
    DIR *directory = opendir(folder);
    struct dirent *entry;

    bits_require(directory != NULL, "cannot list", folder);
    while ((entry = readdir(directory)) != NULL) {
        if (entry->d_name[0] != '.') {
            (void)unlinkat(dirfd(directory), entry->d_name, 0); /* the next round would notice */
        }
    }
    (void)closedir(directory); /* was only read */
}

static bool run_round(struct fault *fault, size_t number, const char *folder, uint64_t seed)
{
    struct bits_image image;
    struct sighting sighting = {.image = &image, .fault = fault};
    uint64_t bad = fault->lost + fault->untold + fault->doubled;
    uint8_t *now[BITS_FILES];
    size_t now_size[BITS_FILES];

    bits_image_make(&image, folder, &seed);
    bits_faults[number].apply(&image, &seed);
    for (int i = 0; i < BITS_FILES; i++) {
        now[i] = bits_read_file(image.path[i], &now_size[i]);
    }
    for (size_t i = 0; i < STREAM_RING_COUNT; i++) {
        sighting.seen[i] = calloc((size_t)image.committed[i] + 1, 1);
        bits_require(sighting.seen[i] != NULL, "there is", "no memory");
    }
    account(&sighting, now, now_size, open_and_look(&sighting));
    for (size_t i = 0; i < STREAM_RING_COUNT; i++) {
        free(sighting.seen[i]);
    }
    for (int i = 0; i < BITS_FILES; i++) {
        free(now[i]);
    }
    bits_image_free(&image);
    return fault->lost + fault->untold + fault->doubled == bad;
}

static int report(const struct fault *faults, uint64_t rounds)
{
    struct fault all = {0};

    (void)printf("%-25s %6s %8s %8s %8s %12s %12s %6s %6s %6s %6s\n", "fault", "rounds", "went on",
                 "salvaged", "nothing", "acknowledged", "found", "torn", "lost", "untold",
                 "double");
    for (size_t i = 0; i < BITS_FAULT_COUNT; i++) {
        const struct fault *fault = &faults[i];

        (void)printf("%-25s %6llu %8llu %8llu %8llu %12llu %12llu %6llu %6llu %6llu %6llu\n",
                     bits_faults[i].name, (unsigned long long)fault->rounds,
                     (unsigned long long)fault->went[WENT_ON],
                     (unsigned long long)fault->went[WENT_SALVAGED],
                     (unsigned long long)fault->went[WENT_NOTHING],
                     (unsigned long long)fault->acknowledged, (unsigned long long)fault->found,
                     (unsigned long long)fault->torn, (unsigned long long)fault->lost,
                     (unsigned long long)fault->untold, (unsigned long long)fault->doubled);
        all.acknowledged += fault->acknowledged;
        all.found += fault->found;
        all.lost += fault->lost;
        all.untold += fault->untold;
        all.doubled += fault->doubled;
    }
    (void)printf("not found and not told of: %llu\n", (unsigned long long)all.untold);
    (void)printf("total: rounds %llu acknowledged %llu found %llu lost %llu double %llu\n",
                 (unsigned long long)rounds, (unsigned long long)all.acknowledged,
                 (unsigned long long)all.found, (unsigned long long)all.lost,
                 (unsigned long long)all.doubled);
    return all.lost + all.untold + all.doubled > 0;
}

static bool read_options(int count, char **words, uint64_t *seed, uint64_t *rounds, uint64_t *only)
{
    static const struct option options[] = {{"seed", required_argument, NULL, 's'},
                                            {"rounds", required_argument, NULL, 'r'},
                                            {"only", required_argument, NULL, 'o'},
                                            {NULL, 0, NULL, 0}};
    int option;

    while ((option = getopt_long(count, words, "", options, NULL)) != -1) {
        uint64_t *number = option == 's' ? seed : option == 'r' ? rounds : only;

        if (option == '?' || !parse_uint64(optarg, number)) {
            return false;
        }
    }
    return optind == count;
}

int main(int count, char **words)
{
    char folder[] = "/tmp/leat-bits-XXXXXX";
    struct fault faults[BITS_FAULT_COUNT] = {0};
    uint64_t seed = 1, rounds = ROUNDS, only = UINT64_MAX;

    if (!read_options(count, words, &seed, &rounds, &only)) {
        (void)fputs("torture_bits [--seed N] [--rounds N] [--only ROUND]\n", stderr);
        return 2;
    }
    bits_require(mkdtemp(folder) != NULL, "cannot make", folder);
    for (uint64_t i = 0; i < rounds; i++) {
        size_t number = (size_t)(i % BITS_FAULT_COUNT);
        struct fault *fault = &faults[number];
        uint64_t one = seed * UINT64_C(1000003) + i;

        if (only != UINT64_MAX && i != only) {
            continue;
        }
        fault->name = bits_faults[number].name;
        if (!run_round(fault, number, folder, one)) {
            (void)printf("round %llu: %s: something is missing or double\n", (unsigned long long)i,
                         fault->name);
        }
        empty_folder(folder);
    }
    (void)rmdir(folder); /* is empty */
    return report(faults, rounds);
}
