/* agent/config/finish.h - from a list of points to a device that can run.
 *
 * Checks what concerns the points together, gives each its id and schedule, hands them to the
 * driver.
 *
 * Depends on: drivers, loading, point.  Threads: one user at a time.
 */
#ifndef AGENT_CONFIG_FINISH_H
#define AGENT_CONFIG_FINISH_H

#include "agent/config/point.h"

/** No two points of one name. */
bool finish_check_names(struct loading *loading, const struct point_list *list);

/** Copy the points into the device, make its schedules, add them to the driver and prepare it.
 *  `place`: of the device. */
bool finish_device(struct loading *loading, struct config_device *device,
                   const struct point_list *list, const struct config_place *place);

#endif
