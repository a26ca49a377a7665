#include "drivers/lines/members.h"

#include <stdio.h>
#include <string.h>

static const char left_out[] = ",\"left_out\":true";

static void append(struct members *members, const char *bytes, size_t size)
{
    if (size > MEMBERS_SIZE - sizeof(left_out) - members->size) {
        members->failed = true;
    }
    if (!members->failed) {
        memcpy(members->text + members->size, bytes, size);
        members->size += size;
    }
}

void members_raw(struct members *members, const char *text)
{
    append(members, text, strlen(text));
}

void members_quoted(struct members *members, const char *text, size_t size)
{
    append(members, "\"", 1);
    for (size_t i = 0; i < size && !members->failed; i++) {
        if (text[i] == '"' || text[i] == '\\') {
            append(members, "\\", 1);
        }
        append(members, (unsigned char)text[i] < 0x20 ? " " : text + i, 1);
    }
    append(members, "\"", 1);
}

void members_text(struct members *members, const char *name, const char *text, size_t size)
{
    size_t before = members->size;

    members_raw(members, ",");
    members_quoted(members, name, strlen(name));
    members_raw(members, ":");
    members_quoted(members, text, size);
    members_seal(members, before);
}

void members_number(struct members *members, const char *name, unsigned number)
{
    char text[64];
    size_t before = members->size;

    (void)snprintf(text, sizeof(text), ",\"%s\":%u", name, number); /* names of ours are short */
    members_raw(members, text);
    members_seal(members, before);
}

void members_seal(struct members *members, size_t size)
{
    if (!members->failed) {
        return;
    }
    members->size = size;
    if (!members->is_mark_there) { /* there is always room for it, and nothing comes behind it */
        memcpy(&members->text[size], left_out, sizeof(left_out) - 1);
        members->size += sizeof(left_out) - 1;
        members->is_mark_there = true;
    }
}
