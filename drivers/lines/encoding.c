#include "drivers/lines/encoding.h"

#include "base/utf8.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

enum { REPLACEMENT_POINT = 0xfffd };

/** Those that are decoded here, by every name that is in use. */
static const struct {
    const char *name;
    enum encoding_kind kind;
} own_encodings[] = {
    {"utf-8", ENCODING_UTF_8},         {"utf8", ENCODING_UTF_8},
    {"latin-1", ENCODING_LATIN_1},     {"latin1", ENCODING_LATIN_1},
    {"iso-8859-1", ENCODING_LATIN_1},  {"windows-1252", ENCODING_WINDOWS_1252},
    {"cp1252", ENCODING_WINDOWS_1252}, {"utf-16le", ENCODING_UTF_16LE},
    {"utf-16be", ENCODING_UTF_16BE},
};

static enum encoding_kind own_kind(const char *name)
{
    for (size_t i = 0; i < sizeof(own_encodings) / sizeof(own_encodings[0]); i++) {
        if (strcasecmp(name, own_encodings[i].name) == 0) {
            return own_encodings[i].kind;
        }
    }
    return ENCODING_OF_ICONV;
}

/** 0x80 to 0x9f of Windows-1252, by the Unicode consortium's table CP1252.TXT; the other bytes are
 *  those of Latin-1. */
static uint32_t windows_1252(uint8_t byte)
{
    static const uint16_t points[] = {
        0x20ac, 0xfffd, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
        0x2039, 0x0152, 0xfffd, 0x017d, 0xfffd, 0xfffd, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
        0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0xfffd, 0x017e, 0x0178};

    return byte >= 0x80 && byte <= 0x9f ? points[byte - 0x80] : byte;
}

static uint32_t utf_16_unit(enum encoding_kind kind, const uint8_t *bytes)
{
    return kind == ENCODING_UTF_16LE ? (uint32_t)(bytes[0] | bytes[1] << 8)
                                     : (uint32_t)(bytes[0] << 8 | bytes[1]);
}

/** RFC 2781, 2.2. Returns how many bytes the character has. */
static size_t take_utf_16(enum encoding_kind kind, const uint8_t *bytes, size_t size,
                          uint32_t *point)
{
    uint32_t low;

    *point = REPLACEMENT_POINT;
    if (size < 2) {
        return size;
    }
    *point = utf_16_unit(kind, bytes);
    if (*point < 0xd800 || *point > 0xdfff) {
        return 2;
    }
    low = size < 4 ? 0 : utf_16_unit(kind, bytes + 2);
    if (*point > 0xdbff || low < 0xdc00 || low > 0xdfff) {
        *point = REPLACEMENT_POINT;
        return 2;
    }
    *point = 0x10000 + ((*point - 0xd800) << 10) + (low - 0xdc00);
    return 4;
}

static size_t decode_own(const struct encoding *encoding, const uint8_t *bytes, size_t size,
                         char *text, size_t text_size)
{
    size_t written = 0;

    while (size > 0) {
        char character[UTF8_CHARACTER_MAX];
        uint32_t point = bytes[0];
        size_t taken = 1;
        size_t length;

        if (encoding->unit == 2) {
            taken = take_utf_16(encoding->kind, bytes, size, &point);
        } else if (encoding->kind == ENCODING_WINDOWS_1252) {
            point = windows_1252(bytes[0]);
        }
        length = utf8_put(character, point);
        if (length > text_size - written) {
            break;
        }
        memcpy(text + written, character, length);
        written += length;
        bytes += taken;
        size -= taken;
    }
    return written;
}

/** Which bytes are a line feed; false: none of those that are tried. */
static bool find_line_feed(struct encoding *encoding)
{
    static const struct {
        unsigned unit;
        uint8_t bytes[4];
    } tried[] = {{1, {'\n'}}, {2, {'\n', 0}}, {2, {0, '\n'}}, {4, {'\n'}}, {4, {0, 0, 0, '\n'}}};

    for (size_t i = 0; i < sizeof(tried) / sizeof(tried[0]); i++) {
        char text[8] = "";

        if (encoding_decode(encoding, tried[i].bytes, tried[i].unit, text, sizeof(text)) == 1 &&
            text[0] == '\n') {
            encoding->unit = tried[i].unit;
            memcpy(encoding->line_feed, tried[i].bytes, sizeof(encoding->line_feed));
            return true;
        }
    }
    return false;
}

