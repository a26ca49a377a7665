#include "base/crc.h"
#include "tests/support/cmocka.h"

#include <string.h>

static void crc32c_agrees_with_rfc_3720_appendix_b4(void **unused)
{
    (void)unused;
    uint8_t bytes[32];

    memset(bytes, 0, sizeof(bytes));
    assert_int_equal(crc32c(0, bytes, sizeof(bytes)), 0x8a9136aa);
    memset(bytes, 0xff, sizeof(bytes));
    assert_int_equal(crc32c(0, bytes, sizeof(bytes)), 0x62a8ab43);
    for (uint8_t i = 0; i < 32; i++) {
        bytes[i] = i;
    }
    assert_int_equal(crc32c(0, bytes, sizeof(bytes)), 0x46dd794e);
    for (uint8_t i = 0; i < 32; i++) {
        bytes[i] = (uint8_t)(31 - i);
    }
    assert_int_equal(crc32c(0, bytes, sizeof(bytes)), 0x113fdb5c);
}

static void both_agree_with_their_check_values(void **unused)
{
    (void)unused;
    assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
    assert_int_equal(crc32_gzip(0, "123456789", 9), 0xcbf43926);
    assert_int_equal(crc32c(0, "", 0), 0);
    assert_int_equal(crc32_gzip(0, "", 0), 0);
}

/** One bit at a time, as the polynomial is defined. */
static uint32_t slowly(uint32_t polynomial, const uint8_t *bytes, size_t size)
{
    uint32_t crc = ~UINT32_C(0);

    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? polynomial : 0);
        }
    }
    return ~crc;
}

static void every_entry_of_the_tables_is_right(void **unused)
{
    (void)unused;
    for (unsigned i = 0; i < 256; i++) {
        const uint8_t bytes[2] = {(uint8_t)i, 0x5a};

        assert_int_equal(crc32c(0, bytes, 2), slowly(0x82f63b78, bytes, 2));
        assert_int_equal(crc32_gzip(0, bytes, 2), slowly(0xedb88320, bytes, 2));
    }
}

static void both_continue_across_pieces(void **unused)
{
    (void)unused;
    const char text[] = "an object in two pieces";

    for (size_t cut = 0; cut < sizeof(text); cut++) {
        assert_int_equal(crc32c(crc32c(0, text, cut), text + cut, sizeof(text) - cut),
                         crc32c(0, text, sizeof(text)));
        assert_int_equal(crc32_gzip(crc32_gzip(0, text, cut), text + cut, sizeof(text) - cut),
                         crc32_gzip(0, text, sizeof(text)));
    }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(crc32c_agrees_with_rfc_3720_appendix_b4),
        cmocka_unit_test(both_agree_with_their_check_values),
        cmocka_unit_test(every_entry_of_the_tables_is_right),
        cmocka_unit_test(both_continue_across_pieces),
    };

    return cmocka_run_group_tests_name("crc", cases, NULL, NULL);
}
