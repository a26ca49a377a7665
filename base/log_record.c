#include "base/log_record.h"

#include "base/utf8.h"

#include <string.h>

enum { SEPARATOR = 0x1f, FIELD_COUNT = 5, REPLACEMENT_SIZE = 3 };

#define REPLACEMENT "\xef\xbf\xbd"

static const struct {
    const char *name, *keyword;
} severities[] = {
    [LOG_SEVERITY_EMERGENCY] = {"emergency", "emerg"},
    [LOG_SEVERITY_ALERT] = {"alert", "alert"},
    [LOG_SEVERITY_CRITICAL] = {"critical", "crit"},
    [LOG_SEVERITY_ERROR] = {"error", "err"},
    [LOG_SEVERITY_WARNING] = {"warning", "warn"},
    [LOG_SEVERITY_NOTICE] = {"notice", "notice"},
    [LOG_SEVERITY_INFORMATIONAL] = {"informational", "info"},
    [LOG_SEVERITY_DEBUG] = {"debug", "debug"},
};

struct log_text log_text_of(const char *terminated)
{
    return (struct log_text){terminated, (uint32_t)strlen(terminated)};
}

bool log_severity_parse(const char *name, enum log_severity *severity)
{
    bool is_digit = name[0] >= '0' && name[0] <= '7' && name[1] == '\0';

    for (int i = LOG_SEVERITY_EMERGENCY; i <= LOG_SEVERITY_DEBUG; i++) {
        if ((is_digit && name[0] - '0' == i) || strcmp(name, severities[i].name) == 0 ||
            strcmp(name, severities[i].keyword) == 0) {
            *severity = (enum log_severity)i;
            return true;
        }
    }
    return false;
}

const char *log_severity_names(void)
{
    return "emergency, alert, critical, error, warning, notice, informational, debug";
}

/** A text that is being written, and where it must end. */
struct writing {
    char *text;
    size_t at, end;
};

/** One character of `from`, repaired; 0: it does not fit, else how many bytes of `from` it was. */
static size_t append_character(struct writing *to, const char *from, size_t size)
{
    size_t taken = utf8_sequence_size(from, size);
    const char *bytes = from;
    size_t wanted = taken;

    if (taken == 0) {
        bytes = REPLACEMENT;
        wanted = REPLACEMENT_SIZE;
        taken = 1;
    } else if ((unsigned char)from[0] < 0x20 && from[0] != '\t' && from[0] != '\n') {
        bytes = " ";
    }
    if (wanted > to->end - to->at) {
        return 0;
    }
    memcpy(to->text + to->at, bytes, wanted);
    to->at += wanted;
    return taken;
}

/** How many bytes at the beginning stay as they are: nearly all of nearly every line. */
static size_t plain_size(const char *bytes, size_t size)
{
    size_t plain = 0;

    while (plain < size && (unsigned char)(bytes[plain] - 0x20) < 0x60) { /* 20 to 7F */
        plain++;
    }
    return plain;
}

/** As much of plain bytes as fits. */
static size_t append_plain(struct writing *to, const char *from, size_t size)
{
    size_t room = to->end - to->at, taken = size < room ? size : room;

    memcpy(to->text + to->at, from, taken);
    to->at += taken;
    return taken;
}

/** false: it did not fit; what did ends between two characters. */
static bool append_text(struct writing *to, const struct log_text *from)
{
    for (size_t i = 0; i < from->size_bytes;) {
        const char *at = from->bytes + i;
        size_t left = from->size_bytes - i, plain = plain_size(at, left);
        size_t taken = plain > 0 ? append_plain(to, at, plain) : append_character(to, at, left);

        if (taken == 0) {
            return false;
        }
        i += taken;
    }
    return true;
}

/** What was written up to `at`, and a separator; room for `most` bytes after it. */
static struct writing next_field(char *text, size_t at, size_t most)
{
    text[at] = SEPARATOR;
    return (struct writing){text, at + 1, at + 1 + most};
}

static size_t append_fields(char *text, size_t at, const struct log_text *fields)
{
    struct writing writing = next_field(text, at, LOG_FIELDS_MAX);

    if (!append_text(&writing, fields)) { /* L2 */
        const struct log_text instead = log_text_of(LOG_FIELDS_LEFT_OUT);

        writing.at = at + 1;
        (void)append_text(&writing, &instead); /* fits */
    }
    return writing.at;
}

static size_t append_message(char *text, size_t at, const struct log_text *message)
{
    const struct log_text mark = log_text_of(LOG_CUT_MARK);
    struct writing writing = next_field(text, at, LOG_MESSAGE_MAX);

    if (!append_text(&writing, message)) { /* L2: once more, with room for the mark */
        writing = next_field(text, at, LOG_MESSAGE_MAX - mark.size_bytes);
        (void)append_text(&writing, message);
        writing.end += mark.size_bytes;
        (void)append_text(&writing, &mark);
    }
    return writing.at;
}

size_t log_record_encode(const struct log_record *record, char text[LOG_RECORD_MAX])
{
    struct writing writing;
    size_t at = 0;

    text[at++] = '1';
    text[at++] = SEPARATOR;
    if (record->severity != LOG_SEVERITY_UNKNOWN) {
        text[at++] = (char)('0' + record->severity);
    }
    writing = next_field(text, at, LOG_SOURCE_MAX);
    (void)append_text(&writing, &record->source); /* cut where it ends */
    at = append_fields(text, writing.at, &record->fields);
    return append_message(text, at, &record->message);
}

static bool decode_severity(const struct log_text *field, enum log_severity *severity)
{
    if (field->size_bytes == 0) {
        *severity = LOG_SEVERITY_UNKNOWN;
        return true;
    }
    if (field->size_bytes > 1 || field->bytes[0] < '0' || field->bytes[0] > '7') {
        return false;
    }
    *severity = (enum log_severity)(field->bytes[0] - '0');
    return true;
}

enum error_code log_record_decode(const char *bytes, size_t size, struct log_record *record,
                                  struct error *error)
{
    struct log_text fields[FIELD_COUNT];
    enum log_severity severity;
    size_t count = 0;
    size_t start = 0;

    if (size > LOG_RECORD_MAX) {
        return error_set(error, ERROR_BAD_DATA, "a log record of %zu bytes is longer than any",
                         size);
    }
    for (size_t i = 0; i <= size; i++) {
        if (i < size && bytes[i] != SEPARATOR) {
            continue;
        }
        if (count < FIELD_COUNT) {
            fields[count] = (struct log_text){bytes + start, (uint32_t)(i - start)};
        }
        count++;
        start = i + 1;
    }
    if (count != FIELD_COUNT || fields[0].size_bytes != 1 || fields[0].bytes[0] != '1') {
        return error_set(error, ERROR_BAD_DATA,
                         "a log record has %zu fields; this version reads %d of form 1", count,
                         FIELD_COUNT);
    }
    if (!decode_severity(&fields[1], &severity)) {
        return error_set(error, ERROR_BAD_DATA, "a log record has no severity from 0 to 7");
    }
    *record = (struct log_record){severity, fields[2], fields[3], fields[4]};
    return ERROR_OK;
}
