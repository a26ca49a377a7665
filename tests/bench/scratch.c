#include "tests/bench/scratch.h"

#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool scratch_make(const char *bench_name, char folder[SCRATCH_SIZE])
{
    const char *directory = getenv("LEAT_BENCH_DIR");
    char path[SCRATCH_SIZE], whole[PATH_MAX];

    (void)snprintf(path, sizeof(path), "%s/%s-XXXXXX",
                   directory == NULL ? "build/bench" : directory, bench_name);
    if (mkdtemp(path) == NULL || realpath(path, whole) == NULL || strlen(whole) >= SCRATCH_SIZE) {
        return false;
    }
    memcpy(folder, whole, strlen(whole) + 1);
    return true;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *level)
{
    (void)status;
    (void)kind;
    (void)level;
    (void)remove(path); /* what stays only takes room */
    return 0;
}

void scratch_remove(const char *folder)
{
    (void)nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS); /* as above */
}
