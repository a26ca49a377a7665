/* base/buffer.h - bytes that grow up to a maximum given at creation.
 *
 * A buffer that could not grow is marked failed and stays so: append many times, check once.
 *
 * Depends on: nothing.  Threads: one user at a time.
 */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer {
    uint8_t *bytes;
    size_t size, capacity, maximum;
    bool failed; /* something did not fit; `bytes` holds what was there before */
};

void buffer_init(struct buffer *buffer, size_t maximum_bytes);

/** Free the bytes. Accepts a zeroed buffer, and twice. */
void buffer_deinit(struct buffer *buffer);

/** Forget the content, keep the memory, clear `failed`. */
void buffer_clear(struct buffer *buffer);

/** Make room for `extra_bytes` more. false: no memory or past the maximum; marks it failed. */
bool buffer_reserve(struct buffer *buffer, size_t extra_bytes);

bool buffer_append(struct buffer *buffer, const void *bytes, size_t size_bytes);
bool buffer_append_byte(struct buffer *buffer, uint8_t byte);

/** Unsigned LEB128: seven bits a byte, lowest first. */
bool buffer_append_varint(struct buffer *buffer, uint64_t value);

#endif
