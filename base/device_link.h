/* base/device_link.h - what several devices of a driver may share: a serial port, the one
 * connection of a gateway. Part of the contract of drivers/driver.h; the host is
 * agent/collect/links.h.
 *
 *  D10 Instances with one link share its block, each on its own thread. What fails in one fails the
 *      others only if it is the connection. One that was given no block has its own connection.
 *
 * Depends on: clock, error.  Threads: what a block holds has a lock inside.
 */
#ifndef BASE_DEVICE_LINK_H
#define BASE_DEVICE_LINK_H

#include "base/clock.h"
#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

/** What the reading of one device takes of its link. */
struct device_load {
    double share;          /* of the link's time; 1: all of it; 0: it is not known */
    double requests_per_s; /* each also takes as long as the device thinks, which is not counted */
};

struct device_link {
    size_t block_size; /* the host allocates it, zeroed, one for all of an equal name() */
    enum error_code (*init)(void *block, struct error *error);
    void (*deinit)(void *block); /* after the last of them let go, when init() succeeded */
    /** Of a prepared instance: "port /dev/ttyS0". Lives as long as the state. */
    const char *(*name)(const void *state);
    /** What those of one name must have in common, for people: "9600 baud, parity none". */
    const char *(*terms)(const void *state);
    /** Of a prepared instance whose schedule i is due every intervals_ns[i]. */
    struct device_load (*load)(const void *state, const int64_t *intervals_ns, uint32_t count);
    /** Use this block from now on; before the first open(). Let go of it: with NULL, while closed,
     *  or by destroy(). */
    void (*join)(void *state, void *block);
    /** When open() may be tried after a failure, monotonic; 0: now. Until then others of the link
     *  come first: the host waits, which is no failure, and asks again. */
    int64_t (*not_before)(void *state, const struct clock *clock);
};

#endif
