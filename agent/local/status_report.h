/* agent/local/status_report.h - the status board and the store as a JSON object, and as a table.
 *
 * The keys are for scripts and stay: docs/status.md lists them.
 *
 * Depends on: status_board, status_disk, store, wear, cJSON.  Threads: all.
 */
#ifndef AGENT_LOCAL_STATUS_REPORT_H
#define AGENT_LOCAL_STATUS_REPORT_H

#include "agent/machine/wear.h"
#include "agent/status_board.h"
#include "agent/store/store.h"
#include "base/clock.h"
#include "base/error.h"

#include <stdio.h>

struct status_source {
    const char *site, *gateway;
    struct store *store;
    struct status_board *board;
    const struct clock *clock;
    int64_t started_ns;      /* monotonic */
    int64_t clock_since_ns;  /* boot time: since when the clock is in its state */
    const char *queue_error; /* "" while commits go through */
    const char *queue_path;
    const struct wear *wear; /* whoever asks holds its lock */
    const struct config_card *card;
    const char *sysfs; /* "/sys" */
};

/** How many records wait for the clock to become right. */
uint64_t status_report_clock_waits(struct store *store, const struct status_uplink *uplink);

/** A JSON text from malloc(); NULL when there is no memory. */
char *status_report_json(const struct status_source *source);

/** The same for a person. ERROR_BAD_DATA: `json` is no such object. */
MUST_CHECK enum error_code status_report_print(const char *json, FILE *output, struct error *error);

#endif
