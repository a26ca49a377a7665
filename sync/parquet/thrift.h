/* sync/parquet/thrift.h - writes Thrift's compact protocol, as Parquet's headers and footer use it.
 *
 * A field is written with the difference to the number of the field before it, so fields of a
 * struct must come in rising order. Structs nest at most THRIFT_DEPTH_MAX deep.
 *
 * Depends on: buffer, varint.  Threads: one user at a time. Failures stick in the buffer.
 */
#ifndef SYNC_PARQUET_THRIFT_H
#define SYNC_PARQUET_THRIFT_H

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { THRIFT_DEPTH_MAX = 8 };

enum thrift_type {
    THRIFT_TRUE = 1,
    THRIFT_FALSE = 2,
    THRIFT_I16 = 4,
    THRIFT_I32 = 5,
    THRIFT_I64 = 6,
    THRIFT_BINARY = 8,
    THRIFT_LIST = 9,
    THRIFT_STRUCT = 12,
};

struct thrift_writer {
    struct buffer *out;
    int previous_field[THRIFT_DEPTH_MAX];
    unsigned depth;
};

/** Start with the outermost struct open; thrift_end() closes it. */
void thrift_begin(struct thrift_writer *writer, struct buffer *out);

/** Close the struct opened last. */
void thrift_end(struct thrift_writer *writer);

void thrift_bool(struct thrift_writer *writer, int field, bool value);
void thrift_i32(struct thrift_writer *writer, int field, int32_t value);
void thrift_i64(struct thrift_writer *writer, int field, int64_t value);
void thrift_binary(struct thrift_writer *writer, int field, const void *bytes, size_t size_bytes);
void thrift_text(struct thrift_writer *writer, int field, const char *text);

/** Open a struct that is a field, or the next element of a list of structs. */
void thrift_struct(struct thrift_writer *writer, int field);
void thrift_element_struct(struct thrift_writer *writer);

/** A field that is a list; its `count` elements must follow. */
void thrift_list(struct thrift_writer *writer, int field, enum thrift_type type, size_t count);
void thrift_element_i32(struct thrift_writer *writer, int32_t value);
void thrift_element_text(struct thrift_writer *writer, const char *text);

#endif
