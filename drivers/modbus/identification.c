#include "drivers/modbus/identification.h"

#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    MEI_TYPE = 0x0e,
    LEVEL_ALL = 3,
    LEVEL_BASIC = 1,
    HEADER_BYTES = 7, /* function, type, level, conformity, more, next, count */
    ILLEGAL_FUNCTION = 1,
    EXCEPTION_FLAG = 0x80
};

void identification_note(struct driver_identity *told, const char *format, ...)
{
    va_list arguments;

    if (told->note_count < IDENTITY_NOTES_MAX) {
        va_start(arguments, format);
        (void)vsnprintf(told->notes[told->note_count++], IDENTITY_NOTE_SIZE, format, arguments);
        va_end(arguments);
    }
}

void identification_begin(struct identification *identity, struct driver_identity *told)
{
    *identity = (struct identification){.told = told, .level = LEVEL_ALL, .highest = -1};
}

size_t identification_question(const struct identification *identity,
                               uint8_t pdu[IDENTIFICATION_QUESTION_MAX])
{
    pdu[0] = IDENTIFICATION_OBJECTS;
    pdu[1] = MEI_TYPE;
    pdu[2] = identity->level;
    pdu[3] = identity->next;
    return IDENTIFICATION_QUESTION_MAX;
}

static bool is_clean_text(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] < 0x20 || bytes[i] == 0x7f) {
            return false;
        }
    }
    return utf8_is_valid(bytes, size);
}

/** I3. Devices fill up with spaces or NUL: those behind the text are not shown. */
static void show(char text[IDENTITY_TEXT_SIZE], const uint8_t *bytes, size_t size)
{
    size_t length = size;
    size_t at;

    while (length > 0 && (bytes[length - 1] == 0 || bytes[length - 1] == ' ')) {
        length--;
    }
    if (is_clean_text(bytes, length)) {
        (void)utf8_copy(text, IDENTITY_TEXT_SIZE, bytes, length);
        return;
    }
    at = (size_t)snprintf(text, IDENTITY_TEXT_SIZE, "0x");
    for (size_t i = 0; i < size && at + 2 < IDENTITY_TEXT_SIZE; i++) {
        at += (size_t)snprintf(text + at, IDENTITY_TEXT_SIZE - at, "%02x", (unsigned)bytes[i]);
    }
}

/** false: there is no room for more. */
static bool add_row(struct driver_identity *told, const char *name, const uint8_t *bytes,
                    size_t size)
{
    struct driver_identity_row *row = &told->rows[told->row_count];

    if (told->row_count == IDENTITY_ROWS_MAX) {
        identification_note(told, "the device tells more than %d things; the rest is left out",
                            IDENTITY_ROWS_MAX);
        return false;
    }
    (void)snprintf(row->name, sizeof(row->name), "%s", name);
    show(row->text, bytes, size);
    told->row_count++;
    return true;
}

static bool add_object(struct driver_identity *told, unsigned id, const uint8_t *bytes, size_t size)
{
    static const char *const names[] = {"vendor",  "product code", "revision",   "vendor url",
                                        "product", "model",        "application"};
    char name[IDENTITY_NAME_SIZE];

    if (id < sizeof(names) / sizeof(names[0])) {
        return add_row(told, names[id], bytes, size);
    }
    (void)snprintf(name, sizeof(name), "object 0x%02x", id);
    return add_row(told, name, bytes, size);
}

/** The objects behind the header. */
static enum error_code take_objects(struct identification *identity, const uint8_t *pdu,
                                    size_t size, struct error *error)
{
    size_t at = HEADER_BYTES;

    for (unsigned i = 0; i < pdu[6] && !identity->is_through; i++) {
        if (at + 2 > size || at + 2 + pdu[at + 1] > size) {
            return error_set(error, ERROR_PROTOCOL,
                             "the answer to function 43/14 ends within its object %u of %u", i + 1,
                             (unsigned)pdu[6]);
        }
        if (pdu[at] > identity->highest) { /* I2 */
            identity->highest = pdu[at];
            identity->is_through = !add_object(identity->told, pdu[at], pdu + at + 2, pdu[at + 1]);
        }
        at += 2 + (size_t)pdu[at + 1];
    }
    return ERROR_OK;
}

