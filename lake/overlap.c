#include "lake/overlap.h"

#include "base/status_code.h"

#include <string.h>

enum { TIME_BITS = STATUS_TIME_CORRECTED | STATUS_TIME_UNSYNCHRONISED };

void overlap_init(struct overlap *overlap, const char *lake)
{
    overlap->lake = lake;
    for (size_t i = 0; i < 2; i++) {
        object_reader_init(&overlap->readers[i]);
        overlap->held[i] = NULL;
    }
}

void overlap_deinit(struct overlap *overlap)
{
    object_reader_deinit(&overlap->readers[0]);
    object_reader_deinit(&overlap->readers[1]);
}

/** Have `facts` in the reader `place`. */
static enum error_code hold(struct overlap *overlap, size_t place, const struct object_facts *facts,
                            struct error *error)
{
    struct object_facts again = *facts;
    enum error_code code;

    if (overlap->held[place] == facts) {
        return ERROR_OK;
    }
    overlap->held[place] = NULL;
    code = object_check(&overlap->readers[place], overlap->lake, &again, error);
    if (code == ERROR_OK && !again.sound) {
        code =
            error_set(error, ERROR_IO, "an object changed while it was verified, try again: %.150s",
                      again.problem);
    }
    if (code == ERROR_OK) {
        overlap->held[place] = facts;
    }
    return code;
}

/** NaN is itself then, and -0.0 is not 0.0. */
static uint64_t bits_of(double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

static bool cells_equal(enum column_type type, const struct cell *one, const struct cell *two)
{
    if (one->present != two->present || !one->present) {
        return one->present == two->present;
    }
    if (type == COLUMN_STRING) {
        return one->value.text.size_bytes == two->value.text.size_bytes &&
               memcmp(one->value.text.bytes, two->value.text.bytes, one->value.text.size_bytes) ==
                   0;
    }
    if (type == COLUMN_DOUBLE) {
        return bits_of(one->value.real) == bits_of(two->value.real);
    }
    return one->value.integer == two->value.integer;
}

/** V2 */
static bool clock_moved(const struct schema_column *column, const struct cell *one,
                        const struct cell *two)
{
    return strcmp(column->name, "quality") == 0 &&
           ((one->value.integer | two->value.integer) & TIME_BITS) != 0;
}

static bool rows_equal(const struct schema *schema, const struct cell *one, const struct cell *two)
{
    bool moved = false;
    bool times_equal = true;

    for (size_t i = 0; i < schema->column_count; i++) {
        const struct schema_column *column = &schema->columns[i];

        moved = moved || clock_moved(column, &one[i], &two[i]);
        if (cells_equal(column->type, &one[i], &two[i])) {
            continue;
        }
        if (column->type != COLUMN_TIMESTAMP && strcmp(column->name, "quality") != 0) {
            return false;
        }
        times_equal = false;
    }
    return times_equal || moved;
}

static uint64_t first_difference(const struct overlap *overlap, const struct range *numbers)
{
    const struct object_name *one = &overlap->held[0]->name;
    const struct object_name *two = &overlap->held[1]->name;
    struct cell cells[2][SCHEMA_COLUMNS_MAX];

    for (uint64_t number = numbers->first; number <= numbers->last; number++) {
        object_row(&overlap->readers[0], one, number, cells[0]);
        object_row(&overlap->readers[1], two, number, cells[1]);
        if (!rows_equal(schema_of(one->stream), cells[0], cells[1])) {
            return number;
        }
    }
    return 0;
}

/** Digests are over the numbers too: the same one means the same rows, whatever the day. */
static bool same_content(const struct object_name *one, const struct object_name *two)
{
    return one->first == two->first && one->last == two->last &&
           strcmp(one->digest, two->digest) == 0;
}

enum error_code overlap_compare(struct overlap *overlap, const struct object_facts *one,
                                const struct object_facts *two, const struct range *numbers,
                                uint64_t *differs, struct error *error)
{
    enum error_code code;

    if (same_content(&one->name, &two->name)) {
        *differs = 0;
        return ERROR_OK;
    }
    code = hold(overlap, 0, one, error);
    if (code == ERROR_OK) {
        code = hold(overlap, 1, two, error);
    }
    if (code == ERROR_OK) {
        *differs = first_difference(overlap, numbers);
    }
    return code;
}
