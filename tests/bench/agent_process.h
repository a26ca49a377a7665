/* tests/bench/agent_process.h - the agent as shipped, as a process of its own.
 *
 *     agent_process_start -> agent_process_look* -> agent_process_stop
 *
 * It is the `leat` of the same build, run on <folder>/leat.yaml; its log goes nowhere. It ends with
 * the bench, also when that is interrupted.
 *
 * Threads: one user at a time.
 */
#ifndef TESTS_BENCH_AGENT_PROCESS_H
#define TESTS_BENCH_AGENT_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/** The path of a program of this build, such as "agent/leat". */
void agent_process_path(const char *program, char *path, size_t size);

/** -1: it could not be started. `variables`, a name and a value in turn and NULL at the end, are
 *  added to its environment; NULL: none. */
pid_t agent_process_start(const char *folder, const char *const *variables);

/** Processor time so far in seconds, memory in MiB. false: it is gone. Of any process. */
bool agent_process_look(pid_t process, double *processor_s, double *resident_mib);

/** Ask it to end, and wait. Accepts -1. */
void agent_process_stop(pid_t process);

/** Remove the folder of one agent with its configuration, queue and socket. */
void agent_process_remove(const char *folder);

#endif
