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
    if (type == COLUMN_DOUBLE) { /* their bits: NaN is itself, -0.0 is not 0.0 */
        return memcmp(&one->value.real, &two->value.real, sizeof(double)) == 0;
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

enum error_code overlap_compare(struct overlap *overlap, const struct object_facts *one,
                                const struct object_facts *two, uint64_t first, uint64_t last,
                                uint64_t *differs, struct error *error)
{
    const struct schema *schema = schema_of(one->name.stream);
    struct cell cells[2][SCHEMA_COLUMNS_MAX];
    enum error_code code;

    if (one->name.first == two->name.first && one->name.last == two->name.last &&
        strcmp(one->name.digest, two->name.digest) == 0) {
        *differs = 0; /* the same rows, received on another day as it seems */
        return ERROR_OK;
    }
    code = hold(overlap, 0, one, error);
    if (code == ERROR_OK) {
        code = hold(overlap, 1, two, error);
    }
    if (code != ERROR_OK) {
        return code;
    }
    for (uint64_t number = first; number <= last; number++) {
        object_row(&overlap->readers[0], &one->name, number, cells[0]);
        object_row(&overlap->readers[1], &two->name, number, cells[1]);
        if (!rows_equal(schema, cells[0], cells[1])) {
            *differs = number;
            return ERROR_OK;
        }
    }
    *differs = 0;
    return ERROR_OK;
}
