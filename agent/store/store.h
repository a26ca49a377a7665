/* agent/store/store.h - the store-and-forward queue: durable, bounded, kind to flash.
 *
 *   drivers -> agent/pipeline -> [ STORE ] -> agent/uplink -> sync -> lake
 *
 * A slot ring per stream in one SQLite database (docs/queue.md tells the format), a table of point
 * definitions, a table of cuts. Life: store_open() -> anything, from any thread -> store_close().
 *
 *  S1  What was appended before store_commit() began is on disk when it returns ERROR_OK.
 *      Callers that commit at the same time share one commit.
 *  S2  Sequence numbers of a stream start at 1 and grow by 1. A crash before the commit takes the
 *      numbers back with the records; no number on disk is ever given twice.
 *  S3  A ring has a fixed size. When it is full of records that are not acknowledged, its policy
 *      decides: overwrite the oldest slot and append a gap event, or refuse (ERROR_NO_SPACE).
 *  S4  What is damaged costs its own slot, becomes a gap event, and never stops the opening. A file
 *      that cannot go on (damaged, of another machine, of a newer version) is kept beside its name
 *      (store_aside.h) and a new incarnation begins; its first events say so.
 *  S5  A cut, once saved, is what the uplink uploads until it is finished: the same range, always.
 *  S6  Memory does not grow with the backlog. Appending and committing do not allocate once the
 *      store has warmed up.
 *  S7  Events that the events ring had to refuse become one event, with their count and the first
 * of them, as soon as it takes events again.
 *
 * Depends on: base, SQLite, zstd.  Threads: all functions, from any thread; the lock is inside.
 */
#ifndef AGENT_STORE_STORE_H
#define AGENT_STORE_STORE_H

#include "base/clock.h"
#include "base/definition.h"
#include "base/error.h"
#include "base/sample.h"
#include "base/stream.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;

enum store_when_full { STORE_OVERWRITE_OLDEST, STORE_HOLD };

struct store_identity; /* whose queue it is: agent/store/store_aside.h */

struct store_settings {
    const char *path; /* of the database; made when it is not there */
    uint64_t ring_bytes[STREAM_RING_COUNT];
    enum store_when_full when_full[STREAM_RING_COUNT];
    uint64_t keep_free_bytes;    /* room on the file system that growing rings leave alone */
    uint64_t program_page_bytes; /* of the flash below, for the meter; 0: not known */
    const struct clock *clock;
    const uint8_t
        *boot_id; /* 16 bytes; NULL: the kernel's, which is what everyone but a test wants */
    const struct store_identity *identity; /* NULL: any machine's */
    bool is_aside; /* it was set aside and is only to be read and acknowledged: it gets no new
                      incarnation (ERROR_BAD_DATA instead) and no events but gaps */
};

enum { STORE_INCARNATION_SIZE = 17, STORE_DIGEST_SIZE = 13 }; /* hexadecimal texts, terminated */

/** Errors: ERROR_REFUSED (rights, read-only), ERROR_NO_SPACE, ERROR_IO, ERROR_NO_MEMORY,
 *  ERROR_BAD_CONFIG (another process has it open: the sentence says so). */
MUST_CHECK enum error_code store_open(const struct store_settings *settings, struct store **store,
                                      struct error *error);

/** Let go. What was not committed is lost. Accepts NULL. */
void store_close(struct store *store);

/** 16 hexadecimal digits; lives as long as the store. */
const char *store_incarnation(const struct store *store);

/** The handle under which samples of this point are appended. Finds the point's newest revision; if
 *  anything in it changed, or the point is new, makes the next one, a row of the catalogue.
 *  Durable with the next commit, before any sample that uses it. */
MUST_CHECK enum error_code store_define(struct store *store, const struct definition *definition,
                                        uint32_t *handle, struct error *error);

/** The definition behind a handle; texts live as long as the store. NULL: no such handle. */
const struct definition *store_definition(struct store *store, uint32_t handle);

enum {
    STORE_APPEND_MAX = 2048,          /* samples in one call */
    STORE_TEXT_MAX = 32 << 10,        /* bytes of one text */
    STORE_APPEND_TEXT_MAX = 64 << 10, /* bytes of all texts in one call */
};

/** Take `count` samples into memory, in order, and give them the next sequence numbers: all or none
 *  of the call. Texts are copied. For STREAM_EVENTS samples are SAMPLE_TEXT with point_id 0
 *  (base/event.h). May commit, when memory for what is pending is used up.
 *  ERROR_NO_SPACE: the ring holds the producer back. ERROR_BAD_DATA: a text, or the texts together,
 *  are too long. ERROR_BUG: too many samples. Or as store_commit(). */
MUST_CHECK enum error_code store_append(struct store *store, enum stream stream,
                                        const struct sample *samples, size_t count,
                                        struct error *error);

/** Make everything appended so far durable (S1). May block for a disk flush. A failure leaves what
 *  was pending in memory, to be tried again by the next commit. */
