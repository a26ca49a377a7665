#include "base/arena.h"
#include "tests/support/cmocka.h"
#include "tests/support/fault_alloc.h"

#include <string.h>

static void memory_is_zeroed_aligned_and_apart(void **unused)
{
    (void)unused;
    struct arena arena;
    unsigned char *last = NULL;

    arena_init(&arena, 1 << 20);
    for (size_t size = 1; size < 600; size += 7) {
        unsigned char *found = arena_allocate(&arena, size);

        assert_non_null(found);
        assert_int_equal((uintptr_t)found % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++) {
            assert_int_equal(found[i], 0);
        }
        memset(found, 0xff, size); /* would show in the next piece, or to the sanitizer */
        assert_ptr_not_equal(found, last);
        last = found;
    }
    arena_deinit(&arena);
}

static void a_piece_larger_than_a_block_has_a_block_of_its_own(void **unused)
{
    (void)unused;
    struct arena arena;
    char *large;

    arena_init(&arena, 1 << 20);
    large = arena_allocate(&arena, 100000);
    assert_non_null(large);
    memset(large, 1, 100000);
    assert_non_null(arena_allocate(&arena, 16));
    arena_deinit(&arena);
}

static void the_maximum_is_kept_to_the_byte(void **unused)
{
    (void)unused;
    struct arena arena;

    arena_init(&arena, 64);
    assert_null(arena_allocate(&arena, 65));
    assert_non_null(arena_allocate(&arena, 48));
    assert_null(arena_allocate(&arena, 17));
    assert_non_null(arena_allocate(&arena, 16));
    assert_null(arena_allocate(&arena, 1));
    assert_int_equal(arena.used_bytes, 64);
    arena_deinit(&arena);
}

static void sizes_at_the_end_of_the_address_space_are_refused(void **unused)
{
    (void)unused;
    struct arena arena;

    arena_init(&arena, SIZE_MAX);
    assert_null(arena_allocate(&arena, SIZE_MAX));
    assert_null(arena_allocate(&arena, SIZE_MAX - 40));
    assert_null(arena_copy_text(&arena, "", SIZE_MAX));
    assert_int_equal(arena.used_bytes, 0);
    arena_deinit(&arena);
}

static void texts_are_copied_and_terminated(void **unused)
{
    (void)unused;
    struct arena arena;

    arena_init(&arena, 64);
    assert_string_equal(arena_copy_text(&arena, "boiler-1", 6), "boiler");
    assert_string_equal(arena_copy_text(&arena, "", 0), "");
    arena_deinit(&arena);
}

static void a_failed_allocation_leaves_the_arena_usable(void **unused)
{
    (void)unused;
    struct arena arena;

    arena_init(&arena, 1 << 20);
    fault_alloc_arm(1);
    assert_null(arena_allocate(&arena, 16));
    fault_alloc_arm(0);
    assert_int_equal(arena.used_bytes, 0);
    assert_non_null(arena_allocate(&arena, 16));
    arena_deinit(&arena);
}

static void deinit_takes_a_zeroed_arena_and_a_second_call(void **unused)
{
    (void)unused;
    struct arena arena = {0};

    arena_deinit(&arena);
    arena_init(&arena, 100);
    assert_non_null(arena_allocate(&arena, 100 - 100 % _Alignof(max_align_t)));
    arena_deinit(&arena);
    arena_deinit(&arena);
    assert_non_null(arena_allocate(&arena, 16)); /* empty, with the maximum it had */
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(memory_is_zeroed_aligned_and_apart),
        cmocka_unit_test(a_piece_larger_than_a_block_has_a_block_of_its_own),
        cmocka_unit_test(the_maximum_is_kept_to_the_byte),
        cmocka_unit_test(sizes_at_the_end_of_the_address_space_are_refused),
        cmocka_unit_test(texts_are_copied_and_terminated),
        cmocka_unit_test(a_failed_allocation_leaves_the_arena_usable),
        cmocka_unit_test(deinit_takes_a_zeroed_arena_and_a_second_call),
    };

    return cmocka_run_group_tests_name("arena", cases, NULL, NULL);
}
