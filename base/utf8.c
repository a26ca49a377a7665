#include "base/utf8.h"

#include <string.h>

#include <stdint.h>

size_t utf8_sequence_size(const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    uint8_t least = 0x80; /* what the second byte may be: RFC 3629, chapter 4 */
    uint8_t most = 0xbf;
    size_t length;

    if (size == 0) {
        return 0;
    }
    if (at[0] < 0x80) {
        return 1;
    }
    length = at[0] < 0xc2 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : at[0] < 0xf5 ? 4 : 0;
    if (length == 0 || length > size) {
        return 0;
    }
    if (at[0] == 0xe0) {
        least = 0xa0;
    } else if (at[0] == 0xed) {
        most = 0x9f;
    } else if (at[0] == 0xf0) {
        least = 0x90;
    } else if (at[0] == 0xf4) {
        most = 0x8f;
    }
    if (at[1] < least || at[1] > most) {
        return 0;
    }
    for (size_t i = 2; i < length; i++) {
        if (at[i] < 0x80 || at[i] > 0xbf) {
            return 0;
        }
    }
    return length;
}

size_t utf8_put(char text[UTF8_CHARACTER_MAX], uint32_t point)
{
    static const uint8_t marks[] = {0x00, 0xc0, 0xe0, 0xf0};
    unsigned follow = point < 0x80 ? 0 : point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;

    for (unsigned i = follow; i > 0; i--) {
        text[i] = (char)(0x80 | (point & 0x3f));
        point >>= 6;
    }
    text[0] = (char)(marks[follow] | point);
    return 1 + follow;
}

bool utf8_is_valid(const void *bytes, size_t size)
{
    const uint8_t *at = bytes;

    while (size > 0) {
        size_t length = utf8_sequence_size(at, size);

        if (length == 0) {
            return false;
        }
        at += length;
        size -= length;
    }
    return true;
}

size_t utf8_copy(char *text, size_t text_size, const void *bytes, size_t size)
{
    const unsigned char *from = bytes;
    size_t used = 0;

    for (size_t i = 0; i < size;) {
        size_t step = from[i] == 0 ? 0 : utf8_sequence_size(from + i, size - i);
        size_t wanted = step == 0 ? 1 : step;

        if (used + wanted >= text_size) {
            break;
        }
        if (step == 0) {
            text[used] = '?';
        } else {
            memcpy(text + used, from + i, step);
        }
        used += wanted;
        i += wanted;
    }
    text[used] = '\0';
    return used;
}
