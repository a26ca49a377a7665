#include "drivers/lines/syslog.h"

#include <ctype.h>
#include <string.h>

enum { PRI_MAX = 191, TAG_MAX = 64 };

/** A text from `from` up to where the cursor stands. */
static struct log_text text_since(const char *from, const struct cursor *cursor)
{
    return (struct log_text){from, (uint32_t)(cursor->at - from)};
}

static struct log_text rest_of(const struct cursor *cursor)
{
    return (struct log_text){cursor->at, (uint32_t)(cursor->end - cursor->at)};
}

static void add(struct members *members, const char *name, struct log_text text)
{
    members_text(members, name, text.bytes, text.size_bytes);
}

/** <PRI>: RFC 5424, chapter 6.2.1: facility times eight and severity, 0 to 191. */
static bool take_pri(struct cursor *cursor, struct line_parts *parts)
{
    unsigned pri;

    if (!cursor_take(cursor, '<') || !cursor_take_number(cursor, 1, 3, &pri) || pri > PRI_MAX ||
        !cursor_take(cursor, '>')) {
        return false;
    }
    parts->severity = (enum log_severity)(pri % 8);
    members_number(&parts->members, "facility", pri / 8);
    return true;
}

/** sshd[4711]: or su: - RFC 3164, chapter 4.1.3, and what programs make of it ("kernel", dots,
 *  dashes). Without it the whole rest is the message. */
static void take_tag(struct cursor *cursor, struct line_parts *parts)
{
    struct cursor at = *cursor;
    struct log_text tag, id = {0};
    const char *from = at.at;

    while (at.at < at.end && at.at - from < TAG_MAX && *at.at != '[' && *at.at != ':' &&
           (unsigned char)*at.at > ' ') {
        at.at++;
    }
    tag = text_since(from, &at);
    if (cursor_take(&at, '[')) {
        from = at.at;
        while (at.at < at.end && at.at - from < TAG_MAX && *at.at != ']' &&
               (unsigned char)*at.at > ' ') {
            at.at++;
        }
        id = text_since(from, &at);
        if (!cursor_take(&at, ']')) {
            return;
        }
    }
    if (tag.size_bytes == 0 || !cursor_take(&at, ':')) {
        return;
    }
    (void)cursor_take(&at, ' '); /* belongs to neither */
    parts->source = tag;
    if (id.size_bytes > 0) {
        add(&parts->members, "process", id);
    }
    *cursor = at;
}

bool syslog_3164_parse(struct cursor line, struct line_time *time, struct line_parts *parts)
{
    const char *host;
    size_t host_size;

    if (cursor_sees(&line, '<') && !take_pri(&line, parts)) {
        return false;
    }
    if (!(cursor_sees_digit(&line) ? line_time_take_iso(&line, time)
                                   : line_time_take_bsd(&line, time)) ||
        !cursor_take(&line, ' ') || !cursor_take_word(&line, &host, &host_size)) {
        return false;
    }
    members_text(&parts->members, "host", host, host_size);
    (void)cursor_take(&line, ' '); /* or the line ends */
    take_tag(&line, parts);
    parts->message = rest_of(&line);
    return true;
}

/** A word and the space behind it; empty: it is the NILVALUE. */
static bool take_header_word(struct cursor *cursor, struct log_text *word)
{
    const char *from = cursor->at;

    while (cursor->at<cursor->end && * cursor->at> ' ' && *cursor->at < 0x7f) { /* PRINTUSASCII */
        cursor->at++;
    }
    *word = text_since(from, cursor);
    if (word->size_bytes == 0 || !cursor_take(cursor, ' ')) {
        return false;
    }
    word->size_bytes -= word->size_bytes == 1 && from[0] == '-' ? 1 : 0;
    return true;
}

/** SD-NAME: RFC 5424, chapter 6.3.2. */
static bool take_name(struct cursor *cursor, struct log_text *name)
{
    const char *from = cursor->at;

    while (cursor->at<cursor->end && * cursor->at> ' ' && *cursor->at < 0x7f &&
           strchr("=]\"", *cursor->at) == NULL) {
        cursor->at++;
    }
    *name = text_since(from, cursor);
    return name->size_bytes > 0;
}

/** PARAM-VALUE with its quotes, chapter 6.3.3: \", \\ and \] stand for the character alone, other
 *  backslashes for themselves. */
