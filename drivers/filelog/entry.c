#include "drivers/filelog/entry.h"

#include <string.h>

/** How many bytes of the file are a part: no more than ENTRY_PART_MAX as UTF-8, and a multiple of
 *  every unit. */
static size_t part_max(const struct entry_rules *rules)
{
    static const size_t most[] = {[1] = ENTRY_PART_MAX / 3 - ENTRY_PART_MAX / 3 % 4,
                                  [2] = ENTRY_PART_MAX / 3 * 2 - ENTRY_PART_MAX / 3 * 2 % 4,
                                  [4] = ENTRY_PART_MAX};

    return rules->encoding->kind == ENCODING_UTF_8 ? ENTRY_PART_MAX : most[rules->encoding->unit];
}

/** A part within a line: no character of UTF-8 or UTF-16 is cut in two. */
static size_t cut_within(const struct entry_rules *rules, const uint8_t *bytes)
{
    const struct encoding *encoding = rules->encoding;
    size_t size = part_max(rules);

    if (encoding->unit == 2) { /* behind the first half of a pair, D800 to DBFF? */
        uint8_t high = bytes[size - (encoding->line_feed[0] == '\n' ? 1 : 2)];

        return (high & 0xFC) == 0xD8 ? size - 2 : size;
    }
    for (size_t back = 0; back < 4 && encoding->kind == ENCODING_UTF_8; back++) {
        if ((bytes[size - back] & 0xC0) != 0x80) {
            return size - back;
        }
    }
    return size; /* no UTF-8 at all */
}

/** The line at the beginning, with its end. 0: it has none within a part. */
static size_t line_size(const struct entry_rules *rules, const uint8_t *bytes, size_t size)
{
    size_t most = part_max(rules) + rules->encoding->unit;

    return encoding_line_size(rules->encoding, bytes, size < most ? size : most);
}

/** How much of `size` bytes of UTF-8 is text and no line end. */
static size_t without_end(const char *text, size_t size)
{
    size -= size > 0 && text[size - 1] == '\n' ? 1 : 0;
    return size - (size > 0 && text[size - 1] == '\r' ? 1 : 0);
}

/** As UTF-8, without the mark that stands at the beginning of a file. */
static size_t decode(const struct entry_rules *rules, const uint8_t *bytes, size_t size, char *text,
                     size_t text_size)
{
    size_t used = encoding_decode(rules->encoding, bytes, size, text, text_size);

    if (used >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        used -= 3;
        memmove(text, text + 3, used);
    }
    return used;
}

/** RE1 */
static bool begins_record(struct entry_rules *rules, const uint8_t *bytes, size_t size)
{
    size_t most = part_max(rules);
    size_t text_size = without_end(rules->line, decode(rules, bytes, size < most ? size : most,
                                                       rules->line, sizeof(rules->line)));

    if (rules->format->kind == LINE_FORMAT_TEXT) {
        return text_size > 0 && rules->line[0] != ' ' && rules->line[0] != '\t';
    }
    return line_format_parse(rules->format, rules->line, text_size, rules->now_ns, &rules->parts);
}

enum next { NEXT_BEGINS, NEXT_CONTINUES, NEXT_UNKNOWN };

/** What the line behind the first `end` bytes is, and how far it reaches. */
static enum next look_at_next(struct entry_rules *rules, const struct entry_bytes *bytes,
                              size_t end, size_t *next_size)
{
    size_t left = bytes->size - end;

    if (left == 0) {
        return bytes->is_settled ? NEXT_BEGINS : NEXT_UNKNOWN; /* RE2 */
    }
    *next_size = line_size(rules, bytes->bytes + end, left);
    if (*next_size == 0) { /* not whole, or longer than a part */
        *next_size = left;
        if (left <= part_max(rules) && !bytes->is_rest) {
            return NEXT_UNKNOWN;
        }
    }
    return begins_record(rules, bytes->bytes + end, *next_size) ? NEXT_BEGINS : NEXT_CONTINUES;
}

static bool find_lines(struct entry_rules *rules, const struct entry_bytes *bytes, size_t end,
                       struct entry *entry)
{
    size_t next_size = 0;
    enum next next;

    while ((next = look_at_next(rules, bytes, end, &next_size)) == NEXT_CONTINUES) {
        if (end + next_size > part_max(rules)) { /* RE3 */
            *entry = (struct entry){end, false};
            return true;
        }
        end += next_size;
    }
    *entry = (struct entry){end, true};
    return next == NEXT_BEGINS;
}

bool entry_find(struct entry_rules *rules, const struct entry_bytes *bytes, struct entry *entry)
{
    size_t end = line_size(rules, bytes->bytes, bytes->size);

    if (end > 0 && rules->is_multiline) {
        return find_lines(rules, bytes, end, entry);
    }
    if (end == 0 && bytes->size > part_max(rules)) {
        *entry = (struct entry){cut_within(rules, bytes->bytes), false};
        return true;
    }
    *entry = (struct entry){end, true};
    if (end == 0 && bytes->is_rest) {
        entry->size = bytes->size - bytes->size % rules->encoding->unit;
    }
    return entry->size > 0;
}

size_t entry_text(const struct entry_rules *rules, const struct entry *entry, const uint8_t *bytes,
                  char text[ENTRY_TEXT_SIZE])
{
    size_t used = 0;

    for (size_t at = 0; at < entry->size;) {
        size_t line = line_size(rules, bytes + at, entry->size - at);
        size_t taken = line > 0 ? line : entry->size - at;
        size_t size = decode(rules, bytes + at, taken, text + used, ENTRY_TEXT_SIZE - used);
        bool is_last = entry->is_whole && at + taken == entry->size;

        if (line > 0 || is_last) {
            size = without_end(text + used, size);
        }
        used += size;
        if (line > 0 && !is_last && used < ENTRY_TEXT_SIZE) {
            text[used++] = '\n';
        }
        at += taken;
    }
    return used;
}

bool entry_parse(struct entry_rules *rules, const char *text, size_t size)
{
    return line_format_parse_record(rules->format, text, size, rules->now_ns, &rules->parts);
}
