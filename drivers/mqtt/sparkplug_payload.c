#include "drivers/mqtt/sparkplug_payload.h"

#include "base/utf8.h"
#include "drivers/mqtt/payload.h"

#include <pb_decode.h>
#include <string.h>

/* Field numbers of sparkplug_b.proto. */
enum { PAYLOAD_TIMESTAMP = 1, PAYLOAD_METRIC, PAYLOAD_SEQUENCE };
enum {
    METRIC_NAME = 1,
    METRIC_ALIAS,
    METRIC_TIMESTAMP,
    METRIC_DATATYPE,
    METRIC_IS_HISTORICAL,
    METRIC_IS_TRANSIENT,
    METRIC_IS_NULL,
    METRIC_METADATA,
    METRIC_PROPERTIES,
    METRIC_INT,
    METRIC_LONG,
    METRIC_FLOAT,
    METRIC_DOUBLE,
    METRIC_BOOLEAN,
    METRIC_STRING,
    METRIC_BYTES,
    METRIC_DATASET,
    METRIC_TEMPLATE,
    METRIC_EXTENSION,
};
enum { PROPERTIES_KEY = 1, PROPERTIES_VALUE };
enum { PROPERTY_INT = 3, PROPERTY_LONG };

/** A message, or one within another. */
struct reader {
    pb_istream_t stream;
    const uint8_t *end;
    pb_wire_type_t wire_type; /* of the field at hand */
    uint32_t field;
    const char *problem; /* NULL while all is well */
};

static struct reader reader_of(const void *bytes, size_t size)
{
    return (struct reader){.stream = pb_istream_from_buffer(bytes, size),
                           .end = (const uint8_t *)bytes + size};
}

static bool fail(struct reader *reader, const char *problem)
{
    reader->problem = problem;
    return false;
}

/** The next field's number and wire type; false at the end, and when broken. */
static bool next_field(struct reader *reader)
{
    bool at_end = false;

    if (reader->problem != NULL) {
        return false;
    }
    if (!pb_decode_tag(&reader->stream, &reader->wire_type, &reader->field, &at_end)) {
        return at_end ? false : fail(reader, "a field's tag is broken");
    }
    return true;
}

static bool skip(struct reader *reader)
{
    return pb_skip_field(&reader->stream, reader->wire_type) ||
           fail(reader, "it ends within a field, or has a field of no known kind");
}

static bool read_number(struct reader *reader, uint64_t *number)
{
    if (reader->wire_type != PB_WT_VARINT) {
        return fail(reader, "a field for a number holds something else");
    }
    return pb_decode_varint(&reader->stream, number) || fail(reader, "it ends within a number");
}

static bool read_flag(struct reader *reader, bool *flag)
{
    uint64_t number;

    if (!read_number(reader, &number)) {
        return false;
    }
    *flag = number != 0;
    return true;
}

/** Floats are widened: every one of them is a double. */
static bool read_real(struct reader *reader, double *real)
{
    float narrow;

    if (reader->wire_type == PB_WT_64BIT) {
        return pb_decode_fixed64(&reader->stream, real) || fail(reader, "it ends within a double");
    }
    if (reader->wire_type != PB_WT_32BIT) {
        return fail(reader, "a field for a real number holds something else");
    }
    if (!pb_decode_fixed32(&reader->stream, &narrow)) {
        return fail(reader, "it ends within a float");
    }
    *real = (double)narrow;
    return true;
}

static bool read_slice(struct reader *reader, struct mqtt_slice *slice)
{
    pb_istream_t inside;

    if (reader->wire_type != PB_WT_STRING) {
        return fail(reader, "a field for a text or a part holds something else");
    }
    if (!pb_make_string_substream(&reader->stream, &inside)) {
        return fail(reader, "a text or a part of it is longer than what came");
    }
    slice->size = inside.bytes_left;
    slice->bytes = (const char *)(reader->end - reader->stream.bytes_left - slice->size);
    return pb_close_string_substream(&reader->stream, &inside) ||
           fail(reader, "it ends within a text");
}

