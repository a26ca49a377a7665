/* drivers/modbus/limit.h - how much a slave takes in one request, when that is less than its block.
 *
 *   learning --answered, refused--> [ LIMIT ] --limit_to_ask()--> plan
 *
 *  L1  A refusal counts when every part of the request was answered on its own and no register in
 *      it was a guess: then its length is what the slave did not like, or its place.
 *  L2  It was the length only if requests of that length are refused at a second place. Until then
 *      the next run that is long enough is asked for exactly that much.
 *  L3  Then it is found by halving between the most that was answered and the least that was
 *      refused, with the requests that are due anyway.
 *
 * Depends on: nothing.  Threads: one user at a time.
 */
#ifndef DRIVERS_MODBUS_LIMIT_H
#define DRIVERS_MODBUS_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

/** All zero: nothing is known. Registers or bits. */
struct limit {
    uint16_t answered; /* the most that was answered */
    uint16_t refused;  /* the least that was refused (L1); 0: nothing was */
    bool confirmed;    /* L2 */
};

/** How much to ask for at most; `block` is what the configuration allows. */
static inline unsigned limit_to_ask(const struct limit *limit, unsigned block)
{
    if (limit->refused == 0 || limit->refused > block) {
        return block;
    }
    if (!limit->confirmed) {
        return limit->refused;
    }
    return limit->answered + (limit->refused - limit->answered) / 2U;
}

/** `count` were answered at once. */
static inline void limit_answered(struct limit *limit, unsigned count)
{
    if (count > limit->answered) {
        limit->answered = (uint16_t)count;
    }
    if (limit->refused != 0 && limit->answered >= limit->refused) {
        limit->refused = 0; /* it was the place */
        limit->confirmed = false;
    }
}

/** `count` were refused (L1), at two places at once or at one. true: now it is known to be the
 *  length. */
static inline bool limit_refused(struct limit *limit, unsigned count, bool twice)
{
    bool second = twice || limit->refused != 0;

    if (count <= limit->answered) {
        return false;
    }
    if (limit->refused == 0 || count < limit->refused) {
        limit->refused = (uint16_t)count;
    }
    limit->confirmed = limit->confirmed || second;
    return limit->confirmed;
}

#endif