static bool take_value(struct cursor *cursor, struct members *members)
{
    char value[MEMBERS_SIZE];
    size_t size = 0;

    if (!cursor_take(cursor, '"')) {
        return false;
    }
    while (cursor->at < cursor->end && *cursor->at != '"' && *cursor->at != ']') {
        if (*cursor->at == '\\' && cursor->end - cursor->at > 1 &&
            strchr("\"\\]", cursor->at[1]) != NULL && cursor->at[1] != '\0') {
            cursor->at++;
        }
        members->failed = members->failed || size == sizeof(value);
        if (!members->failed) {
            value[size++] = *cursor->at;
        }
        cursor->at++;
    }
    members_quoted(members, value, size);
    return cursor_take(cursor, '"');
}

/** " name" is ahead once more. */
static bool is_repeated(struct cursor cursor, const struct log_text *name)
{
    struct log_text next;

    return cursor_take(&cursor, ' ') && take_name(&cursor, &next) &&
           name->size_bytes == next.size_bytes &&
           memcmp(name->bytes, next.bytes, next.size_bytes) == 0;
}

/** ,"name":"value", and ,"name":["one","two"] where one name follows itself (chapter 6.3.3). */
static bool take_parameter(struct cursor *cursor, struct members *members, bool is_first)
{
    struct members unused = {.failed = true}; /* for looking ahead */
    struct log_text name, again;
    struct cursor ahead;
    bool is_list;

    if (!take_name(cursor, &name) || !cursor_take(cursor, '=')) {
        return false;
    }
    ahead = *cursor;
    members_raw(members, is_first ? "" : ",");
    members_quoted(members, name.bytes, name.size_bytes);
    is_list = take_value(&ahead, &unused) && is_repeated(ahead, &name);
    members_raw(members, is_list ? ":[" : ":");
    if (!take_value(cursor, members)) {
        return false;
    }
    while (is_list && is_repeated(*cursor, &name)) {
        (void)cursor_take(cursor, ' ');
        (void)take_name(cursor, &again);
        members_raw(members, ",");
        if (!cursor_take(cursor, '=') || !take_value(cursor, members)) {
            return false;
        }
    }
    members_raw(members, is_list ? "]" : "");
    return true;
}

/** [id name="value" ...] */
static bool take_element(struct cursor *cursor, struct members *members, bool is_first)
{
    struct log_text id;
    bool is_first_parameter = true;

    if (!cursor_take(cursor, '[') || !take_name(cursor, &id)) {
        return false;
    }
    members_raw(members, is_first ? "" : ",");
    members_quoted(members, id.bytes, id.size_bytes);
    members_raw(members, ":{");
    while (cursor_take(cursor, ' ')) {
        if (!take_parameter(cursor, members, is_first_parameter)) {
            return false;
        }
        is_first_parameter = false;
    }
    members_raw(members, "}");
    return cursor_take(cursor, ']');
}

/** STRUCTURED-DATA, chapter 6.3, as ,"data":{"id":{"name":"value"}}. */
static bool take_data(struct cursor *cursor, struct members *members)
{
    size_t before = members->size;
    bool is_first = true;

    if (cursor_take(cursor, '-')) {
        return true;
    }
    members_raw(members, ",\"data\":{");
    do {
        if (!take_element(cursor, members, is_first)) {
            return false;
        }
        is_first = false;
    } while (cursor_sees(cursor, '['));
    members_raw(members, "}");
    members_seal(members, before);
    return true;
}

bool syslog_5424_parse(struct cursor line, struct line_time *time, bool *has_time,
                       struct line_parts *parts)
{
    static const char mark[] = "\xef\xbb\xbf"; /* chapter 6.4 */
    struct log_text stamp, host, process, message_id;
    struct cursor inside;

    if (!take_pri(&line, parts) || !cursor_take(&line, '1') || /* VERSION, chapter 9.1 */
        !cursor_take(&line, ' ') || !take_header_word(&line, &stamp) ||
        !take_header_word(&line, &host) || !take_header_word(&line, &parts->source) ||
        !take_header_word(&line, &process) || !take_header_word(&line, &message_id)) {
        return false;
    }
    inside = (struct cursor){stamp.bytes, stamp.bytes + stamp.size_bytes};
    *has_time = stamp.size_bytes > 0;
    if (*has_time && (!line_time_take_iso(&inside, time) || inside.at != inside.end)) {
        return false;
    }
    if (host.size_bytes > 0) {
        add(&parts->members, "host", host);
    }
    if (process.size_bytes > 0) {
        add(&parts->members, "process", process);
    }
    if (message_id.size_bytes > 0) {
        add(&parts->members, "id", message_id);
    }
    if (!take_data(&line, &parts->members) || (line.at != line.end && !cursor_take(&line, ' '))) {
        return false;
    }
    if (line.end - line.at >= 3 && memcmp(line.at, mark, 3) == 0) {
        line.at += 3;
    }
    parts->message = rest_of(&line);
    return true;
}