/** A PropertyValue that holds a number. */
static bool read_property(struct mqtt_slice bytes, uint32_t *number)
{
    struct reader reader = reader_of(bytes.bytes, bytes.size);
    uint64_t found = 0;
    bool any = false;

    while (next_field(&reader)) {
        if ((reader.field == PROPERTY_INT || reader.field == PROPERTY_LONG) &&
            reader.wire_type == PB_WT_VARINT) {
            any = read_number(&reader, &found);
        } else {
            (void)skip(&reader); /* its failure ends the loop */
        }
    }
    if (any && reader.problem == NULL) {
        *number = found > UINT32_MAX ? UINT32_MAX : (uint32_t)found;
    }
    return reader.problem == NULL;
}

/** "Quality" among the keys; the value of the same place is its own. */
static bool read_quality(struct mqtt_slice bytes, uint32_t *quality)
{
    static const char wanted[] = "Quality";
    struct mqtt_slice slice = {0};
    uint32_t fields[] = {PROPERTIES_KEY, PROPERTIES_VALUE};
    size_t place = SIZE_MAX;

    for (size_t pass = 0; pass < 2; pass++) {
        struct reader reader = reader_of(bytes.bytes, bytes.size);
        size_t at = 0;

        while (next_field(&reader)) {
            if (reader.field != fields[pass]) {
                (void)skip(&reader); /* likewise */
                continue;
            }
            if (!read_slice(&reader, &slice)) {
                break;
            }
            if (pass == 0 && slice.size == sizeof(wanted) - 1 &&
                memcmp(slice.bytes, wanted, slice.size) == 0) {
                place = at;
            }
            if (pass == 1 && at == place && !read_property(slice, quality)) {
                return false;
            }
            at++;
        }
        if (reader.problem != NULL) {
            return false;
        }
    }
    return true;
}

static bool read_value(struct reader *reader, struct sparkplug_metric *metric)
{
    bool flag = false;
    bool good;

    switch (reader->field) {
    case METRIC_INT:
        metric->kind = SPARKPLUG_INT_VALUE;
        good = read_number(reader, &metric->number);
        metric->number &= UINT32_MAX; /* as protobuf reads a uint32 */
        return good;
    case METRIC_LONG:
        metric->kind = SPARKPLUG_LONG_VALUE;
        return read_number(reader, &metric->number);
    case METRIC_FLOAT:
    case METRIC_DOUBLE:
        metric->kind = SPARKPLUG_REAL_VALUE;
        return read_real(reader, &metric->real);
    case METRIC_BOOLEAN:
        metric->kind = SPARKPLUG_BOOLEAN_VALUE;
        good = read_flag(reader, &flag);
        metric->number = flag;
        return good;
    case METRIC_STRING:
        metric->kind = SPARKPLUG_STRING_VALUE;
        return read_slice(reader, &metric->text);
    default: /* METRIC_BYTES to METRIC_EXTENSION */
        metric->kind = SPARKPLUG_OTHER_VALUE;
        return read_slice(reader, &metric->text);
    }
}

static bool read_properties(struct reader *reader, struct sparkplug_metric *metric)
{
    struct mqtt_slice properties = {0};

    return read_slice(reader, &properties) && (read_quality(properties, &metric->quality) ||
                                               fail(reader, "a metric's properties are broken"));
}

static bool read_metric_field(struct reader *reader, struct sparkplug_metric *metric)
{
    uint64_t number = 0;

    switch (reader->field) {
    case METRIC_NAME:
        return read_slice(reader, &metric->name);
    case METRIC_ALIAS:
        metric->has_alias = true;
        return read_number(reader, &metric->alias);
    case METRIC_TIMESTAMP:
        metric->has_timestamp = true;
        return read_number(reader, &metric->timestamp_ms);
    case METRIC_DATATYPE:
        if (!read_number(reader, &number)) {
            return false;
        }
        metric->datatype = (uint32_t)number;
        return true;
    case METRIC_IS_HISTORICAL:
        return read_flag(reader, &metric->is_historical);
    case METRIC_IS_TRANSIENT:
        return read_flag(reader, &metric->is_transient);
    case METRIC_IS_NULL:
        return read_flag(reader, &metric->is_null);
    case METRIC_PROPERTIES:
        return read_properties(reader, metric);
    default:
        return reader->field >= METRIC_INT && reader->field <= METRIC_EXTENSION
                   ? read_value(reader, metric)
                   : skip(reader);
    }
}

