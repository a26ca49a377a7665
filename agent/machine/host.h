/* agent/machine/host.h - which machine is this? A queue that was copied must not go on.
 *
 *   /etc/machine-id, the board's serial number -> [ HOST ] -> store (struct store_identity)
 *
 * Both are kept as keyed hashes, shortened: machine-id(5) asks not to let it out, and a queue may
 * be carried away.
 *
 * Depends on: base, sync/digest.  Threads: pure.
 */
#ifndef AGENT_MACHINE_HOST_H
#define AGENT_MACHINE_HOST_H

#include "base/error.h"

enum { HOST_TEXT_SIZE = 32 };

struct host {
    char machine[HOST_TEXT_SIZE];  /* the installation: /etc/machine-id; "": not known, or made
                                      anew with each boot */
    char hardware[HOST_TEXT_SIZE]; /* the first serial number that the system tells, as
                                      <where>:<hash>; "": none, or not to this user */
};

/** `root` is put before each path; "" on a real machine. What cannot be read is not known.
 *  Errors: ERROR_NO_MEMORY, ERROR_BUG. */
MUST_CHECK enum error_code host_read(const char *root, struct host *host, struct error *error);

#endif
