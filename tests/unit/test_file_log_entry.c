#include "base/clock.h"
#include "drivers/filelog/entry.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <string.h>

enum { SIZE = 50000 };

struct fixture {
    struct entry_rules rules;
    struct line_format format;
    struct encoding encoding;
    struct entry_bytes bytes;
    uint8_t file[SIZE];
    char found[4 * SIZE]; /* "record|record|part+", as they were cut */
};

static struct fixture fixture_storage;

static int close_encoding(void **unused)
{
    (void)unused;
    encoding_close(&fixture_storage.encoding);
    return 0;
}

static struct fixture *begin_encoded(const char *name, enum line_format_kind kind,
                                     bool is_multiline, bool is_settled)
{
    struct fixture *fixture = &fixture_storage;
    const struct line_format_options options = {.kind = kind, .zone = "utc"};
    struct error error = {0};

    encoding_close(&fixture->encoding);
    memset(fixture, 0, sizeof(*fixture));
    assert_int_equal(line_format_set(&fixture->format, &options, NULL, &error), ERROR_OK);
    assert_int_equal(encoding_open(&fixture->encoding, name, &error), ERROR_OK);
    fixture->rules = (struct entry_rules){.is_multiline = is_multiline,
                                          .format = &fixture->format,
                                          .encoding = &fixture->encoding,
                                          .now_ns = 1772712000 * NS_PER_S};
    fixture->bytes.is_settled = is_settled;
    return fixture;
}

static struct fixture *begin(enum line_format_kind kind, bool is_multiline, bool is_settled)
{
    return begin_encoded("utf-8", kind, is_multiline, is_settled);
}

/** Cut everything, with a '|' behind each record and a '+' behind a part. How much is left. */
static size_t cut(struct fixture *fixture, const void *file, size_t size)
{
    struct entry entry;
    size_t used = 0;

    memcpy(fixture->file, file, size);
    fixture->bytes.bytes = fixture->file;
    fixture->bytes.size = size;
    while (fixture->bytes.size > 0 && entry_find(&fixture->rules, &fixture->bytes, &entry)) {
        char text[ENTRY_TEXT_SIZE];
        size_t text_size = entry_text(&fixture->rules, &entry, fixture->bytes.bytes, text);

        assert_true(entry.size > 0 && entry.size <= fixture->bytes.size);
        assert_true(text_size <= ENTRY_PART_MAX + 1);
        memcpy(fixture->found + used, text, text_size);
        used += text_size;
        fixture->found[used++] = entry.is_whole ? '|' : '+';
        fixture->bytes.bytes += entry.size;
        fixture->bytes.size -= entry.size;
    }
    fixture->found[used] = '\0';
    return fixture->bytes.size;
}

static void assert_cut(struct fixture *fixture, const char *file, const char *found, size_t left)
{
    size_t rest = cut(fixture, file, strlen(file));

    assert_string_equal(fixture->found, found);
    assert_int_equal(rest, left);
}

static void a_record_is_a_line(void **unused)
{
    (void)unused;
    struct fixture *fixture = begin(LINE_FORMAT_TEXT, false, true);

    assert_cut(fixture, "one\r\n two\n\nthr", "one| two||", 3);
    fixture->bytes.is_rest = true;
    assert_cut(fixture, "one\nthr", "one|thr|", 0);
}

static void indented_and_empty_lines_of_text_continue(void **unused) /* RE1 */
{
    (void)unused;
    struct fixture *fixture = begin(LINE_FORMAT_TEXT, true, false);

    assert_cut(fixture, "one\r\n  a\r\n\tb\r\n\r\ntwo\r\nthree\r\n", "one\n  a\n\tb\n|two|", 7);
    assert_cut(fixture, " a\n b\nc\nd\n", " a\n b|c|", 2);
}

static void lines_without_the_format_continue(void **unused) /* RE1 */
{
    (void)unused;
    struct fixture *fixture = begin(LINE_FORMAT_ISO, true, false);

    assert_cut(fixture,
               "stray\nmore\n2026-03-05T09:00:01 ERROR x\nTraceback\n  at y\n\n"
               "2026-03-05T09:00:02 z\n2026-03-05T09:00:03 last\n",
               "stray\nmore|2026-03-05T09:00:01 ERROR x\nTraceback\n  at y\n|"
               "2026-03-05T09:00:02 z|",
               25);
}

