/* tests/support/fault_link.h - a file system without hard links (linked with -Wl,--wrap=...). */
#ifndef TESTS_SUPPORT_FAULT_LINK_H
#define TESTS_SUPPORT_FAULT_LINK_H

/** From now on link() fails with `link_errno` and renameat2() with `rename_errno`; 0: they work. */
void fault_link_arm(int link_errno, int rename_errno);

#endif
