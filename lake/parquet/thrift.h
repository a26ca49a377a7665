/* lake/parquet/thrift.h - the Thrift compact protocol, read from bytes nobody vouches for.
 *
 *   object bytes -> [ THRIFT ] -> footer, page headers
 *
 *  R1  Nothing is read past `end`. The first thing that does not fit marks the reader failed; from
 *      then on every call gives zero or false. Read many fields, ask `failed` once.
 *  R2  Nothing is allocated; binaries point into the bytes.
 *  R3  Skipping goes at most THRIFT_DEPTH_MAX structures deep, and a list never has more elements
 *      than there are bytes left.
 *
 * Depends on: base/varint.  Threads: a reader belongs to one.
 */
#ifndef LAKE_PARQUET_THRIFT_H
#define LAKE_PARQUET_THRIFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { THRIFT_DEPTH_MAX = 16 };

/* Types as they stand in a field's header (Thrift compact protocol, "Struct encoding"). */
enum thrift_type {
    THRIFT_STOP = 0,
    THRIFT_TRUE = 1,
    THRIFT_FALSE = 2,
    THRIFT_BYTE = 3,
    THRIFT_I16 = 4,
    THRIFT_I32 = 5,
    THRIFT_I64 = 6,
    THRIFT_DOUBLE = 7,
    THRIFT_BINARY = 8,
    THRIFT_LIST = 9,
    THRIFT_SET = 10,
    THRIFT_MAP = 11,
    THRIFT_STRUCT = 12,
};

struct thrift_reader {
    const uint8_t *at, *end;
    bool failed;
};

/** Where one struct is; zeroed before its first field. */
struct thrift_field {
    int32_t id;
    enum thrift_type type;
};

struct thrift_bytes {
    const uint8_t *bytes; /* into what is read */
    size_t size;
};

void thrift_init(struct thrift_reader *reader, const uint8_t *bytes, size_t size);

/** Move to the struct's next field. false: its end, or failed. */
bool thrift_next_field(struct thrift_reader *reader, struct thrift_field *field);

/** The value of the field, which must be of that type, else the reader fails. */
int32_t thrift_read_i32(struct thrift_reader *reader, enum thrift_type type);
int64_t thrift_read_i64(struct thrift_reader *reader, enum thrift_type type);
bool thrift_read_bool(struct thrift_reader *reader, enum thrift_type type);
struct thrift_bytes thrift_read_binary(struct thrift_reader *reader, enum thrift_type type);

/** Enter a list: how many elements of `element_type` follow. */
uint32_t thrift_read_list(struct thrift_reader *reader, enum thrift_type type,
                          enum thrift_type element_type);

/** Enter a struct: fails the reader unless the field is one. */
bool thrift_enter_struct(struct thrift_reader *reader, enum thrift_type type);

/** Pass over the field's value, whatever it is. */
void thrift_skip(struct thrift_reader *reader, enum thrift_type type);

/** A terminated copy that is cut rather than overrun; false when it was cut or holds a zero. */
bool thrift_copy_text(char *text, size_t capacity, struct thrift_bytes from);

#endif
