/* agent/config/loading.h - what one config_load() carries through its parts: findings and memory.
 *
 * A part that meets a problem adds a finding and goes on (C1). Memory that ran out is noted once
 * and ends the whole load with ERROR_NO_MEMORY.
 *
 * Depends on: base, config.h.  Threads: one user at a time.
 */
#ifndef AGENT_CONFIG_LOADING_H
#define AGENT_CONFIG_LOADING_H

#include "agent/config/config.h"
#include "base/arena.h"

#include <stdbool.h>

/** Where in which file; line and column from 1, 0: not about a place. */
struct config_place {
    const char *file;
    unsigned line, column;
};

struct loading {
    struct config_findings *findings;
    struct arena scratch;        /* lives until config_load() returns */
    const char *main_path;       /* leat.yaml */
    const char *template_folder; /* where the templates stand that came with the program */
    bool no_memory;
};

/** Always false, so that "add a finding and fail" is one line. More than CONFIG_FINDINGS_MAX are
 *  dropped: a person mends the first ones first. */
bool finding_add(struct loading *loading, const struct config_place *place, const char *format, ...)
    PRINTF_LIKE(3, 4);

/** Note that memory ran out. Always false. */
bool loading_no_memory(struct loading *loading);

/** `file` beside the file `beside`, or as it is when it is absolute; in the scratch arena. NULL: no
 *  memory. */
const char *loading_path_beside(struct loading *loading, const char *beside, const char *file);

#endif
