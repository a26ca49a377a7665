/* agent/local/write_command.h - `leat write`: ask the running agent to write one point.
 *
 * Depends on: local_client, cJSON.  Threads: main's.
 */
#ifndef AGENT_LOCAL_WRITE_COMMAND_H
#define AGENT_LOCAL_WRITE_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

struct write_command {
    const char *socket_path;
    char *const *words; /* DEVICE/POINT VALUE */
    size_t word_count;
    bool dry_run, json;
};

enum { WRITE_COMMAND_BAD_USE = 2 };

/** The exit code: 0 when it was written and read back (or would be, of a dry run), 1 when not. */
int write_command(const struct write_command *command);

#endif
