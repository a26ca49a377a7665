/* agent/config/device.h - one device: its driver's state filled, its points added, its plan
 * prepared.
 *
 *   YAML mapping -> [ DEVICE ] -> config.h's struct config_device
 *
 * Depends on: base, drivers, device_points, device_template, document, point, settings.  Threads:
 * one user at a time.
 */
#ifndef AGENT_CONFIG_DEVICE_H
#define AGENT_CONFIG_DEVICE_H

#include "agent/config/document.h"

enum { DEVICE_ARENA_MAX_BYTES = 64 << 20 };

/** Load the device in `mapping`. NULL: it is not enabled, or not usable; the findings, or
 *  loading->no_memory, say which. The caller frees it with config_device_free(). */
struct config_device *device_load(struct loading *loading, struct document *document,
                                  const yaml_node_t *mapping);

#endif
