#include "drivers/mqtt/lines.h"

#include "base/cleanup.h"
#include "base/utf8.h"
#include "drivers/lines/severity.h"

#include <stdio.h>
#include <string.h>

static enum error_code compile(const char *key, const char *text, bool *has, struct mqtt_path *path,
                               struct error *error)
{
    enum error_code code;

    *has = text != NULL && text[0] != '\0';
    if (!*has) {
        return ERROR_OK;
    }
    code = mqtt_path_compile(text, path, error);
    if (code != ERROR_OK) {
        return error_prefix(error, code, "%s", key);
    }
    return mqtt_path_has_each(path)
               ? error_set(error, ERROR_BAD_CONFIG,
                           "%s: '%.80s': a message is one line; leave [] out", key, text)
               : ERROR_OK;
}

static enum error_code set_format(const struct mqtt_group *group, struct arena *arena,
                                  struct mqtt_line_paths *paths, struct error *error)
{
    struct line_format *format = arena_allocate(arena, sizeof(*format));
    enum error_code code;

    if (format == NULL) {
        return error_set(error, ERROR_NO_MEMORY, "%.80s: the configuration is too large",
                         group->topic);
    }
    code = line_format_set(format, &group->log_format, arena, error);
    if (code != ERROR_OK) {
        return error_prefix(error, code, "log of topic %.80s", group->topic);
    }
    paths->format = format->kind == LINE_FORMAT_TEXT ? NULL : format;
    return ERROR_OK;
}

enum error_code mqtt_line_paths_set(const struct mqtt_group *group, struct arena *arena,
                                    const struct mqtt_line_paths **paths, struct error *error)
{
    struct mqtt_line_paths *made = arena_allocate(arena, sizeof(*made));
    enum error_code code;

    if (made == NULL) {
        return error_set(error, ERROR_NO_MEMORY, "%.80s: the configuration is too large",
                         group->topic);
    }
    code = compile("log.message", group->log_message, &made->has_message, &made->message, error);
    if (code == ERROR_OK) {
        code = compile("log.severity", group->log_severity, &made->has_severity, &made->severity,
                       error);
    }
    if (code != ERROR_OK) {
        return code;
    }
    if (group->payload != MQTT_PAYLOAD_LOG &&
        (made->has_message || made->has_severity || group->log_format.kind != LINE_FORMAT_TEXT)) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "log: topic %.80s: its payload is no log; write payload: log, or leave "
                         "log out",
                         group->topic);
    }
    if (made->has_message && group->log_format.kind != LINE_FORMAT_TEXT) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "log.format: topic %.80s: with log.message time and severity stand in the "
                         "JSON; leave one of the two out",
                         group->topic);
    }
    if (made->has_severity && !made->has_message) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "log.severity: topic %.80s: needs log.message: where in the JSON the text "
                         "stands",
                         group->topic);
    }
    if (group->payload != MQTT_PAYLOAD_LOG) {
        return ERROR_OK;
    }
    *paths = made;
    return set_format(group, arena, made, error);
}

enum log_severity mqtt_line_severity(const struct mqtt_json *value)
{
    if (value->kind == MQTT_JSON_STRING) {
        return severity_of_word(value->bytes + 1, value->size - 2);
    }
    return value->kind == MQTT_JSON_NUMBER && value->size == 1 && value->bytes[0] <= '7'
               ? (enum log_severity)(value->bytes[0] - '0')
               : LOG_SEVERITY_UNKNOWN;
}

/** How many bytes the character, or the escape of JSON, takes that begins here. */
static size_t unit_size(const char *at, size_t left, bool is_escaped)
{
    size_t size = 1;

    if (is_escaped && *at == '\\' && left > 1) {
        size = at[1] == 'u' ? 6 : 2;
        if (size == 6 && left >= 12 && (at[2] == 'd' || at[2] == 'D') && at[6] == '\\' &&
            at[7] == 'u') {
            size = 12; /* maybe a surrogate pair; two characters harm nothing */
        }
    } else if (((unsigned char)*at & 0xC0) == 0xC0) {
        while (size < 4 && size < left && ((unsigned char)at[size] & 0xC0) == 0x80) {
            size++;
        }
    }
    return size < left ? size : left;
}

/** How much of the text the next part takes. */
static size_t part_size(struct mqtt_slice text, bool is_escaped)
{
    size_t size = 0;

    if (text.size <= MQTT_LINE_PART_MAX) {
        return text.size;
    }
    for (;;) {
        size_t next = unit_size(text.bytes + size, text.size - size, is_escaped);

        if (size + next > MQTT_LINE_PART_MAX) {
            return size;
        }
        size += next;
    }
}

/** The part as it reads. */
static struct log_text part_text(struct mqtt_slice part, bool is_escaped, char *scratch)
{
    const char *text;
    size_t size;

