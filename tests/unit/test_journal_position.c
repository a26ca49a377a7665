/* A cursor of the systemd journal, shortened to what finds its entry again. */
#include "base/clock.h"
#include "drivers/journal/position.h"
#include "tests/support/cmocka.h"

#include <string.h>

static const char cursor[] = "s=7e3936638c86409696261970d8eac5f1;i=1a2b;"
                             "b=0123456789abcdef0123456789abcdef;m=3e8;t=65bfeda25e000;"
                             "x=8905643c0f15d9ee";

static void what_finds_the_entry_is_kept(void **unused)
{
    (void)unused;
    char position[DRIVER_POSITION_SIZE];

    assert_true(position_shorten(cursor, position));
    assert_string_equal(
        position, "s=7e3936638c86409696261970d8eac5f1;i=1a2b;t=65bfeda25e000;x=8905643c0f15d9ee");
    assert_int_equal(position_time_ns(position), INT64_C(1790000000000000) * NS_PER_US);
}

static void the_longest_cursor_fits(void **unused)
{
    (void)unused;
    char position[DRIVER_POSITION_SIZE];

    assert_true(position_shorten("s=ffffffffffffffffffffffffffffffff;i=ffffffffffffffff;"
                                 "b=ffffffffffffffffffffffffffffffff;m=ffffffffffffffff;"
                                 "t=ffffffffffffffff;x=ffffffffffffffff",
                                 position));
    assert_int_equal(position_time_ns(position), 0); /* no time that there can be */
}

static void what_is_no_cursor_is_refused(void **unused)
{
    (void)unused;
    char position[DRIVER_POSITION_SIZE];
    char text[300];

    memset(text, 's', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_false(position_shorten(text, position));
    assert_false(position_shorten("", position));
    assert_int_equal(position_time_ns("s=1;i=2"), 0);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(what_finds_the_entry_is_kept),
        cmocka_unit_test(the_longest_cursor_fits),
        cmocka_unit_test(what_is_no_cursor_is_refused),
    };

    return cmocka_run_group_tests_name("journal_position", cases, NULL, NULL);
}
