/* agent/config/device_points.h - which points a device has: those it lists, and its template's.
 *
 *   `points:` + device_template.h (T2-T4) -> [ DEVICE POINTS ] -> record -> point.h
 *
 * Depends on: base, device_template, document, point, tables.  Threads: one user at a time.
 */
#ifndef AGENT_CONFIG_DEVICE_POINTS_H
#define AGENT_CONFIG_DEVICE_POINTS_H

#include "agent/config/device_template.h"
#include "agent/config/document.h"
#include "agent/config/point.h"
#include "agent/config/tables.h"

/** Read the points in `list`, which stands in `document` (NULL: there is none), and of the template
 *  (NULL: none) those that `settings` want. false: findings, or no memory; the others are read. */
bool device_points_read(const struct point_source *source, struct device_template *template,
                        const struct device_settings *settings, struct document *document,
                        const yaml_node_t *list);

/** Join what the lists `only` and `without` of the device hold into one text each, as
 *  "energy, power". */
bool device_points_join_lists(struct loading *loading, struct document *document,
                              const yaml_node_t *mapping, struct record *record);

#endif
