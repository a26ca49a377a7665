#include "agent/inspect/csv.h"

#include "base/clock.h"
#include "base/parse.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { NUMBER_SIZE = 48, HOUR_S = 3600, MINUTE_S = 60 };

#define US_PER_DAY (NS_PER_DAY / NS_PER_US)

static const char formula_starts[] = "=+-@\t\r";
static const char quoted_bytes[] = ",;\"\r\n\t";

static void append_text(struct buffer *line, const char *text)
{
    (void)buffer_append(line, text, strlen(text)); /* a failure marks the buffer */
}

static void append_cell_text(struct buffer *line, const char *bytes, size_t size)
{
    bool is_formula = size > 0 && memchr(formula_starts, bytes[0], sizeof(formula_starts) - 1);
    bool is_quoted = is_formula;

    for (size_t i = 0; i < size && !is_quoted; i++) {
        is_quoted = memchr(quoted_bytes, bytes[i], sizeof(quoted_bytes) - 1) != NULL;
    }
    if (!is_quoted) {
        (void)buffer_append(line, bytes, size); /* a failure marks the buffer, as all below */
        return;
    }
    append_text(line, is_formula ? "\"'" : "\""); /* V3 */
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] == '"') {
            (void)buffer_append_byte(line, '"');
        }
        (void)buffer_append_byte(line, (uint8_t)bytes[i]);
    }
    (void)buffer_append_byte(line, '"');
}

/** As few digits as read back the same. */
static void append_real(struct buffer *line, double value)
{
    char text[NUMBER_SIZE];
    bool same = false;

    for (int digits = 15; digits <= 17 && !same; digits++) {
        double again = 0;

        (void)snprintf(text, sizeof(text), "%.*g", digits, value); /* fits */
        same = parse_double(text, &again) && again >= value && again <= value;
    }
    append_text(line, text);
}

static void append_stamp(struct buffer *line, int64_t micros)
{
    char date[CLOCK_DATE_SIZE], time[NUMBER_SIZE];
    int64_t day = micros / US_PER_DAY - (micros % US_PER_DAY < 0);
    int64_t in_day = micros - day * US_PER_DAY;
    int64_t seconds = in_day / 1000000;

    clock_format_date(day, date, sizeof(date));
    (void)snprintf(time, sizeof(time), "T%02d:%02d:%02d.%06dZ", (int)(seconds / HOUR_S),
                   (int)(seconds % HOUR_S / MINUTE_S), (int)(seconds % MINUTE_S),
                   (int)(in_day % 1000000)); /* fits */
    append_text(line, date);
    append_text(line, time);
}

static void append_cell(struct buffer *line, const struct schema_column *column,
                        const struct cell *cell)
{
    char text[NUMBER_SIZE];

    if (!cell->present) {
        return;
    }
    switch (column->type) {
    case COLUMN_TIMESTAMP:
        append_stamp(line, cell->value.integer);
        break;
    case COLUMN_DOUBLE:
        append_real(line, cell->value.real);
        break;
    case COLUMN_STRING:
        append_cell_text(line, cell->value.text.bytes, cell->value.text.size_bytes);
        break;
    case COLUMN_INT32:
    case COLUMN_INT64:
        (void)snprintf(text, sizeof(text),
                       strcmp(column->name, "quality") == 0 ? "0x%08" PRIX64 : "%" PRId64,
                       cell->value.integer); /* fits */
        append_text(line, text);
        break;
    }
}

/** V1: the raw value in the point's unit; empty for what is no number. */
static void append_engineering(struct buffer *line, const struct schema *schema,
                               const struct cell *cells, const struct definition *definition)
{
    for (size_t i = 0; i < schema->column_count; i++) {
        const char *name = schema->columns[i].name;

        if (cells[i].present && strcmp(name, "value_int") == 0) {
            append_real(line,
                        (double)cells[i].value.integer * definition->scale + definition->offset);
        } else if (cells[i].present && strcmp(name, "value_double") == 0) {
            append_real(line, cells[i].value.real * definition->scale + definition->offset);
        }
    }
    (void)buffer_append_byte(line, ',');
    append_cell_text(line, definition->unit, strlen(definition->unit));
}

void csv_header(struct buffer *line, enum stream stream)
{
    const struct schema *schema = schema_of(stream);

    for (size_t i = 0; i < schema->column_count; i++) {
        append_text(line, i > 0 ? "," : "");
        append_text(line, schema->columns[i].name);
    }
    append_text(line, stream == STREAM_READINGS ? ",value,unit\r\n" : "\r\n");
}

void csv_row(struct buffer *line, enum stream stream, const struct cell *cells,
             const struct definition *definition)
{
    const struct schema *schema = schema_of(stream);

    for (size_t i = 0; i < schema->column_count; i++) {
        append_text(line, i > 0 ? "," : "");
        append_cell(line, &schema->columns[i], &cells[i]);
    }
    if (definition != NULL) {
        (void)buffer_append_byte(line, ',');
        append_engineering(line, schema, cells, definition);
    }
    append_text(line, "\r\n");
}
