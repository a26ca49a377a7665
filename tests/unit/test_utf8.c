#include "base/utf8.h"
#include "tests/support/cmocka.h"

#include <string.h>

static void every_scalar_value_is_accepted_and_nothing_else(void **unused)
{
    (void)unused;
    for (uint32_t code = 0; code < 0x120000; code++) {
        uint8_t bytes[4] = {(uint8_t)code, 0, 0, 0};
        size_t size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
        bool scalar = code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
        static const uint8_t heads[] = {0, 0, 0xc0, 0xe0, 0xf0};

        for (size_t i = size; size > 1 && i-- > 1;) {
            bytes[i] = (uint8_t)(0x80 | ((code >> (6 * (size - 1 - i))) & 0x3f));
        }
        if (size > 1) {
            bytes[0] = (uint8_t)(heads[size] | (code >> (6 * (size - 1))));
        }
        if (utf8_sequence_size(bytes, size) != (scalar ? size : 0)) {
            fail_msg("U+%04X", code);
        }
    }
}

static void overlong_and_broken_forms_are_refused(void **unused)
{
    (void)unused;
    const char *const bad[] = {"\x80",
                               "\xc0\x80",
                               "\xc1\xbf",
                               "\xe0\x9f\xbf",
                               "\xf0\x8f\xbf\xbf",
                               "\xf5\x80\x80\x80",
                               "\xff",
                               "\xc3(",
                               "\xe2\x82",
                               "\xe2(\xa1",
                               "\xf0\x90\x80",
                               "a\xe9",
                               "\xe2\x82(",
                               "\xf0\x9f\x98(",
                               "\xc3"};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(utf8_is_valid(bad[i], strlen(bad[i])));
    }
    assert_int_equal(utf8_sequence_size("", 0), 0);
    assert_true(utf8_is_valid("", 0));
    assert_true(utf8_is_valid("20 \xc2\xb0"
                              "C",
                              6));
}

static void good_characters_pass_and_broken_bytes_become_question_marks(void **unused)
{
    (void)unused;
    const struct {
        const char *bytes;
        size_t size;
        const char *text;
    } known[] = {
        {"plain", 5, "plain"},
        {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"a\xff\x62", 3, "a?b"},
        {"\xc0\xaf", 2, "??"},           /* over-long */
        {"\xed\xa0\x80", 3, "???"},      /* surrogate */
        {"\xf4\x90\x80\x80", 4, "????"}, /* above 10FFFF */
        {"\xe2\x82", 2, "??"},           /* cut off */
        {"a\0b", 3, "a?b"},
        {"", 0, ""},
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        char text[32];

        assert_int_equal(utf8_copy(text, sizeof(text), known[i].bytes, known[i].size),
                         strlen(known[i].text));
        assert_string_equal(text, known[i].text);
    }
}

static void what_does_not_fit_is_cut_between_characters(void **unused)
{
    (void)unused;
    char text[5];

    assert_int_equal(utf8_copy(text, sizeof(text), "ab\xe2\x82\xac", 5), 2);
    assert_string_equal(text, "ab");
    assert_int_equal(utf8_copy(text, 1, "ab", 2), 0);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(every_scalar_value_is_accepted_and_nothing_else),
        cmocka_unit_test(overlong_and_broken_forms_are_refused),
        cmocka_unit_test(good_characters_pass_and_broken_bytes_become_question_marks),
        cmocka_unit_test(what_does_not_fit_is_cut_between_characters),
    };

    return cmocka_run_group_tests_name("utf8", cases, NULL, NULL);
}
