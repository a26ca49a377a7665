/* tests/bench/logs_file.h - log files as a gateway has them, lines of syslog with varied length.
 *
 * Line n is the same in each run:
 *
 *     Mar  5 09:12:33 gw-1 plc-bridge[711]: unit 17 register 40012 = 1881, 12 ms
 *
 * Threads: one user at a time.
 */
#ifndef TESTS_BENCH_LOGS_FILE_H
#define TESTS_BENCH_LOGS_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/** Append the lines `first` to `first + count - 1`, and flush. false: they are not all written. */
bool logs_file_append(FILE *file, uint64_t first, uint64_t count);

/** The same in real time, `lines_s` of them a second (a multiple of 1000) for `seconds`, each line
 *  with a write of its own. */
bool logs_file_pace(FILE *file, uint64_t first, unsigned lines_s, unsigned seconds);

#endif
