#include "drivers/driver.h"

#include <string.h>

const struct driver *const driver_registry[] = {
    NULL,
};

const struct driver *driver_find(const char *name)
{
    for (const struct driver *const *driver = driver_registry; *driver != NULL; driver++) {
        if (strcmp((*driver)->name, name) == 0) {
            return *driver;
        }
    }
    return NULL;
}
