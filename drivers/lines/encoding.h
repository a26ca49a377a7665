/* drivers/lines/encoding.h - lines of other encodings as UTF-8.
 *
 * What machines in cabinets write is decoded here. For the rest there is the C library's iconv,
 * whose modules small systems leave out: without them glibc does not even know UTF-16. UTF-8 is not
 * converted: what is wrong in it is repaired where it is stored.
 *
 *  EN1 A line ends with the encoding's line feed, whole and aligned: 0A 00 in UTF-16LE, not the 0A
 *      of another character.
 *  EN2 What is none in the encoding becomes U+FFFD, and reading goes on behind it.
 *
 * Depends on: base.  Threads: one at a time per encoding.
 */
#ifndef DRIVERS_LINES_ENCODING_H
#define DRIVERS_LINES_ENCODING_H

#include "base/error.h"

#include <iconv.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum encoding_kind {
    ENCODING_CLOSED,
    ENCODING_UTF_8,
    ENCODING_LATIN_1,
    ENCODING_WINDOWS_1252,
    ENCODING_UTF_16LE,
    ENCODING_UTF_16BE,
    ENCODING_OF_ICONV
};

struct encoding {
    enum encoding_kind kind;
    unsigned unit; /* bytes of a line feed: 1, 2 or 4 */
    uint8_t line_feed[4];
    iconv_t converter; /* of ENCODING_OF_ICONV */
};

enum { ENCODING_NAME_MAX = 40 };

/** Find the encoding `name` ("utf-8", "latin-1", "windows-1252", "utf-16le", "utf-16be", or as
 * iconv calls it). Errors: ERROR_BAD_CONFIG. Ends with encoding_close(). */
MUST_CHECK enum error_code encoding_open(struct encoding *encoding, const char *name,
                                         struct error *error);

/** Accepts a zeroed encoding, and twice. */
void encoding_close(struct encoding *encoding);

/** The line at the beginning with its end (EN1). 0: there is none within `size` bytes. */
size_t encoding_line_size(const struct encoding *encoding, const uint8_t *bytes, size_t size);

/** `size` bytes as UTF-8 (EN2): at most three for each, with units of two or four at most three for
 *  two and four for four; what does not fit into `text_size` is left out. Returns the length. */
size_t encoding_decode(const struct encoding *encoding, const uint8_t *bytes, size_t size,
                       char *text, size_t text_size);

#endif
