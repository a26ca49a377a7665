#include "drivers/mqtt/payload.h"
#include "drivers/mqtt/sparkplug_payload.h"
#include "tests/support/cmocka.h"
#include "tests/support/sparkplug_writer.h"

enum { INT = 10, LONG = 11, FLOAT = 12, DOUBLE = 13, BOOLEAN = 14, STRING = 15 };

/** The only metric of what was written. */
static struct sparkplug_metric read_one(const struct sparkplug_writer *metric)
{
    static struct sparkplug_writer whole;
    struct sparkplug_payload payload;
    struct sparkplug_metric read;
    const char *problem;
    size_t at = 0;

    whole.size = 0;
    writer_number(&whole, 1, 1700000000123);
    writer_part(&whole, 2, metric);
    writer_number(&whole, 3, 7);
    assert_true(sparkplug_payload_read(whole.bytes, whole.size, &payload, &problem));
    assert_true(payload.has_timestamp && payload.timestamp_ms == 1700000000123);
    assert_true(payload.has_sequence && payload.sequence == 7);
    assert_true(sparkplug_metric_next(&payload, &at, &read));
    assert_false(sparkplug_metric_next(&payload, &at, &(struct sparkplug_metric){0}));
    return read;
}

/** The value that a field holding `number` has as `datatype`. */
static const char *convert(uint32_t datatype, uint32_t field, uint64_t number, int64_t *value)
{
    struct sparkplug_writer writer = {.size = 0};
    struct sample sample = {0};
    struct sparkplug_metric metric;
    const char *why;

    writer_number(&writer, field, number);
    metric = read_one(&writer);
    why = sparkplug_convert(&metric, datatype, &sample);
    assert_true(why != NULL || sample.type == SAMPLE_INT);
    *value = sample.value.integer;
    return why;
}

static void whole_numbers_have_their_sign_in_both_forms_of_twos_complement(void **unused)
{
    static const struct {
        uint32_t datatype, field;
        uint64_t number;
        int64_t value;
    } cases[] = {
        {SPARKPLUG_INT8, INT, 0xFF, -1},
        {SPARKPLUG_INT8, INT, 0xFFFFFFFF, -1},
        {SPARKPLUG_INT8, INT, 0x80, -128},
        {SPARKPLUG_INT8, INT, 127, 127},
        {SPARKPLUG_INT8, LONG, UINT64_MAX, -1},
        {SPARKPLUG_INT16, INT, 0x8000, -32768},
        {SPARKPLUG_INT16, INT, 0xFFFF8000, -32768},
        {SPARKPLUG_INT32, INT, 0x80000000, INT32_MIN},
        {SPARKPLUG_INT32, INT, UINT64_MAX, -1}, /* a signed varint of ten bytes */
        {SPARKPLUG_INT32, LONG, 0xFFFFFFFF, -1},
        {SPARKPLUG_INT64, LONG, UINT64_MAX, -1},
        {SPARKPLUG_INT64, LONG, UINT64_C(1) << 63, INT64_MIN},
        {SPARKPLUG_INT64, INT, 5, 5},
        {SPARKPLUG_UINT8, INT, 255, 255},
        {SPARKPLUG_UINT16, INT, 65535, 65535},
        {SPARKPLUG_UINT32, INT, 0xFFFFFFFF, 0xFFFFFFFF},
        {SPARKPLUG_UINT32, LONG, 0xFFFFFFFF, 0xFFFFFFFF},
        {SPARKPLUG_UINT32, INT, UINT64_MAX, 0xFFFFFFFF}, /* protobuf's own reading */
        {SPARKPLUG_UINT64, LONG, INT64_MAX, INT64_MAX},
        {SPARKPLUG_DATETIME, LONG, 1700000000123, 1700000000123},
        {SPARKPLUG_BOOLEAN, BOOLEAN, 1, 1},
        {SPARKPLUG_BOOLEAN, BOOLEAN, 0, 0},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t value;
        const char *why = convert(cases[i].datatype, cases[i].field, cases[i].number, &value);

        if (why != NULL || value != cases[i].value) {
            fail_msg("case %zu gives %lld, %s", i, (long long)value, why);
        }
    }
}

static void what_does_not_fit_its_datatype_is_no_value(void **unused)
{
    static const struct {
        uint32_t datatype, field;
        uint64_t number;
    } cases[] = {
        {SPARKPLUG_INT8, INT, 0x100},
        {SPARKPLUG_INT8, INT, 0xFFFFFF7F},
        {SPARKPLUG_INT16, INT, 0x10000},
        {SPARKPLUG_INT32, LONG, UINT64_C(1) << 32},
        {SPARKPLUG_INT64, INT, 0xFFFFFFFF},
        {SPARKPLUG_UINT8, INT, 256},
        {SPARKPLUG_UINT16, INT, 65536},
        {SPARKPLUG_UINT32, LONG, UINT64_C(1) << 32},
        {SPARKPLUG_UINT64, LONG, UINT64_MAX},
        {SPARKPLUG_BOOLEAN, INT, 1},
        {SPARKPLUG_DOUBLE, LONG, 1},
        {SPARKPLUG_STRING, INT, 1},
        {SPARKPLUG_UNKNOWN, INT, 1},
        {16 /* DataSet */, INT, 1},
        {4000000000, INT, 1},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t value;

        if (convert(cases[i].datatype, cases[i].field, cases[i].number, &value) == NULL) {
            fail_msg("case %zu gives %lld", i, (long long)value);
        }
    }
}

