/* base/utf8.h - whether foreign bytes are text.
 *
 * What the lake keeps as text is UTF-8 as RFC 3629 has it: no overlong forms, no surrogates,
 * nothing above U+10FFFF. Its readers refuse a whole file for one bad byte, so we look before we
 * keep.
 *
 * Depends on: nothing.  Threads: pure.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { UTF8_CHARACTER_MAX = 4 };

/** Length (1 to 4) of the character that begins at `bytes`; 0: none does within `size` bytes. */
size_t utf8_sequence_size(const void *bytes, size_t size);

/** Copy `size` bytes as UTF-8 into `text`, terminated: each byte that belongs to no character, and
 *  NUL, becomes '?'; what does not fit is left out at a character's border. Returns the length.
 *  `text_size` is at least 1. */
size_t utf8_copy(char *text, size_t text_size, const void *bytes, size_t size);

/** Write the character `point`, which is at most U+10FFFF and no surrogate. Returns its length. */
size_t utf8_put(char text[UTF8_CHARACTER_MAX], uint32_t point);

bool utf8_is_valid(const void *bytes, size_t size);

#endif
