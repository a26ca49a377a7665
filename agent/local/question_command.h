/* agent/local/question_command.h - `leat read` and `leat identify`: ask a device, show its answer.
 *
 * Depends on: config, device_question, local_client, cJSON.  Threads: main's.
 */
#ifndef AGENT_LOCAL_QUESTION_COMMAND_H
#define AGENT_LOCAL_QUESTION_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

struct question_command {
    const char *word; /* of the question */
    const char *config_path, *socket_path;
    char **words; /* DEVICE or DEVICE/POINT */
    size_t word_count;
    bool json;
};

enum { QUESTION_COMMAND_BAD_USE = 2 };

/** The exit code: 0 when all that was asked for was told. */
int question_command(const struct question_command *command);

#endif
