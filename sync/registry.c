#include "sync/target.h"
#include "sync/targets/directory/directory.h"

#include <string.h>

const struct target *const target_registry[] = {
    &directory_target,
    NULL,
};

const struct target *target_find(const char *name)
{
    for (const struct target *const *target = target_registry; *target != NULL; target++) {
        if (strcmp((*target)->name, name) == 0) {
            return *target;
        }
    }
    return NULL;
}
