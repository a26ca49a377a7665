/* drivers/modbus/dial.h - a TCP connection to a peer, made by a deadline.
 *
 * Life: zeroed -> dial_connect()* -> dial_deinit().
 *
 * Numeric addresses are used at once. A name is looked up by glibc's getaddrinfo_a(), since the
 * resolver's own time-outs go far beyond a deadline; a look-up that takes longer than the deadline
 * goes on by itself and the next dial_connect() uses its result.
 *
 * Depends on: base, address.  Threads: one user at a time; a look-up runs on a thread of glibc's.
 */
#ifndef DRIVERS_MODBUS_DIAL_H
#define DRIVERS_MODBUS_DIAL_H

#include "base/clock.h"
#include "base/error.h"
#include "drivers/modbus/address.h"

#include <stdint.h>

struct lookup;

struct dial {
    struct lookup *lookup; /* under way; NULL: none */
};

/** Connect to `peer`. The socket is non-blocking, close-on-exec, with TCP_NODELAY and keepalive
 *  (a silent peer is given up after about a minute). The caller closes it. Blocks until
 *  `deadline_ns` (monotonic) at most. Errors: ERROR_TIMEOUT, ERROR_UNREACHABLE, ERROR_NO_MEMORY. */
MUST_CHECK enum error_code dial_connect(struct dial *dial, const struct peer *peer,
                                        const struct clock *clock, int64_t deadline_ns, int *fd,
                                        struct error *error);

/** Give up a look-up under way, waiting for it a second at most. Accepts a zeroed dial, and twice.
 */
void dial_deinit(struct dial *dial);

#endif