enum error_code encoding_open(struct encoding *encoding, const char *name, struct error *error)
{
    size_t size = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                               "_.:-");

    *encoding = (struct encoding){.kind = own_kind(name), .unit = 1, .line_feed = {'\n'}};
    if (encoding->kind == ENCODING_UTF_16LE || encoding->kind == ENCODING_UTF_16BE) {
        encoding->unit = 2;
        encoding->line_feed[0] = encoding->kind == ENCODING_UTF_16LE ? '\n' : '\0';
        encoding->line_feed[1] = encoding->kind == ENCODING_UTF_16LE ? '\0' : '\n';
    }
    if (encoding->kind != ENCODING_OF_ICONV) {
        return ERROR_OK;
    }
    encoding->kind = ENCODING_CLOSED; /* until it is open */
    if (strcasecmp(name, "utf-16") == 0 || strcasecmp(name, "utf-32") == 0) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "encoding: '%s' has two orders of bytes; write %sle (Windows) or %sbe",
                         name, name, name);
    }
    if (name[size] == '\0') {
        encoding->converter = iconv_open("UTF-8", name);
        if (encoding->converter != (iconv_t)-1) { /* NOLINT: as POSIX has it */
            encoding->kind = ENCODING_OF_ICONV;
        }
    }
    if (encoding->kind == ENCODING_CLOSED) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "encoding: '%s' is not known here; `iconv --list` tells what is. utf-8, "
                         "utf-16le, utf-16be, windows-1252 and latin-1 always are; others need the "
                         "C library's gconv modules (of glibc: the folder gconv, on some systems "
                         "packages of their own)",
                         name);
    }
    if (!find_line_feed(encoding)) {
        encoding_close(encoding);
        return error_set(error, ERROR_BAD_CONFIG,
                         "encoding: '%s' has no line feed as ASCII or UTF-16 has it: its lines "
                         "cannot be told apart",
                         name);
    }
    return ERROR_OK;
}

void encoding_close(struct encoding *encoding)
{
    if (encoding->kind == ENCODING_OF_ICONV) {
        (void)iconv_close(encoding->converter); /* fails for none but a wrong one */
    }
    encoding->kind = ENCODING_CLOSED;
}

size_t encoding_line_size(const struct encoding *encoding, const uint8_t *bytes, size_t size)
{
    const uint8_t *end;

    if (encoding->unit == 1) {
        end = memchr(bytes, '\n', size);
        return end == NULL ? 0 : (size_t)(end - bytes) + 1;
    }
    for (size_t at = 0; at + encoding->unit <= size; at += encoding->unit) {
        if (memcmp(bytes + at, encoding->line_feed, encoding->unit) == 0) {
            return at + encoding->unit;
        }
    }
    return 0;
}

size_t encoding_decode(const struct encoding *encoding, const uint8_t *bytes, size_t size,
                       char *text, size_t text_size)
{
    char *from, *to = text;
    size_t left = text_size;

    if (encoding->kind == ENCODING_UTF_8) {
        size = size < text_size ? size : text_size;
        memcpy(text, bytes, size);
        return size;
    }
    if (encoding->kind != ENCODING_OF_ICONV) {
        return decode_own(encoding, bytes, size, text, text_size);
    }
    memcpy(&from, &bytes, sizeof(from)); /* iconv() takes no const, but does not write there */
    (void)iconv(encoding->converter, NULL, NULL, NULL, NULL); /* each line by itself */
    while (size > 0 && iconv(encoding->converter, &from, &size, &to, &left) == (size_t)-1) {
        size_t skipped = size < encoding->unit ? size : encoding->unit;

        if ((errno != EILSEQ && errno != EINVAL) || left < sizeof(REPLACEMENT) - 1) {
            break; /* no room */
        }
        memcpy(to, REPLACEMENT, sizeof(REPLACEMENT) - 1); /* EN2 */

        to += sizeof(REPLACEMENT) - 1;
        left -= sizeof(REPLACEMENT) - 1;
        from += skipped;
        size -= skipped;
    }
    return text_size - left;
}
