/* lake/account.h - every sequence number ever issued: arrived, lost and said so, or missing.
 *
 *   inventory + claims -> [ ACCOUNT ] -> verify
 *
 * One account per (site, gateway, incarnation, stream). Numbers begin at 1 and never repeat, so
 *
 *  A1  A number in no sound object is lost when a gap event names it, in flight when it is above
 *      every high-water mark and every object, else missing: a hole.
 *  A2  Two objects that hold the same number are a fork: a copied queue sent under one identity.
 *  A3  Each object names the digest of its predecessor; another one before it was substituted.
 *  A4  Every hole, fork, substitution and damaged object gives one sentence.
 *
 * Depends on: base/buffer, inventory, object.  Threads: one user at a time.
 */
#ifndef LAKE_ACCOUNT_H
#define LAKE_ACCOUNT_H

#include "base/buffer.h"
#include "lake/object.h"

struct account {
    const struct object_name *name; /* site, gateway, incarnation count; the stream is below */
    enum stream stream;
    uint64_t objects, damaged;
    uint64_t rows;        /* in sound objects */
    uint64_t first, last; /* over all objects; 0: there is none */
    uint64_t high_water;  /* highest number that is known to have been issued */
    uint64_t lost;        /* named by gap events and in no object */
    uint64_t missing;     /* A1, with the rows of damaged objects */
    bool forked, substituted;
};

/** A range that is missing (A1); a damaged object is one too. */
struct hole {
    const struct object_name *name; /* site, gateway, incarnation count */
    enum stream stream;
    bool damaged;
    uint64_t first, last;
};

struct account_book {
    struct buffer accounts; /* struct account, in the inventory's order */
    struct buffer holes;    /* struct hole */
    struct buffer problems; /* sentences (A4), each terminated */
};

void account_book_init(struct account_book *book);
void account_book_deinit(struct account_book *book);

/** Fill the book from `claims` (struct claim). The inventory must outlive it. false: no memory. */
bool account_all(const struct inventory *inventory, const struct buffer *claims,
                 struct account_book *book);

size_t account_count(const struct account_book *book);
const struct account *account_at(const struct account_book *book, size_t index);

/** "complete", "gaps", "incomplete", "damaged", "forked": the worst that is true. */
const char *account_status(const struct account *account);

/** Is every number accounted for? */
bool account_is_whole(const struct account *account);

#endif
