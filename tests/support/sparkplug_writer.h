/* tests/support/sparkplug_writer.h - payloads of Sparkplug B, written field by field.
 *
 * So that a test can also say what no encoder would. Depends on: sparkplug_payload, nanopb.
 */
#ifndef TESTS_SUPPORT_SPARKPLUG_WRITER_H
#define TESTS_SUPPORT_SPARKPLUG_WRITER_H

#include "drivers/mqtt/sparkplug_payload.h"

#include <pb_encode.h>

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct sparkplug_writer {
    uint8_t bytes[4096];
    size_t size;
};

static inline void writer_check(bool good)
{
    if (!good) {
        __builtin_trap(); /* the buffer is too small: a fault of the test */
    }
}

static inline pb_ostream_t writer_begin(struct sparkplug_writer *writer)
{
    return pb_ostream_from_buffer(writer->bytes + writer->size,
                                  sizeof(writer->bytes) - writer->size);
}

static inline void writer_number(struct sparkplug_writer *writer, uint32_t field, uint64_t number)
{
    pb_ostream_t stream = writer_begin(writer);

    writer_check(pb_encode_tag(&stream, PB_WT_VARINT, field) && pb_encode_varint(&stream, number));
    writer->size += stream.bytes_written;
}

static inline void writer_float(struct sparkplug_writer *writer, uint32_t field, float number)
{
    pb_ostream_t stream = writer_begin(writer);

    writer_check(pb_encode_tag(&stream, PB_WT_32BIT, field) && pb_encode_fixed32(&stream, &number));
    writer->size += stream.bytes_written;
}

static inline void writer_double(struct sparkplug_writer *writer, uint32_t field, double number)
{
    pb_ostream_t stream = writer_begin(writer);

    writer_check(pb_encode_tag(&stream, PB_WT_64BIT, field) && pb_encode_fixed64(&stream, &number));
    writer->size += stream.bytes_written;
}

static inline void writer_bytes(struct sparkplug_writer *writer, uint32_t field, const void *bytes,
                                size_t size)
{
    pb_ostream_t stream = writer_begin(writer);

    writer_check(pb_encode_tag(&stream, PB_WT_STRING, field) &&
                 pb_encode_string(&stream, bytes, size));
    writer->size += stream.bytes_written;
}

static inline void writer_text(struct sparkplug_writer *writer, uint32_t field, const char *text)
{
    writer_bytes(writer, field, text, strlen(text));
}

static inline void writer_part(struct sparkplug_writer *writer, uint32_t field,
                               const struct sparkplug_writer *part)
{
    writer_bytes(writer, field, part->bytes, part->size);
}

/** A payload of this sequence number with one metric "a", INT32, of the same value. */
static inline void writer_counter(struct sparkplug_writer *payload, uint64_t sequence)
{
    struct sparkplug_writer metric = {.size = 0};

    writer_text(&metric, 1, "a");
    writer_number(&metric, 4, SPARKPLUG_INT32);
    writer_number(&metric, 10, sequence);
    writer_part(payload, 2, &metric);
    writer_number(payload, 3, sequence);
}

#endif
