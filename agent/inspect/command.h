/* agent/inspect/command.h - `leat queue stat | check | export | repair`.
 *
 *   command line -> [ COMMAND ] -> the running agent, or a copy of the file -> terminal, files
 *
 *  1. With no --queue the running agent is asked first; it answers from the live queue. Else, and
 *     when none runs, a copy of the queue is opened: the original is never written to.
 *  2. repair makes a new file; the agent drains it when it lies beside its queue (docs/queue.md).
 *
 * Depends on: agent, local_client, inspect, copy, files, wire.  Threads: called on the main thread.
 */
#ifndef AGENT_INSPECT_COMMAND_H
#define AGENT_INSPECT_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

/** The command line; NULL: the option was not given. */
struct queue_arguments {
    char **words; /* after `queue` */
    size_t word_count;
    const char *config_path, *socket_path;
    const char *queue_path;
    const char *stream, *format, *from, *to;
    const char *output, *work_folder;
    bool json;
};

/** The exit status: 0 done, 1 not (said on standard error) or the queue is damaged, 2 the command
 *  line is wrong. */
int queue_command(const struct queue_arguments *arguments);

#endif
