#include "base/clock.h"
#include "drivers/lines/format.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <string.h>

enum { ARENA_BYTES = 64 << 10 };

/** 2026-03-05T12:00:00Z, a Thursday. */
#define READ_S INT64_C(1772712000)

struct fixture {
    struct arena arena;
    struct line_format format;
    struct line_parts parts;
    int64_t now_s;
};

static int set_up(void **state)
{
    static struct fixture fixture;

    arena_init(&fixture.arena, ARENA_BYTES);
    fixture.now_s = READ_S;
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    arena_deinit(&((struct fixture *)*state)->arena);
    return 0;
}

static void use(struct fixture *fixture, enum line_format_kind kind, const char *pattern,
                const char *time_format, const char *zone)
{
    const struct line_format_options options = {kind, pattern, time_format, zone};
    struct error error = {0};

    if (line_format_set(&fixture->format, &options, &fixture->arena, &error) != ERROR_OK) {
        fail_msg("%s", error.text);
    }
}

static bool parse(struct fixture *fixture, const char *line)
{
    return line_format_parse(&fixture->format, line, strlen(line), fixture->now_s * NS_PER_S,
                             &fixture->parts);
}

static void assert_text(struct log_text text, const char *expected)
{
    if (text.size_bytes != strlen(expected) || memcmp(text.bytes, expected, text.size_bytes) != 0) {
        fail_msg("'%.*s', not '%s'", (int)text.size_bytes, text.bytes, expected);
    }
}

/** Time as YYYY-MM-DDTHH:MM:SS.mmmZ. */
static void assert_parts(struct fixture *fixture, const char *line, const char *time, int severity,
                         const char *source, const char *message)
{
    char stamp[CLOCK_STAMP_SIZE];

    if (!parse(fixture, line)) {
        fail_msg("refused: %s", line);
    }
    clock_format_stamp(fixture->parts.time_ns, stamp, sizeof(stamp));
    assert_string_equal(stamp, time);
    assert_int_equal(fixture->parts.severity, severity);
    assert_text(fixture->parts.source, source);
    assert_text(fixture->parts.message, message);
}

static void assert_members(const struct fixture *fixture, const char *expected)
{
    const struct log_text text = {fixture->parts.members.text,
                                  (uint32_t)fixture->parts.members.size};

    assert_text(text, expected);
}

/** LF1 */
static void assert_refused(struct fixture *fixture, const char *line)
{
    if (parse(fixture, line)) {
        fail_msg("accepted: %s", line);
    }
    assert_true(fixture->parts.time_ns == fixture->now_s * NS_PER_S);
    assert_int_equal(fixture->parts.severity, LOG_SEVERITY_UNKNOWN);
    assert_text(fixture->parts.message, line);
    assert_members(fixture, "");
}

static void the_examples_of_rfc_3164_chapter_5_4_are_read(void **state)
{
    struct fixture *fixture = *state;

    use(fixture, LINE_FORMAT_SYSLOG_3164, NULL, NULL, "utc");
    assert_parts(fixture,
                 "<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8",
                 "2025-10-11T22:14:15.000Z", LOG_SEVERITY_CRITICAL, "su",
                 "'su root' failed for lonvick on /dev/pts/8");
    assert_members(fixture, ",\"facility\":4,\"host\":\"mymachine\"");
    assert_refused(fixture, "Use the BFG!");
    assert_parts(fixture, "<165>Aug 24 05:34:00 CST 1987 mymachine myproc[10]: %% It's time",
                 "2025-08-24T05:34:00.000Z", LOG_SEVERITY_NOTICE, "",
                 "1987 mymachine myproc[10]: %% It's time");
    assert_refused(fixture, "<0>1990 Oct 22 10:52:01 TZ-6 scapegoat.dmz.example.org 10.1.2.3 "
                            "sched[0]: That's All Folks!");
}