/** NULL, or what is wrong. */
static const char *read_metric(struct mqtt_slice bytes, struct sparkplug_metric *metric)
{
    struct reader reader = reader_of(bytes.bytes, bytes.size);

    *metric = (struct sparkplug_metric){.quality = SPARKPLUG_GOOD};
    while (next_field(&reader) && read_metric_field(&reader, metric)) {
    }
    return reader.problem;
}

static bool read_payload_field(struct reader *reader, struct sparkplug_payload *payload)
{
    struct sparkplug_metric metric;
    struct mqtt_slice bytes = {0};
    const char *problem;

    switch (reader->field) {
    case PAYLOAD_TIMESTAMP:
        payload->has_timestamp = true;
        return read_number(reader, &payload->timestamp_ms);
    case PAYLOAD_SEQUENCE:
        payload->has_sequence = true;
        return read_number(reader, &payload->sequence);
    case PAYLOAD_METRIC:
        if (!read_slice(reader, &bytes)) {
            return false;
        }
        problem = read_metric(bytes, &metric);
        return problem == NULL || fail(reader, problem);
    default:
        return skip(reader);
    }
}

bool sparkplug_payload_read(const void *bytes, size_t size, struct sparkplug_payload *payload,
                            const char **problem)
{
    struct reader reader = reader_of(bytes, size);

    *payload = (struct sparkplug_payload){.bytes = bytes, .size = size};
    while (next_field(&reader) && read_payload_field(&reader, payload)) {
    }
    *problem = reader.problem;
    return reader.problem == NULL;
}

bool sparkplug_metric_next(const struct sparkplug_payload *payload, size_t *at,
                           struct sparkplug_metric *metric)
{
    struct reader reader = reader_of(payload->bytes + *at, payload->size - *at);
    struct mqtt_slice bytes = {0};

    while (next_field(&reader)) {
        bool good = reader.field == PAYLOAD_METRIC ? read_slice(&reader, &bytes) : skip(&reader);

        *at = payload->size - reader.stream.bytes_left;
        if (good && reader.field == PAYLOAD_METRIC) {
            return read_metric(bytes, metric) == NULL; /* B1: it always is */
        }
    }
    return false;
}

/* Conversion. */

static const char *wrong_field(void)
{
    return "does not stand in the value field of its datatype";
}

/** B3. */
static const char *to_signed(const struct sparkplug_metric *metric, unsigned bits, int64_t *value)
{
    uint64_t raw = metric->number;
    int64_t wide =
        metric->kind == SPARKPLUG_INT_VALUE ? (int64_t)(int32_t)(uint32_t)raw : (int64_t)raw;
    int64_t limit = bits == 64 ? INT64_MAX : (INT64_C(1) << (bits - 1)) - 1;

    if (bits == 64) {
        *value = wide;
        return metric->kind == SPARKPLUG_INT_VALUE && wide < 0 ? wrong_field() : NULL;
    }
    if (wide >= -limit - 1 && wide <= limit) {
        *value = wide;
        return NULL;
    }
    if (raw >> bits != 0) {
        return "does not fit its datatype";
    }
    *value = (int64_t)raw - (INT64_C(1) << bits); /* its top bit is set, or it would be above */
    return NULL;
}

static const char *to_unsigned(const struct sparkplug_metric *metric, unsigned bits, int64_t *value)
{
    if (bits < 64 && metric->number >> bits != 0) {
        return "does not fit its datatype";
    }
    if (metric->number > INT64_MAX) {
        return "is above 9223372036854775807, the largest whole number that a reading holds";
    }
    *value = (int64_t)metric->number;
    return NULL;
}

static const char *to_text(const struct sparkplug_metric *metric, struct sample *sample)
{
    if (metric->text.size > MQTT_TEXT_MAX) {
        return "is longer than 16 KiB";
    }
    if (!utf8_is_valid(metric->text.bytes, metric->text.size)) {
        return "is not UTF-8";
    }
    sample->type = SAMPLE_TEXT;
    sample->value.text.bytes = metric->text.bytes;
    sample->value.text.size_bytes = (uint32_t)metric->text.size;
    return NULL;
}

