#include "base/log_record.h"
#include "base/utf8.h"
#include "tests/support/cmocka.h"

#include <stdlib.h>
#include <string.h>

static char text[LOG_RECORD_MAX];

static struct log_record record_of(const char *source, const char *fields, const char *message)
{
    return (struct log_record){LOG_SEVERITY_WARNING, log_text_of(source), log_text_of(fields),
                               log_text_of(message)};
}

static bool text_is(const struct log_text *found, const char *expected)
{
    return found->size_bytes == strlen(expected) &&
           memcmp(found->bytes, expected, found->size_bytes) == 0;
}

/** What becomes of a record on its way through the text form. */
static struct log_record round_trip(const struct log_record *record)
{
    struct log_record found;
    struct error error;

    assert_int_equal(log_record_decode(text, log_record_encode(record, text), &found, &error),
                     ERROR_OK);
    return found;
}

static void what_was_encoded_is_decoded(void **unused)
{
    (void)unused;
    static const char form[] = "1\x1f"
                               "4\x1fmaria\x1f{\"shift\":2}\x1fsensor of boiler-1 replaced";
    struct log_record record = record_of("maria", "{\"shift\":2}", "sensor of boiler-1 replaced");
    struct log_record found;

    assert_int_equal(log_record_encode(&record, text), sizeof(form) - 1);
    assert_memory_equal(text, form, sizeof(form) - 1);
    found = round_trip(&record);
    assert_int_equal(found.severity, LOG_SEVERITY_WARNING);
    assert_true(text_is(&found.source, "maria"));
    assert_true(text_is(&found.fields, "{\"shift\":2}"));
    assert_true(text_is(&found.message, "sensor of boiler-1 replaced"));
    record = record_of("", "", "");
    record.severity = LOG_SEVERITY_UNKNOWN;
    found = round_trip(&record);
    assert_int_equal(found.severity, LOG_SEVERITY_UNKNOWN);
    assert_true(text_is(&found.message, ""));
}

static void foreign_bytes_cannot_forge_a_field(void **unused) /* L1 */
{
    (void)unused;
    struct log_record record = record_of("a\x1f"
                                         "b",
                                         "{\x1f}", "");
    struct log_record found;

    record.message = (struct log_text){"a\x1f"
                                       "b\0c\td\ne\r\xff\xe2\x82\xac\xe2\x82",
                                       16};
    found = round_trip(&record);
    assert_true(text_is(&found.source, "a b"));
    assert_true(text_is(&found.fields, "{ }"));
    assert_true(text_is(&found.message, "a b c\td\ne \xef\xbf\xbd\xe2\x82\xac"
                                        "\xef\xbf\xbd\xef\xbf\xbd"));
}

static void what_just_fits_is_kept_whole(void **unused) /* L2 */
{
    (void)unused;
    static char message[LOG_MESSAGE_MAX + 1];
    static char fields[LOG_FIELDS_MAX + 1];
    static char source[LOG_SOURCE_MAX + 1];
    struct log_record record;
    struct log_record found;

    memset(message, 'm', LOG_MESSAGE_MAX);
    memset(fields, 'f', LOG_FIELDS_MAX);
    memset(source, 's', LOG_SOURCE_MAX);
    record = record_of(source, fields, message);
    assert_in_range(log_record_encode(&record, text), LOG_RECORD_MAX - 8, LOG_RECORD_MAX);
    found = round_trip(&record);
    assert_true(text_is(&found.source, source));
    assert_true(text_is(&found.fields, fields));
    assert_true(text_is(&found.message, message));
}

static void what_is_too_long_is_cut_between_characters_and_says_so(void **unused) /* L2 */
{
    (void)unused;
    enum { EUROS = 7000, MARK = sizeof(LOG_CUT_MARK) - 1 };
    static char euros[3 * EUROS + 1];
    struct log_record record;
    struct log_record found;

    for (size_t i = 0; i < EUROS; i++) {
        memcpy(euros + 3 * i, "\xe2\x82\xac", 3);
    }
    record = record_of(euros, euros, euros);
    found = round_trip(&record);
    assert_int_equal(found.source.size_bytes, LOG_SOURCE_MAX - LOG_SOURCE_MAX % 3);
    assert_true(text_is(&found.fields, LOG_FIELDS_LEFT_OUT));
    assert_int_equal(found.message.size_bytes, LOG_MESSAGE_MAX - (LOG_MESSAGE_MAX - MARK) % 3);
    assert_true(utf8_is_valid(found.message.bytes, found.message.size_bytes));
    assert_memory_equal(found.message.bytes + found.message.size_bytes - MARK, LOG_CUT_MARK, MARK);
}