static void what_syslogd_writes_into_files_is_read(void **state)
{
    struct fixture *fixture = *state;

    use(fixture, LINE_FORMAT_SYSLOG_3164, NULL, NULL, "+01:00");
    assert_parts(fixture, "Mar  5 09:00:01 gw CRON[4711]: (root) CMD (x)",
                 "2026-03-05T08:00:01.000Z", LOG_SEVERITY_UNKNOWN, "CRON", "(root) CMD (x)");
    assert_members(fixture, ",\"host\":\"gw\",\"process\":\"4711\"");
    assert_parts(fixture, "2026-03-05T09:00:01.123456+02:00 gw rsyslogd: [origin] start",
                 "2026-03-05T07:00:01.123Z", LOG_SEVERITY_UNKNOWN, "rsyslogd", "[origin] start");
    assert_parts(fixture, "Mar 15 09:00:01.25 gw kernel: [    0.000000] Linux",
                 "2025-03-15T08:00:01.250Z", LOG_SEVERITY_UNKNOWN, "kernel",
                 "[    0.000000] Linux");
    assert_parts(fixture, "Mar  5 09:00:01 gw no tag here", "2026-03-05T08:00:01.000Z",
                 LOG_SEVERITY_UNKNOWN, "", "no tag here");
    assert_parts(fixture, "Mar  5 09:00:01 gw", "2026-03-05T08:00:01.000Z", LOG_SEVERITY_UNKNOWN,
                 "", "");
    assert_parts(fixture, "Mar  5 09:00:01 gw plc[7", "2026-03-05T08:00:01.000Z",
                 LOG_SEVERITY_UNKNOWN, "", "plc[7");
}

static void no_line_of_3164_has_a_pri_above_191_or_a_day_that_is_not(void **state)
{
    struct fixture *fixture = *state;
    static const char *const wrong[] = {
        "",
        "<192>Oct 11 22:14:15 m su: x",
        "<>Oct 11 22:14:15 m su: x",
        "<3Oct 11 22:14:15 m su: x",
        "<0034>Oct 11 22:14:15 m su: x",
        "Oct 32 22:14:15 m su: x",
        "Okt 11 22:14:15 m su: x",
        "Oct 00 22:14:15 m su: x",
        "Feb 30 22:14:15 m su: x",
        "Oct 11 24:14:15 m su: x",
        "Oct 11 22:60:15 m su: x",
        "Oct 11 22:14:61 m su: x",
        "Oct 11 22:14:15",
        "Oct 11 22:14:15 ",
        "Oct   1 22:14:15 m su: x",
        "2026-13-05T09:00:01Z gw su: x",
    };

    use(fixture, LINE_FORMAT_SYSLOG_3164, NULL, NULL, "utc");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_refused(fixture, wrong[i]);
    }
}

static void assert_year(struct fixture *fixture, int64_t now_s, const char *line, const char *time)
{
    fixture->now_s = now_s;
    assert_parts(fixture, line, time, LOG_SEVERITY_UNKNOWN, "", "x");
}

/** LF4 */
static void a_year_that_is_not_said_is_the_latest_that_is_not_in_the_future(void **state)
{
    struct fixture *fixture = *state;
    const int64_t new_year_s = 1767225600;   /* 2026-01-01T00:00:00Z */
    const int64_t march_2028_s = 1835481600; /* 2028-03-01 */

    use(fixture, LINE_FORMAT_SYSLOG_3164, NULL, NULL, "utc");
    assert_year(fixture, new_year_s + 60, "Dec 31 23:59:59 h x", "2025-12-31T23:59:59.000Z");
    assert_year(fixture, new_year_s + 60, "Jan  1 00:00:30 h x", "2026-01-01T00:00:30.000Z");
    assert_year(fixture, new_year_s - 60, "Jan  1 00:00:30 h x", "2026-01-01T00:00:30.000Z");
    assert_year(fixture, new_year_s - 60, "Dec 31 23:59:59 h x", "2025-12-31T23:59:59.000Z");
    assert_year(fixture, new_year_s + 60, "Jan  3 00:00:00 h x", "2025-01-03T00:00:00.000Z");
    assert_year(fixture, march_2028_s, "Feb 29 01:00:00 h x", "2028-02-29T01:00:00.000Z");
    assert_year(fixture, march_2028_s - 3 * 86400, "Feb 29 01:00:00 h x",
                "2024-02-29T01:00:00.000Z");
    assert_year(fixture, new_year_s, "Feb 29 01:00:00 h x", "2024-02-29T01:00:00.000Z");
}

