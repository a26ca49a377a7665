/* tests/support/temporary.h - a folder of a test's own, gone when the test is over.
 *
 * Depends on: cmocka.  Threads: one test.
 */
#ifndef TESTS_SUPPORT_TEMPORARY_H
#define TESTS_SUPPORT_TEMPORARY_H

#include "tests/support/cmocka.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { TEMPORARY_PATH_SIZE = 256 };

struct temporary {
    char folder[64];
    char path[TEMPORARY_PATH_SIZE]; /* of the last temporary_file() */
};

static inline void temporary_make(struct temporary *temporary)
{
    *temporary = (struct temporary){.folder = "/tmp/leat-test-XXXXXX"};
    assert_true(mkdtemp(temporary->folder) != NULL);
}

/** `name` in the folder; overwritten by the next call. */
static inline const char *temporary_file(struct temporary *temporary, const char *name)
{
    int length =
        snprintf(temporary->path, sizeof(temporary->path), "%s/%s", temporary->folder, name);

    assert_true(length > 0 && (size_t)length < sizeof(temporary->path));
    return temporary->path;
}

static inline int temporary_remove_one(const char *path, const struct stat *status, int kind,
                                       struct FTW *level)
{
    (void)status;
    (void)kind;
    (void)level;
    return remove(path);
}

static inline void temporary_remove(struct temporary *temporary)
{
    assert_int_equal(nftw(temporary->folder, temporary_remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

#endif