    if (is_escaped) { /* before and behind a part are its string's other bytes, or quotes */
        const struct mqtt_json quoted = {MQTT_JSON_STRING, part.bytes - 1, part.size + 2};

        if (mqtt_json_text(&quoted, scratch, MQTT_TEXT_MAX, &text, &size)) {
            return (struct log_text){text, (uint32_t)size};
        }
    }
    return (struct log_text){part.bytes, (uint32_t)part.size}; /* half a pair stays as written */
}

/* Fields, a JSON object. What does not fit fails the buffer, which keeps what was there. */

static bool add(struct buffer *fields, const char *text)
{
    return buffer_append(fields, text, strlen(text));
}

static bool add_string(struct buffer *fields, const char *bytes, size_t size)
{
    bool fits = buffer_append_byte(fields, '"');

    for (size_t i = 0; i < size && fits; i++) {
        unsigned char byte = (unsigned char)bytes[i];

        if (byte == '"' || byte == '\\') {
            fits = buffer_append_byte(fields, '\\');
        }
        fits = fits && buffer_append_byte(fields, byte < 0x20 ? ' ' : byte);
    }
    return fits && buffer_append_byte(fields, '"');
}

/** What does not fit is left out. */
static bool add_properties(const struct mqtt_message *message, struct buffer *fields)
{
    const char *before = ",\"properties\":{";
    struct mqtt_slice name, value;
    bool fits = true;
    int at = 0;

    while (fits && mqtt_property_next(message->properties, &at, &name, &value)) {
        if (utf8_is_valid(name.bytes, name.size) && utf8_is_valid(value.bytes, value.size) &&
            fields->size + 2 * (name.size + value.size) + 30 <= LOG_FIELDS_MAX) {
            fits = add(fields, before) && add_string(fields, name.bytes, name.size) &&
                   add(fields, ":") && add_string(fields, value.bytes, value.size);
            before = ",";
        }
    }
    return fits && (before[1] != '\0' || add(fields, "}"));
}

static void print_fields(const struct mqtt_line *line, size_t part, bool is_last,
                         struct buffer *fields)
{
    const struct mqtt_topic *topic = line->topic;
    const struct mqtt_json *document = line->document;
    char number[40];
    bool fits = add(fields, "{\"topic\":") &&
                add_string(fields, line->message->topic, line->message->topic_size);

    for (size_t i = 0; i < topic->part_count && fits; i++) {
        fits = add(fields, ",") &&
               add_string(fields, topic->parts[i].bytes, topic->parts[i].size) &&
               add(fields, ":") &&
               add_string(fields, line->match->values[i].bytes, line->match->values[i].size);
    }
    if (line->parts != NULL && part == 0) {
        fits = fits && buffer_append(fields, line->parts->members.text, line->parts->members.size);
    }
    if (line->message->retained) {
        fits = fits && add(fields, ",\"retained\":true");
    }
    if (part > 0 || !is_last) {
        (void)snprintf(number, sizeof(number), ",\"part\":%zu%s", part + 1,
                       is_last ? ",\"last\":true" : "");
        fits = fits && add(fields, number);
    }
    if (part == 0 && fits) {
        fits = add_properties(line->message, fields);
    }
    if (document != NULL && document->kind == MQTT_JSON_OBJECT && part == 0 &&
        fields->size + document->size + 14 <= LOG_FIELDS_MAX) {
        fits = fits && add(fields, ",\"payload\":") &&
               buffer_append(fields, document->bytes, document->size);
    }
    if (!fits || !add(fields, "}")) { /* no memory, or a topic as long as a page */
        fields->size = 0;
    }
}

static struct log_text source_of(const struct mqtt_line *line)
{
    return line->parts != NULL && line->parts->source.size_bytes > 0
               ? line->parts->source
               : (struct log_text){line->message->topic, (uint32_t)line->message->topic_size};
}

bool mqtt_line_deliver(const struct mqtt_line *line, size_t taken_before, size_t *count,
                       char *scratch, struct driver_sink *sink)
{
    struct mqtt_slice rest = line->text;
    size_t part = 0;

    do {
        struct mqtt_slice now = {rest.bytes, part_size(rest, line->is_escaped)};
        CLEANUP(buffer_deinit) struct buffer fields;
        struct driver_line made = {.time_ns = line->time_ns};

        buffer_init(&fields, LOG_FIELDS_MAX);
        rest = (struct mqtt_slice){rest.bytes + now.size, rest.size - now.size};
        if (*count >= taken_before) {
            print_fields(line, part, rest.size == 0, &fields);
            made.record = (struct log_record){
                .severity = line->severity,
                .source = source_of(line),
                .fields = {(const char *)fields.bytes, (uint32_t)fields.size},
                .message = part_text(now, line->is_escaped, scratch),
            };
            if (!sink->line(sink, &made)) {
                return false;
            }
        }
        (*count)++;
        part++;
    } while (rest.size > 0);
    return true;
}