static void the_examples_of_rfc_5424_chapter_6_5_are_read(void **state)
{
    struct fixture *fixture = *state;

    use(fixture, LINE_FORMAT_SYSLOG_5424, NULL, NULL, NULL);
    assert_parts(fixture,
                 "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - "
                 "\xef\xbb\xbf'su root' failed for lonvick on /dev/pts/8",
                 "2003-10-11T22:14:15.003Z", LOG_SEVERITY_CRITICAL, "su",
                 "'su root' failed for lonvick on /dev/pts/8");
    assert_members(fixture, ",\"facility\":4,\"host\":\"mymachine.example.com\",\"id\":\"ID47\"");
    assert_parts(fixture,
                 "<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time "
                 "to make the do-nuts.",
                 "2003-08-24T12:14:15.000Z", LOG_SEVERITY_NOTICE, "myproc",
                 "%% It's time to make the do-nuts.");
    assert_true(fixture->parts.time_ns % NS_PER_MS == 3 * NS_PER_US);
    assert_members(fixture, ",\"facility\":20,\"host\":\"192.0.2.1\",\"process\":\"8710\"");
    assert_parts(fixture,
                 "<165>1 2003-10-11T22:14:15.003Z m evntslog - ID47 [exampleSDID@32473 iut=\"3\" "
                 "eventSource=\"Application\" eventID=\"1011\"][examplePriority@32473 "
                 "class=\"high\"]",
                 "2003-10-11T22:14:15.003Z", LOG_SEVERITY_NOTICE, "evntslog", "");
    assert_members(fixture, ",\"facility\":20,\"host\":\"m\",\"id\":\"ID47\",\"data\":{"
                            "\"exampleSDID@32473\":{\"iut\":\"3\",\"eventSource\":\"Application\","
                            "\"eventID\":\"1011\"},\"examplePriority@32473\":{\"class\":"
                            "\"high\"}}");
}

static void assert_data(struct fixture *fixture, const char *data, const char *expected,
                        const char *message)
{
    char line[400], members[400];

    (void)snprintf(line, sizeof(line), "<14>1 2003-10-11T22:14:15Z - - - - %s", data);
    (void)snprintf(members, sizeof(members), ",\"facility\":1,\"data\":%s", expected);
    assert_parts(fixture, line, "2003-10-11T22:14:15.000Z", LOG_SEVERITY_INFORMATIONAL, "",
                 message);
    assert_members(fixture, members);
}

static void structured_data_of_rfc_5424_chapter_6_3_becomes_json(void **state)
{
    struct fixture *fixture = *state;

    use(fixture, LINE_FORMAT_SYSLOG_5424, NULL, NULL, NULL);
    assert_data(fixture, "[a]", "{\"a\":{}}", "");
    assert_data(fixture, "[a x=\"1\"] [b y=\"2\"] m", "{\"a\":{\"x\":\"1\"}}", "[b y=\"2\"] m");
    assert_data(fixture, "[a x=\"q\\\"b\\\\c\\]d\\n\"] m", "{\"a\":{\"x\":\"q\\\"b\\\\c]d\\\\n\"}}",
                "m");
    assert_data(fixture, "[origin ip=\"192.0.2.1\" ip=\"192.0.2.129\" v=\"1\"]",
                "{\"origin\":{\"ip\":[\"192.0.2.1\",\"192.0.2.129\"],\"v\":\"1\"}}", "");
    assert_data(fixture, "[a ip=\"1\" ipx=\"2\"]", "{\"a\":{\"ip\":\"1\",\"ipx\":\"2\"}}", "");
}

