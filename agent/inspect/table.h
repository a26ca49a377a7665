/* agent/inspect/table.h - the summaries of `leat queue`, for a person.
 *
 * Depends on: cJSON.  Threads: pure.
 */
#ifndef AGENT_INSPECT_TABLE_H
#define AGENT_INSPECT_TABLE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdio.h>

void table_print_stat(const cJSON *summary, FILE *output);
void table_print_check(const cJSON *summary, FILE *output);

/** Is the checked queue whole? */
bool table_is_whole(const cJSON *summary);

#endif
