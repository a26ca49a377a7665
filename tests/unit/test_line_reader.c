#include "agent/local/line_reader.h"
#include "tests/support/cmocka.h"

#include <string.h>

struct taken {
    char text[256]; /* the lines, each in brackets */
    size_t count, last_size, stop_after;
};

static bool take(void *context, const char *line, size_t size)
{
    struct taken *taken = context;
    size_t used = strlen(taken->text);

    taken->count++;
    taken->last_size = size;
    if (size < 32) {
        (void)snprintf(taken->text + used, sizeof(taken->text) - used, "[%.*s]", (int)size, line);
    }
    return taken->count != taken->stop_after;
}

static struct line_reader reader;

static int clear(void **unused)
{
    (void)unused;
    reader.size = 0;
    reader.begun = false;
    return 0;
}

static void lines_are_the_same_however_they_are_cut_into_pieces(void **unused) /* R1 */
{
    (void)unused;
    static const char text[] = "one\n\nthree \r\nfour";

    for (size_t piece = 1; piece < sizeof(text); piece++) {
        struct taken taken = {.stop_after = 0};

        (void)clear(NULL);
        for (size_t at = 0; at < sizeof(text) - 1; at += piece) {
            size_t left = sizeof(text) - 1 - at;

            assert_true(
                line_reader_feed(&reader, text + at, left < piece ? left : piece, take, &taken));
        }
        assert_string_equal(taken.text, "[one][][three \r]");
        assert_true(reader.begun);
        assert_true(line_reader_feed(&reader, "\n", 1, take, &taken));
        assert_string_equal(taken.text, "[one][][three \r][four]");
        assert_false(reader.begun);
    }
}

static void a_line_of_any_length_is_one_line_and_bounded(void **unused) /* R2 */
{
    (void)unused;
    static char block[10000];
    struct taken taken = {.stop_after = 0};

    memset(block, 'x', sizeof(block));
    for (int i = 0; i < 100; i++) {
        assert_true(line_reader_feed(&reader, block, sizeof(block), take, &taken));
    }
    assert_int_equal(taken.count, 0);
    assert_true(line_reader_feed(&reader, "\n", 1, take, &taken));
    assert_int_equal(taken.count, 1);
    assert_int_equal(taken.last_size, LINE_READER_MAX);
    assert_true(line_reader_feed(&reader, "next\n", 5, take, &taken));
    assert_string_equal(taken.text, "[next]");
}

static void who_says_stop_gets_no_more(void **unused)
{
    (void)unused;
    struct taken taken = {.stop_after = 2};

    assert_false(line_reader_feed(&reader, "a\nb\nc\n", 6, take, &taken));
    assert_string_equal(taken.text, "[a][b]");
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test_setup(lines_are_the_same_however_they_are_cut_into_pieces, clear),
        cmocka_unit_test_setup(a_line_of_any_length_is_one_line_and_bounded, clear),
        cmocka_unit_test_setup(who_says_stop_gets_no_more, clear),
    };

    return cmocka_run_group_tests_name("line_reader", cases, NULL, NULL);
}
