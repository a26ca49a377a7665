#include "sync/parquet/statistics.h"
#include "tests/support/cmocka.h"

#include <math.h>
#include <string.h>

static struct column_statistics found;

static int set_up(void **unused)
{
    (void)unused;
    found = (struct column_statistics){0};
    return 0;
}

static void add_real(double value)
{
    struct cell cell = cell_real(value);

    statistics_add(&found, COLUMN_DOUBLE, &cell);
}

static void add_integer(enum column_type type, int64_t value)
{
    struct cell cell = cell_integer(value);

    statistics_add(&found, type, &cell);
}

static void add_text(const char *text, uint32_t size_bytes)
{
    struct cell cell = {.present = true, .value.text = {text, size_bytes, 0}};

    statistics_add(&found, COLUMN_STRING, &cell);
}

static void expect(const struct column_bound *bound, const void *bytes, size_t size_bytes)
{
    assert_int_equal(bound->size_bytes, size_bytes);
    assert_memory_equal(bound->bytes, bytes, size_bytes);
}

static void nan_alone_is_no_bound(void **unused) /* Q3 */
{
    (void)unused;
    add_real(NAN);
    add_real(-NAN);
    assert_false(found.known);
    add_real(1.0);
    add_real(NAN);
    assert_true(found.known);
    expect(&found.least, "\0\0\0\0\0\0\xf0\x3f", 8);
    expect(&found.greatest, "\0\0\0\0\0\0\xf0\x3f", 8);
}

static void a_zero_bound_covers_both_zeros(void **unused) /* Q3 */
{
    (void)unused;
    add_real(0.0);
    expect(&found.least, "\0\0\0\0\0\0\0\x80", 8);
    expect(&found.greatest, "\0\0\0\0\0\0\0\0", 8);
    found = (struct column_statistics){0};
    add_real(-0.0);
    expect(&found.least, "\0\0\0\0\0\0\0\x80", 8);
    expect(&found.greatest, "\0\0\0\0\0\0\0\0", 8);
    found = (struct column_statistics){0};
    add_real(-1.0);
    add_real(-0.0);
    expect(&found.greatest, "\0\0\0\0\0\0\0\0", 8);
    add_real(INFINITY);
    add_real(-INFINITY);
    expect(&found.least, "\0\0\0\0\0\0\xf0\xff", 8);
    expect(&found.greatest, "\0\0\0\0\0\0\xf0\x7f", 8);
}

static void integers_compare_with_their_sign_in_both_widths(void **unused)
{
    (void)unused;
    add_integer(COLUMN_INT64, 5);
    add_integer(COLUMN_INT64, INT64_MIN);
    add_integer(COLUMN_INT64, INT64_MAX);
    add_integer(COLUMN_INT64, -1);
    expect(&found.least, "\0\0\0\0\0\0\0\x80", 8);
    expect(&found.greatest, "\xff\xff\xff\xff\xff\xff\xff\x7f", 8);
    found = (struct column_statistics){0};
    add_integer(COLUMN_INT32, 7);
    add_integer(COLUMN_INT32, -2);
    add_integer(COLUMN_INT32, 3);
    expect(&found.least, "\xfe\xff\xff\xff", 4);
    expect(&found.greatest, "\x07\0\0\0", 4);
}

static void texts_compare_as_unsigned_bytes_and_a_beginning_is_less(void **unused)
{
    (void)unused;
    add_text("b", 1);
    add_text("\xc3\xa4", 2);
    add_text("ba", 2);
    expect(&found.least, "b", 1);
    expect(&found.greatest, "\xc3\xa4", 2);
    add_text("", 0);
    expect(&found.least, "", 0);
    assert_false(found.dropped);
}

static void a_bound_that_is_too_long_gives_no_statistics(void **unused) /* Q3 */
{
    (void)unused;
    char text[COLUMN_BOUND_MAX + 1];

    memset(text, 'm', sizeof(text));
    add_text("a", 1);
    add_text("z", 1);
    add_text(text, sizeof(text)); /* between the two: no bound */
    assert_false(found.dropped);
    text[0] = 'z';
    add_text(text, COLUMN_BOUND_MAX); /* the longest that fits */
    assert_false(found.dropped);
    expect(&found.greatest, text, COLUMN_BOUND_MAX);
    add_text(text, sizeof(text));
    assert_true(found.dropped);
    add_text("zzz", 3);
    assert_true(found.dropped);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test_setup(nan_alone_is_no_bound, set_up),
        cmocka_unit_test_setup(a_zero_bound_covers_both_zeros, set_up),
        cmocka_unit_test_setup(integers_compare_with_their_sign_in_both_widths, set_up),
        cmocka_unit_test_setup(texts_compare_as_unsigned_bytes_and_a_beginning_is_less, set_up),
        cmocka_unit_test_setup(a_bound_that_is_too_long_gives_no_statistics, set_up),
    };

    return cmocka_run_group_tests_name("statistics", cases, NULL, NULL);
}
