#include "sync/parquet/statistics.h"

#include <math.h>
#include <string.h>

static uint64_t number_of(const struct column_bound *bound)
{
    uint64_t number = 0;

    for (size_t i = bound->size_bytes; i > 0; i--) {
        number = number << 8 | bound->bytes[i - 1];
    }
    return number;
}

static void set_number(struct column_bound *bound, uint64_t number, size_t size_bytes)
{
    for (size_t i = 0; i < size_bytes; i++) {
        bound->bytes[i] = (uint8_t)(number >> (8 * i));
    }
    bound->size_bytes = size_bytes;
}

static void add_integer(struct column_statistics *statistics, int64_t value, bool narrow)
{
    size_t size = narrow ? sizeof(int32_t) : sizeof(int64_t);
    uint64_t least = number_of(&statistics->least);
    uint64_t greatest = number_of(&statistics->greatest);

    if (!statistics->known || value < (narrow ? (int32_t)(uint32_t)least : (int64_t)least)) {
        set_number(&statistics->least, (uint64_t)value, size);
    }
    if (!statistics->known || value > (narrow ? (int32_t)(uint32_t)greatest : (int64_t)greatest)) {
        set_number(&statistics->greatest, (uint64_t)value, size);
    }
    statistics->known = true;
}

static double real_of(const struct column_bound *bound)
{
    uint64_t bits = number_of(bound);
    double real;

    memcpy(&real, &bits, sizeof(real));
    return real;
}

static void set_real(struct column_bound *bound, double real)
{
    uint64_t bits;

    memcpy(&bits, &real, sizeof(bits));
    set_number(bound, bits, sizeof(bits));
}

static void add_real(struct column_statistics *statistics, double value)
{
    bool zero = fpclassify(value) == FP_ZERO;

    if (isnan(value)) {
        return; /* Q3 */
    }
    if (!statistics->known || value < real_of(&statistics->least)) {
        set_real(&statistics->least, zero ? -0.0 : value);
    }
    if (!statistics->known || value > real_of(&statistics->greatest)) {
        set_real(&statistics->greatest, zero ? 0.0 : value);
    }
    statistics->known = true;
}

/** Texts compare byte by byte, as if unsigned (parquet.thrift, ColumnOrder). */
static int compare_text(const struct cell *cell, const struct column_bound *bound)
{
    size_t size = cell->value.text.size_bytes;
    size_t common = size < bound->size_bytes ? size : bound->size_bytes;
    int difference = common == 0 ? 0 : memcmp(cell->value.text.bytes, bound->bytes, common);

    return difference != 0 ? difference : (size > common) - (bound->size_bytes > common);
}

static void set_text(struct column_statistics *statistics, struct column_bound *bound,
                     const struct cell *cell)
{
    if (cell->value.text.size_bytes > COLUMN_BOUND_MAX) {
        statistics->dropped = true;
        return;
    }
    memcpy(bound->bytes, cell->value.text.bytes, cell->value.text.size_bytes);
    bound->size_bytes = cell->value.text.size_bytes;
}

static void add_text(struct column_statistics *statistics, const struct cell *cell)
{
    if (statistics->dropped) {
        return;
    }
    if (!statistics->known || compare_text(cell, &statistics->least) < 0) {
        set_text(statistics, &statistics->least, cell);
    }
    if (!statistics->known || compare_text(cell, &statistics->greatest) > 0) {
        set_text(statistics, &statistics->greatest, cell);
    }
    statistics->known = true;
}

void statistics_add(struct column_statistics *statistics, enum column_type type,
                    const struct cell *cell)
{
    if (type == COLUMN_STRING) {
        add_text(statistics, cell);
    } else if (type == COLUMN_DOUBLE) {
        add_real(statistics, cell->value.real);
    } else {
        add_integer(statistics, cell->value.integer, type == COLUMN_INT32);
    }
}
