/* agent/collect/errand.h - something that one thread wants done on a device's own connection.
 *
 *   leat write -> the local API's thread --errand_ask()--> [ ERRAND ] --> the device's collector
 *
 * A device has one connection and one owner, its collector; nobody else may touch its driver. Each
 * running device has a desk, where one errand may lie until the collector looks there.
 *
 *  E1  One errand per device at a time; the next one is told so at once.
 *  E2  An errand that was not begun in time is taken back, and nothing was done. One that was begun
 *      is waited for: what it calls has a deadline of its own (drivers/driver.h D4).
 *  E3  When its device stops, an errand that was not begun comes back undone.
 *
 * Depends on: config, waiter.  Threads: all; the board's lock is inside.
 */
#ifndef AGENT_COLLECT_ERRAND_H
#define AGENT_COLLECT_ERRAND_H

#include "agent/config/config.h"
#include "agent/waiter.h"

#include <pthread.h>

struct intake;

enum errand_state { ERRAND_LIES, ERRAND_BEGUN, ERRAND_ENDED, ERRAND_UNDONE };

struct errand {
    /** Called on the collector's thread. `away`: why the device is not connected; NULL: it is.
     *  Whatever this returns but ERROR_OK, with its sentence, says that the connection is of no
     *  further use. */
    enum error_code (*run)(struct errand *errand, struct config_device *device, const char *away,
                           struct error *error);
    enum errand_state state; /* guarded by the board's lock */

    /* Set before run(), for what reads: the driver's sink, and what a turn needs. */
    struct intake *intake;
    const struct facts_source *host; /* may be NULL */
};

struct errand_board {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct errand_desk *desks;
};

/** Of one device; the collector's. Zeroed: not at any board. */
struct errand_desk {
    struct errand_board *board;
    struct errand_desk *next;
    const char *device; /* its name */
    struct waiter *waiter;
    struct errand *errand; /* NULL: none */
};

/* How long a technician's errand may lie. */
enum { ERRAND_BEGIN_MAX_S = 20 };

enum errand_end {
    ERRAND_RAN,
    ERRAND_NO_DEVICE, /* none of that name is collected from, or not any more (E3) */
    ERRAND_BUSY,      /* E1 */
    ERRAND_TOO_LATE,  /* E2 */
};

void errand_board_init(struct errand_board *board);

/** All desks have left. */
void errand_board_deinit(struct errand_board *board);

/** Put `errand` on the desk of `device`, wake its collector, wait until it ran; `begin_ns`: how
 *  long it may lie there. */
MUST_CHECK enum errand_end errand_ask(struct errand_board *board, const char *device,
                                      struct errand *errand, int64_t begin_ns);

/** Why it did not run: a sentence about the device, for whoever asked. */
const char *errand_end_sentence(enum errand_end end);

/** From now on errands for `device` may come; `waiter` is poked for each. Texts are borrowed. A
 *  NULL board: none will come. */
void errand_join(struct errand_board *board, struct errand_desk *desk, const char *device,
                 struct waiter *waiter);

/** No more. Accepts a zeroed desk, and twice. */
void errand_leave(struct errand_desk *desk);

/** The errand to be run, or NULL. errand_done() must follow. */
struct errand *errand_take(struct errand_desk *desk);
void errand_done(struct errand_desk *desk);

#endif