static void what_rfc_5424_does_not_allow_is_refused(void **state)
{
    struct fixture *fixture = *state;
    static const char *const wrong[] = {
        "",
        "34>1 2003-10-11T22:14:15Z - - - - -",
        "<34> 2003-10-11T22:14:15Z - - - - -",
        "<34>2 2003-10-11T22:14:15Z - - - - -",
        "<192>1 2003-10-11T22:14:15Z - - - - -",
        "<34>1 2003-10-11T22:14:15Z - - - -",
        "<34>1 2003-10-11T22:14:15Z -  - - - -",
        "<34>1 2003-10-11T22:14:15ZZ - - - - -",
        "<34>1 Oct 11 22:14:15 - - - - -",
        "<34>1 2003-10-11T22:14:15Z - - - - x",
        "<34>1 2003-10-11T22:14:15Z - - - - -x",
        "<34>1 2003-10-11T22:14:15Z - - - - [",
        "<34>1 2003-10-11T22:14:15Z - - - - [a",
        "<34>1 2003-10-11T22:14:15Z - - - - []",
        "<34>1 2003-10-11T22:14:15Z - - - - [ a x=\"1\"]",
        "<34>1 2003-10-11T22:14:15Z - - - - [a x=1]",
        "<34>1 2003-10-11T22:14:15Z - - - - [a x=\"1]",
        "<34>1 2003-10-11T22:14:15Z - - - - [a x=\"1\" x=\"]",
        "<34>1 2003-10-11T22:14:15Z - - - - [a x=\"1\" x]",
        "<34>1 2003-10-11T22:14:15Z - - - - [a x=\"1\"]m",
        "<34>1 2003-10-11T22:14:15Z - - - - [a x=\"1\"][",
    };

    use(fixture, LINE_FORMAT_SYSLOG_5424, NULL, NULL, NULL);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_refused(fixture, wrong[i]);
    }
}

static void a_line_of_5424_without_a_time_has_that_of_reading(void **state) /* LF3 */
{
    struct fixture *fixture = *state;

    use(fixture, LINE_FORMAT_SYSLOG_5424, NULL, NULL, NULL);
    assert_parts(fixture, "<0>1 - - - - - - x", "2026-03-05T12:00:00.000Z", LOG_SEVERITY_EMERGENCY,
                 "", "x");
}

static void data_that_is_too_long_is_left_out_and_said_so(void **state)
{
    struct fixture *fixture = *state;
    char line[6000] = "<14>1 - h app - - [a x=\"";

    use(fixture, LINE_FORMAT_SYSLOG_5424, NULL, NULL, NULL);
    memset(line + strlen(line), 'y', 5000);
    memcpy(line + strlen(line), "\"] m", 5);
    assert_parts(fixture, line, "2026-03-05T12:00:00.000Z", LOG_SEVERITY_INFORMATIONAL, "app", "m");
    assert_members(fixture, ",\"facility\":1,\"host\":\"h\",\"left_out\":true");
}

static void lines_that_begin_with_iso_8601_are_read_with_their_severity(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *line;
        int severity;
        const char *message;
    } lines[] = {
        {"2026-03-05T09:00:01Z door opened", LOG_SEVERITY_UNKNOWN, "door opened"},
        {"2026-03-05 09:00:01Z WARN door open", LOG_SEVERITY_WARNING, "door open"},
        {"2026-03-05 09:00:01Z ERROR   axis 3", LOG_SEVERITY_ERROR, "axis 3"},
        {"2026-03-05 09:00:01Z [error] axis 3", LOG_SEVERITY_ERROR, "axis 3"},
        {"2026-03-05 09:00:01Z [INFO ] axis 3", LOG_SEVERITY_INFORMATIONAL, "axis 3"},
        {"2026-03-05 09:00:01Z <Fatal> axis 3", LOG_SEVERITY_CRITICAL, "axis 3"},
        {"2026-03-05 09:00:01Z notice: axis 3", LOG_SEVERITY_NOTICE, "axis 3"},
        {"2026-03-05 09:00:01Z\tdebug\taxis 3", LOG_SEVERITY_DEBUG, "axis 3"},
        {"2026-03-05 09:00:01Z: TRACE|axis 3", LOG_SEVERITY_DEBUG, "axis 3"},
        {"[2026-03-05 09:00:01Z][WRN] axis 3", LOG_SEVERITY_WARNING, "axis 3"},
        {"[2026-03-05 09:00:01Z] alert: axis 3", LOG_SEVERITY_ALERT, "axis 3"},
        {"2026-03-05 09:00:01Z Error opening x", LOG_SEVERITY_UNKNOWN, "Error opening x"},
        {"2026-03-05 09:00:01Z EMERGENCY STOP", LOG_SEVERITY_UNKNOWN, "EMERGENCY STOP"},
        {"2026-03-05 09:00:01Z EMERGENCY: STOP", LOG_SEVERITY_EMERGENCY, "STOP"},
        {"2026-03-05 09:00:01Z WARNINGS 3", LOG_SEVERITY_UNKNOWN, "WARNINGS 3"},
        {"2026-03-05 09:00:01Z [plc] axis", LOG_SEVERITY_UNKNOWN, "[plc] axis"},
        {"2026-03-05 09:00:01Z [info axis", LOG_SEVERITY_UNKNOWN, "[info axis"},
        {"2026-03-05 09:00:01Z", LOG_SEVERITY_UNKNOWN, ""},
    };

    use(fixture, LINE_FORMAT_ISO, NULL, NULL, NULL);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        assert_parts(fixture, lines[i].line, "2026-03-05T09:00:01.000Z", lines[i].severity, "",
                     lines[i].message);
    }
}

