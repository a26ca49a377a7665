/* lake/report.h - what the verification found, for people and for programs.
 *
 *   verify -> [ REPORT ] -> standard output
 *
 * Depends on: verify, cJSON.  Threads: one user at a time.
 */
#ifndef LAKE_REPORT_H
#define LAKE_REPORT_H

#include "lake/verify.h"

#include <cjson/cJSON.h>
#include <stdio.h>

/** A row per account, then a sentence per problem and per foreign file, then the verdict. */
void report_print(const struct verification *verification, FILE *out);

/** The sentences alone. */
void report_print_problems(const struct verification *verification, FILE *out);

/** {"objects":..,"accounts":[..],"problems":[..],"foreign":[..],"whole":..}. The caller deletes
 *  it. NULL: no memory. */
cJSON *report_to_json(const struct verification *verification);

/** The closing table of an integration, from the summary of the models. */
void report_print_summary(const cJSON *summary, FILE *out);

#endif
