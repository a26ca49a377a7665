#include "sync/parquet/thrift.h"

#include "base/varint.h"

#include <assert.h>
#include <string.h>

enum { SHORT_FIELD_STEP = 15, SHORT_LIST_COUNT = 14 };

void thrift_begin(struct thrift_writer *writer, struct buffer *out)
{
    *writer = (struct thrift_writer){.out = out};
}

void thrift_end(struct thrift_writer *writer)
{
    (void)buffer_append_byte(writer->out, 0); /* sticks in the buffer, as all that follow */
    if (writer->depth > 0) {
        writer->depth--;
    }
}

static void put_field(struct thrift_writer *writer, int field, enum thrift_type type)
{
    int step = field - writer->previous_field[writer->depth];

    assert(step >= 1);
    if (step <= SHORT_FIELD_STEP) {
        (void)buffer_append_byte(writer->out, (uint8_t)(((unsigned)step << 4) | (unsigned)type));
    } else {
        (void)buffer_append_byte(writer->out, (uint8_t)type);
        (void)buffer_append_varint(writer->out, zigzag_encode(field));
    }
    writer->previous_field[writer->depth] = field;
}

static void put_bytes(struct thrift_writer *writer, const void *bytes, size_t size_bytes)
{
    (void)buffer_append_varint(writer->out, size_bytes);
    (void)buffer_append(writer->out, bytes, size_bytes);
}

void thrift_bool(struct thrift_writer *writer, int field, bool value)
{
    put_field(writer, field, value ? THRIFT_TRUE : THRIFT_FALSE);
}

void thrift_i32(struct thrift_writer *writer, int field, int32_t value)
{
    put_field(writer, field, THRIFT_I32);
    thrift_element_i32(writer, value);
}

void thrift_i64(struct thrift_writer *writer, int field, int64_t value)
{
    put_field(writer, field, THRIFT_I64);
    (void)buffer_append_varint(writer->out, zigzag_encode(value));
}

void thrift_binary(struct thrift_writer *writer, int field, const void *bytes, size_t size_bytes)
{
    put_field(writer, field, THRIFT_BINARY);
    put_bytes(writer, bytes, size_bytes);
}

void thrift_text(struct thrift_writer *writer, int field, const char *text)
{
    thrift_binary(writer, field, text, strlen(text));
}

void thrift_struct(struct thrift_writer *writer, int field)
{
    put_field(writer, field, THRIFT_STRUCT);
    thrift_element_struct(writer);
}

void thrift_element_struct(struct thrift_writer *writer)
{
    assert(writer->depth + 1 < THRIFT_DEPTH_MAX);
    writer->depth++;
    writer->previous_field[writer->depth] = 0;
}

void thrift_list(struct thrift_writer *writer, int field, enum thrift_type type, size_t count)
{
    put_field(writer, field, THRIFT_LIST);
    if (count <= SHORT_LIST_COUNT) {
        (void)buffer_append_byte(writer->out, (uint8_t)((count << 4) | (unsigned)type));
    } else {
        (void)buffer_append_byte(writer->out, (uint8_t)(0xf0 | (unsigned)type));
        (void)buffer_append_varint(writer->out, count);
    }
}

void thrift_element_i32(struct thrift_writer *writer, int32_t value)
{
    (void)buffer_append_varint(writer->out, zigzag_encode(value));
}

void thrift_element_text(struct thrift_writer *writer, const char *text)
{
    put_bytes(writer, text, strlen(text));
}
