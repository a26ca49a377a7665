/* agent/inspect/files.h - an answer that becomes files, and progress on a terminal.
 *
 *   struct answer -> [ FILES ] -> one file, a folder of files, or standard output
 *
 *  F1  A file that is there is never overwritten.
 *  F2  A file appears under its name when it is whole and on disk; until then it is called
 *      NAME.partial, and of an answer that broke off nothing but that stays, which is removed.
 *
 * Depends on: answer, base/fs.  Threads: one user at a time.
 */
#ifndef AGENT_INSPECT_FILES_H
#define AGENT_INSPECT_FILES_H

#include "agent/inspect/answer.h"
#include "base/error.h"

#include <limits.h>

struct files {
    const char *output; /* the file, or with `is_folder` the folder; NULL: standard output */
    bool is_folder;
    bool shows_progress; /* on standard error */
    int file;            /* that is being written; -1: none */
    char path[PATH_MAX]; /* its name when it is whole */
    char partial[PATH_MAX];
    uint64_t bytes;
    unsigned percent; /* shown last */
    struct error error;
    enum error_code code; /* why it takes no more */
};

/** `output` "-" is standard output; with `is_folder` it is made when it is not there. Errors:
 *  ERROR_REFUSED: it is there and would be overwritten; or those of base/fs.h. */
MUST_CHECK enum error_code files_init(struct files *files, const char *output, bool is_folder,
                                      struct error *error);

struct answer files_answer(struct files *files);

/** The answer is whole (`complete`) or not: close the last file under its name, or remove it.
 *  Errors: the first that happened. */
MUST_CHECK enum error_code files_finish(struct files *files, bool complete, struct error *error);

#endif
