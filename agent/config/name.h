/* agent/config/name.h - what sites, gateways, devices and points may be called.
 *
 * Names become parts of object names and point ids, so they hold letters, digits, '-' and '_' only;
 * a point's name may hold {parts} where the driver fills them in ("{machine}-speed").
 *
 * Depends on: nothing.  Threads: pure.
 */
#ifndef AGENT_CONFIG_NAME_H
#define AGENT_CONFIG_NAME_H

#include <stdbool.h>

enum { NAME_MAX_BYTES = 64, NAME_POINT_MAX_BYTES = 128 };

bool name_is_valid(const char *name, bool with_parts);

#endif
