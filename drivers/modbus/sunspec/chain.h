/* drivers/modbus/sunspec/chain.h - which models a SunSpec device has, and where.
 *
 *   "SunS" | id length registers... | id length registers... | 0xFFFF
 *
 * Life: zeroed -> sunspec_chain_read() until it is whole; zero it to begin anew.
 *
 *  S1  "SunS" stands at holding register 40000, 50000 or 0. One exception says that it is not there
 *      and the next is tried; what else goes wrong there lets the next call begin with the next.
 *  S2  A chain that cannot be true (a model without registers, one beyond 65535, more than
 *      SUNSPEC_LINKS_MAX models) is an error that says what the device says, and where.
 *  S3  What was found is kept when time runs out: the next call goes on from there.
 *
 * Depends on: base.  Threads: one user at a time.
 */
#ifndef DRIVERS_MODBUS_SUNSPEC_CHAIN_H
#define DRIVERS_MODBUS_SUNSPEC_CHAIN_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

enum { SUNSPEC_LINKS_MAX = 128, SUNSPEC_HEADER = 2 /* id and length */ };

struct sunspec_link {
    uint16_t id;
    uint16_t length; /* registers behind id and length */
    uint16_t first;  /* holding register of the id; all of the model is below 65536 */
};

struct sunspec_chain {
    struct sunspec_link links[SUNSPEC_LINKS_MAX];
    unsigned count;
    unsigned base_choice; /* which of the three to try first */
    uint32_t next;        /* register where the next model begins; 0: nothing is known */
    bool is_whole;
};

/** How a device is asked. */
struct sunspec_reader {
    /** Read `count` holding registers from `first`. *refused: it answered with an exception, and
     *  that is no error. Errors: of the connection, or ERROR_TIMEOUT when the time is over. */
    enum error_code (*read)(struct sunspec_reader *reader, unsigned first, unsigned count,
                            uint16_t *registers, bool *refused, struct error *error);
};

/** Find "SunS" and walk to the end. Errors: ERROR_PROTOCOL with a sentence (S1, S2), those of
 *  the reader. */
MUST_CHECK enum error_code sunspec_chain_read(struct sunspec_chain *chain,
                                              struct sunspec_reader *reader, struct error *error);

/** The n-th model of this id, from 1; NULL: it has none. */
const struct sunspec_link *sunspec_chain_find(const struct sunspec_chain *chain, unsigned id,
                                              unsigned instance);

#endif