static void the_last_record_ends_when_nothing_comes_for_a_while(void **unused) /* RE2 */
{
    (void)unused;
    struct fixture *fixture = begin(LINE_FORMAT_ISO, true, false);
    const char *const file = "2026-03-05T09:00:01 x\n  y\n";
    const char *const partial = "2026-03-05T09:00:01 x\n  y\n2026-03";

    assert_cut(fixture, file, "", strlen(file));
    assert_cut(fixture, partial, "", strlen(partial));
    fixture->bytes.is_settled = true;
    assert_cut(fixture, file, "2026-03-05T09:00:01 x\n  y|", 0);
    assert_cut(fixture, partial, "", strlen(partial)); /* it may become a beginning */
    fixture->bytes.is_rest = true;
    assert_cut(fixture, partial, "2026-03-05T09:00:01 x\n  y\n2026-03|", 0);
}

static size_t count(const char *text, char byte)
{
    size_t found = 0;

    for (; *text != '\0'; text++) {
        found += *text == byte;
    }
    return found;
}

static void long_records_are_cut_between_lines_and_long_lines_within(void **unused) /* RE3 */
{
    (void)unused;
    struct fixture *fixture = begin(LINE_FORMAT_TEXT, true, true);
    static char file[SIZE];
    size_t used = (size_t)snprintf(file, sizeof(file), "first\n"), whole;

    for (int i = 0; i < 400; i++) { /* 400 lines of 100 bytes */
        used += (size_t)snprintf(file + used, sizeof(file) - used, " %098d\n", i);
    }
    whole = used;
    used += (size_t)snprintf(file + used, sizeof(file) - used, "next\n");
    assert_int_equal(cut(fixture, file, used), 0);
    assert_int_equal(count(fixture->found, '+'), 2);
    assert_int_equal(count(fixture->found, '|'), 2);
    for (const char *at = fixture->found; (at = strchr(at, '+')) != NULL; at++) {
        assert_true(at[-1] == '\n' && at[1] == ' '); /* its line feeds are kept */
    }
    /* Exactly as much as a part holds is none. */
    file[ENTRY_PART_MAX - 1] = '\n';
    assert_int_equal(cut(fixture, file, ENTRY_PART_MAX), 0);
    assert_int_equal(count(fixture->found, '+'), 0);
    /* A line too long is cut within, and what continues belongs to it. */
    memset(file, 'x', 20000);
    memcpy(file + 20000, "\n y\nz\n", 6);
    assert_int_equal(cut(fixture, file, 20006), 0);
    assert_int_equal(count(fixture->found, '+'), 1);
    assert_non_null(strstr(fixture->found, "x\n y|z|"));
    assert_true(whole > 2 * ENTRY_PART_MAX);
}

static void the_message_of_a_record_is_all_behind_what_the_format_found(void **unused)
{
    (void)unused;
    struct fixture *fixture = begin(LINE_FORMAT_ISO, true, true);
    const char *const text = "2026-03-05T09:00:01 ERROR x\nTraceback\n  at y";
    const struct line_parts *parts = &fixture->rules.parts;

    assert_true(entry_parse(&fixture->rules, text, strlen(text)));
    assert_int_equal(parts->severity, LOG_SEVERITY_ERROR);
    assert_int_equal(parts->message.size_bytes, strlen("x\nTraceback\n  at y"));
    assert_memory_equal(parts->message.bytes, "x\nTraceback\n  at y", 18);
    assert_false(entry_parse(&fixture->rules, "no\ntime", 7));
    assert_int_equal(parts->message.size_bytes, 7);
    fixture = begin(LINE_FORMAT_TEXT, true, true);
    assert_true(entry_parse(&fixture->rules, "a\n b", 4));
    assert_int_equal(parts->message.size_bytes, 4);
}

static void lines_of_latin_1_and_windows_1252_become_utf_8(void **unused)
{
    (void)unused;
    struct fixture *fixture = begin_encoded("latin-1", LINE_FORMAT_TEXT, false, true);

    assert_cut(fixture,
               "\xfc"
               "ber\r\n\xb0 C\n",
               "\xc3\xbc"
               "ber|\xc2\xb0 C|",
               0);
    fixture = begin_encoded("Windows-1252", LINE_FORMAT_TEXT, false, true);
    assert_cut(fixture,
               "5 \x80\na\x81"
               "z\n",
               "5 \xe2\x82\xac|a\xef\xbf\xbd"
               "z|",
               0); /* EN2 */
}

