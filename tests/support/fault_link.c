#include "tests/support/fault_link.h"

#include <errno.h>

int __real_link(const char *from, const char *to);
int __real_renameat2(int from_folder, const char *from, int to_folder, const char *to,
                     unsigned flags);
int __wrap_link(const char *from, const char *to);
int __wrap_renameat2(int from_folder, const char *from, int to_folder, const char *to,
                     unsigned flags);

static int link_fails_with;
static int rename_fails_with;

void fault_link_arm(int link_errno, int rename_errno)
{
    link_fails_with = link_errno;
    rename_fails_with = rename_errno;
}

int __wrap_link(const char *from, const char *to)
{
    if (link_fails_with != 0) {
        errno = link_fails_with;
        return -1;
    }
    return __real_link(from, to);
}

int __wrap_renameat2(int from_folder, const char *from, int to_folder, const char *to,
                     unsigned flags)
{
    if (rename_fails_with != 0) {
        errno = rename_fails_with;
        return -1;
    }
    return __real_renameat2(from_folder, from, to_folder, to, flags);
}
