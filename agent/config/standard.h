/* agent/config/standard.h - points that a driver brings along (struct driver_standard_point).
 *
 *   driver.standard_points + what the configuration says -> [ STANDARD ] -> point.h
 *
 * Depends on: drivers/driver.h, record.  Threads: one user at a time.
 */
#ifndef AGENT_CONFIG_STANDARD_H
#define AGENT_CONFIG_STANDARD_H

#include "agent/config/record.h"
#include "drivers/driver.h"

#include <stdbool.h>

/** The row that `record` takes from: of its name or, when it gives an address, of that address up
 *  to the ':'. NULL: none. */
const struct driver_standard_point *standard_find(const struct driver_standard_point *rows,
                                                  const struct record *record);

/** Add to `record` what `row` says and it does not. false: no room for one more field. */
bool standard_complete(struct loading *loading, const struct driver_standard_point *row,
                       struct record *record);

#endif