static void all_forms_of_an_iso_time_are_read_in_the_zone(void **state)
{
    struct fixture *fixture = *state;

    use(fixture, LINE_FORMAT_ISO, NULL, NULL, "-03:30");
    assert_parts(fixture, "2026-03-05 09:00:01,250 x", "2026-03-05T12:30:01.250Z", -1, "", "x");
    assert_parts(fixture, "2026-03-05t09:00:01.999999999 x", "2026-03-05T12:30:01.999Z", -1, "",
                 "x");
    assert_parts(fixture, "2026-03-05T09:00:01+0100 x", "2026-03-05T08:00:01.000Z", -1, "", "x");
    assert_parts(fixture, "2026-03-05T09:00:01-01 x", "2026-03-05T10:00:01.000Z", -1, "", "x");
    assert_parts(fixture, "2024-02-29T23:59:60z x", "2024-03-01T00:00:00.000Z", -1, "", "x");
}

static void a_line_without_an_iso_time_is_refused(void **state)
{
    struct fixture *fixture = *state;
    static const char *const wrong[] = {
        "",
        "x",
        "    at com.example.Main.main(Main.java:7)",
        "2026-03-05",
        "2026-03-05T09:00 x",
        "2026-03-05T09:00:01x",
        "2026-02-29T09:00:01Z x",
        "0000-03-05T09:00:01Z x",
        "9999-03-05T09:00:01Z x",
        "20260305T090001Z x",
        "[2026-03-05 09:00:01Z x",
        "2026-3-05T09:00:01Z x",
    };

    use(fixture, LINE_FORMAT_ISO, NULL, NULL, "utc");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_refused(fixture, wrong[i]);
    }
}

static void a_pattern_of_ones_own_names_what_is_where(void **state)
{
    struct fixture *fixture = *state;

    use(fixture, LINE_FORMAT_CUSTOM, "%{time} [%{severity}] %{source}: %{message}",
        "%d.%m.%Y %H:%M:%S,%f", "+01:00");
    assert_parts(fixture, "05.03.2026 09:00:01,25 [WARN ] PLC1: door: open",
                 "2026-03-05T08:00:01.250Z", LOG_SEVERITY_WARNING, "PLC1", "door: open");
    assert_members(fixture, "");
    assert_parts(fixture, "05.03.2026  09:00:01,25   [ALARM] PLC1:   x ",
                 "2026-03-05T08:00:01.250Z", LOG_SEVERITY_UNKNOWN, "PLC1", "x ");
    assert_members(fixture, ",\"severity\":\"ALARM\"");
    assert_refused(fixture, "05.03.2026 09:00:01,25 (WARN) PLC1: x");
    assert_refused(fixture, "05.03.2026 09:00:01,25 [WARN] PLC1 x");
    assert_refused(fixture, "2026-03-05 09:00:01 [WARN] PLC1: x");
    use(fixture, LINE_FORMAT_CUSTOM, "%{thread}|%{_}|%{time}|100%%  %{message}|", NULL, "utc");
    assert_parts(fixture, "main 1 | y |2026-03-05 09:00:01|100%  m |", "2026-03-05T09:00:01.000Z",
                 -1, "", "m");
    assert_members(fixture, ",\"thread\":\"main 1\"");
    assert_refused(fixture, "main|y|2026-03-05 09:00:01|100% m|z");
}

