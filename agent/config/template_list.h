/* agent/config/template_list.h - `leat templates`: which there are, and what one of them holds.
 *
 *   templates/ beside the main file, the installed folder -> [ TEMPLATE LIST ] -> a terminal
 *
 * Depends on: base, device_template.  Threads: one user at a time.
 */
#ifndef AGENT_CONFIG_TEMPLATE_LIST_H
#define AGENT_CONFIG_TEMPLATE_LIST_H

#include "base/error.h"

#include <stdio.h>

/** Print every template (`name` NULL), or the points and the documents of one. `config_path` tells
 *  the folders, as T1 has it; the file may be missing. What is wrong with a template is printed
 * too. Errors: ERROR_BAD_CONFIG (printed), ERROR_NO_MEMORY. */
MUST_CHECK enum error_code template_list(const char *config_path, const char *name, FILE *out,
                                         struct error *error);

#endif
