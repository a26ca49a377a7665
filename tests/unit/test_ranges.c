#include "lake/ranges.h"
#include "tests/support/cmocka.h"

static struct buffer ranges;

static int set_up(void **unused)
{
    (void)unused;
    buffer_init(&ranges, 1 << 20);
    return 0;
}

static int tear_down(void **unused)
{
    (void)unused;
    buffer_deinit(&ranges);
    return 0;
}

static void add(uint64_t first, uint64_t last, size_t source)
{
    const struct range range = {first, last, source};

    assert_true(buffer_append(&ranges, &range, sizeof(range)));
}

static void assert_range(size_t index, uint64_t first, uint64_t last, size_t source)
{
    assert_in_range(index, 0, ranges_count(&ranges) - 1);
    assert_int_equal(ranges_at(&ranges, index)->first, first);
    assert_int_equal(ranges_at(&ranges, index)->last, last);
    assert_int_equal(ranges_at(&ranges, index)->source, source);
}

static void a_number_that_is_claimed_twice_belongs_to_the_range_that_begins_first(void **unused)
{
    (void)unused;
    add(30, 40, 3);
    add(5, 9, 1);
    add(7, 20, 2);
    add(8, 8, 4);
    add(41, 41, 5);
    ranges_separate(&ranges);
    assert_int_equal(ranges_count(&ranges), 4);
    assert_range(0, 5, 9, 1);
    assert_range(1, 10, 20, 2);
    assert_range(2, 30, 40, 3);
    assert_range(3, 41, 41, 5);
}

static void the_same_range_twice_is_one(void **unused)
{
    (void)unused;
    add(1, INT64_MAX, 7);
    add(1, INT64_MAX, 6);
    ranges_separate(&ranges);
    assert_int_equal(ranges_count(&ranges), 1);
    assert_range(0, 1, INT64_MAX, 6);
}

static void the_next_range_holds_the_number_or_lies_behind_it(void **unused)
{
    (void)unused;
    assert_null(ranges_next(&ranges, 1));
    add(5, 9, 0);
    add(20, 20, 0);
    ranges_separate(&ranges);
    assert_int_equal(ranges_next(&ranges, 1)->first, 5);
    assert_int_equal(ranges_next(&ranges, 9)->first, 5);
    assert_int_equal(ranges_next(&ranges, 10)->first, 20);
    assert_int_equal(ranges_next(&ranges, 20)->first, 20);
    assert_null(ranges_next(&ranges, 21));
}

static void only_neighbours_without_a_hole_cover(void **unused)
{
    (void)unused;
    add(5, 9, 0);
    add(10, 12, 0);
    add(14, 14, 0);
    ranges_separate(&ranges);
    assert_true(ranges_cover(&ranges, 6, 12));
    assert_true(ranges_cover(&ranges, 3, 2)); /* no number at all */
    assert_false(ranges_cover(&ranges, 4, 6));
    assert_false(ranges_cover(&ranges, 11, 14));
    assert_false(ranges_cover(&ranges, 14, 15));
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test_setup_teardown(
            a_number_that_is_claimed_twice_belongs_to_the_range_that_begins_first, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(the_same_range_twice_is_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_next_range_holds_the_number_or_lies_behind_it, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(only_neighbours_without_a_hole_cover, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("ranges", cases, NULL, NULL);
}
