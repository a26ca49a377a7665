/* tests/fuzz/fuzz_log_line.c - any line in any format, any custom format, any zone file.
 *
 * The first byte chooses the format (its lowest three bits) and the zone. Of a custom format the
 * pattern and the time format stand before the line, each ending with a line feed. Whatever comes,
 * what is found lies within the line, a refused line is kept whole, and the members make a JSON
 * object. With the bit 20h the bytes are a file in one of four encodings that is cut into records,
 * with 40h of several lines, with 80h repeated until it is longer than two parts.
 *
 * Parser: drivers/filelog/entry.c drivers/lines/encoding.c drivers/lines/format.c
 * drivers/lines/line_time.c drivers/lines/members.c drivers/lines/offset.c drivers/lines/pattern.c
 * drivers/lines/severity.c drivers/lines/syslog.c drivers/lines/time_format.c
 * drivers/lines/tzif.c drivers/lines/tzif_rule.c drivers/lines/zone.c
 */
#include "base/clock.h"
#include "drivers/filelog/entry.h"
#include "drivers/lines/format.h"
#include "drivers/lines/tzif.h"
#include "tests/fuzz/fuzz.h"

#include <cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IS_FILE = 0x20, IS_MULTILINE = 0x40, IS_LONG = 0x80, LONG_BYTES = 34000 };

enum { KIND_ZONE_FILE = 5, KIND_ZONE_NAME = 6, KIND_RULE = 7, TEXT_SIZE = 300 };

enum { NOW_S = 1772712000 };

static const char *const zones[] = {"utc", "local", "+01:00", "Europe/Berlin"};

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

/** A text up to the next line feed, terminated; the rest stays. */
static bool cut_text(const uint8_t **bytes, size_t *size, char text[TEXT_SIZE])
{
    const uint8_t *end = memchr(*bytes, '\n', *size);
    size_t length = end == NULL ? 0 : (size_t)(end - *bytes);

    if (end == NULL || length >= TEXT_SIZE || memchr(*bytes, '\0', length) != NULL) {
        return false;
    }
    memcpy(text, *bytes, length);
    text[length] = '\0';
    *bytes += length + 1;
    *size -= length + 1;
    return true;
}

static bool is_inside(struct log_text text, const char *line, size_t size)
{
    return text.bytes >= line && text.size_bytes <= size &&
           (size_t)(text.bytes - line) <= size - text.size_bytes;
}

static void check_members(const struct members *members)
{
    char text[MEMBERS_SIZE + 16];
    cJSON *json;

    require(members->size <= MEMBERS_SIZE);
    (void)snprintf(text, sizeof(text), "{\"a\":0%.*s}", (int)members->size, members->text);
    require(strlen(text) == members->size + 7);
    json = cJSON_Parse(text);
    require(json != NULL);
    cJSON_Delete(json);
}

static void parse_line(struct line_format *format, const uint8_t *bytes, size_t size)
{
    char *line = malloc(size > 0 ? size : 1); /* reading on is noticed */
    static struct line_parts parts;

    require(line != NULL);
    memcpy(line, bytes, size);
    if (!line_format_parse(format, line, size, NOW_S * NS_PER_S, &parts)) {
        require(parts.time_ns == NOW_S * NS_PER_S && parts.message.bytes == line &&
                parts.message.size_bytes == size && parts.source.size_bytes == 0 &&
                parts.members.size == 0 && parts.severity == LOG_SEVERITY_UNKNOWN);
    }
    require(is_inside(parts.message, line, size) && is_inside(parts.source, line, size) &&
            parts.severity >= LOG_SEVERITY_UNKNOWN && parts.severity <= LOG_SEVERITY_DEBUG);
    check_members(&parts.members);
    free(line);
}

static void parse_with_format(unsigned choice, const uint8_t *bytes, size_t size)
{
    char pattern[TEXT_SIZE], time_format[TEXT_SIZE];
    struct line_format_options options = {.kind = choice & 7, .zone = zones[choice >> 3 & 3]};
    static struct line_format format;
    struct error error = {0};
    struct arena arena;

    if (options.kind == LINE_FORMAT_CUSTOM) {
        if (!cut_text(&bytes, &size, pattern) || !cut_text(&bytes, &size, time_format)) {
            return;
        }
        options.pattern = pattern;
        options.time_format = time_format[0] == '\0' ? NULL : time_format;
    }
    arena_init(&arena, 64 << 10);
    if (line_format_set(&format, &options, &arena, &error) == ERROR_OK) {
        parse_line(&format, bytes, size);
    } else {
        require(error.text[0] != '\0');
    }
    arena_deinit(&arena);
}

