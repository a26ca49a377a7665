/* agent/config/check.h - what `leat check` says to the person in front of the cabinet.
 *
 *   config_load() -> [ CHECK ] -> standard output
 *
 * Either every finding, one per line, as editors and scripts read them (`file:line:column: text`),
 * or what would run and an estimate of what it produces: rows, uplink, how long the disk lasts.
 *
 * Depends on: config.  Threads: one user at a time.
 */
#ifndef AGENT_CONFIG_CHECK_H
#define AGENT_CONFIG_CHECK_H

#include "agent/config/config.h"

#include <stdio.h>

/** What a configuration will produce, at most: nothing suppressed by deadbands. Pushing devices
 * send when they like and are not in it. */
struct check_estimate {
    double readings_per_day;
    double megabytes_per_month; /* uploaded, 30 days */
    double ring_days;      /* until the ring of readings is full with the uplink down; 0: never */
    size_t deadband_count; /* points that will send less */
    size_t pushed_count;   /* points that are not counted */
};

void check_estimate(const struct config *config, struct check_estimate *estimate);

void check_print_findings(FILE *out, const struct config_findings *findings);
void check_print_summary(FILE *out, const char *path, const struct config *config);

/** Load `path`, print the findings or the summary. ERROR_OK: it would run. ERROR_BAD_CONFIG: the
 *  findings were printed. Else `error` says what went wrong, and nothing was printed. */
MUST_CHECK enum error_code check_configuration(const char *path, FILE *out, struct error *error);

#endif
