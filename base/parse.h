/* base/parse.h - text to numbers, whole or not at all.
 *
 * Each function takes a terminated text, refuses leading and trailing rubbish, and writes its
 * output only when it returns true.
 *
 * Depends on: nothing.  Threads: pure.
 */
#ifndef BASE_PARSE_H
#define BASE_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Decimal digits, or 0x and hexadecimal digits. */
bool parse_uint64(const char *text, uint64_t *value);
bool parse_int64(const char *text, int64_t *value);

/** A finite decimal number, written the C way whatever the locale. */
bool parse_double(const char *text, double *value);

/** true/false, yes/no, on/off. */
bool parse_bool(const char *text, bool *value);

/** A number with its unit, no space: 250ms, 1.5s, 15min, 12h, 7d, 40us. Never negative. */
bool parse_duration_ns(const char *text, int64_t *value_ns);

/** A whole number of bytes with its unit: 4096, 64KiB, 8MiB, 2GiB. */
bool parse_size_bytes(const char *text, uint64_t *value_bytes);

#endif
