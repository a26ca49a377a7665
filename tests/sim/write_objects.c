/* tests/sim/write_objects.c - objects of every stream with extreme values, and what is in them.
 *
 *   write_objects FOLDER
 *
 * Puts objects into FOLDER (which must exist) through the encoder and the directory target, the
 * same ones every time. Prints one JSON line per object: {"name":..., "stream":..., "digest":...,
 * "previous":..., "rows":[[...], ...]} in sequence order and in the columns' order; doubles as 16
 * hexadecimal digits of their bits, texts as hexadecimal bytes, null as null. The rows are printed
 * from the records, not from what the encoder makes of them. Exit 1: something failed. */
#include "base/clock.h"
#include "sync/encoder.h"
#include "sync/target.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MANY_ROWS = 100000, MANY_POINTS = 3000, MAXIMUM_BYTES = 16 << 20, TEXT_MAX = 64 };

static const char incarnation[] = "00112233445566ff";

struct writer {
    struct encoder *encoder;
    const struct target *target;
    void *state;
    uint64_t random;
    uint64_t sequence;
    char previous[BATCH_DIGEST_SIZE];
    bool row_open;
    bool any_row;
};

static void fail_on(enum error_code code, const struct error *error)
{
    if (code != ERROR_OK) {
        (void)fprintf(stderr, "write_objects: %s\n", error->text);
        exit(1);
    }
}

/** xorshift64*, the same numbers every time. */
static uint64_t next_random(struct writer *writer)
{
    writer->random ^= writer->random >> 12;
    writer->random ^= writer->random << 25;
    writer->random ^= writer->random >> 27;
    return writer->random * UINT64_C(2685821657736338717);
}

static void begin_row(struct writer *writer)
{
    (void)printf("%s[", writer->any_row ? "," : "");
    writer->any_row = true;
    writer->row_open = false;
}

static void separate(struct writer *writer)
{
    (void)printf("%s", writer->row_open ? "," : "");
    writer->row_open = true;
}

static void expect_null(struct writer *writer)
{
    separate(writer);
    (void)printf("null");
}

static void expect_integer(struct writer *writer, int64_t value)
{
    separate(writer);
    (void)printf("%" PRId64, value);
}

static void expect_micros(struct writer *writer, int64_t ns)
{
    expect_integer(writer, (int64_t)floorl((long double)ns / 1000.0L));
}

static void expect_real(struct writer *writer, double value)
{
    uint64_t bits;

    separate(writer);
    memcpy(&bits, &value, sizeof(bits));
    (void)printf("\"%016" PRIx64 "\"", bits);
}

static void expect_text(struct writer *writer, const char *bytes, size_t size_bytes)
{
    separate(writer);
    (void)printf("\"");
    for (size_t i = 0; i < size_bytes; i++) {
        (void)printf("%02x", (unsigned)(unsigned char)bytes[i]);
    }
    (void)printf("\"");
}

static void expect_string(struct writer *writer, const char *text)
{
    expect_text(writer, text, strlen(text));
}

static void begin_object(struct writer *writer, enum stream stream)
{
    struct error error;
    struct batch_header header = {
        .stream = stream,
        .site = "harbour-works",
        .gateway = "gw-07.plant_2",
        .incarnation = incarnation,
        .previous_digest = writer->previous,
        .day = clock_day_from_date(2026, 3, 1),
    };

    fail_on(encoder_begin(writer->encoder, &header, &error), &error);
    (void)printf("{\"stream\":\"%s\",\"previous\":\"%s\",\"rows\":[", stream_name(stream),
                 writer->previous);
    writer->any_row = false;
}

static void end_object(struct writer *writer)
{
    struct batch batch;
    struct error error;

    fail_on(encoder_finish(writer->encoder, &batch, &error), &error);
    fail_on(writer->target->put(writer->state, &batch, INT64_MAX, &error), &error);
    (void)printf("],\"digest\":\"%s\",\"name\":\"%s\"}\n", batch.digest, batch.object_name);
    memcpy(writer->previous, batch.digest, sizeof(writer->previous));
}