static void assert_time(struct fixture *fixture, const char *time_format, const char *text,
                        const char *time)
{
    char line[100];

    use(fixture, LINE_FORMAT_CUSTOM, "%{time};%{message}", time_format, "utc");
    (void)snprintf(line, sizeof(line), "%s;m", text);
    if (time == NULL) {
        assert_refused(fixture, line);
    } else {
        assert_parts(fixture, line, time, -1, "", "m");
    }
}

static void every_letter_of_a_time_format_is_read(void **state)
{
    struct fixture *fixture = *state;

    assert_time(fixture, "%d/%b/%Y:%H:%M:%S %z", "05/Mar/2026:09:00:01 +0100",
                "2026-03-05T08:00:01.000Z");
    assert_time(fixture, "%a %B %e %T %Y", "Thu march  5 09:00:01 2026",
                "2026-03-05T09:00:01.000Z");
    assert_time(fixture, "%F %I:%M %p", "2026-03-05 12:07 am", "2026-03-05T00:07:00.000Z");
    assert_time(fixture, "%F %I:%M %p", "2026-03-05 12:07 PM", "2026-03-05T12:07:00.000Z");
    assert_time(fixture, "%F %I:%M %p", "2026-03-05  1:07 PM", "2026-03-05T13:07:00.000Z");
    assert_time(fixture, "%F %I:%M %p", "2026-03-05 13:07 PM", NULL);
    assert_time(fixture, "%F %I:%M %p", "2026-03-05 11:07 XM", NULL);
    assert_time(fixture, "%y%m%d %H", "260305 23", "2026-03-05T23:00:00.000Z");
    assert_time(fixture, "%y%m%d %H", "690305 23", "1969-03-05T23:00:00.000Z");
    assert_time(fixture, "%m-%d %H:%M:%S.%f", "03-05 09:00:01.5", "2026-03-05T09:00:01.500Z");
    assert_time(fixture, "%s.%f", "1772712000.125", "2026-03-05T12:00:00.125Z");
    assert_time(fixture, "%s", "99999999999999999999", NULL);
    assert_time(fixture, "%s", "99999999999", NULL);
    assert_time(fixture, "%F %T %%", "2026-03-05 09:00:01 %", "2026-03-05T09:00:01.000Z");
    assert_time(fixture, "%F %T.%f", "2026-03-05 09:00:01.", NULL);
    assert_time(fixture, "%F %T", "2026-02-30 09:00:01", NULL);
}

static void assert_bad(struct fixture *fixture, struct line_format_options options,
                       const char *sentence)
{
    struct error error = {0};

    assert_int_equal(line_format_set(&fixture->format, &options, &fixture->arena, &error),
                     ERROR_BAD_CONFIG);
    if (strstr(error.text, sentence) == NULL) {
        fail_msg("no '%s' in: %s", sentence, error.text);
    }
}

