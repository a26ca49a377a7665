/* What `leat queue` wants, as options and as a line (agent/inspect/request.h). */
#include "agent/inspect/request.h"
#include "base/clock.h"
#include "tests/support/cmocka.h"

#include <string.h>

static void assert_refused(const char *option, const char *value, const char *words)
{
    struct inspect_request request;
    struct error error;

    inspect_request_init(&request, INSPECT_EXPORT);
    assert_int_equal(inspect_request_set(&request, option, value, &error), ERROR_BAD_CONFIG);
    assert_non_null(strstr(error.text, words));
}

static void a_line_reads_back_as_it_was_written(void **state)
{
    struct inspect_request request, again;
    char line[INSPECT_LINE_MAX];
    struct error error;

    (void)state;
    inspect_request_init(&request, INSPECT_EXPORT);
    assert_int_equal(inspect_request_set(&request, "stream", "catalogue", &error), ERROR_OK);
    assert_int_equal(inspect_request_set(&request, "format", "csv", &error), ERROR_OK);
    assert_int_equal(inspect_request_set(&request, "from", "12345", &error), ERROR_OK);
    assert_int_equal(inspect_request_set(&request, "to", "2026-11-22", &error), ERROR_OK);
    assert_true(request.to.received_ns % NS_PER_DAY == NS_PER_DAY - 1); /* its end */
    inspect_request_format(&request, line);
    assert_int_equal(inspect_request_parse(line, &again, &error), ERROR_OK);
    assert_int_equal(again.stream, STREAM_CATALOGUE);
    assert_true(again.csv);
    assert_false(again.from.is_time);
    assert_int_equal(again.from.sequence, 12345);
    assert_true(again.to.is_time);
    assert_int_equal(again.to.received_ns, request.to.received_ns);
    inspect_request_init(&request, INSPECT_CHECK);
    inspect_request_format(&request, line);
    assert_string_equal(line, "check");
    assert_int_equal(inspect_request_parse(line, &again, &error), ERROR_OK);
    assert_int_equal(again.word, INSPECT_CHECK);
}

static void what_is_no_request_is_refused(void **state)
{
    static const char *const lines[] = {
        "",
        "stat ",
        "stat now",
        "export",
        "export readings csv n1",
        "export readings csv n1 n2 n3",
        "export readings xls n1 n2",
        "export steam csv n1 n2",
        "export readings csv 1 2",
        "export readings csv n t5",
        "export readings csv nx t5",
        "drop",
        ("stat this line is far longer than any request can ever be, since the longest one that "
         "can "
         "be written has two bounds of twenty digits and not more than that"),
    };
    struct inspect_request request;
    struct error error;

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        assert_int_equal(inspect_request_parse(lines[i], &request, &error), ERROR_BAD_DATA);
    }
}

static void wrong_options_are_told_with_the_right_ones(void **state)
{
    (void)state;
    assert_refused("stream", "reading", "write readings, events");
    assert_refused("format", "xlsx", "write csv or parquet");
    assert_refused("from", "yesterday", "2026-11-22T10:00:00Z");
    assert_refused("to", "-5", "--to -5");
    assert_refused("from", "2026-13-01", "neither a number nor a time");
    assert_refused("from", "2026-11-22T10:00:00.0000000000000000000000000001Z", "neither");
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(a_line_reads_back_as_it_was_written),
        cmocka_unit_test(what_is_no_request_is_refused),
        cmocka_unit_test(wrong_options_are_told_with_the_right_ones),
    };

    return cmocka_run_group_tests_name("queue_request", cases, NULL, NULL);
}
