#include "sync/parquet/thrift.h"
#include "tests/support/cmocka.h"

#include <string.h>

static void expect_bytes(const struct buffer *out, const void *bytes, size_t size)
{
    assert_false(out->failed);
    assert_int_equal(out->size, size);
    assert_memory_equal(out->bytes, bytes, size);
}

/* The expected bytes are worked out by hand from thrift-compact-protocol.md. */
static void fields_are_written_as_differences_to_the_field_before(void **unused)
{
    (void)unused;
    static const uint8_t expected[] = {
        0x15, 0x02,                   /* field 1: i32 1, zigzag 2 */
        0x26, 0x01,                   /* field 3, two on: i64 -1 */
        0x11,                         /* field 4: true */
        0x12,                         /* field 5: false */
        0x08, 0x2a, 0x02, 'h',  'i',  /* field 21, 16 on: its number in zigzag; 2 bytes */
        0x15, 0xff, 0xff, 0xff, 0xff, /* field 22: i32 of the least value ... */
        0x0f,                         /* ... in five bytes */
        0x00,
    };
    struct thrift_writer writer;
    struct buffer out;

    buffer_init(&out, 1000);
    thrift_begin(&writer, &out);
    thrift_i32(&writer, 1, 1);
    thrift_i64(&writer, 3, -1);
    thrift_bool(&writer, 4, true);
    thrift_bool(&writer, 5, false);
    thrift_text(&writer, 21, "hi");
    thrift_i32(&writer, 22, INT32_MIN);
    thrift_end(&writer);
    expect_bytes(&out, expected, sizeof(expected));
    buffer_deinit(&out);
}

static void a_struct_inside_counts_its_fields_from_the_start(void **unused)
{
    (void)unused;
    static const uint8_t expected[] = {0x5c, 0x15, 0x06, 0x00, 0x15, 0x08, 0x00};
    struct thrift_writer writer;
    struct buffer out;

    buffer_init(&out, 1000);
    thrift_begin(&writer, &out);
    thrift_struct(&writer, 5);
    thrift_i32(&writer, 1, 3);
    thrift_end(&writer);
    thrift_i32(&writer, 6, 4); /* the outer struct goes on after field 5 */
    thrift_end(&writer);
    expect_bytes(&out, expected, sizeof(expected));
    buffer_deinit(&out);
}

static void lists_of_15_and_more_carry_their_count_apart(void **unused)
{
    (void)unused;
    static const uint8_t short_list[] = {0x19, 0x25, 0x02, 0x03, 0x19, 0x18, 0x01, 'a', 0x00};
    struct thrift_writer writer;
    struct buffer out;

    buffer_init(&out, 1000);
    thrift_begin(&writer, &out);
    thrift_list(&writer, 1, THRIFT_I32, 2);
    thrift_element_i32(&writer, 1);
    thrift_element_i32(&writer, -2);
    thrift_list(&writer, 2, THRIFT_BINARY, 1);
    thrift_element_text(&writer, "a");
    thrift_end(&writer);
    expect_bytes(&out, short_list, sizeof(short_list));
    buffer_clear(&out);
    thrift_begin(&writer, &out);
    thrift_list(&writer, 1, THRIFT_STRUCT, 14);
    assert_int_equal(out.size, 2);
    assert_int_equal(out.bytes[1], 0xec);
    thrift_list(&writer, 2, THRIFT_STRUCT, 15);
    assert_int_equal(out.size, 5);
    assert_int_equal(out.bytes[3], 0xfc);
    assert_int_equal(out.bytes[4], 15);
    buffer_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(fields_are_written_as_differences_to_the_field_before),
        cmocka_unit_test(a_struct_inside_counts_its_fields_from_the_start),
        cmocka_unit_test(lists_of_15_and_more_carry_their_count_apart),
    };

    return cmocka_run_group_tests_name("thrift", cases, NULL, NULL);
}
