#include "sync/rows.h"

#include "base/utf8.h"

#include <math.h>
#include <string.h>

/** FNV-1a, 32 bits. */
static uint32_t hash_of(const char *bytes, size_t size_bytes)
{
    uint32_t hash = UINT32_C(2166136261);

    for (size_t i = 0; i < size_bytes; i++) {
        hash = (hash ^ (uint8_t)bytes[i]) * UINT32_C(16777619);
    }
    return hash;
}

static struct cell text_of_size(const char *bytes, uint32_t size_bytes, uint32_t hash)
{
    return (struct cell){.present = true, .value.text = {bytes, size_bytes, hash}};
}

static struct cell text(const char *terminated)
{
    size_t size = strlen(terminated);

    return text_of_size(terminated, (uint32_t)size, hash_of(terminated, size));
}

static struct cell micros(int64_t ns)
{
    return cell_integer(schema_micros(ns));
}

static struct cell integer_unless_0(uint64_t value)
{
    if (value == 0) {
        return (struct cell){0};
    }
    return cell_integer((int64_t)value);
}

static struct cell micros_unless_0(int64_t ns)
{
    if (ns == 0) {
        return (struct cell){0};
    }
    return micros(ns);
}

static struct cell real_unless_nan(double value)
{
    if (isnan(value)) {
        return (struct cell){0};
    }
    return cell_real(value);
}

void row_of_reading(uint64_t sequence, uint32_t handle, const struct definition *definition,
                    const struct sample *sample, struct cell cells[SCHEMA_COLUMNS_MAX])
{
    *cells++ = cell_integer((int64_t)sequence);
    *cells++ = micros(sample->time_ns);
    *cells++ = micros(sample->received_ns);
    /* The handle stands for the text, so it is hashed in its place: this runs for every reading. */
    *cells++ = text_of_size(definition->point_id, (uint32_t)strlen(definition->point_id), handle);
    *cells++ = cell_integer(definition->revision);
    cells[0] = cells[1] = cells[2] = (struct cell){0};
    if (sample->type == SAMPLE_INT) {
        cells[0] = cell_integer(sample->value.integer);
    } else if (sample->type == SAMPLE_DOUBLE) {
        cells[1] = cell_real(sample->value.real);
    } else if (sample->type == SAMPLE_TEXT) {
        cells[2] = text_of_size(sample->value.text.bytes, sample->value.text.size_bytes, 0);
    }
    cells[3] = cell_integer(sample->status);
}

void row_of_event(uint64_t sequence, const struct sample *sample, const struct event *event,
                  struct cell cells[SCHEMA_COLUMNS_MAX])
{
    *cells++ = cell_integer((int64_t)sequence);
    *cells++ = micros(sample->time_ns);
    *cells++ = micros(sample->received_ns);
    *cells++ = text(event->kind);
    *cells++ = text(event->subject);
    *cells++ = text(event->reason);
    *cells++ = text(event->detail);
    *cells++ = integer_unless_0(event->first);
    *cells++ = integer_unless_0(event->last);
    *cells++ = integer_unless_0(event->count);
    *cells++ = micros_unless_0(event->from_ns);
    *cells++ = micros_unless_0(event->to_ns);
}

static struct cell text_of_log(const struct log_text *field)
{
    return text_of_size(field->bytes, field->size_bytes, hash_of(field->bytes, field->size_bytes));
}

/** Null when the record does not say. */
static struct cell severity_of(const struct log_record *record)
{
    if (record->severity == LOG_SEVERITY_UNKNOWN) {
        return (struct cell){0};
    }
    return cell_integer(record->severity);
}

void row_of_log(uint64_t sequence, const struct sample *sample, const struct log_record *record,
                struct cell cells[SCHEMA_COLUMNS_MAX])
{
    *cells++ = cell_integer((int64_t)sequence);
    *cells++ = micros(sample->time_ns);
    *cells++ = micros(sample->received_ns);
    *cells++ = text_of_log(&record->source);
    *cells++ = severity_of(record);
    *cells++ = text_of_log(&record->message);
    *cells++ = text_of_log(&record->fields);
}

void row_of_definition(uint64_t sequence, int64_t received_ns, const struct definition *definition,
                       struct cell cells[SCHEMA_COLUMNS_MAX])
{
    *cells++ = cell_integer((int64_t)sequence);
    *cells++ = micros(received_ns);
    *cells++ = text(definition->point_id);
    *cells++ = cell_integer(definition->revision);
    *cells++ = text(definition->device);
    *cells++ = text(definition->name);
    *cells++ = text(definition->type);
    *cells++ = cell_real(definition->scale);
    *cells++ = cell_real(definition->offset);
    *cells++ = text(definition->unit);
    *cells++ = text(definition->role);
    *cells++ = real_unless_nan(definition->range_low);
    *cells++ = real_unless_nan(definition->range_high);
    *cells++ = cell_real(definition->deadband);
    *cells++ = cell_real(definition->deadband_percent);
    *cells++ = cell_integer(schema_micros(definition->interval_ns));
    *cells++ = cell_integer(schema_micros(definition->heartbeat_ns));
    *cells++ = text(definition->address);
    *cells++ = text(definition->labels);
    *cells++ = micros(definition->valid_from_ns);
}

enum { REPLACEMENT_BYTES = 3 };

static bool needs_repair(const struct schema_column *column, const struct cell *cell)
{
    return column->type == COLUMN_STRING && cell->present &&
           !utf8_is_valid(cell->value.text.bytes, cell->value.text.size_bytes);
}

static void append_repaired(struct buffer *out, const char *bytes, size_t size_bytes)
{
    size_t at = 0;

    while (at < size_bytes) {
        size_t size = utf8_sequence_size(bytes + at, size_bytes - at);

        if (size == 0) {
            (void)buffer_append(out, "\xef\xbf\xbd", REPLACEMENT_BYTES); /* room is reserved */
            at++;
        } else {
            (void)buffer_append(out, bytes + at, size);
            at += size;
        }
    }
}

bool row_repair_texts(const struct schema *schema, struct cell *cells, struct buffer *repaired)
{
    size_t room = 0;

    for (size_t i = 0; i < schema->column_count; i++) {
        room += needs_repair(&schema->columns[i], &cells[i])
                    ? REPLACEMENT_BYTES * (size_t)cells[i].value.text.size_bytes
                    : 0;
    }
    if (room == 0) {
        return true;
    }
    buffer_clear(repaired);
    if (!buffer_reserve(repaired, room)) {
        return false;
    }
    for (size_t i = 0; i < schema->column_count; i++) {
        struct cell *cell = &cells[i];
        size_t at = repaired->size;

        if (needs_repair(&schema->columns[i], cell)) {
            append_repaired(repaired, cell->value.text.bytes, cell->value.text.size_bytes);
            cell->value.text.bytes = (const char *)repaired->bytes + at;
            cell->value.text.size_bytes = (uint32_t)(repaired->size - at);
        }
    }
    return true;
}
