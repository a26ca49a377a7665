#include "drivers/filelog/entry.h"

#include <string.h>

/** Before `size`, where no character of UTF-8 is cut in two. */
static size_t cut_at_character(const uint8_t *bytes, size_t size)
{
    for (size_t back = 0; back < 4; back++) {
        if ((bytes[size - back] & 0xC0) != 0x80) {
            return size - back;
        }
    }
    return size; /* no UTF-8 at all */
}

/** The line at the beginning, with its end. 0: it has none within a part. */
static size_t line_size(const uint8_t *bytes, size_t size)
{
    size_t looked = size < ENTRY_PART_MAX + 1 ? size : ENTRY_PART_MAX + 1;
    const uint8_t *end = memchr(bytes, '\n', looked);

    return end == NULL ? 0 : (size_t)(end - bytes) + 1;
}

/** How much of `size` bytes is text and no line end. */
static size_t without_end(const uint8_t *bytes, size_t size)
{
    size -= size > 0 && bytes[size - 1] == '\n' ? 1 : 0;
    return size - (size > 0 && bytes[size - 1] == '\r' ? 1 : 0);
}

/** RE1 */
static bool begins_record(struct entry_rules *rules, const uint8_t *bytes, size_t size)
{
    size_t text_size = without_end(bytes, size);

    if (rules->format->kind == LINE_FORMAT_TEXT) {
        return text_size > 0 && bytes[0] != ' ' && bytes[0] != '\t';
    }
    return line_format_parse(rules->format, (const char *)bytes, text_size, rules->now_ns,
                             &rules->parts);
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
    *next_size = line_size(bytes->bytes + end, left);
    if (*next_size == 0) { /* not whole, or longer than a part */
        *next_size = left;
        if (left <= ENTRY_PART_MAX && !bytes->is_rest) {
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
        if (end + next_size > ENTRY_PART_MAX) { /* RE3 */
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
    size_t end = line_size(bytes->bytes, bytes->size);

    if (end > 0 && rules->is_multiline) {
        return find_lines(rules, bytes, end, entry);
    }
    if (end > 0 || bytes->size <= ENTRY_PART_MAX) {
        *entry = (struct entry){end > 0 ? end : bytes->size, true};
        return end > 0 || bytes->is_rest;
    }
    *entry = (struct entry){cut_at_character(bytes->bytes, ENTRY_PART_MAX), false};
    return true;
}

size_t entry_text(const struct entry *entry, const uint8_t *bytes, char *text)
{
    size_t size = entry->is_whole ? without_end(bytes, entry->size) : entry->size;
    size_t used = 0;

    for (size_t at = 0; at < size;) {
        size_t line = line_size(bytes + at, size - at), kept;

        if (line == 0) {
            memcpy(text + used, bytes + at, size - at);
            return used + size - at;
        }
        kept = without_end(bytes + at, line);
        memcpy(text + used, bytes + at, kept);
        used += kept;
        text[used++] = '\n';
        at += line;
    }
    return used;
}

bool entry_parse(struct entry_rules *rules, const char *text, size_t size)
{
    const char *end = memchr(text, '\n', size);
    size_t line = end == NULL ? size : (size_t)(end - text);

    if (rules->format->kind == LINE_FORMAT_TEXT ||
        !line_format_parse(rules->format, text, line, rules->now_ns, &rules->parts)) {
        line_parts_keep(&rules->parts, text, size, rules->now_ns);
        return rules->format->kind == LINE_FORMAT_TEXT;
    }
    rules->parts.message.size_bytes = (uint32_t)(text + size - rules->parts.message.bytes);
    return true;
}