struct type {
    const char *name;
    enum sample_type sample;
    bool is_signed;
    unsigned bits;
    unsigned kinds; /* value fields that it may stand in, a bit each */
};

#define IN(kind) (1U << SPARKPLUG_##kind##_VALUE)
#define WHOLE    (IN(INT) | IN(LONG))

static const struct type types[SPARKPLUG_READING_COUNT] = {
    [SPARKPLUG_INT8] = {"Int8", SAMPLE_INT, true, 8, WHOLE},
    [SPARKPLUG_INT16] = {"Int16", SAMPLE_INT, true, 16, WHOLE},
    [SPARKPLUG_INT32] = {"Int32", SAMPLE_INT, true, 32, WHOLE},
    [SPARKPLUG_INT64] = {"Int64", SAMPLE_INT, true, 64, WHOLE},
    [SPARKPLUG_UINT8] = {"UInt8", SAMPLE_INT, false, 8, WHOLE},
    [SPARKPLUG_UINT16] = {"UInt16", SAMPLE_INT, false, 16, WHOLE},
    [SPARKPLUG_UINT32] = {"UInt32", SAMPLE_INT, false, 32, WHOLE},
    [SPARKPLUG_UINT64] = {"UInt64", SAMPLE_INT, false, 64, WHOLE},
    [SPARKPLUG_FLOAT] = {"Float", SAMPLE_DOUBLE, false, 0, IN(REAL)},
    [SPARKPLUG_DOUBLE] = {"Double", SAMPLE_DOUBLE, false, 0, IN(REAL)},
    [SPARKPLUG_BOOLEAN] = {"Boolean", SAMPLE_INT, false, 1, IN(BOOLEAN)},
    [SPARKPLUG_STRING] = {"String", SAMPLE_TEXT, false, 0, IN(STRING)},
    [SPARKPLUG_DATETIME] = {"DateTime", SAMPLE_INT, false, 64, WHOLE},
    [SPARKPLUG_TEXT] = {"Text", SAMPLE_TEXT, false, 0, IN(STRING)},
    [SPARKPLUG_UUID] = {"UUID", SAMPLE_TEXT, false, 0, IN(STRING)},
};

const char *sparkplug_datatype_name(uint32_t datatype)
{
    static const char *const others[] = {
        "DataSet",     "Bytes",        "File",        "Template",     "PropertySet",
        "a list",      "Int8Array",    "Int16Array",  "Int32Array",   "Int64Array",
        "UInt8Array",  "UInt16Array",  "UInt32Array", "UInt64Array",  "FloatArray",
        "DoubleArray", "BooleanArray", "StringArray", "DateTimeArray"};

    if (datatype < SPARKPLUG_READING_COUNT) {
        return types[datatype].name != NULL ? types[datatype].name : "no datatype";
    }
    datatype -= SPARKPLUG_READING_COUNT;
    return datatype < sizeof(others) / sizeof(others[0]) ? others[datatype] : "an unknown datatype";
}

const char *sparkplug_convert(const struct sparkplug_metric *metric, uint32_t datatype,
                              struct sample *sample)
{
    const struct type *type = datatype < SPARKPLUG_READING_COUNT ? &types[datatype] : NULL;

    if (type == NULL || type->name == NULL) {
        return "is no single value";
    }
    if (metric->kind == SPARKPLUG_NO_VALUE) {
        return "has no value and is not marked as null";
    }
    if ((type->kinds & 1U << metric->kind) == 0) {
        return wrong_field();
    }
    if (type->sample == SAMPLE_TEXT) {
        return to_text(metric, sample);
    }
    sample->type = type->sample;
    if (type->sample == SAMPLE_DOUBLE) {
        sample->value.real = metric->real;
        return NULL;
    }
    return type->is_signed ? to_signed(metric, type->bits, &sample->value.integer)
                           : to_unsigned(metric, type->bits, &sample->value.integer);
}