static void put_reading(struct writer *writer, uint32_t handle, const struct definition *definition,
                        const struct sample *sample)
{
    struct error error;

    writer->sequence++;
    fail_on(
        encoder_add_reading(writer->encoder, writer->sequence, handle, definition, sample, &error),
        &error);
    begin_row(writer);
    expect_integer(writer, (int64_t)writer->sequence);
    expect_micros(writer, sample->time_ns);
    expect_micros(writer, sample->received_ns);
    expect_string(writer, definition->point_id);
    expect_integer(writer, definition->revision);
    if (sample->type == SAMPLE_INT) {
        expect_integer(writer, sample->value.integer);
    } else {
        expect_null(writer);
    }
    if (sample->type == SAMPLE_DOUBLE) {
        expect_real(writer, sample->value.real);
    } else {
        expect_null(writer);
    }
    if (sample->type == SAMPLE_TEXT) {
        expect_text(writer, sample->value.text.bytes, sample->value.text.size_bytes);
    } else {
        expect_null(writer);
    }
    expect_integer(writer, sample->status);
    (void)printf("]");
}

static double real_of_bits(uint64_t bits)
{
    double real;

    memcpy(&real, &bits, sizeof(real));
    return real;
}

static struct sample text_sample(const char *bytes, uint32_t size_bytes)
{
    return (struct sample){.type = SAMPLE_TEXT, .value.text = {bytes, size_bytes}};
}

static void write_one_row(struct writer *writer)
{
    struct definition definition = {.point_id = "pump-1/speed", .revision = 1};
    struct sample sample = {.time_ns = INT64_C(1772323200123456789),
                            .received_ns = INT64_C(1772323200123999999),
                            .type = SAMPLE_INT,
                            .value.integer = 1480};

    begin_object(writer, STREAM_READINGS);
    put_reading(writer, 1, &definition, &sample);
    end_object(writer);
}

/** Each kind of value at its ends, at times far apart. */
static void write_extremes(struct writer *writer)
{
    static const char utf8[] = "Vorlauf \xc2\xb0"
                               "C \xe6\xb8\xa9\xe5\xba\xa6 \xf0\x9f\x8c\xa1";
    static const uint64_t reals[] = {0,
                                     UINT64_C(1) << 63,
                                     1,
                                     UINT64_C(0x000fffffffffffff),
                                     UINT64_C(0x7fefffffffffffff),
                                     UINT64_C(0xffefffffffffffff),
                                     UINT64_C(0x7ff0000000000000),
                                     UINT64_C(0xfff0000000000000),
                                     UINT64_C(0x7ff8000000000000),
                                     UINT64_C(0xfff8000000000001),
                                     UINT64_C(0x3ff0000000000000)};
    static const int64_t integers[] = {INT64_MIN, INT64_MAX,    0, -1, INT64_MIN + 1,
                                       1,         INT64_MAX - 1};
    struct definition definition = {.point_id = "a", .revision = INT32_MAX};
    struct sample samples[32] = {{.type = SAMPLE_NONE, .status = 0x80310000}};
    size_t count = 1;

    for (size_t i = 0; i < sizeof(reals) / sizeof(reals[0]); i++) {
        samples[count++] =
            (struct sample){.type = SAMPLE_DOUBLE, .value.real = real_of_bits(reals[i])};
    }
    for (size_t i = 0; i < sizeof(integers) / sizeof(integers[0]); i++) {
        samples[count++] = (struct sample){.type = SAMPLE_INT, .value.integer = integers[i]};
    }
    samples[count++] = text_sample("", 0);
    samples[count++] = text_sample(utf8, sizeof(utf8) - 1);
    samples[count++] = text_sample("a\nb\"c\\", 6);
    begin_object(writer, STREAM_READINGS);
    for (size_t i = 0; i < count; i++) {
        samples[i].time_ns = i % 3 == 0 ? -1 : i % 3 == 1 ? INT64_C(4102444800999999999) : 0;
        samples[i].received_ns = INT64_C(1772323200000000000) + (int64_t)i;
        samples[i].status |= i % 2 == 0 ? UINT32_MAX : 0;
        definition.point_id = i % 2 == 0 ? "\xc3\xa4/\xce\xa9" : "a";
        definition.revision = i % 2 == 0 ? 1 : INT32_MAX;
        put_reading(writer, i % 2 == 0 ? UINT32_MAX : 1, &definition, &samples[i]);
    }
    end_object(writer);
}

