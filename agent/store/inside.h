/* agent/store/inside.h - the store's own state, shared by its files.
 *
 *   append: samples -> ring (raw) -> encode -> images (64 KiB each) -> commit -> slots on disk
 *
 *  I1  Two locks, always in this order: `database_lock` around everything that touches SQLite,
 * `lock` around everything in memory. Appending takes `lock` only, and nobody waits for the disk
 *      while holding `lock`, save for reading a slot's header when a ring turns.
 *  I2  What was encoded stays as it is: bytes of an image up to `filled` never change, so a commit
 *      writes them without `lock`, and a commit that failed is simply written again.
 *  I3  Images for everything that waits are set aside before it is taken (ring_reserve()), so
 *      neither encoding nor committing can run out of memory half way.
 *  I4  Slots in use are a run of indexes from tail to head, around the end. Both move only with
 *      both locks held; each may be read under either.
 *  I5  A row that must be written again is counted: `changes` runs ahead of `saved`.
 */
#ifndef AGENT_STORE_INSIDE_H
#define AGENT_STORE_INSIDE_H

#include "agent/store/catalogue.h"
#include "agent/store/codec.h"
#include "agent/store/database.h"
#include "agent/store/note.h"
#include "agent/store/regime.h"
#include "agent/store/slot.h"
#include "agent/store/store_clock.h"
#include "base/buffer.h"
#include "base/event.h"

#include <limits.h>
#include <pthread.h>

enum {
    IMAGE_MAX = 10,        /* 64 KiB each: one open per ring, the rest waits for a commit */
    RING_SLOTS_LEAST = 16, /* of a ring; also how many are made at once (1 MiB) */
    RING_SLOTS_MOST = 1 << 24,
    RING_HELD_BACK = 2,         /* slots of a holding ring that only our own events may use */
    RESERVED_NUMBERS = 1 << 16, /* how far `reserved` runs ahead of the numbers given */
    STORE_REASON_SIZE = 256,
};

/** Events that were refused (S7). */
struct refused_run {
    uint64_t count;
    int64_t from_ns, to_ns; /* UTC */
    char first[240];        /* "kind subject" */
};

/** A slot in memory. */
struct image {
    struct image *next; /* in its ring, oldest first; or in the list of free ones */
    struct slot_header header;
    uint32_t chain; /* checksum of the last batch */
    uint32_t index; /* on disk, once `placed` */
    bool placed;    /* has an index */
    bool closed;    /* nothing more will be encoded into it */
    bool starts;    /* the next batch starts the codec anew */
    bool marked;    /* has a batch with a mark: `regime` is that of the last one */
    struct slot_regime regime;
    size_t filled;  /* bytes in use */
    size_t written; /* of them on disk */
    uint8_t bytes[SLOT_BYTES];
};

/** A ring's row and whether it must be written. */
struct row_state {
    struct database_ring row;
    struct database_ring on_disk; /* as last committed; under database_lock */
    uint64_t changes, saved;      /* I5 */
};

struct cut_state {
    struct store_cut cut;
    bool active;
    uint64_t changes, saved; /* I5 */
};

struct ring {
    enum stream stream;
    enum store_when_full when_full;
    uint32_t wanted;   /* slots, as configured */
    uint32_t capacity; /* slots that it may have: as wanted, or as made while that is more */
    enum store_growth growth;
    bool has_leftover;  /* slots at `made` and above are still in the file */
    bool tail_is_stale; /* acknowledged more since the tail was last moved */
    struct row_state *state;
    uint64_t next_sequence, committed_sequence;
    uint64_t tail_first;            /* first number in the tail slot */
    uint64_t told_first, told_last; /* damage at the end of the ring that an opening told of: a
                                       reader that comes there need not; 0: none */
    int64_t tail_t0_ns, head_t0_ns;
    struct codec_encoder *encoder;
    struct codec_encoder *larger_encoder; /* takes over at the next slot; or NULL */
    struct image *oldest, *open;          /* of the images; open is the last, or NULL */
    struct sample *raw;                   /* not encoded yet; texts stand in `texts`, in order */
    size_t raw_count, raw_capacity;
    size_t raw_worst_bytes;        /* the most that encoding them can need */
    struct slot_regime raw_regime; /* of all the raw ones */
    struct buffer texts;
};

/** What one commit writes, copied under `lock`. */
struct commit_plan {
    struct {
        struct ring *ring;
        struct image *image;
        size_t from, to;
    } writes[IMAGE_MAX];
    size_t write_count;
    struct {
        struct database_ring row;
        uint64_t changes;
        bool due;
    } rows[STREAM_COUNT];
    struct {
        struct cut_state state;
        bool due;
    } cuts[STREAM_COUNT];
    struct note_plan notes;
    uint64_t next_sequence[STREAM_RING_COUNT];
    const struct catalogue_row *first_point, *last_point; /* NULL: none */
    uint64_t changes;
};

struct store {
    pthread_mutex_t database_lock, lock;
    struct database database;
    const struct clock *clock;
    uint64_t keep_free_bytes;
    uint64_t incarnation;
    uint8_t boot_id[SLOT_BOOT_ID_BYTES];
    struct ring rings[STREAM_RING_COUNT];
    struct row_state rows[STREAM_COUNT];
    struct cut_state cuts[STREAM_COUNT];
    struct notes notes;
    struct regime_watch watch;
    struct rights rights;
    int64_t newest_ns; /* of store_newest_ns() */
    struct catalogue catalogue;
    struct image *free_images;
    unsigned image_count, free_count; /* made in all; of them free */
    uint64_t changes, covered;        /* of anything; up to where it is on disk */
    struct commit_plan plan;          /* under database_lock */
    struct store_totals totals;
    struct refused_run refused;
    char kept_as[PATH_MAX]; /* what the opening set aside; "" : nothing */
    char kept_because[STORE_REASON_SIZE];
};

/** append.c: an event of our own. Errors: ERROR_NO_MEMORY, or as store_commit(). */
MUST_CHECK enum error_code store_append_own(struct store *store, const struct event *event,
                                            struct error *error);

static inline bool stream_has_ring(enum stream stream)
{
    return (int)stream < (int)STREAM_RING_COUNT;
}

static inline void row_changed(struct store *store, struct row_state *state)
{
    state->changes++;
    store->changes++;
}

#endif