static void reals_and_texts_are_read_as_they_are(void **unused)
{
    struct sparkplug_writer writer = {.size = 0};
    struct sparkplug_metric metric;
    struct sample sample = {0};
    char longer[100] = {0};

    (void)unused;
    writer_float(&writer, FLOAT, 1.5F);
    metric = read_one(&writer);
    assert_null(sparkplug_convert(&metric, SPARKPLUG_FLOAT, &sample));
    assert_true(sample.type == SAMPLE_DOUBLE && sample.value.real == 1.5);
    writer.size = 0;
    writer_double(&writer, DOUBLE, -0.1);
    metric = read_one(&writer);
    assert_null(sparkplug_convert(&metric, SPARKPLUG_DOUBLE, &sample));
    assert_true(sample.value.real == -0.1);
    writer.size = 0;
    writer_text(&writer, STRING, "gr\xC3\xBC\xC3\x9F");
    metric = read_one(&writer);
    assert_null(sparkplug_convert(&metric, SPARKPLUG_TEXT, &sample));
    assert_int_equal(sample.value.text.size_bytes, 6);
    writer.size = 0;
    writer_text(&writer, STRING, "\xC3");
    metric = read_one(&writer);
    assert_string_equal(sparkplug_convert(&metric, SPARKPLUG_UUID, &sample), "is not UTF-8");
    metric.text = (struct mqtt_slice){longer, MQTT_TEXT_MAX + 1};
    assert_string_equal(sparkplug_convert(&metric, SPARKPLUG_STRING, &sample),
                        "is longer than 16 KiB");
}

static void flags_alias_and_quality_are_found(void **unused)
{
    struct sparkplug_writer writer = {.size = 0};
    struct sparkplug_writer properties = {.size = 0};
    struct sparkplug_writer value = {.size = 0};
    struct sparkplug_metric metric;

    (void)unused;
    writer_number(&value, 1, SPARKPLUG_INT32);
    writer_number(&value, 3, SPARKPLUG_STALE);
    writer_text(&properties, 1, "engUnit");
    writer_text(&properties, 1, "Quality");
    writer_bytes(&properties, 2, "", 0);
    writer_part(&properties, 2, &value);
    writer_text(&writer, 1, "first");
    writer_text(&writer, 1, "Temperature/Outlet"); /* B2 */
    writer_number(&writer, 2, 0);
    writer_number(&writer, 3, 1699999999999);
    writer_number(&writer, 4, SPARKPLUG_INT8);
    writer_number(&writer, 5, 1);
    writer_number(&writer, 6, 1);
    writer_number(&writer, 7, 1);
    writer_part(&writer, 9, &properties);
    writer_number(&writer, 4711, 1); /* of a later version */
    metric = read_one(&writer);
    assert_int_equal(metric.name.size, 18);
    assert_memory_equal(metric.name.bytes, "Temperature/Outlet", 18);
    assert_true(metric.has_alias && metric.alias == 0);
    assert_true(metric.has_timestamp && metric.timestamp_ms == 1699999999999);
    assert_true(metric.is_historical && metric.is_transient && metric.is_null);
    assert_int_equal(metric.datatype, SPARKPLUG_INT8);
    assert_int_equal(metric.quality, SPARKPLUG_STALE);
    assert_string_equal(sparkplug_convert(&metric, SPARKPLUG_INT8, &(struct sample){0}),
                        "has no value and is not marked as null");
}

static void a_payload_that_is_broken_anywhere_gives_nothing(void **unused)
{
    static const struct {
        const char *bytes;
        size_t size;
    } cases[] = {
        {"\x08", 1},                             /* ends before the number */
        {"\x12\x05\x0A", 3},                     /* a metric longer than what came */
        {"\x12\x02\x0A\x05", 4},                 /* a name longer than its metric */
        {"\x0A\x01\x00", 3},                     /* the timestamp as a text */
        {"\x10\x01", 2},                         /* the metrics as a number */
        {"\x12\x02\x65\x00", 4},                 /* a float of one byte */
        {"\x12\x02\x69\x00", 4},                 /* a double of one byte */
        {"\x12\x02\x60\x00", 4},                 /* a float as a varint */
        {"\x12\x04\x4A\x02\x0A\x05", 6},         /* properties that end within a key */
        {"\x12\x06\x4A\x04\x12\x02\x1A\x05", 8}, /* likewise: they are not looked into, and fine */
        {"\x33\x00", 2},                         /* groups */
        {"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 11},
        {"{\"a\":1}", 7},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sparkplug_payload payload;
        const char *problem = NULL;
        bool good = sparkplug_payload_read(cases[i].bytes, cases[i].size, &payload, &problem);

        if (good != (i == 9) || good != (problem == NULL)) {
            fail_msg("case %zu: %s", i, problem);
        }
    }
}

static void a_payload_without_anything_is_one(void **unused)
{
    struct sparkplug_payload payload;
    struct sparkplug_metric metric;
    const char *problem;
    size_t at = 0;

    (void)unused;
    assert_true(sparkplug_payload_read("", 0, &payload, &problem));
    assert_false(payload.has_timestamp || payload.has_sequence);
    assert_false(sparkplug_metric_next(&payload, &at, &metric));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_numbers_have_their_sign_in_both_forms_of_twos_complement),
        cmocka_unit_test(what_does_not_fit_its_datatype_is_no_value),
        cmocka_unit_test(reals_and_texts_are_read_as_they_are),
        cmocka_unit_test(flags_alias_and_quality_are_found),
        cmocka_unit_test(a_payload_that_is_broken_anywhere_gives_nothing),
        cmocka_unit_test(a_payload_without_anything_is_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
