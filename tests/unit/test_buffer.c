#include "base/buffer.h"
#include "tests/support/cmocka.h"
#include "tests/support/fault_alloc.h"

#include <string.h>

static void bytes_stay_in_order_while_it_grows(void **unused)
{
    (void)unused;
    struct buffer buffer;

    buffer_init(&buffer, 100000);
    for (unsigned i = 0; i < 100000; i++) {
        assert_true(buffer_append_byte(&buffer, (uint8_t)(i * 7)));
    }
    for (unsigned i = 0; i < 100000; i++) {
        assert_int_equal(buffer.bytes[i], (uint8_t)(i * 7));
    }
    assert_int_equal(buffer.size, 100000);
    buffer_deinit(&buffer);
}

static void the_maximum_is_kept_to_the_byte(void **unused)
{
    (void)unused;
    const size_t maxima[] = {1, 100, 255, 256, 257, 1000};

    for (size_t i = 0; i < sizeof(maxima) / sizeof(maxima[0]); i++) {
        struct buffer buffer;

        buffer_init(&buffer, maxima[i]);
        while (buffer.size < maxima[i]) {
            assert_true(buffer_append_byte(&buffer, 1));
            assert_true(buffer.capacity <= maxima[i]);
        }
        assert_false(buffer_append_byte(&buffer, 1));
        assert_int_equal(buffer.size, maxima[i]);
        assert_true(buffer.failed);
        buffer_deinit(&buffer);
    }
}

static void a_failed_buffer_stays_failed_until_cleared(void **unused)
{
    (void)unused;
    struct buffer buffer;

    buffer_init(&buffer, 4);
    assert_true(buffer_append(&buffer, "ab", 2));
    assert_false(buffer_append(&buffer, "cde", 3));
    assert_false(buffer_append(&buffer, "c", 1)); /* would fit */
    assert_int_equal(buffer.size, 2);
    assert_memory_equal(buffer.bytes, "ab", 2);
    buffer_clear(&buffer);
    assert_true(buffer_append(&buffer, "cdef", 4));
    assert_memory_equal(buffer.bytes, "cdef", 4);
    buffer_deinit(&buffer);
}

static void a_failed_allocation_keeps_what_was_there(void **unused)
{
    (void)unused;
    struct buffer buffer;
    uint8_t block[300] = {1};

    buffer_init(&buffer, 1000);
    assert_true(buffer_append(&buffer, "ab", 2));
    fault_alloc_arm(1);
    assert_false(buffer_append(&buffer, block, sizeof(block)));
    fault_alloc_arm(0);
    assert_memory_equal(buffer.bytes, "ab", 2);
    assert_int_equal(buffer.size, 2);
    assert_true(buffer.failed);
    buffer_deinit(&buffer);
}

static void nothing_can_be_appended_anywhere(void **unused)
{
    (void)unused;
    struct buffer buffer;

    buffer_init(&buffer, 0);
    assert_true(buffer_append(&buffer, NULL, 0));
    assert_false(buffer_reserve(&buffer, SIZE_MAX));
    buffer_deinit(&buffer);
    buffer_deinit(&buffer);
}

static void varints_are_appended_lowest_first(void **unused)
{
    (void)unused;
    const uint8_t expected[] = {0x7f, 0xac, 0x02};
    struct buffer buffer;

    buffer_init(&buffer, 3);
    assert_true(buffer_append_varint(&buffer, 127));
    assert_true(buffer_append_varint(&buffer, 300));
    assert_memory_equal(buffer.bytes, expected, sizeof(expected));
    assert_false(buffer_append_varint(&buffer, 0));
    buffer_deinit(&buffer);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(bytes_stay_in_order_while_it_grows),
        cmocka_unit_test(the_maximum_is_kept_to_the_byte),
        cmocka_unit_test(a_failed_buffer_stays_failed_until_cleared),
        cmocka_unit_test(a_failed_allocation_keeps_what_was_there),
        cmocka_unit_test(nothing_can_be_appended_anywhere),
        cmocka_unit_test(varints_are_appended_lowest_first),
    };

    return cmocka_run_group_tests_name("buffer", cases, NULL, NULL);
}
