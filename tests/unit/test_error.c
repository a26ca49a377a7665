#include "base/error.h"
#include "tests/support/cmocka.h"

#include <string.h>

static void every_code_has_a_message_and_a_class(void **unused)
{
    (void)unused;
    for (int code = ERROR_OK + 1; code <= (int)ERROR_BUG; code++) {
        assert_true(strlen(error_message((enum error_code)code)) > 0);
        assert_true(error_class((enum error_code)code) != ERROR_CLASS_NONE);
    }
    assert_int_equal(error_class((enum error_code)9999), ERROR_CLASS_FATAL);
}

static void prefix_puts_context_first_and_never_overflows(void **unused)
{
    (void)unused;
    struct error error = {0};
    char longest[400];

    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_int_equal(error_set(&error, ERROR_TIMEOUT, "unit %u did not answer", 7u), ERROR_TIMEOUT);
    assert_int_equal(error_prefix(&error, ERROR_TIMEOUT, "boiler-%d", 1), ERROR_TIMEOUT);
    assert_true(strcmp(error.text, "boiler-1: unit 7 did not answer") == 0);
    assert_int_equal(error_prefix(&error, ERROR_TIMEOUT, "%s", longest), ERROR_TIMEOUT);
    assert_true(strlen(error.text) < sizeof(error.text));
    assert_int_equal(error_set(NULL, ERROR_IO, "nobody listens"), ERROR_IO);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(every_code_has_a_message_and_a_class),
        cmocka_unit_test(prefix_puts_context_first_and_never_overflows),
    };

    return cmocka_run_group_tests_name("error", cases, NULL, NULL);
}
