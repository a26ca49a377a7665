#include "base/event.h"

#include "base/parse.h"
#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

enum {
    SEPARATOR = 0x1f,
    TEXT_COUNT = 4,
    NUMBER_COUNT = 5,
    FIELD_COUNT = 1 + TEXT_COUNT + NUMBER_COUNT
};

static size_t append_text(char *text, size_t at, const char *field, size_t most)
{
    size_t size = strlen(field);
    size_t start = ++at;

    text[start - 1] = SEPARATOR;
    for (size_t i = 0; i < size;) {
        size_t length = utf8_sequence_size(field + i, size - i);
        size_t step = length == 0 ? 1 : length;

        if (at - start + step > most) {
            break;
        }
        if (length == 0 || (unsigned char)field[i] < 0x20) {
            text[at] = length == 0 ? '?' : ' ';
        } else {
            memcpy(text + at, field + i, step);
        }
        at += step;
        i += step;
    }
    return at;
}

size_t event_encode(const struct event *event, char text[EVENT_TEXT_MAX])
{
    size_t at = 1;
    int added;

    text[0] = '1';
    at = append_text(text, at, event->kind, 32);
    at = append_text(text, at, event->subject, 512);
    at = append_text(text, at, event->reason, 512);
    at = append_text(text, at, event->detail, EVENT_DETAIL_MAX);
    added = snprintf(text + at, EVENT_TEXT_MAX - at, "\x1f%llu\x1f%llu\x1f%llu\x1f%lld\x1f%lld",
                     (unsigned long long)event->first, (unsigned long long)event->last,
                     (unsigned long long)event->count, (long long)event->from_ns,
                     (long long)event->to_ns);
    return at + (size_t)added; /* 1 + 4 texts of at most 3,104 bytes + 5 numbers of 21 fit */
}

enum error_code event_decode(const char *bytes, size_t size, char copy[EVENT_TEXT_MAX],
                             struct event *event, struct error *error)
{
    const char *fields[FIELD_COUNT];
    struct event found;
    size_t count = 0;

    if (size >= EVENT_TEXT_MAX) {
        return error_set(error, ERROR_BAD_DATA, "an event of %zu bytes is longer than any", size);
    }
    if (memchr(bytes, '\0', size) != NULL) {
        return error_set(error, ERROR_BAD_DATA, "an event holds a zero byte");
    }
    memcpy(copy, bytes, size);
    copy[size] = '\0';
    fields[count++] = copy;
    for (size_t i = 0; i < size; i++) {
        if (copy[i] == SEPARATOR) {
            copy[i] = '\0';
            if (count == FIELD_COUNT) {
                return error_set(error, ERROR_BAD_DATA, "an event has more than %d fields",
                                 FIELD_COUNT);
            }
            fields[count++] = copy + i + 1;
        }
    }
    if (count != FIELD_COUNT || strcmp(fields[0], "1") != 0) {
        return error_set(error, ERROR_BAD_DATA,
                         "an event has %zu fields and form '%.8s'; this version reads %d of form 1",
                         count, fields[0], FIELD_COUNT);
    }
    found = (struct event){fields[1], fields[2], fields[3], fields[4], 0, 0, 0, 0, 0};
    if (!parse_uint64(fields[5], &found.first) || !parse_uint64(fields[6], &found.last) ||
        !parse_uint64(fields[7], &found.count) || !parse_int64(fields[8], &found.from_ns) ||
        !parse_int64(fields[9], &found.to_ns)) {
        return error_set(error, ERROR_BAD_DATA, "an event of kind '%.32s' has a broken number",
                         fields[1]);
    }
    *event = found;
    return ERROR_OK;
}
