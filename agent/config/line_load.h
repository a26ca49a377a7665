/* agent/config/line_load.h - do the readings of all devices on one line fit into its time?
 *
 *   devices of a link -> [ LINE LOAD ] -> a finding, or a line of what `leat check` says
 *
 *  Q1  A line is full when its devices' readings take all of its time though every device answers
 *      at once: such a configuration is refused, with the figures, at the device that is too much.
 *  Q2  Only where the driver knows the speed of its line (base/device_link.h).
 *
 * Depends on: config, drivers.  Threads: pure.
 */
#ifndef AGENT_CONFIG_LINE_LOAD_H
#define AGENT_CONFIG_LINE_LOAD_H

#include "agent/config/loading.h"

#include <stdio.h>

/** May `device`, not yet in `config`, share its line with those that are? Otherwise a finding. */
bool line_load_check(struct loading *loading, const struct config_place *place,
                     const struct config *config, const struct config_device *device);

/** One line for each line whose load is known. */
void line_load_print(FILE *out, const struct config *config);

#endif