/** Any bits as values, thousands of points, more rows than a page holds. */
static void write_many(struct writer *writer)
{
    struct definition definition = {0};
    char point_id[32];
    char text[TEXT_MAX];

    begin_object(writer, STREAM_READINGS);
    for (int i = 0; i < MANY_ROWS; i++) {
        uint64_t random = next_random(writer);
        uint32_t point = (uint32_t)(random % MANY_POINTS);
        struct sample sample = {.time_ns = (int64_t)(next_random(writer) >> 2),
                                .received_ns = INT64_C(1772323200000000000) + i * NS_PER_MS,
                                .type = (enum sample_type)(random >> 62),
                                .status = (uint32_t)(random >> 20)};

        if (sample.type == SAMPLE_TEXT) {
            sample.value.text.bytes = text;
            sample.value.text.size_bytes = (uint32_t)(random >> 8) % TEXT_MAX;
            memset(text, 'a' + (int)(random >> 16) % 20, sizeof(text));
        } else if (sample.type == SAMPLE_INT) {
            sample.value.integer = (int64_t)next_random(writer) >> (random >> 8) % 64;
        } else if (sample.type == SAMPLE_DOUBLE) {
            sample.value.real = real_of_bits(next_random(writer));
        }
        (void)snprintf(point_id, sizeof(point_id), "device-%u/point-%u", point % 40, point);
        definition.point_id = point_id;
        definition.revision = 1 + point % 3;
        put_reading(writer, point + 1, &definition, &sample);
    }
    end_object(writer);
}

static void expect_integer_unless_0(struct writer *writer, uint64_t value)
{
    if (value == 0) {
        expect_null(writer);
    } else {
        expect_integer(writer, (int64_t)value);
    }
}

static void put_event(struct writer *writer, const struct sample *sample, const struct event *event)
{
    struct error error;

    writer->sequence++;
    fail_on(encoder_add_event(writer->encoder, writer->sequence, sample, event, &error), &error);
    begin_row(writer);
    expect_integer(writer, (int64_t)writer->sequence);
    expect_micros(writer, sample->time_ns);
    expect_micros(writer, sample->received_ns);
    expect_string(writer, event->kind);
    expect_string(writer, event->subject);
    expect_string(writer, event->reason);
    expect_string(writer, event->detail);
    expect_integer_unless_0(writer, event->first);
    expect_integer_unless_0(writer, event->last);
    expect_integer_unless_0(writer, event->count);
    for (int i = 0; i < 2; i++) {
        int64_t ns = i == 0 ? event->from_ns : event->to_ns;

        if (ns == 0) {
            expect_null(writer);
        } else {
            expect_micros(writer, ns);
        }
    }
    (void)printf("]");
}

static void write_events(struct writer *writer)
{
    static const struct event events[] = {
        {"identity", "00112233445566ff", "", "", 0, 0, 0, 0, 0},
        {"gap", "readings", "overwritten: the ring was full", "", 1, INT64_MAX, 0, 0, 0},
        {"unread", "boiler-1", "the device did not answer in time", "\xc3\xb6", 0, 0, 17, -1,
         INT64_C(1772323200000000001)},
        {"high-water", "readings", "", "", 0, 1000000000000, 0, 0, 0},
    };
    struct sample sample = {.time_ns = -1001, .received_ns = 999, .type = SAMPLE_TEXT};

    begin_object(writer, STREAM_EVENTS);
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
        put_event(writer, &sample, &events[i]);
    }
    end_object(writer);
}

static void put_log(struct writer *writer, const struct sample *sample,
                    const struct log_record *record)
{
    struct error error;

    writer->sequence++;
    fail_on(encoder_add_log(writer->encoder, writer->sequence, sample, record, &error), &error);
    begin_row(writer);
    expect_integer(writer, (int64_t)writer->sequence);
    expect_micros(writer, sample->time_ns);
    expect_micros(writer, sample->received_ns);
    expect_text(writer, record->source.bytes, record->source.size_bytes);
    if (record->severity == LOG_SEVERITY_UNKNOWN) {
        expect_null(writer);
    } else {
        expect_integer(writer, record->severity);
    }
    expect_text(writer, record->message.bytes, record->message.size_bytes);
    expect_text(writer, record->fields.bytes, record->fields.size_bytes);
    (void)printf("]");
}

