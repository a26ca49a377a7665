/* drivers/modbus/value.h - registers to values and back: every type in every byte and word order.
 *
 * The letters of an order are the bytes of the value, A the most significant, in the order in which
 * they come over the wire; registers are two letters each:
 *
 *   | order | 16 bits | 32 bits | 64 bits     | texts                          |
 *   | ABCD  | AB      | AB CD   | AB CD EF GH | first letter in the high byte  |
 *   | CDAB  | AB      | CD AB   | GH EF CD AB | as ABCD                        |
 *   | BADC  | BA      | BA DC   | BA DC FE HG | first letter in the low byte   |
 *   | DCBA  | BA      | DC BA   | HG FE DC BA | as BADC                        |
 *
 * So CDAB and DCBA turn round the order of the registers, BADC and DCBA the bytes within each. Bit
 * n of a register counts from the least significant bit of its 16-bit value in that order.
 *
 * Depends on: base/sample, base/utf8.  Threads: pure.
 */
#ifndef DRIVERS_MODBUS_VALUE_H
#define DRIVERS_MODBUS_VALUE_H

#include "base/error.h"
#include "base/sample.h"

#include <stdint.h>

#define VALUE_TYPE_CHOICES  "bool|int16|uint16|int32|uint32|int64|uint64|float32|float64|string"
#define VALUE_ORDER_CHOICES "ABCD|CDAB|BADC|DCBA"

/** In the order of VALUE_TYPE_CHOICES. */
enum value_type {
    VALUE_BOOL,
    VALUE_INT16,
    VALUE_UINT16,
    VALUE_INT32,
    VALUE_UINT32,
    VALUE_INT64,
    VALUE_UINT64,
    VALUE_FLOAT32,
    VALUE_FLOAT64,
    VALUE_STRING,
};

/** In the order of VALUE_ORDER_CHOICES. */
enum value_order { ORDER_ABCD, ORDER_CDAB, ORDER_BADC, ORDER_DCBA };

enum {
    VALUE_REGISTERS_MAX = 125, /* of one request: Modbus Application Protocol 1.1b3, 6.3 */
    /* Two bytes a register, each of which may become the three bytes of U+FFFD. */
    VALUE_TEXT_SIZE = 2 * VALUE_REGISTERS_MAX * 3,
    VALUE_INVALID_MAX = 8,
};

struct value_format {
    enum value_type type;
    enum value_order order;
    uint16_t registers; /* how many it takes */
    uint8_t bit;        /* VALUE_BOOL: which of the register */
    uint8_t invalid_count;
    uint64_t *invalid; /* bits that mean "there is no value" (invalid.h) */
};

/** How many registers a type takes; 0 for VALUE_STRING, whose length is a setting. */
uint16_t value_type_registers(enum value_type type);

/** Set type and value of `sample` from format->registers registers. Integers and bits become
 *  SAMPLE_INT (a uint64 above INT64_MAX keeps its 64 bits, so reads as negative; the definition's
 *  type says uint64), floats SAMPLE_DOUBLE, strings SAMPLE_TEXT that borrows `text`
 *  (VALUE_TEXT_SIZE bytes). A text ends at its first NUL, trailing spaces are cut off, and what is
 *  not UTF-8 is replaced byte by byte with U+FFFD. One of format->invalid keeps its value and
 *  makes the status BAD_NO_DATA_AVAILABLE; the status is left alone otherwise. */
void value_decode(const struct value_format *format, const uint16_t *registers,
                  struct sample *sample, char *text);

/** Make of `value` the nearest one that the format can hold (drivers/driver.h, fit()). A uint64
 *  above INT64_MAX comes as its 64 bits in an integer. Errors: ERROR_REFUSED with what fits. */
MUST_CHECK enum error_code value_fit(const struct value_format *format, struct sample *value,
                                     struct error *error);

/** The opposite of value_decode(), for a value that value_fit() passed; not for bits. Fills
 *  format->registers registers; a text is filled up with NUL. */
void value_encode(const struct value_format *format, const struct sample *value,
                  uint16_t *registers);

#endif
