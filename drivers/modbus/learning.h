/* drivers/modbus/learning.h - what a slave's refusals teach: cuts, lone points, its own limit.
 *
 *   modbus.c --answers--> [ LEARNING ] --> plan (cuts, refusals, limits)
 *
 * Life: zeroed at the beginning of a turn, told of every request of it, in order.
 *
 *  A1  A refused request of several points is cut and its parts are asked for, until each is
 *      answered or is one point, which then stays alone. A cut is kept only where both sides of it
 *      were answered at once; the others searched.
 *  A2  When no point was refused alone, the slave's limit is looked for (limit.h). As soon as it is
 *      known, cuts between neighbours are taken back: it explains them.
 *  A3  Requests with registers that nobody asked for say nothing about the limit.
 *
 * Depends on: plan, limit.  Threads: one user at a time.
 */
#ifndef DRIVERS_MODBUS_LEARNING_H
#define DRIVERS_MODBUS_LEARNING_H

#include "drivers/modbus/plan.h"

enum learning_outcome { LEARNING_ANSWERED, LEARNING_REFUSED, LEARNING_FAILED };

struct learning {
    size_t begin, end; /* the items of the refused request that is looked into; end 0: none */
    struct {
        size_t begin, at, end; /* its items, and the first behind the cut */
        bool half_answered;    /* the part before the cut */
    } last;                    /* cut */
    bool lone;                 /* a part of it was refused on its own */
    bool failed;               /* a part of it was neither answered nor refused, or not asked for */
    unsigned least;            /* the shortest refused part without a hole; 0: none */
    size_t least_end;
    bool twice; /* two such parts that share nothing */
};

/** A request was refused. true: it was cut; ask again from request->begin. */
bool learning_cut(struct learning *learning, struct plan *plan, uint32_t due,
                  const struct plan_request *request);

/** A request has its outcome and will not be cut. */
void learning_note(struct learning *learning, struct plan *plan, uint32_t due,
                   const struct plan_request *request, enum learning_outcome outcome);

/** The turn ends here: take back what was only cut to search. */
void learning_abandon(const struct learning *learning, struct plan *plan);

/** Forget one thing that was learned, at or behind *place, so that it is tried again; items from 1,
 *  the limits at 0. false: there is none. */
bool learning_probe(struct plan *plan, size_t *place);

#endif
