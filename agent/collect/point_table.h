/* agent/collect/point_table.h - the points of one device while it is collected from.
 *
 * From the number that a driver's sample carries to the definition, the handle in the store and the
 * memory of the pipeline. Configured points come first, in their order; instances of templates
 * ("{machine}-speed" seen as "press-3-speed") follow as they are met.
 *
 *  N1  A configured point that is no template is defined in the store at once; an instance when it
 *      is first met. Templates themselves are never defined.
 *  N2  At most POINT_INSTANCES_MAX instances of a device; after that its payloads are rejected.
 *  N3  An instance keeps its id as long as the table lives.
 *
 * Depends on: config, pipeline, store.  Threads: belongs to one collector.
 */
#ifndef AGENT_COLLECT_POINT_TABLE_H
#define AGENT_COLLECT_POINT_TABLE_H

#include "agent/config/config.h"
#include "agent/pipeline/pipeline.h"
#include "agent/store/store.h"

#include <stddef.h>
#include <stdint.h>

enum { POINT_INSTANCES_MAX = 10000 };

struct collected_point {
    const struct definition *definition;
    uint32_t handle; /* 0: a template, or not defined yet */
    struct point_memory memory;
};

struct point_table {
    const struct config_device *device;
    struct store *store;
    struct arena arena; /* of the instances' definitions */
    struct collected_point *points;
    size_t count, capacity;
    uint32_t *buckets; /* open addressing: index of an instance + 1, 0 is free */
    size_t bucket_count;
    uint32_t *templates; /* of instance i, the point it was made from; parallel to points */
};

/** Define every plain point. Errors: what store_define() gives, ERROR_NO_MEMORY. */
MUST_CHECK enum error_code point_table_init(struct point_table *table,
                                            const struct config_device *device, struct store *store,
                                            struct error *error);

/** Accepts a zeroed table. */
void point_table_deinit(struct point_table *table);

/** The instance of template `point_id` called `name`, made at first sight. ERROR_NO_SPACE: N2. */
MUST_CHECK enum error_code point_table_instance(struct point_table *table, uint32_t point_id,
                                                const char *name, uint32_t *instance_id,
                                                struct error *error);

/** Does the name hold parts to be filled in? */
bool point_name_is_template(const char *name);

#endif
