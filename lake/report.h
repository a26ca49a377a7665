/* lake/report.h - what the verification found, for people and for programs.
 *
 *   verify -> [ REPORT ] -> standard output
 *
 * Depends on: verify, tally, cJSON.  Threads: one user at a time.
 */
#ifndef LAKE_REPORT_H
#define LAKE_REPORT_H

#include "lake/verify.h"

#include <cjson/cJSON.h>
#include <stdio.h>

/** A row per account, then lines about incarnations, losses by reason and outages, a sentence per
 *  note, problem and foreign file, and the verdict. Errors: ERROR_NO_MEMORY. */
MUST_CHECK enum error_code report_print(const struct verification *verification, FILE *out,
                                        struct error *error);

/** The sentences alone. */
void report_print_problems(const struct verification *verification, FILE *out);

/** {"objects":..,"accounts":[..],"incarnations":[..],"lost":[..],"outages":[..],"problems":[..],
 *  "notes":[..],"foreign":[..],"whole":..}. The caller deletes it. NULL: no memory. */
cJSON *report_to_json(const struct verification *verification);

/** Walk a buffer of terminated texts from `*position` on. NULL: the end. */
const char *report_next_text(const struct buffer *texts, size_t *position);

/** The closing table of an integration, from the summary of the models. */
void report_print_summary(const cJSON *summary, FILE *out);

#endif
