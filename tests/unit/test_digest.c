#include "sync/digest.h"
#include "tests/support/cmocka.h"
#include "tests/support/fault_alloc.h"

#include <stdlib.h>
#include <string.h>

static struct digest digest;

static int set_up(void **unused)
{
    (void)unused;
    struct error error;

    return digest_init(&digest, &error) == ERROR_OK ? 0 : -1;
}

static int tear_down(void **unused)
{
    (void)unused;
    digest_deinit(&digest);
    digest_deinit(&digest); /* twice is allowed */
    return 0;
}

static void expect_hex(const char *expected)
{
    char hex[DIGEST_HEX_SIZE];
    struct error error;

    assert_int_equal(digest_finish(&digest, hex, &error), ERROR_OK);
    assert_string_equal(hex, expected);
}

static void it_is_sha_256_and_starts_anew_after_finish(void **unused)
{
    (void)unused;
    /* FIPS 180-2, appendix B.1, B.2; and of nothing. */
    expect_hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    digest_add(&digest, "abc", 3);
    expect_hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    digest_add(&digest, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56);
    expect_hex("248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void pieces_of_any_size_give_what_the_whole_gives(void **unused)
{
    (void)unused;
    static uint8_t bytes[5000];
    static const size_t sizes[] = {1, 7, 1000, DIGEST_STAGE_BYTES, DIGEST_STAGE_BYTES + 1, 4999};
    char whole[DIGEST_HEX_SIZE];
    struct error error;

    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(i * 31);
    }
    digest_add(&digest, bytes, sizeof(bytes));
    assert_int_equal(digest_finish(&digest, whole, &error), ERROR_OK);
    for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
        for (size_t at = 0; at < sizeof(bytes); at += sizes[s]) {
            size_t left = sizeof(bytes) - at;

            digest_add(&digest, bytes + at, left < sizes[s] ? left : sizes[s]);
        }
        expect_hex(whole);
    }
}

static void a_row_is_digested_in_its_documented_form(void **unused) /* G1 */
{
    (void)unused;
    static const uint8_t canonical[] = {
        1, 0x2a, 0,    0,    0,    0,    0,    0,    0,    /* INT64 42 */
        1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, /* TIMESTAMP -1 */
        1, 3,    0,    0,    0,    'a',  '/',  'b',        /* STRING */
        1, 7,    0,    0,    0,    0,    0,    0,    0,    /* INT32, 8 bytes too */
        0,                                                 /* null */
        1, 0,    0,    0,    0,    0,    0,    0,    0x80, /* DOUBLE -0.0 */
    };
    static const struct schema_column columns[] = {
        {"a", COLUMN_INT64, COLUMN_DELTA, false},  {"b", COLUMN_TIMESTAMP, COLUMN_DELTA, false},
        {"c", COLUMN_STRING, COLUMN_PLAIN, false}, {"d", COLUMN_INT32, COLUMN_DELTA, false},
        {"e", COLUMN_STRING, COLUMN_PLAIN, true},  {"f", COLUMN_DOUBLE, COLUMN_PLAIN, true},
    };
    static const struct schema schema = {columns, 6};
    struct cell cells[] = {cell_integer(42),
                           cell_integer(-1),
                           {.present = true, .value.text = {"a/b", 3, 0}},
                           cell_integer(7),
                           {0},
                           cell_real(-0.0)};
    char expected[DIGEST_HEX_SIZE];
    char other[DIGEST_HEX_SIZE];
    struct error error;

    digest_add(&digest, canonical, sizeof(canonical));
    assert_int_equal(digest_finish(&digest, expected, &error), ERROR_OK);
    digest_add_row(&digest, &schema, cells);
    expect_hex(expected);
    cells[4] = (struct cell){.present = true, .value.text = {"", 0, 0}};
    digest_add_row(&digest, &schema, cells);
    assert_int_equal(digest_finish(&digest, other, &error), ERROR_OK);
    assert_string_not_equal(other, expected); /* an empty text is not null */
}

static void micros_round_down_on_both_sides_of_1970(void **unused)
{
    (void)unused;
    assert_int_equal(schema_micros(1999), 1);
    assert_int_equal(schema_micros(0), 0);
    assert_int_equal(schema_micros(-1), -1);
    assert_int_equal(schema_micros(-1000), -1);
    assert_int_equal(schema_micros(-1001), -2);
    assert_int_equal(schema_micros(INT64_MIN), INT64_C(-9223372036854776));
}

static void without_memory_it_says_so_and_can_be_let_go(void **unused)
{
    (void)unused;
    for (unsigned n = 1;; n++) {
        struct digest other;
        struct error error;
        enum error_code code;

        fault_alloc_arm(n);
        code = digest_init(&other, &error);
        digest_deinit(&other);
        if (!fault_alloc_fired()) {
            assert_int_equal(code, ERROR_OK);
            fault_alloc_arm(0);
            return;
        }
        assert_int_equal(code, ERROR_NO_MEMORY);
    }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test_setup_teardown(it_is_sha_256_and_starts_anew_after_finish, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(pieces_of_any_size_give_what_the_whole_gives, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_row_is_digested_in_its_documented_form, set_up,
                                        tear_down),
        cmocka_unit_test(micros_round_down_on_both_sides_of_1970),
        cmocka_unit_test(without_memory_it_says_so_and_can_be_let_go),
    };

    return cmocka_run_group_tests_name("digest", cases, NULL, NULL);
}
