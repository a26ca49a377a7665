/* lake/process.h - run another program to its end, without a shell.
 *
 * Depends on: base/error, base/fs.  Threads: one user at a time.
 */
#ifndef LAKE_PROCESS_H
#define LAKE_PROCESS_H

#include "base/error.h"

#include <limits.h>
#include <stdbool.h>

/** A file (no folder) that may be executed. */
bool process_is_executable(const char *path);

/** Look for `name` along PATH. true: `path` (PATH_MAX bytes) is an executable file. */
bool process_find(const char *name, char path[PATH_MAX]);

/** Run `arguments` (closed by NULL; the first is the program's path) with nothing on standard
 *  input and both outputs appended to the file `log`. Blocks until it ends; `*status` is its exit
 *  code, 128 + n when signal n ended it. Errors: those of opening the log, ERROR_UNREACHABLE when
 *  the program cannot be started. */
MUST_CHECK enum error_code process_run(const char *const *arguments, const char *log, int *status,
                                       struct error *error);

#endif
