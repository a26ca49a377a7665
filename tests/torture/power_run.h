/* tests/torture/power_run.h - one run of the power cuts: the queue, the work, what is expected.
 *
 *   torture_power: rounds -> power_work: steps until the cut -> power_check: what is left
 *
 * A life is a disk and a queue on it through some 20 cuts. Every record is made from (life, stream,
 * number, attempt); the attempt is the round in which it was appended. So a number that was given
 * twice, or a record that stands under another's number, shows in its bits.
 *
 * Depends on: store and its inside (to see when a slot turns), power_disk.  Threads: one.
 */
#ifndef TESTS_TORTURE_POWER_RUN_H
#define TESTS_TORTURE_POWER_RUN_H

#include "agent/store/store.h"
#include "tests/torture/power_disk.h"

/** Where a cut fell. */
enum power_class {
    POWER_MAKING, /* the queue */
    POWER_SLOTS,
    POWER_COMMIT,
    POWER_TURN,
    POWER_CHECKPOINT,
    POWER_SAVING,
    POWER_FINISHING,
    POWER_POINTS,
    POWER_OPENING,
    POWER_CLOSING,
    POWER_AT_REST,
    POWER_CLASS_COUNT
};

/** What the store is doing. */
enum power_phase { POWER_PHASE_OPEN, POWER_PHASE_WORK, POWER_PHASE_SAVE, POWER_PHASE_CLOSE };

enum {
    POWER_TEXT_MAX = 160,
    POWER_OWN = 0,              /* as an attempt: an event of the store's own */
    POWER_UNKNOWN = 0x7FFFFFFF, /* lost, and counted */
    POWER_CUT_STATES_MAX = 8,
};

struct power_range {
    uint64_t first, last;
};

struct power_cut_state {
    struct store_cut cut;
    bool active;
    uint64_t uploaded; /* of one that is finished */
};

/** What a stream must hold. */
struct power_stream {
    uint32_t *attempts; /* by number */
    size_t attempts_size;
    uint64_t given;     /* the highest number that the store gave */
    uint64_t committed; /* ... and said to be on disk, or showed after a cut */
    uint64_t promised;  /* ... and said to be on disk, in this life */
    uint64_t checked;   /* ... and counted in a tally */
    uint64_t accounted; /* up to here, what is no longer there is accounted for */
    uint64_t uploaded;  /* up to here the target has it */
    struct power_range *gaps;
    size_t gap_count, gap_capacity;
    /* The store's `acknowledged` after a cut is between these; it was so at the last check. */
    uint64_t finished_least, finished_most, finished_before;
    struct power_cut_state
        cuts[POWER_CUT_STATES_MAX]; /* the durable one, then those issued since */
    size_t cut_count;
};

struct power_tally {
    uint64_t cuts, acknowledged, found, overwritten, uploaded, lost, twice;
};

struct power_run {
    uint64_t seed, rounds;
    bool normal, lying;

    /* A life. */
    uint64_t life_seed;
    struct power_disk disk;
    struct store_settings settings;
    struct fixed_clock clock;
    char path[POWER_NAME_SIZE];
    char incarnation[STORE_INCARNATION_SIZE]; /* "": the queue was never opened */
    bool over;                                /* this life cannot go on */
    bool has_settled;  /* the disk lies only since the queue was made, and on it */
    bool always_boots; /* a cut is a new boot each time */
    struct power_stream streams[STREAM_COUNT];
    uint64_t events_judged; /* events up to here were looked at, for gaps */
    uint64_t note_least, note_most;

    /* A round. */
    struct store *store; /* NULL: closed */
    uint64_t round, dice;
    uint32_t attempt;
    enum power_phase phase;
    enum power_class wanted; /* POWER_CLASS_COUNT: any */
    uint64_t countdown;
    enum power_class fell; /* where the last cut fell */
    struct sample *samples;
    char *texts;

    struct power_tally tallies[POWER_CLASS_COUNT];
    uint64_t set_aside, not_opened, stopped, wrong; /* the last one counts the others, too */
    uint64_t settled_cuts, spoiled; /* has_settled; of these set aside or not opened */
};

/** The next number of the run's dice, below `limit`. */
uint64_t power_dice(struct power_run *run, uint64_t limit);

/** Something is not as promised; said on stderr the first times. */
void power_complain(struct power_run *run, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** The sample with this number; `text` is its text. */
struct sample power_record(uint64_t life_seed, enum stream stream, uint64_t number,
                           uint32_t attempt, char text[POWER_TEXT_MAX]);
bool power_record_is(const struct sample *left, const struct sample *right);

/** The point with this handle; `text` is its name. */
struct definition power_point(uint64_t number, uint32_t attempt, char text[POWER_TEXT_MAX]);

/* power_expect.c */

/** Numbers first..last were given in this attempt. */
void power_expect_given(struct power_run *run, enum stream stream, uint64_t first, uint64_t last,
                        uint32_t attempt);
/** Events that the store appended by itself. */
void power_expect_own(struct power_run *run);
/** The store says that everything given is on disk. */
void power_expect_committed(struct power_run *run);
/** From now on a cut may be found like this. */
void power_expect_cut(struct power_stream *stream, const struct power_cut_state *state);
/** It is durable. */
void power_expect_cut_durable(struct power_stream *stream);
void power_expect_free(struct power_run *run);

/* power_check.c */

/** After an opening: is everything there? The tally is that of the last cut. */
void power_check(struct power_run *run);

/** Read and compare up to `count` records from `first` on. */
void power_check_part(struct power_run *run, enum stream stream, uint64_t first, uint64_t count);

/* power_work.c */

/** One step of the random work. */
void power_work_step(struct power_run *run);

#endif
