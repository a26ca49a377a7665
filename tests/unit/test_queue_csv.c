/* Rows as lines of a spreadsheet (agent/inspect/csv.h). */
#include "agent/inspect/csv.h"
#include "sync/rows.h"
#include "tests/support/cmocka.h"

#include <math.h>
#include <string.h>

static const struct definition flow = {.point_id = "boiler-1/flow",
                                       .device = "boiler-1",
                                       .name = "flow",
                                       .type = "int16",
                                       .unit = "m3/h",
                                       .role = "sensor",
                                       .address = "",
                                       .labels = "",
                                       .scale = 0.1,
                                       .offset = 5,
                                       .revision = 3};

static void assert_reading(const struct sample *sample, const char *expected)
{
    struct cell cells[SCHEMA_COLUMNS_MAX];
    struct buffer line;

    buffer_init(&line, 4096);
    row_of_reading(7, 1, &flow, sample, cells);
    csv_row(&line, STREAM_READINGS, cells, &flow);
    assert_true(buffer_append_byte(&line, '\0'));
    assert_string_equal((const char *)line.bytes, expected);
    buffer_deinit(&line);
}

static void a_reading_has_raw_and_engineering_values(void **state)
{
    struct sample sample = {.time_ns = INT64_C(1771771771123456789),
                            .received_ns = INT64_C(1771771772000000000),
                            .type = SAMPLE_INT,
                            .value.integer = 123};

    (void)state;
    assert_reading(&sample, "7,2026-02-22T14:49:31.123456Z,2026-02-22T14:49:32.000000Z,"
                            "boiler-1/flow,3,123,,,0x00000000,17.3,m3/h\r\n");
    sample.type = SAMPLE_DOUBLE;
    sample.value.real = 0.1;
    sample.status = STATUS_UNCERTAIN_ENGINEERING_UNITS_EXCEEDED;
    assert_reading(&sample, "7,2026-02-22T14:49:31.123456Z,2026-02-22T14:49:32.000000Z,"
                            "boiler-1/flow,3,,0.1,,0x40940000,5.01,m3/h\r\n");
    sample.type = SAMPLE_NONE;
    sample.status = (uint32_t)STATUS_BAD_TIMEOUT;
    sample.time_ns = -1;
    assert_reading(&sample, "7,1969-12-31T23:59:59.999999Z,2026-02-22T14:49:32.000000Z,"
                            "boiler-1/flow,3,,,,0x800A0000,,m3/h\r\n");
}

static void a_text_is_quoted_and_never_a_formula(void **state)
{
    struct sample sample = {.type = SAMPLE_TEXT, .value.text = {"say \"on\", now", 13}};

    (void)state;
    assert_reading(&sample, "7,1970-01-01T00:00:00.000000Z,1970-01-01T00:00:00.000000Z,"
                            "boiler-1/flow,3,,,\"say \"\"on\"\", now\",0x00000000,,m3/h\r\n");
    sample.value.text.bytes = "=cmd|' /C calc'!A0";
    sample.value.text.size_bytes = 18;
    assert_reading(&sample, "7,1970-01-01T00:00:00.000000Z,1970-01-01T00:00:00.000000Z,"
                            "boiler-1/flow,3,,,\"'=cmd|' /C calc'!A0\",0x00000000,,m3/h\r\n");
    sample.value.text.bytes = "";
    sample.value.text.size_bytes = 0;
    assert_reading(&sample, "7,1970-01-01T00:00:00.000000Z,1970-01-01T00:00:00.000000Z,"
                            "boiler-1/flow,3,,,,0x00000000,,m3/h\r\n");
}

static void the_header_names_as_many_cells_as_a_row_has(void **state)
{
    struct event event = {.kind = "gap", .subject = "readings", .reason = "a, b", .detail = ""};
    struct sample sample = {.type = SAMPLE_TEXT};
    struct cell cells[SCHEMA_COLUMNS_MAX];
    struct buffer line;

    (void)state;
    buffer_init(&line, 4096);
    csv_header(&line, STREAM_READINGS);
    assert_memory_equal(line.bytes,
                        "seq,ts,received_ts,point_id,definition,value_int,value_double,"
                        "value_text,quality,value,unit\r\n",
                        line.size);
    buffer_clear(&line);
    csv_header(&line, STREAM_EVENTS);
    assert_non_null(memmem(line.bytes, line.size, "from_ts,to_ts\r\n", 15));
    buffer_clear(&line);
    row_of_event(1, &sample, &event, cells);
    csv_row(&line, STREAM_EVENTS, cells, NULL);
    assert_non_null(memmem(line.bytes, line.size, ",gap,readings,\"a, b\",,,,,,\r\n", 28));
    buffer_deinit(&line);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(a_reading_has_raw_and_engineering_values),
        cmocka_unit_test(a_text_is_quoted_and_never_a_formula),
        cmocka_unit_test(the_header_names_as_many_cells_as_a_row_has),
    };

    return cmocka_run_group_tests_name("queue_csv", cases, NULL, NULL);
}
