#include "lake/parquet/thrift.h"

#include "base/varint.h"

#include <string.h>

void thrift_init(struct thrift_reader *reader, const uint8_t *bytes, size_t size)
{
    *reader = (struct thrift_reader){.at = bytes, .end = bytes + size};
}

static void fail(struct thrift_reader *reader)
{
    reader->failed = true;
    reader->at = reader->end;
}

static uint8_t read_byte(struct thrift_reader *reader)
{
    if (reader->failed || reader->at == reader->end) {
        fail(reader);
        return 0;
    }
    return *reader->at++;
}

static uint64_t read_varint(struct thrift_reader *reader)
{
    uint64_t value = 0;

    if (reader->failed || !varint_read(&reader->at, reader->end, &value)) {
        fail(reader);
        return 0;
    }
    return value;
}

bool thrift_next_field(struct thrift_reader *reader, struct thrift_field *field)
{
    uint8_t header = read_byte(reader);

    if (reader->failed || header == THRIFT_STOP) {
        return false;
    }
    if (header >> 4 != 0) {
        field->id += header >> 4;
    } else {
        int64_t id = zigzag_decode(read_varint(reader));

        if (id < 0 || id > INT16_MAX) {
            fail(reader);
            return false;
        }
        field->id = (int32_t)id;
    }
    field->type = (enum thrift_type)(header & 0x0f);
    if (field->type > THRIFT_STRUCT || field->type == THRIFT_STOP || field->id > INT16_MAX) {
        fail(reader);
    }
    return !reader->failed;
}

int64_t thrift_read_i64(struct thrift_reader *reader, enum thrift_type type)
{
    if (type != THRIFT_I64) {
        fail(reader);
    }
    return zigzag_decode(read_varint(reader));
}

int32_t thrift_read_i32(struct thrift_reader *reader, enum thrift_type type)
{
    int64_t value;

    if (type != THRIFT_I32) {
        fail(reader);
    }
    value = zigzag_decode(read_varint(reader));
    if (value < INT32_MIN || value > INT32_MAX) {
        fail(reader);
        return 0;
    }
    return (int32_t)value;
}

bool thrift_read_bool(struct thrift_reader *reader, enum thrift_type type)
{
    if (type != THRIFT_TRUE && type != THRIFT_FALSE) {
        fail(reader);
    }
    return type == THRIFT_TRUE;
}

struct thrift_bytes thrift_read_binary(struct thrift_reader *reader, enum thrift_type type)
{
    struct thrift_bytes binary = {.bytes = reader->end};
    uint64_t size;

    if (type != THRIFT_BINARY) {
        fail(reader);
    }
    size = read_varint(reader);
    if (reader->failed || size > (size_t)(reader->end - reader->at)) {
        fail(reader);
        return binary;
    }
    binary.bytes = reader->at;
    binary.size = (size_t)size;
    reader->at += size;
    return binary;
}

/** The head of a list or set: count and type of the elements. */
static uint32_t read_list_head(struct thrift_reader *reader, enum thrift_type *element)
{
    uint8_t header = read_byte(reader);
    uint64_t count = header >> 4 == 15 ? read_varint(reader) : header >> 4;

    *element = (enum thrift_type)(header & 0x0f);
    if (reader->failed || count > (size_t)(reader->end - reader->at)) { /* R3 */
        fail(reader);
        return 0;
    }
    return (uint32_t)count;
}

uint32_t thrift_read_list(struct thrift_reader *reader, enum thrift_type type,
                          enum thrift_type element_type)
{
    enum thrift_type element;
    uint32_t count;

    if (type != THRIFT_LIST) {
        fail(reader);
    }
    count = read_list_head(reader, &element);
    if (count > 0 && element != element_type) {
        fail(reader);
        return 0;
    }
    return count;
}

bool thrift_enter_struct(struct thrift_reader *reader, enum thrift_type type)
{
    if (type != THRIFT_STRUCT) {
        fail(reader);
    }
    return !reader->failed;
}

static void skip_bytes(struct thrift_reader *reader, uint64_t size)
{
    if (reader->failed || size > (size_t)(reader->end - reader->at)) {
        fail(reader);
        return;
    }
    reader->at += size;
}

static void skip_value(struct thrift_reader *reader, enum thrift_type type, unsigned depth);

static void skip_element(struct thrift_reader *reader, enum thrift_type type, unsigned depth)
{
    if (type == THRIFT_TRUE || type == THRIFT_FALSE) {
        skip_bytes(reader, 1); /* in a list a bool is a byte of its own */
        return;
    }
    skip_value(reader, type, depth);
}

static void skip_list(struct thrift_reader *reader, unsigned depth)
{
    enum thrift_type element;
    uint32_t count = read_list_head(reader, &element);

    for (uint32_t i = 0; i < count && !reader->failed; i++) {
        skip_element(reader, element, depth);
    }
}

static void skip_map(struct thrift_reader *reader, unsigned depth)
{
    uint64_t count = read_varint(reader);
    uint8_t types = count > 0 ? read_byte(reader) : 0;

    if (count > (size_t)(reader->end - reader->at)) { /* R3 */
        fail(reader);
        return;
    }
    for (uint64_t i = 0; i < count && !reader->failed; i++) {
        skip_element(reader, (enum thrift_type)(types >> 4), depth);
        skip_element(reader, (enum thrift_type)(types & 0x0f), depth);
    }
}

static void skip_struct(struct thrift_reader *reader, unsigned depth)
{
    struct thrift_field field = {0};

    while (thrift_next_field(reader, &field)) {
        skip_value(reader, field.type, depth);
    }
}

static void skip_value(struct thrift_reader *reader, enum thrift_type type, unsigned depth)
{
    if (depth == THRIFT_DEPTH_MAX) {
        fail(reader);
        return;
    }
    switch (type) {
    case THRIFT_TRUE:
    case THRIFT_FALSE:
        break; /* the value is the type */
    case THRIFT_BYTE:
        skip_bytes(reader, 1);
        break;
    case THRIFT_I16:
    case THRIFT_I32:
    case THRIFT_I64:
        (void)read_varint(reader); /* skipped */
        break;
    case THRIFT_DOUBLE:
        skip_bytes(reader, 8);
        break;
    case THRIFT_BINARY:
        skip_bytes(reader, read_varint(reader));
        break;
    case THRIFT_LIST:
    case THRIFT_SET:
        skip_list(reader, depth + 1);
        break;
    case THRIFT_MAP:
        skip_map(reader, depth + 1);
        break;
    case THRIFT_STRUCT:
        skip_struct(reader, depth + 1);
        break;
    default:
        fail(reader);
    }
}

void thrift_skip(struct thrift_reader *reader, enum thrift_type type)
{
    skip_value(reader, type, 0);
}

bool thrift_copy_text(char *text, size_t capacity, struct thrift_bytes from)
{
    size_t size = from.size < capacity ? from.size : capacity - 1;

    memcpy(text, from.bytes, size);
    text[size] = '\0';
    return from.size < capacity && strlen(text) == from.size;
}
