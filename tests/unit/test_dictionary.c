#include "sync/parquet/dictionary.h"
#include "tests/support/cmocka.h"
#include "tests/support/fault_alloc.h"

#include <stdio.h>
#include <string.h>

static uint32_t number_of(struct dictionary *dictionary, uint32_t hash, const char *text)
{
    uint32_t number = UINT32_MAX;

    assert_true(dictionary_find_or_add(dictionary, hash, text, (uint32_t)strlen(text), &number));
    return number;
}

static void texts_are_numbered_as_they_first_appear(void **unused)
{
    (void)unused;
    struct dictionary dictionary;
    const char *bytes;

    dictionary_init(&dictionary, 1 << 20);
    assert_int_equal(number_of(&dictionary, 1, "b"), 0);
    assert_int_equal(number_of(&dictionary, 2, "a"), 1);
    assert_int_equal(number_of(&dictionary, 1, "b"), 0);
    assert_int_equal(number_of(&dictionary, 3, ""), 2);
    assert_int_equal(dictionary.plain.size, 4 + 1 + 4 + 1 + 4);
    assert_memory_equal(dictionary.plain.bytes, "\1\0\0\0b\1\0\0\0a\0\0\0\0", 14);
    assert_int_equal(dictionary_text(&dictionary, 1, &bytes), 1);
    assert_memory_equal(bytes, "a", 1);
    dictionary_clear(&dictionary);
    assert_int_equal(number_of(&dictionary, 2, "a"), 0);
    dictionary_deinit(&dictionary);
    dictionary_deinit(&dictionary); /* twice is allowed */
}

static void thousands_of_texts_are_found_again_even_when_all_hashes_are_one(void **unused)
{
    (void)unused;
    char text[32];

    for (uint32_t factor = 0; factor < 2; factor++) {
        struct dictionary dictionary;
        uint32_t count = factor == 0 ? 300 : 5000;

        dictionary_init(&dictionary, 1 << 20);
        for (int pass = 0; pass < 2; pass++) {
            for (uint32_t i = 0; i < count; i++) {
                (void)snprintf(text, sizeof(text), "point-%u", (unsigned)i);
                assert_int_equal(number_of(&dictionary, i * factor, text), i);
            }
        }
        assert_int_equal(dictionary.entry_count, count);
        dictionary_deinit(&dictionary);
    }
}

static void without_memory_or_past_the_maximum_nothing_changes(void **unused)
{
    (void)unused;
    struct dictionary dictionary;
    uint32_t number = 7;

    dictionary_init(&dictionary, 10);
    for (unsigned n = 1; n <= 3; n++) { /* entries, slots, texts */
        fault_alloc_arm(n);
        assert_false(dictionary_find_or_add(&dictionary, 1, "abc", 3, &number));
        assert_true(fault_alloc_fired());
        assert_int_equal(number, 7);
        assert_int_equal(dictionary.entry_count, 0);
        dictionary_deinit(&dictionary);
        dictionary_init(&dictionary, 10);
    }
    fault_alloc_arm(0);
    assert_int_equal(number_of(&dictionary, 1, "abc"), 0);
    assert_false(dictionary_find_or_add(&dictionary, 2, "defg", 4, &number));
    assert_int_equal(dictionary.entry_count, 1);
    dictionary_deinit(&dictionary);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(texts_are_numbered_as_they_first_appear),
        cmocka_unit_test(thousands_of_texts_are_found_again_even_when_all_hashes_are_one),
        cmocka_unit_test(without_memory_or_past_the_maximum_nothing_changes),
    };

    return cmocka_run_group_tests_name("dictionary", cases, NULL, NULL);
}