MUST_CHECK enum error_code store_commit(struct store *store, struct error *error);

/** May a ring that is smaller than configured grow? */
enum store_growth {
    STORE_GROWTH_FREE,
    STORE_GROWTH_FLOOR,    /* no: the file system would have less than keep_free left */
    STORE_GROWTH_DISK_FULL /* no: the file system has no room */
};

/** Bytes that are encoded and not on disk yet: what the next commit writes, at least. */
uint64_t store_pending_bytes(struct store *store);

/** How many events were refused and are not told yet (S7). */
uint64_t store_refused_events(struct store *store);

struct store_stream_state {
    uint64_t next_sequence;      /* the number the next record gets */
    uint64_t committed_sequence; /* the highest on disk; 0: none ever */
    uint64_t acknowledged;       /* everything up to here has reached the lake; 0: nothing yet */
    uint64_t oldest_sequence;    /* the oldest on disk not acknowledged; 0: none */
    int64_t oldest_received_ns;  /* UTC of that record (of its slot: at most that old); 0: none */
    uint64_t waiting_count;      /* committed, not acknowledged, and still there */
    uint64_t waiting_bytes;      /* their size in the ring */
    uint64_t ring_bytes;         /* that it may have; 0 for the catalogue, as the next two */
    uint64_t made_bytes;         /* that it has by now; the rest is made when it is needed */
    enum store_growth growth;
    enum store_when_full when_full;
    uint64_t lost_count; /* evicted or damaged before they were acknowledged */
};

void store_state(struct store *store, enum stream stream, struct store_stream_state *state);

struct store_totals {
    uint64_t commits;       /* since opening */
    uint64_t bytes_written; /* that the disk got since opening, in blocks of 4 KiB */
    uint64_t syncs;
    uint64_t programmed_bytes; /* each sync rounded up to program pages: what a flash wears by */
};

void store_totals(struct store *store, struct store_totals *totals);

struct store_regime; /* by which clock a record was stamped: agent/store/store_clock.h */

/** One committed record. `sample` (and its text) is borrowed until visit() returns. Return false to
 *  stop. */
typedef bool store_visit(void *context, uint64_t sequence, const struct sample *sample,
                         const struct store_regime *regime);

/** Visit committed records of a ring in order, from `first_sequence` or the next one that is still
 *  there. The lock is not held while visiting. Errors: ERROR_IO; a damaged batch is skipped (S4).
 */
MUST_CHECK enum error_code store_read(struct store *store, enum stream stream,
                                      uint64_t first_sequence, store_visit *visit, void *context,
                                      struct error *error);

/** The same for the catalogue. */
typedef bool store_visit_definition(void *context, uint64_t sequence, int64_t received_ns,
                                    const struct definition *definition);
MUST_CHECK enum error_code store_read_catalogue(struct store *store, uint64_t first_sequence,
                                                store_visit_definition *visit, void *context,
                                                struct error *error);

/** Small facts of the agent that outlive a restart: a text under a key. */
enum { STORE_NOTE_KEY_SIZE = 24, STORE_NOTE_SIZE = 104, STORE_NOTES_MAX = 192 };

/** Rides in the next commit. Errors: ERROR_BUG: too long, or too many of them. */
MUST_CHECK enum error_code store_note_set(struct store *store, const char *key, const char *value,
                                          struct error *error);

/** The same for what is not worth a commit of its own: it waits until there is one. */
MUST_CHECK enum error_code store_note_leave(struct store *store, const char *key, const char *value,
                                            struct error *error);

/** false: there is none; then `value` is "". */
bool store_note_get(struct store *store, const char *key, char value[STORE_NOTE_SIZE]);

/** A range that is being uploaded: frozen before the first try (S5). */
struct store_cut {
    uint64_t first, last;
    int64_t day;              /* UTC day of receipt, since 1970 */
    uint32_t encoder_version; /* sync/encoder.h */
    char digest[STORE_DIGEST_SIZE];
    char previous_digest[STORE_DIGEST_SIZE]; /* of the stream's object before; "" for the first */
    int64_t correction_ns; /* added to the times of its records that our clock gave */
    uint32_t time_quality; /* bits that its records' status codes get */
};

/** `*found` false: no cut is under way; then only cut->previous_digest is filled. */
MUST_CHECK enum error_code store_cut_load(struct store *store, enum stream stream,
                                          struct store_cut *cut, bool *found, struct error *error);

/** Durable when it returns. Replaces a cut that is under way. */
MUST_CHECK enum error_code store_cut_save(struct store *store, enum stream stream,
                                          const struct store_cut *cut, struct error *error);

/** The target has it: acknowledge up to cut.last, keep its digest as the next one's predecessor.
 *  Rides in the next commit: a crash before it repeats an upload, which is harmless (P2). */
MUST_CHECK enum error_code store_cut_finish(struct store *store, enum stream stream,
                                            struct error *error);

#endif
