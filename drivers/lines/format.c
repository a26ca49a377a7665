#include "drivers/lines/format.h"

#include "drivers/lines/severity.h"
#include "drivers/lines/syslog.h"
#include "drivers/lines/time_format.h"

#include <string.h>

static enum error_code check_texts(const struct line_format_options *options, struct error *error)
{
    if (options->kind != LINE_FORMAT_CUSTOM &&
        (options->pattern != NULL || options->time_format != NULL)) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "%s: it belongs to 'format: custom'; write that, or remove it",
                         options->pattern != NULL ? "pattern" : "time_format");
    }
    if (options->kind == LINE_FORMAT_CUSTOM && options->pattern == NULL) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "format: 'custom' needs a pattern, as in '%%{time} [%%{severity}] "
                         "%%{message}'");
    }
    return options->time_format != NULL ? time_format_check(options->time_format, error) : ERROR_OK;
}

enum error_code line_format_set(struct line_format *format,
                                const struct line_format_options *options, struct arena *arena,
                                struct error *error)
{
    enum error_code code = check_texts(options, error);

    *format = (struct line_format){.kind = (enum line_format_kind)options->kind,
                                   .time_format = options->time_format};
    if (code == ERROR_OK && options->pattern != NULL) {
        code = pattern_set(&format->pattern, options->pattern, error);
    }
    if (code == ERROR_OK) {
        code =
            zone_set(&format->zone, options->zone == NULL ? "local" : options->zone, arena, error);
    }
    return code;
}

static bool is_letter(char byte)
{
    return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
}

static bool is_upper_case(const char *word, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (word[i] < 'A' || word[i] > 'Z') {
            return false;
        }
    }
    return true;
}

/** [WARN], <warn>, warn:, warn|, warn and a tab, or WARN: a severity and what sets it off. A word
 * that begins a sentence is none ("Error opening ...", "EMERGENCY STOP"). */
static void take_severity(struct cursor *cursor, struct line_parts *parts)
{
    struct cursor at = *cursor;
    bool opened = cursor_take(&at, '[') || cursor_take(&at, '<') || cursor_take(&at, '(');
    const char *word = at.at;
    enum log_severity severity;
    size_t size;
    bool is_set_off;

    while (at.at < at.end && is_letter(*at.at)) {
        at.at++;
    }
    size = (size_t)(at.at - word);
    severity = severity_of_word(word, size);
    if (opened) {
        (void)cursor_take_blanks(&at); /* [WARN ] */
        is_set_off = cursor_take(&at, ']') || cursor_take(&at, '>') || cursor_take(&at, ')');
    } else {
        is_set_off = cursor_sees(&at, ':') || cursor_sees(&at, '|') || cursor_sees(&at, '\t') ||
                     at.at == at.end ||
                     (cursor_sees(&at, ' ') && is_upper_case(word, size) &&
                      severity != LOG_SEVERITY_EMERGENCY);
    }
    if (severity == LOG_SEVERITY_UNKNOWN || !is_set_off) {
        return;
    }
    (void)(cursor_take(&at, ':') || cursor_take(&at, '|'));
    (void)cursor_take_blanks(&at);
    parts->severity = severity;
    *cursor = at;
}

static bool parse_iso(struct cursor line, struct line_time *time, struct line_parts *parts)
{
    bool opened = cursor_take(&line, '[');

    if (!line_time_take_iso(&line, time) || (opened && !cursor_take(&line, ']'))) {
        return false;
    }
    (void)cursor_take(&line, ':');
    if (line.at != line.end && !cursor_take_blanks(&line) && !cursor_sees(&line, '[')) {
        return false;
    }
    take_severity(&line, parts);
    parts->message = (struct log_text){line.at, (uint32_t)(line.end - line.at)};
    return true;
}

static void put_value(struct line_parts *parts, const struct pattern_piece *piece,
                      struct log_text value)
{
    switch (piece->role) {
    case PATTERN_MESSAGE:
        parts->message = value;
        break;
    case PATTERN_SOURCE:
        parts->source = value;
        break;
    case PATTERN_SEVERITY:
        parts->severity = severity_of_word(value.bytes, value.size_bytes);
        if (parts->severity == LOG_SEVERITY_UNKNOWN) { /* the word is not lost */
            members_text(&parts->members, piece->name, value.bytes, value.size_bytes);
        }
        break;
    case PATTERN_MEMBER:
        members_text(&parts->members, piece->name, value.bytes, value.size_bytes);
        break;
    default:
        break;
    }
}

static bool parse_custom(const struct line_format *format, struct cursor line,
                         struct line_time *time, struct line_parts *parts)
{
    const struct pattern *pattern = &format->pattern;

    for (size_t i = 0; i < pattern->count; i++) {
        const struct pattern_piece *piece = &pattern->pieces[i];
        struct log_text value;
        bool fits;

        if (piece->role == PATTERN_TIME) {
            fits = format->time_format == NULL ? line_time_take_iso(&line, time)
                                               : time_format_take(format->time_format, &line, time);
        } else if (piece->role == PATTERN_LITERAL) {
            fits = pattern_take_literal(pattern, piece, &line);
        } else {
            fits = pattern_take_value(pattern, i, &line, &value);
            if (fits) {
                put_value(parts, piece, value);
            }
        }
        if (!fits) {
            return false;
        }
    }
    return line.at == line.end;
}

void line_parts_keep(struct line_parts *parts, const char *line, size_t size, int64_t now_ns)
{
    parts->time_ns = now_ns;
    parts->severity = LOG_SEVERITY_UNKNOWN;
    parts->source = (struct log_text){line, 0};
    parts->message = (struct log_text){line, (uint32_t)size};
    parts->members.size = 0; /* its text needs no zeroes */
    parts->members.failed = parts->members.is_mark_there = false;
}

bool line_format_parse(struct line_format *format, const char *line, size_t size, int64_t now_ns,
                       struct line_parts *parts)
{
    const struct cursor cursor = {line, line + size};
    struct line_time time = {0};
    bool fits = false, has_time = true;

    line_parts_keep(parts, line, size, now_ns);
    switch (format->kind) {
    case LINE_FORMAT_TEXT:
        return true;
    case LINE_FORMAT_SYSLOG_3164:
        fits = syslog_3164_parse(cursor, &time, parts);
        break;
    case LINE_FORMAT_SYSLOG_5424:
        fits = syslog_5424_parse(cursor, &time, &has_time, parts);
        break;
    case LINE_FORMAT_ISO:
        fits = parse_iso(cursor, &time, parts);
        break;
    case LINE_FORMAT_CUSTOM:
        fits = parse_custom(format, cursor, &time, parts);
        break;
    }
    fits = fits && (!has_time || line_time_utc(&time, &format->zone, now_ns, &parts->time_ns));
    if (!fits) {
        line_parts_keep(parts, line, size, now_ns); /* LF1 */
    }
    return fits;
}

bool line_format_parse_record(struct line_format *format, const char *text, size_t size,
                              int64_t now_ns, struct line_parts *parts)
{
    const char *end = size == 0 ? NULL : memchr(text, '\n', size);
    size_t line = end == NULL ? size : (size_t)(end - text);

    if (format->kind == LINE_FORMAT_TEXT || !line_format_parse(format, text, line, now_ns, parts)) {
        line_parts_keep(parts, text, size, now_ns);
        return format->kind == LINE_FORMAT_TEXT;
    }
    parts->message.size_bytes = (uint32_t)(text + size - parts->message.bytes);
    return true;
}
