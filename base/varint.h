/* base/varint.h - integers in as few bytes as they need (unsigned LEB128, zigzag for signed).
 *
 * Used by the queue's codec and by Parquet (Thrift compact protocol, DELTA_BINARY_PACKED).
 *
 * Depends on: nothing.  Threads: pure.
 */
#ifndef BASE_VARINT_H
#define BASE_VARINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { VARINT_MAX_BYTES = 10 };

/** Write `value`, return the number of bytes (1 to VARINT_MAX_BYTES). */
static inline size_t varint_write(uint8_t *bytes, uint64_t value)
{
    size_t size = 0;

    while (value >= 0x80) {
        bytes[size++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    bytes[size++] = (uint8_t)value;
    return size;
}

/** Read from `*position` and move it on. false: cut off by `end`, or longer than 64 bits. */
static inline bool varint_read(const uint8_t **position, const uint8_t *end, uint64_t *value)
{
    const uint8_t *at = *position;
    uint64_t result = 0;

    for (unsigned shift = 0; shift < 64 && at < end; shift += 7) {
        uint8_t byte = *at++;

        if (shift == 63 && byte > 1) {
            return false;
        }
        result |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *position = at;
            *value = result;
            return true;
        }
    }
    return false;
}

static inline uint64_t zigzag_encode(int64_t value)
{
    return ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
}

static inline int64_t zigzag_decode(uint64_t value)
{
    return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

#endif
