/* agent/local/identify_command.h - `leat identify DEVICE`: what a device says it is.
 *
 * A running agent asks through its own connection. Without one the device is opened here, as it is
 * configured.
 *
 * Depends on: config, identify_request, local_client, cJSON.  Threads: main's.
 */
#ifndef AGENT_LOCAL_IDENTIFY_COMMAND_H
#define AGENT_LOCAL_IDENTIFY_COMMAND_H

#include <stdbool.h>

struct identify_command {
    const char *config_path, *socket_path;
    const char *device;
    bool json;
};

/** The exit code: 0 when the device said anything of itself. */
int identify_command(const struct identify_command *command);

#endif
