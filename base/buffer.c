#include "base/buffer.h"

#include "base/varint.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 256 };

void buffer_init(struct buffer *buffer, size_t maximum_bytes)
{
    *buffer = (struct buffer){.maximum = maximum_bytes};
}

void buffer_deinit(struct buffer *buffer)
{
    free(buffer->bytes);
    buffer->bytes = NULL;
    buffer->size = buffer->capacity = 0;
}

void buffer_clear(struct buffer *buffer)
{
    buffer->size = 0;
    buffer->failed = false;
}

bool buffer_reserve(struct buffer *buffer, size_t extra_bytes)
{
    size_t capacity = buffer->capacity;
    uint8_t *grown;

    if (buffer->failed || extra_bytes > buffer->maximum - buffer->size) {
        buffer->failed = true;
        return false;
    }
    if (extra_bytes <= capacity - buffer->size) {
        return true;
    }
    if (capacity < FIRST_CAPACITY) {
        capacity = buffer->maximum < FIRST_CAPACITY ? buffer->maximum : FIRST_CAPACITY;
    }
    while (capacity - buffer->size < extra_bytes) {
        capacity = capacity > buffer->maximum / 2 ? buffer->maximum : capacity * 2;
    }
    grown = realloc(buffer->bytes, capacity);
    if (grown == NULL) {
        buffer->failed = true;
        return false;
    }
    buffer->bytes = grown;
    buffer->capacity = capacity;
    return true;
}

bool buffer_append(struct buffer *buffer, const void *bytes, size_t size_bytes)
{
    if (!buffer_reserve(buffer, size_bytes)) {
        return false;
    }
    if (size_bytes > 0) {
        memcpy(buffer->bytes + buffer->size, bytes, size_bytes);
        buffer->size += size_bytes;
    }
    return true;
}

bool buffer_append_byte(struct buffer *buffer, uint8_t byte)
{
    return buffer_append(buffer, &byte, 1);
}

bool buffer_append_varint(struct buffer *buffer, uint64_t value)
{
    uint8_t bytes[VARINT_MAX_BYTES];

    return buffer_append(buffer, bytes, varint_write(bytes, value));
}
