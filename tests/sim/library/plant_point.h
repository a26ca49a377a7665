/* tests/sim/library/plant_point.h - one point of the simulated plant: its line, value, encoding.
 *
 * Depends on: base.  Threads: one user at a time.
 */
#ifndef TESTS_SIM_LIBRARY_PLANT_POINT_H
#define TESTS_SIM_LIBRARY_PLANT_POINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum plant_type {
    PLANT_BOOL,
    PLANT_INT16,
    PLANT_UINT16,
    PLANT_INT32,
    PLANT_UINT32,
    PLANT_INT64,
    PLANT_UINT64,
    PLANT_FLOAT32,
    PLANT_FLOAT64,
    PLANT_STRING,
};

enum { PLANT_NAME_SIZE = 64, PLANT_REGISTERS_MAX = 125 };

struct plant_point {
    char name[PLANT_NAME_SIZE];
    unsigned function; /* the read function of its table, 1 to 4 */
    unsigned address;
    unsigned count; /* registers, or 1 bit of a bit table */
    int bit;        /* in its register; -1: none */
    enum plant_type type;
    bool low_word_first; /* CDAB, DCBA */
    bool low_byte_first; /* BADC, DCBA */
    int64_t interval_ns; /* 0: never changes */

    uint64_t random; /* state of the generator */
    uint64_t steps;  /* changes so far */
    uint64_t bits;   /* integer (two's complement), float32 or float64 bits, lot number */
};

/** Parse one line of the points file. NULL when good, else what is wrong. */
const char *plant_point_parse(struct plant_point *point, char *line);

/** The first value. */
void plant_point_begin(struct plant_point *point, uint64_t seed);

/** The next value. */
void plant_point_step(struct plant_point *point);

/** The value as registers, as they go over the wire. `registers` has room for point->count. A bit
 *  of a register comes as 0 or 1 in registers[0]. */
void plant_point_encode(const struct plant_point *point, uint16_t *registers);

/** The value as it stands in the journal. */
void plant_point_format(const struct plant_point *point, char *text, size_t text_size);

#endif
