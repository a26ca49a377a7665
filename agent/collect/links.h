/* agent/collect/links.h - the blocks that devices on one serial port, or behind one gateway, share.
 *
 *   config (devices) -> [ LINKS ] -> driver.link->join()
 *
 * One block for all running devices of a driver whose link has the same name; made for the first,
 * freed after the last.
 *
 * Life: zeroed -> links_join() for each device that starts, links_leave() after its state was
 * destroyed.
 *
 * Depends on: drivers.  Threads: the main thread's.
 */
#ifndef AGENT_COLLECT_LINKS_H
#define AGENT_COLLECT_LINKS_H

#include "base/error.h"
#include "drivers/driver.h"

struct link;

struct links {
    struct link *first;
};

/** Let `state`, prepared and not yet opened, share with those of its name. *joined is NULL where
 *  the driver's devices share nothing. Errors: ERROR_NO_MEMORY. */
MUST_CHECK enum error_code links_join(struct links *links, const struct driver *driver, void *state,
                                      struct link **joined, struct error *error);

/** The state was destroyed, or does not use it any more (driver.link->join(state, NULL)). */
void links_leave(struct links *links, struct link *joined);

#endif
