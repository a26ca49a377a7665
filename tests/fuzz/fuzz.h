/* tests/fuzz/fuzz.h - what libFuzzer calls, and replay.c in its place. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/** Feed the parser under test. 0 always; what must not happen ends the process. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes); /* NOLINT: libFuzzer's name */

#endif
