#include "agent/config/label.h"

#include "base/buffer.h"
#include "base/cleanup.h"

#include <stdio.h>
#include <string.h>

/** A JSON string (RFC 8259, chapter 7); the text is UTF-8 already. */
static void append_string(struct buffer *json, const char *text)
{
    (void)buffer_append_byte(json, '"'); /* a failure sticks: looked at once */
    for (; *text != '\0'; text++) {
        char escaped[8];

        if (*text == '"' || *text == '\\') {
            (void)buffer_append_byte(json, '\\');
            (void)buffer_append_byte(json, (uint8_t)*text);
        } else if ((unsigned char)*text < 0x20) {
            (void)snprintf(escaped, sizeof(escaped), "\\u%04x", (unsigned)*text);
            (void)buffer_append(json, escaped, 6);
        } else {
            (void)buffer_append_byte(json, (uint8_t)*text);
        }
    }
    (void)buffer_append_byte(json, '"');
}

const char *label_json(struct loading *loading, const struct record *record, struct arena *arena)
{
    CLEANUP(buffer_deinit) struct buffer json;
    const char *copy;

    buffer_init(&json, LABEL_JSON_MAX_BYTES);
    for (size_t i = 0; i < record->count; i++) {
        const struct record_field *field = &record->fields[i];

        if (strncmp(field->key, LABEL_PREFIX, strlen(LABEL_PREFIX)) != 0) {
            continue;
        }
        if (field->kind != RECORD_TEXT) {
            (void)finding_add(loading, &field->place, "the label '%.40s' takes one text",
                              field->key + strlen(LABEL_PREFIX));
            return NULL;
        }
        (void)buffer_append_byte(&json, json.size == 0 ? '{' : ',');
        append_string(&json, field->key + strlen(LABEL_PREFIX));
        (void)buffer_append_byte(&json, ':');
        append_string(&json, field->text);
    }
    if (json.failed && json.size + 6 > LABEL_JSON_MAX_BYTES) { /* pieces are of 6 bytes at most */
        (void)finding_add(loading, &record->place, "the labels are longer than %d bytes together",
                          LABEL_JSON_MAX_BYTES);
        return NULL;
    }
    if (json.size == 0 && !json.failed) {
        return "";
    }
    (void)buffer_append_byte(&json, '}');
    copy = json.failed ? NULL : arena_copy_text(arena, (const char *)json.bytes, json.size);
    if (copy == NULL) {
        (void)loading_no_memory(loading);
    }
    return copy;
}
