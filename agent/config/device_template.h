/* agent/config/device_template.h - points of a device from a file that knows the device's
 * registers.
 *
 *   drivers/templates/NAME.yaml -> [ DEVICE TEMPLATE ] -> records -> device_points.h
 *
 *  T1  A template is looked for in templates/ beside the main file, then in the folder that the key
 *      `templates` names. The first one found is taken.
 *  T2  What the device itself gives wins, key by key: its settings over the template's `device:`,
 *      its point over the template's point of the same name.
 *  T3  Without `only` all groups are taken. `without` takes points out. A point that the device
 *      names itself is there in any case.
 *  T4  A template's interval is a least one: a point is read at the longer of it and the device's.
 *  T5  Every point of a template names its group and the document and page it was taken from.
 *
 * Depends on: base, document, settings.  Threads: one user at a time.
 */
#ifndef AGENT_CONFIG_DEVICE_TEMPLATE_H
#define AGENT_CONFIG_DEVICE_TEMPLATE_H

#include "agent/config/document.h"
#include "agent/config/tables.h"

/** One template, read. Everything lives as long as `document` and the loading. */
struct device_template {
    const char *name;
    struct document document;
    struct template_settings settings; /* texts in the loading's scratch arena */
    const yaml_node_t *device;         /* `device:`, or NULL */
    const yaml_node_t *documents;      /* `documents:` */
    const yaml_node_t *points;         /* `points:`, a list of mappings */
};

/** One point of it. */
struct template_point {
    const char *name, *group, *source; /* T5: never NULL */
    struct record record;              /* without group and source */
};

/** Read the template `name`, which stands at `place`, and check all of it short of its drivers'
 *  keys. false: findings say why. Close it in any case. */
bool device_template_open(struct loading *loading, const struct config_place *place,
                          const char *name, struct device_template *template);

/** Read the file `path` as the template `name`. As device_template_open(). */
bool device_template_read(struct loading *loading, const char *path, const char *name,
                          struct device_template *template);

/** Accepts a zeroed one. */
void device_template_close(struct device_template *template);

/** Point `index` from 0; false after the last, or when there is no memory. */
bool device_template_point(struct loading *loading, struct device_template *template, size_t index,
                           struct template_point *point);

/** Add to the device's `record` what the template's `device:` gives beyond it (T2). */
bool device_template_complete(struct loading *loading, struct device_template *template,
                              struct record *record);

#endif
