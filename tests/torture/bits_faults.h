/* tests/torture/bits_faults.h - what is done to an image: bits, halves, ends and whole files.
 *
 * Depends on: bits_image.  Threads: one.
 */
#ifndef TESTS_TORTURE_BITS_FAULTS_H
#define TESTS_TORTURE_BITS_FAULTS_H

#include "tests/torture/bits_image.h"

enum { BITS_FAULT_COUNT = 14 };

struct bits_fault {
    const char *name;
    void (*apply)(const struct bits_image *image, uint64_t *seed);
};

extern const struct bits_fault bits_faults[BITS_FAULT_COUNT];

#endif