/** EN1: U+0A0A beside U+0100 has the bytes of a line feed, but not where one stands. */
static void lines_of_utf_16_end_where_their_line_feeds_are(void **unused)
{
    (void)unused;
    static const char little[] = "\xff\xfeo\0\x0a\x0a\x00\x01\x0a\x0d\r\0\n\0t\0\x0a\0\0";
    static const char big[] = "\xfe\xff\0o\x01\x00\x0a\x0a\x0d\x0a\0\r\0\n\0t\0\x0a\0";
    struct fixture *fixture = begin_encoded("utf-16le", LINE_FORMAT_TEXT, false, true);

    assert_int_equal(cut(fixture, little, sizeof(little) - 1), 1);
    assert_string_equal(fixture->found, "o\xe0\xa8\x8a\xc4\x80\xe0\xb4\x8a|t|");
    fixture->bytes.is_rest = true;
    assert_int_equal(cut(fixture, little, 5), 1); /* half a character is waited for */
    fixture = begin_encoded("UTF-16BE", LINE_FORMAT_TEXT, false, true);
    assert_int_equal(cut(fixture, big, sizeof(big) - 1), 1);
    assert_string_equal(fixture->found, "o\xc4\x80\xe0\xa8\x8a\xe0\xb4\x8a|t|");
    assert_int_equal(cut(fixture, "\xd8\0\0a\0\n", 6), 0); /* half a pair: EN2 */
    assert_string_equal(fixture->found, "\xef\xbf\xbd"
                                        "a|");
    fixture->bytes.is_rest = true;
    assert_int_equal(cut(fixture, "\xd8\0", 2), 0); /* half a pair, and nothing behind it */
    assert_string_equal(fixture->found, "\xef\xbf\xbd|");
}

static void a_long_line_of_utf_16_is_cut_between_two_pairs(void **unused)
{
    (void)unused;
    struct fixture *fixture = begin_encoded("utf-16le", LINE_FORMAT_TEXT, true, true);
    static uint8_t file[40002];

    file[0] = 'x';
    for (size_t at = 2; at < 40000; at += 4) { /* U+1F600 */
        memcpy(file + at, "\x3d\xd8\x00\xde", 4);
    }
    memcpy(file + 40000 - 2, "\n\0", 2);
    assert_int_equal(cut(fixture, file, 40000), 0);
    assert_int_equal(count(fixture->found, '+'), 3);
    assert_null(strstr(fixture->found, "\xef\xbf\xbd"));
}

static void parts_of_other_encodings_are_not_too_long_as_utf_8(void **unused) /* RE3 */
{
    (void)unused;
    struct fixture *fixture = begin_encoded("windows-1252", LINE_FORMAT_TEXT, false, true);
    static uint8_t file[20001];
    size_t signs = 0;

    memset(file, 0x80, 20000);
    file[20000] = '\n';
    assert_int_equal(cut(fixture, file, sizeof(file)), 0); /* cut() looks at the length */
    for (const char *at = fixture->found; (at = strstr(at, "\xe2\x82\xac")) != NULL; at += 3) {
        signs++;
    }
    assert_int_equal(signs, 20000);
}

static void a_mark_of_the_byte_order_belongs_to_no_line(void **unused)
{
    (void)unused;
    struct fixture *fixture = begin(LINE_FORMAT_ISO, true, true);

    assert_cut(fixture,
               "\xef\xbb\xbf"
               "2026-03-05T09:00:01 x\n\xef\xbb\xbf"
               "2026-03-05T09:00:02 y\n",
               "2026-03-05T09:00:01 x|2026-03-05T09:00:02 y|", 0);
}

static void encodings_that_cannot_be_are_refused_with_what_can(void **unused)
{
    (void)unused;
    static const struct {
        const char *name, *sentence;
    } wrong[] = {
        {"klingon", "'klingon' is not known here"},
        {"latin1//IGNORE", "is not known here"},
        {"utf-16", "write utf-16le (Windows) or utf-16be"},
    };

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct encoding encoding;
        struct error error = {0};

        assert_int_equal(encoding_open(&encoding, wrong[i].name, &error), ERROR_BAD_CONFIG);
        if (strstr(error.text, wrong[i].sentence) == NULL) {
            fail_msg("%s", error.text);
        }
        encoding_close(&encoding);
    }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(a_record_is_a_line),
        cmocka_unit_test(indented_and_empty_lines_of_text_continue),
        cmocka_unit_test(lines_without_the_format_continue),
        cmocka_unit_test(the_last_record_ends_when_nothing_comes_for_a_while),
        cmocka_unit_test(long_records_are_cut_between_lines_and_long_lines_within),
        cmocka_unit_test(the_message_of_a_record_is_all_behind_what_the_format_found),
        cmocka_unit_test(lines_of_latin_1_and_windows_1252_become_utf_8),
        cmocka_unit_test(lines_of_utf_16_end_where_their_line_feeds_are),
        cmocka_unit_test(a_long_line_of_utf_16_is_cut_between_two_pairs),
        cmocka_unit_test(parts_of_other_encodings_are_not_too_long_as_utf_8),
        cmocka_unit_test(a_mark_of_the_byte_order_belongs_to_no_line),
        cmocka_unit_test(encodings_that_cannot_be_are_refused_with_what_can),
    };

    return cmocka_run_group_tests_name("file_log_entry", cases, NULL, close_encoding);
}
