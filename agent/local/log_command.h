/* agent/local/log_command.h - `leat log`: give lines to the running agent.
 *
 * The words of the command line are one record; without any, each line of standard input is one.
 * What has been read is sent at once, on a connection of its own, so that a pipe that is silent for
 * hours holds no place at the agent. It prints how many lines are stored, that is: on disk.
 *
 * Depends on: local_client, line_reader.  Threads: the main thread.
 */
#ifndef AGENT_LOCAL_LOG_COMMAND_H
#define AGENT_LOCAL_LOG_COMMAND_H

#include <stddef.h>

struct log_command {
    const char *socket_path;
    const char *source;   /* NULL: the user's name */
    const char *severity; /* NULL: notice */
    char **words;
    size_t word_count;
};

enum { LOG_COMMAND_BAD_USE = 2 };

/** Returns the exit status: EXIT_FAILURE when a line was not stored, LOG_COMMAND_BAD_USE when an
 *  option is wrong; a sentence on standard error says why. */
int log_command(const struct log_command *command);

#endif