enum error_code identification_take(struct identification *identity, const uint8_t *pdu,
                                    size_t size, struct error *error)
{
    int highest = identity->highest;
    enum error_code code;

    if (size < HEADER_BYTES || pdu[0] != IDENTIFICATION_OBJECTS || pdu[1] != MEI_TYPE) {
        return error_set(error, ERROR_PROTOCOL,
                         "what came is no answer to function 43/14 (%u bytes)", (unsigned)size);
    }
    code = take_objects(identity, pdu, size, error);
    if (code != ERROR_OK || identity->is_through) {
        return code;
    }
    identity->is_through = pdu[4] == 0;
    if (!identity->is_through && (identity->highest == highest || pdu[5] <= identity->highest)) {
        identity->is_through = true; /* I2 */
        identification_note(
            identity->told,
            "the device says again and again that more follows, and nothing new does");
    }
    identity->next = pdu[5];
    return ERROR_OK;
}

void identification_refuse(struct identification *identity, unsigned exception, const char *name)
{
    if (exception == ILLEGAL_FUNCTION) {
        identity->is_through = true;
        identification_note(identity->told,
                            "the device does not know function 43/14, read device identification");
    } else if (identity->highest < 0 && identity->level > LEVEL_BASIC) { /* I1 */
        identity->level--;
    } else {
        identity->is_through = true;
        identification_note(
            identity->told,
            "the device refused function 43/14, read device identification: exception "
            "%u, %s",
            exception & 0xff, name);
    }
}

static bool is_status(uint8_t byte)
{
    return byte == 0x00 || byte == 0xff;
}

/** The standard leaves to the device where its id ends: behind one byte, or before the last where
 *  all others are a text. What cannot be told apart is shown whole. */
static size_t server_id_size(const uint8_t *data, size_t count)
{
    if (count >= 2 && is_status(data[count - 1]) && is_clean_text(data, count - 1)) {
        return count - 1;
    }
    return count >= 2 && is_status(data[1]) ? 1 : count;
}

static void add_server_id(struct driver_identity *told, const uint8_t *data, size_t count)
{
    size_t id_size = server_id_size(data, count);

    (void)add_row(told, "server id", data, id_size);
    if (id_size < count) {
        const char *status = data[id_size] == 0xff ? "on" : "off";

        (void)add_row(told, "run indicator", (const uint8_t *)status, strlen(status));
    }
    if (id_size + 1 < count) {
        (void)add_row(told, "server text", data + id_size + 1, count - id_size - 1);
    }
}

enum error_code identification_take_server_id(struct driver_identity *told, const uint8_t *pdu,
                                              size_t size, struct error *error)
{
    size_t count = size >= 2 ? pdu[1] : 0;
    const uint8_t *data = pdu + 2;

    if (size < 2 || pdu[0] != IDENTIFICATION_SERVER_ID || 2 + count > size) {
        return error_set(error, ERROR_PROTOCOL, "what came is no answer to function 17 (%u bytes)",
                         (unsigned)size);
    }
    if (count == 0) {
        identification_note(told, "the answer to function 17, report server id, is empty");
        return ERROR_OK;
    }
    add_server_id(told, data, count);
    return ERROR_OK;
}

static size_t objects_size(const uint8_t *pdu, size_t size)
{
    size_t at = HEADER_BYTES;

    if (size < HEADER_BYTES) {
        return HEADER_BYTES;
    }
    for (unsigned i = 0; i < pdu[6]; i++) {
        if (at + 2 > size) {
            return at + 2;
        }
        at += 2 + (size_t)pdu[at + 1];
    }
    return at;
}

size_t identification_size(const uint8_t *pdu, size_t size)
{
    if (pdu[0] == IDENTIFICATION_SERVER_ID) {
        return size < 2 ? 2 : 2 + (size_t)pdu[1];
    }
    return pdu[0] == IDENTIFICATION_OBJECTS ? objects_size(pdu, size) : 0;
}
