/* drivers/gateway/text_file.h - small files of /proc and /sys, below a root that a test can set.
 *
 * Depends on: nothing.  Threads: pure.
 */
#ifndef DRIVERS_GATEWAY_TEXT_FILE_H
#define DRIVERS_GATEWAY_TEXT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Read `root`/`path` into `text`, terminated, cut at `size` - 1 bytes. Returns 0 or errno. */
int text_file_read(const char *root, const char *path, char *text, size_t size);

/** The same without white space at its end, for a file that holds one word. */
int text_file_read_word(const char *root, const char *path, char *text, size_t size);

/** A file that holds one whole number. EBADMSG: it holds something else. */
int text_file_read_number(const char *root, const char *path, int64_t *number);

/** The number after "Name:" at the beginning of a line; false: there is no such line. */
bool text_file_field(const char *text, const char *name, uint64_t *number);

#endif