/** Every byte is in a record, but for what is not whole. */
static void cut_records(struct entry_rules *rules, uint8_t *file, size_t size, bool is_rest)
{
    struct entry_bytes left = {file, size, is_rest, is_rest};
    static char text[ENTRY_TEXT_SIZE];
    struct entry entry;

    while (left.size > 0 && entry_find(rules, &left, &entry)) {
        size_t text_size;

        require(entry.size > 0 && entry.size <= left.size);
        text_size = entry_text(rules, &entry, left.bytes, text);
        require(text_size <= ENTRY_PART_MAX + 3);
        (void)entry_parse(rules, text, text_size);
        require(is_inside(rules->parts.message, text, text_size));
        left.bytes += entry.size;
        left.size -= entry.size;
    }
    require(left.size < 2 * ENTRY_PART_MAX + 8 && (!is_rest || left.size < 4));
}

/** Opened once: iconv_open() takes longer than a line. */
static const struct encoding *encoding_of(unsigned choice)
{
    static const char *const names[] = {"utf-8", "windows-1252", "utf-16le", "utf-16be"};
    static struct encoding encodings[sizeof(names) / sizeof(names[0])];
    struct encoding *encoding = &encodings[choice >> 3 & 3];
    struct error error = {0};

    require(encoding->unit > 0 ||
            encoding_open(encoding, names[choice >> 3 & 3], &error) == ERROR_OK);
    return encoding;
}

static void parse_file(unsigned choice, const uint8_t *bytes, size_t size)
{
    const struct line_format_options options = {.kind = (choice & 7) % LINE_FORMAT_CUSTOM,
                                                .zone = "utc"};
    static struct line_format format;
    static struct entry_rules rules;
    size_t times = (choice & IS_LONG) != 0 && size > 0 ? LONG_BYTES / size + 1 : 1;
    uint8_t *file = malloc(size * times + 1);
    struct error error = {0};

    require(file != NULL);
    for (size_t i = 0; i < times; i++) {
        memcpy(file + i * size, bytes, size);
    }
    require(line_format_set(&format, &options, NULL, &error) == ERROR_OK);
    rules.is_multiline = (choice & IS_MULTILINE) != 0;
    rules.format = &format;
    rules.encoding = encoding_of(choice);
    rules.now_ns = NOW_S * NS_PER_S;
    cut_records(&rules, file, size * times, true);
    cut_records(&rules, file, size * times, false);
    free(file);
}

static void parse_zone_file(const uint8_t *bytes, size_t size)
{
    static struct tzif tzif;
    uint8_t *file = malloc(size > 0 ? size : 1);

    require(file != NULL);
    memcpy(file, bytes, size);
    if (tzif_parse(&tzif, file, size)) {
        for (int64_t utc_s = -(INT64_C(1) << 34); utc_s < INT64_C(1) << 34; utc_s += 1 << 29) {
            int32_t offset_s = tzif_offset_s(&tzif, utc_s);

            require(offset_s > -200 * 3600 && offset_s < 200 * 3600);
        }
        (void)tzif_offset_s(&tzif, INT64_MAX);
        (void)tzif_offset_s(&tzif, INT64_MIN);
    }
    free(file);
}

static void parse_rule(const uint8_t *bytes, size_t size)
{
    struct tzif_rule rule;
    char *text = malloc(size > 0 ? size : 1);

    require(text != NULL);
    memcpy(text, bytes, size);
    if (tzif_parse_rule(&rule, text, size)) {
        for (int64_t utc_s = NOW_S; utc_s < NOW_S + 400 * 86400; utc_s += 11 * 86400) {
            int32_t offset_s = tzif_rule_offset_s(&rule, utc_s);

            require(offset_s == rule.standard_s || offset_s == rule.summer_s);
        }
    }
    free(text);
}

static void parse_zone_name(const uint8_t *bytes, size_t size)
{
    char name[TEXT_SIZE] = "";
    struct error error = {0};
    struct arena arena;
    struct zone zone;

    memcpy(name, bytes, size < TEXT_SIZE ? size : TEXT_SIZE - 1);
    arena_init(&arena, 64 << 10);
    if (zone_set(&zone, name, &arena, &error) == ERROR_OK) {
        (void)zone_utc(&zone, NOW_S, NOW_S);
    } else {
        require(error.text[0] != '\0');
    }
    arena_deinit(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes)
{
    if (size_bytes == 0) {
        return 0;
    }
    if ((bytes[0] & IS_FILE) != 0) {
        parse_file(bytes[0], bytes + 1, size_bytes - 1);
        return 0;
    }
    switch (bytes[0] & 7) {
    case KIND_ZONE_FILE:
        parse_zone_file(bytes + 1, size_bytes - 1);
        break;
    case KIND_ZONE_NAME:
        parse_zone_name(bytes + 1, size_bytes - 1);
        break;
    case KIND_RULE:
        parse_rule(bytes + 1, size_bytes - 1);
        break;
    default:
        parse_with_format(bytes[0], bytes + 1, size_bytes - 1);
    }
    return 0;
}