static void bytes_that_grow_by_being_repaired_still_fit(void **unused) /* L1, L2 */
{
    (void)unused;
    static char bad[LOG_MESSAGE_MAX + 1];
    struct log_record record;
    struct log_record found;

    memset(bad, '\xff', LOG_MESSAGE_MAX);
    record = record_of(bad, bad, bad);
    found = round_trip(&record);
    assert_true(utf8_is_valid(found.message.bytes, found.message.size_bytes));
    assert_true(text_is(&found.fields, LOG_FIELDS_LEFT_OUT));
}

#define BROKEN(bytes, reason)                                                                      \
    {                                                                                              \
        bytes, sizeof(bytes) - 1, reason                                                           \
    }

static void damaged_texts_are_refused_with_a_reason(void **unused)
{
    (void)unused;
    const struct {
        const char *bytes;
        size_t size;
        const char *reason;
    } rows[] = {
        BROKEN("", "1 fields"),
        BROKEN("1\x1f\x1fs\x1fm", "4 fields"),
        BROKEN("1\x1f\x1fs\x1f\x1fm\x1fx", "6 fields"),
        BROKEN("2\x1f\x1fs\x1f\x1fm", "form 1"),
        BROKEN("\x1f\x1fs\x1f\x1fm", "form 1"),
        BROKEN("1\x1f"
               "8\x1fs\x1f\x1fm",
               "severity"),
        BROKEN("1\x1f"
               "44\x1fs\x1f\x1fm",
               "severity"),
    };
    struct log_record found = record_of("before", "", "");
    struct error error;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        /* A copy of exactly its size, so that a byte too many is noticed. */
        char *copy = malloc(rows[i].size + (rows[i].size == 0));

        assert_non_null(copy);
        memcpy(copy, rows[i].bytes, rows[i].size);
        assert_int_equal(log_record_decode(copy, rows[i].size, &found, &error), ERROR_BAD_DATA);
        assert_non_null(strstr(error.text, rows[i].reason));
        assert_true(text_is(&found.source, "before"));
        free(copy);
    }
    assert_int_equal(log_record_decode(text, LOG_RECORD_MAX + 1, &found, &error), ERROR_BAD_DATA);
}

static void severities_are_known_by_name_keyword_and_digit(void **unused)
{
    (void)unused;
    static const char *const good[][3] = {{"emergency", "emerg", "0"},
                                          {"error", "err", "3"},
                                          {"notice", "notice", "5"},
                                          {"debug", "debug", "7"},
                                          {"informational", "info", "6"}};
    static const enum log_severity expected[] = {LOG_SEVERITY_EMERGENCY, LOG_SEVERITY_ERROR,
                                                 LOG_SEVERITY_NOTICE, LOG_SEVERITY_DEBUG,
                                                 LOG_SEVERITY_INFORMATIONAL};
    static const char *const bad[] = {"", "8", "-1", "55", "Notice", "fatal"};
    enum log_severity severity;

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        for (size_t j = 0; j < 3; j++) {
            severity = LOG_SEVERITY_UNKNOWN;
            assert_true(log_severity_parse(good[i][j], &severity));
            assert_int_equal(severity, expected[i]);
        }
        assert_non_null(strstr(log_severity_names(), good[i][0]));
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(log_severity_parse(bad[i], &severity));
    }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(what_was_encoded_is_decoded),
        cmocka_unit_test(foreign_bytes_cannot_forge_a_field),
        cmocka_unit_test(what_just_fits_is_kept_whole),
        cmocka_unit_test(what_is_too_long_is_cut_between_characters_and_says_so),
        cmocka_unit_test(bytes_that_grow_by_being_repaired_still_fit),
        cmocka_unit_test(damaged_texts_are_refused_with_a_reason),
        cmocka_unit_test(severities_are_known_by_name_keyword_and_digit),
    };

    return cmocka_run_group_tests_name("log_record", cases, NULL, NULL);
}
