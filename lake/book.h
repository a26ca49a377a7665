/* lake/book.h - the accounts of a lake, what is not there and why, and what is wrong.
 *
 *   account, lineage -> [ BOOK ] -> report, listing
 *
 * Life: account_book_init() -> filled by account_all() and lineage_trace() ->
 * account_book_deinit().
 *
 * Names and reasons in it belong to the inventory and the claims, which outlive it.
 *
 * Depends on: base/buffer, inventory.  Threads: one user at a time.
 */
#ifndef LAKE_BOOK_H
#define LAKE_BOOK_H

#include "base/buffer.h"
#include "lake/inventory.h"

/** One stream of an incarnation. */
struct account {
    const struct object_name *name; /* site, gateway, incarnation count; the stream is below */
    enum stream stream;
    uint64_t objects, damaged;
    uint64_t rows;        /* in sound objects; more than `arrived` when some stand in two */
    uint64_t arrived;     /* numbers that a sound object holds */
    uint64_t first, last; /* over all objects; 0: there is none */
    uint64_t high_water;  /* highest number that is known to have been issued */
    uint64_t lost;        /* named by gap events and in no object */
    uint64_t missing;     /* holes, and what damaged objects should hold */
    bool forked, substituted;
};

enum hole_kind { HOLE_LOST, HOLE_MISSING, HOLE_DAMAGED };

/** Numbers that no sound object holds; the holes of a book do not overlap. */
struct hole {
    const struct object_name *name; /* site, gateway, incarnation count */
    enum stream stream;
    enum hole_kind kind;
    uint64_t first, last;
    int64_t from_us, to_us; /* HOLE_LOST: when they were issued, at most; 0: unknown */
    const char *reason;     /* HOLE_LOST: what the gateway says */
};

/** An incarnation and the one it followed. */
struct lineage {
    const struct object_name *name;
    const char *predecessor; /* "": it was the first; NULL: its first event has not arrived */
    const char *reason;
    int64_t began_us;                            /* by its first event */
    int64_t least_received_us, most_received_us; /* of its readings; none: least > most */
};

struct account_book {
    struct buffer accounts; /* struct account, in the inventory's order */
    struct buffer holes;    /* struct hole */
    struct buffer lineages; /* struct lineage, in the inventory's order */
    struct buffer problems; /* sentences, each terminated */
    struct buffer notes;    /* sentences about what is no problem, but good to know */
};

void account_book_init(struct account_book *book);
void account_book_deinit(struct account_book *book);

/** Did everything that was written into the book fit? */
bool account_book_is_kept(const struct account_book *book);

/** Append a sentence to `sentences`, a buffer of the book; account_book_is_kept() tells whether it
 *  fitted. */
void account_book_write(struct buffer *sentences, const char *format, ...) PRINTF_LIKE(2, 3);

size_t account_count(const struct account_book *book);
const struct account *account_at(const struct account_book *book, size_t index);

size_t hole_count(const struct account_book *book);
const struct hole *hole_at(const struct account_book *book, size_t index);

size_t lineage_count(const struct account_book *book);
struct lineage *lineage_at(const struct account_book *book, size_t index);

/** "complete", "gaps", "incomplete", "damaged", "substituted", "forked": the worst that is true. */
const char *account_status(const struct account *account);

/** "lost", "missing", "damaged". */
const char *hole_kind_name(enum hole_kind kind);

#endif