static void write_logs(struct writer *writer)
{
    static char longest[LOG_MESSAGE_MAX];
    const struct sample sample = {.time_ns = -1001, .received_ns = 999, .type = SAMPLE_TEXT};

    memset(longest, 'x', sizeof(longest));
    begin_object(writer, STREAM_LOGS);
    for (int i = LOG_SEVERITY_UNKNOWN; i <= LOG_SEVERITY_DEBUG; i++) {
        const struct log_record record = {
            .severity = (enum log_severity)i,
            .source = log_text_of(i % 2 == 0 ? "maria" : "cron \xe6\xb8\xa9"),
            .fields = log_text_of(i % 3 == 0 ? "{\"order\":17}" : ""),
            .message = i == LOG_SEVERITY_DEBUG
                           ? (struct log_text){longest, sizeof(longest)}
                           : log_text_of(i == 0 ? "" : "sensor of\tboiler-1 replaced\n\xc3\xb6")};

        put_log(writer, &sample, &record);
    }
    end_object(writer);
}

static void expect_real_unless_nan(struct writer *writer, double value)
{
    if (isnan(value)) {
        expect_null(writer);
    } else {
        expect_real(writer, value);
    }
}

static void put_definition(struct writer *writer, int64_t received_ns,
                           const struct definition *definition)
{
    struct error error;

    writer->sequence++;
    fail_on(
        encoder_add_definition(writer->encoder, writer->sequence, received_ns, definition, &error),
        &error);
    begin_row(writer);
    expect_integer(writer, (int64_t)writer->sequence);
    expect_micros(writer, received_ns);
    expect_string(writer, definition->point_id);
    expect_integer(writer, definition->revision);
    expect_string(writer, definition->device);
    expect_string(writer, definition->name);
    expect_string(writer, definition->type);
    expect_real(writer, definition->scale);
    expect_real(writer, definition->offset);
    expect_string(writer, definition->unit);
    expect_string(writer, definition->role);
    expect_real_unless_nan(writer, definition->range_low);
    expect_real_unless_nan(writer, definition->range_high);
    expect_real(writer, definition->deadband);
    expect_real(writer, definition->deadband_percent);
    expect_micros(writer, definition->interval_ns);
    expect_micros(writer, definition->heartbeat_ns);
    expect_string(writer, definition->address);
    expect_string(writer, definition->labels);
    expect_micros(writer, definition->valid_from_ns);
    (void)printf("]");
}

static void write_catalogue(struct writer *writer)
{
    char point_id[32];
    struct definition definition = {
        .point_id = point_id,
        .device = "boiler-1",
        .name = "flow-temperature",
        .type = "int16",
        .unit = "Cel",
        .role = "sensor",
        .address = "holding:100",
        .labels = "{\"line\":\"2\"}",
        .scale = 0.1,
        .offset = -0.0,
        .range_low = -20,
        .range_high = 150,
        .interval_ns = NS_PER_S,
        .valid_from_ns = INT64_C(1772323200123456789),
    };

    begin_object(writer, STREAM_CATALOGUE);
    for (unsigned i = 0; i < 300; i++) {
        (void)snprintf(point_id, sizeof(point_id), "boiler-%u/p%u", i % 7, i);
        definition.revision = i + 1;
        definition.range_low = i % 2 == 0 ? NAN : -20.5;
        definition.range_high = i % 3 == 0 ? NAN : HUGE_VAL;
        definition.labels = i % 5 == 0 ? "" : "{\"line\":\"2\"}";
        put_definition(writer, (int64_t)i * 1001, &definition);
    }
    end_object(writer);
}

int main(int argc, char **argv)
{
    struct writer writer = {.random = 42, .target = target_find("directory")};
    struct arena arena;
    struct error error;

    if (argc != 2 || writer.target == NULL) {
        (void)fprintf(stderr, "usage: write_objects FOLDER\n");
        return 2;
    }
    arena_init(&arena, 4096);
    writer.state = calloc(1, writer.target->state_size);
    if (writer.state == NULL) {
        return 1;
    }
    fail_on(option_set_fallbacks(writer.target->options, writer.state, &arena, &error), &error);
    fail_on(option_set(option_find(writer.target->options, "path"), argv[1], writer.state, &arena,
                       &error),
            &error);
    fail_on(writer.target->open(writer.state, INT64_MAX, &error), &error);
    fail_on(encoder_create(MAXIMUM_BYTES, &writer.encoder, &error), &error);
    write_one_row(&writer);
    write_extremes(&writer);
    write_many(&writer);
    write_events(&writer);
    write_logs(&writer);
    write_catalogue(&writer);
    encoder_free(writer.encoder);
    writer.target->close(writer.state);
    free(writer.state);
    arena_deinit(&arena);
    return fflush(stdout) == 0 ? 0 : 1;
}
