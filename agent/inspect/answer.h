/* agent/inspect/answer.h - where the answer of a `leat queue` command goes.
 *
 *   stat, check, export -> [ ANSWER ] -> the agent's socket, or the command's own files and
 * terminal
 *
 * An answer is any number of files, each a name and bytes, notes of progress in between, and at its
 * end one JSON object. Whoever takes it may go away at any time: then every call gives false and
 * the work ends.
 *
 * Depends on: base.  Threads: one user at a time.
 */
#ifndef AGENT_INSPECT_ANSWER_H
#define AGENT_INSPECT_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct answer {
    /** The bytes that follow are those of file `name`, which has no folder in it. */
    bool (*file)(void *context, const char *name);
    bool (*bytes)(void *context, const void *bytes, size_t size_bytes);
    /** `done` of `total` units of work are done. */
    bool (*progress)(void *context, uint64_t done, uint64_t total);
    void *context;
};

#endif
