#include "base/event.h"
#include "base/utf8.h"
#include "tests/support/cmocka.h"

#include <string.h>

static const struct event plain = {"gap", "readings", "the ring was full", "", 17, 20, 4, -5, 9};

static void what_was_encoded_is_decoded(void **unused)
{
    (void)unused;
    char text[EVENT_TEXT_MAX];
    char copy[EVENT_TEXT_MAX];
    struct event found;
    size_t size = event_encode(&plain, text);

    assert_int_equal(size, strlen(text));
    assert_string_equal(text, "1\x1fgap\x1freadings\x1fthe ring was full\x1f\x1f"
                              "17\x1f"
                              "20\x1f"
                              "4\x1f-5\x1f"
                              "9");
    assert_int_equal(event_decode(text, size, copy, &found, NULL), ERROR_OK);
    assert_string_equal(found.kind, plain.kind);
    assert_string_equal(found.subject, plain.subject);
    assert_string_equal(found.reason, plain.reason);
    assert_string_equal(found.detail, plain.detail);
    assert_int_equal(found.first, 17);
    assert_int_equal(found.last, 20);
    assert_int_equal(found.count, 4);
    assert_int_equal(found.from_ns, -5);
    assert_int_equal(found.to_ns, 9);
}

static void foreign_texts_cannot_forge_a_field(void **unused)
{
    (void)unused;
    struct event event = plain;
    char text[EVENT_TEXT_MAX];
    char copy[EVENT_TEXT_MAX];
    struct event found;

    event.detail = "a\x1f"
                   "b\n\xff\xc3(\xe2\x82\xac\x7f";
    assert_int_equal(event_decode(text, event_encode(&event, text), copy, &found, NULL), ERROR_OK);
    assert_string_equal(found.detail, "a b ?"
                                      "?(\xe2\x82\xac\x7f");
}

static void the_longest_texts_fit_and_are_cut_between_characters(void **unused)
{
    (void)unused;
    static char euros[6001];
    struct event event = {euros,      euros,      euros,     euros,    UINT64_MAX,
                          UINT64_MAX, UINT64_MAX, INT64_MIN, INT64_MIN};
    char text[EVENT_TEXT_MAX];
    char copy[EVENT_TEXT_MAX];
    struct event found;

    for (size_t i = 0; i < 2000; i++) {
        memcpy(euros + 3 * i, "\xe2\x82\xac", 3);
    }
    assert_int_equal(event_decode(text, event_encode(&event, text), copy, &found, NULL), ERROR_OK);
    assert_int_equal(strlen(found.kind), 30);
    assert_int_equal(strlen(found.detail), EVENT_DETAIL_MAX - EVENT_DETAIL_MAX % 3);
    assert_true(utf8_is_valid(found.detail, strlen(found.detail)));
    assert_true(found.count == UINT64_MAX);
    assert_true(found.from_ns == INT64_MIN);
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
        BROKEN("1\x1fgap", "2 fields"),
        BROKEN("2\x1fg\x1fs\x1fr\x1f\x1f\x31\x1f\x31\x1f\x31\x1f\x30\x1f\x30", "form '2'"),
        BROKEN("1\x1fg\x1fs\x1fr\x1f\x1f\x31\x1fx\x1f\x31\x1f\x30\x1f\x30", "broken number"),
        BROKEN("1\x1fg\x1fs\x1fr\x1f\x1f\x31\x1f-1\x1f\x31\x1f\x30\x1f\x30", "broken number"),
        BROKEN("1\x1fg\x1fs\x1fr\x1f\x1f\x31\x1f\x31\x1f\x31\x1f\x30\x1f\x30\x1f", "more than 10"),
        BROKEN("1\x1fg\x1fs\x1fr\x1f\x1f\x31\x1f\x31\x00\x1f\x31\x1f\x30\x1f\x30", "zero byte"),
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char copy[EVENT_TEXT_MAX];
        struct event found = plain;
        struct error error = {0};

        assert_int_equal(event_decode(rows[i].bytes, rows[i].size, copy, &found, &error),
                         ERROR_BAD_DATA);
        assert_non_null(strstr(error.text, rows[i].reason));
        assert_ptr_equal(found.kind, plain.kind);
    }
}

static void one_longer_than_any_is_refused(void **unused)
{
    (void)unused;
    static char bytes[EVENT_TEXT_MAX];
    char copy[EVENT_TEXT_MAX];
    struct event found;

    memset(bytes, '1', sizeof(bytes));
    assert_int_equal(event_decode(bytes, sizeof(bytes), copy, &found, NULL), ERROR_BAD_DATA);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(what_was_encoded_is_decoded),
        cmocka_unit_test(foreign_texts_cannot_forge_a_field),
        cmocka_unit_test(the_longest_texts_fit_and_are_cut_between_characters),
        cmocka_unit_test(damaged_texts_are_refused_with_a_reason),
        cmocka_unit_test(one_longer_than_any_is_refused),
    };

    return cmocka_run_group_tests_name("event", cases, NULL, NULL);
}