static void what_is_wrong_in_a_format_is_said(void **state)
{
    struct fixture *fixture = *state;
    char many[PATTERN_MAX_BYTES + 1] = "%{time}%{message}";

    assert_bad(fixture, (struct line_format_options){LINE_FORMAT_CUSTOM, NULL, NULL, NULL},
               "needs a pattern");
    assert_bad(fixture, (struct line_format_options){LINE_FORMAT_ISO, "%{message}", NULL, NULL},
               "pattern: it belongs to 'format: custom'");
    assert_bad(fixture, (struct line_format_options){LINE_FORMAT_TEXT, NULL, "%F", NULL},
               "time_format: it belongs to 'format: custom'");
    assert_bad(fixture, (struct line_format_options){LINE_FORMAT_CUSTOM, "%{message}", NULL, NULL},
               "%{time} and %{message} must be there once each");
    assert_bad(fixture,
               (struct line_format_options){LINE_FORMAT_CUSTOM, "%{time} %{message} %{message}",
                                            NULL, NULL},
               "once each");
    assert_bad(
        fixture,
        (struct line_format_options){LINE_FORMAT_CUSTOM, "%{time} %{source}%{message}", NULL, NULL},
        "side by side");
    assert_bad(fixture,
               (struct line_format_options){LINE_FORMAT_CUSTOM, "%{time} %{mess age}", NULL, NULL},
               "at '%{mess age}'");
    for (int i = 0; i < 40; i++) {
        memcpy(many + strlen(many), "%{a} ", 6);
    }
    assert_bad(fixture, (struct line_format_options){LINE_FORMAT_CUSTOM, many, NULL, NULL},
               "up to 32");
    assert_bad(
        fixture,
        (struct line_format_options){LINE_FORMAT_CUSTOM, "%{time} %{message}", "%F %Q", NULL},
        "'%Q' is not known");
    assert_bad(fixture,
               (struct line_format_options){LINE_FORMAT_CUSTOM, "%{time} %{message}", "%F %", NULL},
               "is not known");
    assert_bad(
        fixture,
        (struct line_format_options){LINE_FORMAT_CUSTOM, "%{time} %{message}", "%H:%M", NULL},
        "month, day and hour");
    assert_bad(
        fixture,
        (struct line_format_options){LINE_FORMAT_CUSTOM, "%{time} %{message}", "%F %I:%M", NULL},
        "month, day and hour");
    assert_bad(fixture, (struct line_format_options){LINE_FORMAT_ISO, NULL, NULL, "Mars/Base"},
               "there is no /usr/share/zoneinfo/Mars/Base");
    assert_bad(fixture, (struct line_format_options){LINE_FORMAT_ISO, NULL, NULL, "/etc/passwd"},
               "zone: '/etc/passwd' is none");
    assert_bad(fixture, (struct line_format_options){LINE_FORMAT_ISO, NULL, NULL, "zone.tab"},
               "zone: 'zone.tab' is none");
    assert_bad(fixture, (struct line_format_options){LINE_FORMAT_ISO, NULL, NULL, "Europe"},
               "there is no /usr/share/zoneinfo/Europe");
}

static void a_text_stays_as_it_is(void **state)
{
    struct fixture *fixture = *state;

    use(fixture, LINE_FORMAT_TEXT, NULL, NULL, NULL);
    assert_parts(fixture, "2026-03-05T09:00:01Z ERROR x", "2026-03-05T12:00:00.000Z",
                 LOG_SEVERITY_UNKNOWN, "", "2026-03-05T09:00:01Z ERROR x");
}

/** LF2: ten times the length takes about ten times as long, also where much is tried. */
static void long_lines_take_no_longer_than_their_length(void **state)
{
    struct fixture *fixture = *state;
    static char line[1 << 20];
    int64_t began_ns;

    use(fixture, LINE_FORMAT_CUSTOM, "%{time} %{a} x %{b} x y z%{message}", NULL, "utc");
    memset(line, ' ', sizeof(line) - 1);
    memcpy(line, "2026-03-05 09:00:01 q", 21);
    began_ns = clock_monotonic_ns(&clock_system);
    assert_false(parse(fixture, line));
    for (size_t i = 19; i < sizeof(line) - 1; i++) {
        line[i] = " x"[i % 2];
    }
    assert_false(parse(fixture, line));
    assert_true(clock_monotonic_ns(&clock_system) - began_ns < 5 * NS_PER_S); /* else: hours */
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(the_examples_of_rfc_3164_chapter_5_4_are_read),
        CASE(what_syslogd_writes_into_files_is_read),
        CASE(no_line_of_3164_has_a_pri_above_191_or_a_day_that_is_not),
        CASE(a_year_that_is_not_said_is_the_latest_that_is_not_in_the_future),
        CASE(the_examples_of_rfc_5424_chapter_6_5_are_read),
        CASE(structured_data_of_rfc_5424_chapter_6_3_becomes_json),
        CASE(what_rfc_5424_does_not_allow_is_refused),
        CASE(a_line_of_5424_without_a_time_has_that_of_reading),
        CASE(data_that_is_too_long_is_left_out_and_said_so),
        CASE(lines_that_begin_with_iso_8601_are_read_with_their_severity),
        CASE(all_forms_of_an_iso_time_are_read_in_the_zone),
        CASE(a_line_without_an_iso_time_is_refused),
        CASE(a_pattern_of_ones_own_names_what_is_where),
        CASE(every_letter_of_a_time_format_is_read),
        CASE(what_is_wrong_in_a_format_is_said),
        CASE(a_text_stays_as_it_is),
        CASE(long_lines_take_no_longer_than_their_length),
    };

    return cmocka_run_group_tests_name("line_format", cases, NULL, NULL);
}
