/* lake/claim.h - what the events of a gateway say about its numbers, its time and itself.
 *
 *   object (events) -> [ CLAIM ] -> account, lineage, report
 *
 * Life: claims_init() -> claims_hear()* in the inventory's order -> claims_deinit().
 *
 *  C1  A gap is an upper bound: at most these numbers are lost. What arrived all the same has.
 *  C2  An event is heard once, in however many objects it stands.
 *  C3  What events of one kind say is summed up object by object, so that memory follows the
 *      number of objects; only gaps are kept one by one.
 *
 * The texts are those of base/event.h. Depends on: base/buffer, object.  Threads: one user at a
 * time.
 */
#ifndef LAKE_CLAIM_H
#define LAKE_CLAIM_H

#include "lake/object.h"

enum { CLAIM_REASON_SIZE = 200 };

/** Numbers that the gateway says it lost (C1). */
struct gap_claim {
    const struct object_name *name; /* site, gateway and incarnation count */
    enum stream stream;
    uint64_t first, last;
    int64_t from_us, to_us;         /* when they were issued; 0: unknown */
    char reason[CLAIM_REASON_SIZE]; /* cut between two characters */
};

/** The highest numbers that an events object knows to have been issued, 0: none. */
struct high_water {
    const struct object_name *name;
    uint64_t last[STREAM_COUNT];
};

/** The first event of an incarnation. */
struct identity {
    const struct object_name *name;
    char predecessor[OBJECT_INCARNATION_SIZE]; /* "": it is the first */
    int64_t began_us;
    char reason[CLAIM_REASON_SIZE];
};

enum outage_kind { OUTAGE_DOWN, OUTAGE_UNREAD, OUTAGE_REJECTED, OUTAGE_KIND_COUNT };

/** Time without readings, though no number is missing. */
struct outage {
    const struct object_name *name;
    enum outage_kind kind;
    uint64_t events, count;    /* `count` polls or payloads */
    int64_t total_us;          /* of all their periods */
    int64_t least_us, most_us; /* from the first to the last; 0: unknown */
};

struct claims {
    struct buffer gaps;              /* struct gap_claim */
    struct buffer high_waters;       /* struct high_water */
    struct buffer identities;        /* struct identity */
    struct buffer outages;           /* struct outage */
    const struct object_name *heard; /* C2: of this one's incarnation ... */
    uint64_t heard_to;               /* ... up to this number */
};

void claims_init(struct claims *claims);
void claims_deinit(struct claims *claims);

/** Take what the sound events object `name`, which `reader` has read, says. `name` is borrowed.
 *  Errors: ERROR_NO_MEMORY. */
MUST_CHECK enum error_code claims_hear(struct claims *claims, const struct object_reader *reader,
                                       const struct object_name *name, struct error *error);

/** "down", "unread", "rejected": the kind of event. */
const char *outage_kind_name(enum outage_kind kind);

#endif
