/* lake/integrate.h - from the raw zone to marts that a person can query.
 *
 *   verify -> listing -> [ INTEGRATE ] -> dbt project (lake/dbt) -> warehouse
 *
 *  M1  What is sound is integrated even when something is missing; completeness stands in the
 * marts. M2  Running again integrates what is new and nothing twice (docs/adr/0005-integration.md).
 *  M3  dbt runs as a process of its own, without a shell, without telemetry, with one thread; what
 *      it says goes to WAREHOUSE.log, its failures also to standard error.
 *
 * Depends on: listing, process, verify, workspace, cJSON.  Threads: one user at a time.
 */
#ifndef LAKE_INTEGRATE_H
#define LAKE_INTEGRATE_H

#include "lake/verify.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

struct integration {
    const char *lake;
    const char *warehouse; /* DuckDB file; made when it is not there */
    const char *dbt;       /* NULL: looked for along PATH */
    const char *project;   /* NULL: beside the program, else where it is installed */
    bool full;             /* build anew from the objects that are there */
};

/** Verify the lake into `verification` (initialised) and bring the warehouse up to date. `*summary`
 *  (the caller deletes it) holds the counts of the models: {"objects":..,"raw_rows":..,...,
 *  "completeness":[..]}. Errors: those of verification_run() and workspace_open(); ERROR_BAD_CONFIG
 *  (no dbt, no project), ERROR_BAD_DATA (dbt failed; its failures were printed). */
MUST_CHECK enum error_code integrate(const struct integration *integration,
                                     struct verification *verification, cJSON **summary,
                                     struct error *error);

#endif
