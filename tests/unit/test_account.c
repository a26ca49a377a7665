/* Accounts of objects that do not overlap need no files: the facts are enough. */
#include "lake/account.h"
#include "tests/support/cmocka.h"
#include "tests/support/fault_alloc.h"

#include <stdio.h>
#include <string.h>

enum { MANY = 20000 };

struct fixture {
    struct inventory inventory;
    struct claims claims;
    struct overlap overlap;
    struct account_book book;
};

static struct fixture fixture;

static int set_up(void **unused)
{
    (void)unused;
    inventory_init(&fixture.inventory);
    claims_init(&fixture.claims);
    overlap_init(&fixture.overlap, "/nowhere");
    account_book_init(&fixture.book);
    return 0;
}

static int tear_down(void **unused)
{
    (void)unused;
    inventory_deinit(&fixture.inventory);
    claims_deinit(&fixture.claims);
    overlap_deinit(&fixture.overlap);
    account_book_deinit(&fixture.book);
    return 0;
}

static struct object_name name_of(enum stream stream)
{
    return (struct object_name){.site = "works",
                                .gateway = "gw-1",
                                .stream = stream,
                                .incarnation = "00000000000000aa",
                                .first = 1,
                                .last = 1};
}

static const struct object_name gateway = {
    .site = "works", .gateway = "gw-1", .incarnation = "00000000000000aa"};

/** An object with the digest that its first number makes, after the one with that of `previous`;
 *  0: it is the first. */
static void object(uint64_t first, uint64_t last, uint64_t previous, bool sound)
{
    struct object_facts facts = {.name = name_of(STREAM_READINGS), .sound = sound};

    facts.name.first = first;
    facts.name.last = last;
    (void)snprintf(facts.name.digest, sizeof(facts.name.digest), "%012x", (unsigned)first);
    if (previous != 0) {
        (void)snprintf(facts.previous, sizeof(facts.previous), "%012x", (unsigned)previous);
    }
    assert_true(buffer_append(&fixture.inventory.objects, &facts, sizeof(facts)));
}

static void gap(uint64_t first, uint64_t last, const char *reason)
{
    struct gap_claim claim = {
        .name = &gateway, .stream = STREAM_READINGS, .first = first, .last = last};

    (void)snprintf(claim.reason, sizeof(claim.reason), "%s", reason);
    assert_true(buffer_append(&fixture.claims.gaps, &claim, sizeof(claim)));
}

static void high_water(uint64_t last)
{
    struct high_water mark = {.name = &gateway};

    mark.last[STREAM_READINGS] = last;
    assert_true(buffer_append(&fixture.claims.high_waters, &mark, sizeof(mark)));
}

static enum error_code fill(struct error *error)
{
    const struct account_sources sources = {&fixture.inventory, &fixture.claims, &fixture.overlap};

    return account_all(&sources, &fixture.book, error);
}

static const struct account *settle(void)
{
    struct error error = {0};

    assert_int_equal(fill(&error), ERROR_OK);
    assert_int_equal(account_count(&fixture.book), 1);
    return account_at(&fixture.book, 0);
}

static void assert_hole(size_t index, enum hole_kind kind, uint64_t first, uint64_t last,
                        const char *reason)
{
    const struct hole *hole = hole_at(&fixture.book, index);

    assert_in_range(index, 0, hole_count(&fixture.book) - 1);
    assert_int_equal(hole->kind, kind);
    assert_int_equal(hole->first, first);
    assert_int_equal(hole->last, last);
    assert_string_equal(hole->reason, reason);
}

static void
every_number_is_arrived_lost_damaged_or_missing_and_nothing_twice(void **unused) /* A1 */
{
    (void)unused;
    const struct account *account;

    object(11, 20, 0, true);
    object(31, 40, 11, false);
    gap(1, 15, "full");
    gap(5, 24, "worn");
    gap(38, 44, "late");
    high_water(50);
    high_water(48);
    account = settle();
    assert_int_equal(account->arrived, 10);
    assert_int_equal(account->lost, 10 + 4 + 4);
    assert_int_equal(account->missing, 6 + 10 + 6);
    assert_int_equal(account->high_water, 50);
    assert_int_equal(hole_count(&fixture.book), 6);
    assert_hole(0, HOLE_LOST, 1, 10, "full");
    assert_hole(1, HOLE_LOST, 21, 24, "worn");
    assert_hole(2, HOLE_MISSING, 25, 30, "");
    assert_hole(3, HOLE_DAMAGED, 31, 40, "");
    assert_hole(4, HOLE_LOST, 41, 44, "late");
    assert_hole(5, HOLE_MISSING, 45, 50, "");
    assert_string_equal(account_status(account), "damaged");
}

static void numbers_above_all_that_is_known_are_in_flight(void **unused) /* A1 */
{
    (void)unused;
    object(1, 20, 0, true);
    high_water(5);
    assert_string_equal(account_status(settle()), "complete");
    assert_int_equal(account_at(&fixture.book, 0)->high_water, 20);
}

static void a_gap_between_two_objects_keeps_their_chain(void **unused) /* A3 */
{
    (void)unused;
    object(1, 20, 0, true);
    object(31, 40, 1, true);
    gap(21, 30, "full");
    assert_false(settle()->substituted);
    assert_int_equal(fixture.book.problems.size, 0);
}

static void an_object_that_came_between_two_is_noticed(void **unused) /* A3 */
{
    (void)unused;
    object(1, 20, 0, true);
    object(21, 30, 1, true);
    object(31, 40, 1, true);
    assert_true(settle()->substituted);
}

static void what_was_evicted_though_it_had_arrived_breaks_no_chain(void **unused) /* A3 */
{
    (void)unused;
    object(1, 20, 0, true);
    object(21, 30, 1, true); /* arrived, but its answer did not */
    object(31, 40, 1, true);
    gap(21, 30, "full");
    assert_false(settle()->substituted);
    assert_int_equal(account_at(&fixture.book, 0)->lost, 0);
}

static void a_damaged_object_still_is_a_predecessor(void **unused) /* A3 */
{
    (void)unused;
    object(1, 20, 0, false);
    object(21, 30, 1, true);
    assert_false(settle()->substituted);
}

static void many_objects_with_a_gap_each_are_accounted_for(void **unused) /* A5 */
{
    (void)unused;
    for (uint64_t i = 0; i < MANY; i++) {
        object(i * 10 + 1, i * 10 + 5, i == 0 ? 0 : i * 10 - 9, true);
        gap((MANY - i) * 10 - 4, (MANY - i) * 10, "full");
    }
    assert_int_equal(settle()->lost, MANY * 5);
    assert_int_equal(fixture.book.problems.size, 0);
}

static void without_memory_it_says_so(void **unused)
{
    (void)unused;
    unsigned countdown = 1;

    object(1, 20, 0, false);
    object(31, 40, 5, true);
    object(41, 50, 5, true);
    gap(2, 35, "full");
    for (bool done = false; !done; countdown++) {
        struct error error = {0};
        enum error_code code;

        account_book_deinit(&fixture.book);
        account_book_init(&fixture.book);
        fault_alloc_arm(countdown);
        code = fill(&error);
        done = !fault_alloc_fired();
        fault_alloc_arm(0);
        assert_int_equal(code, done ? ERROR_OK : ERROR_NO_MEMORY);
        assert_true(done || error.text[0] != '\0');
    }
    assert_true(countdown > 5);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test_setup_teardown(
            every_number_is_arrived_lost_damaged_or_missing_and_nothing_twice, set_up, tear_down),
        cmocka_unit_test_setup_teardown(numbers_above_all_that_is_known_are_in_flight, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_gap_between_two_objects_keeps_their_chain, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_object_that_came_between_two_is_noticed, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_was_evicted_though_it_had_arrived_breaks_no_chain,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_damaged_object_still_is_a_predecessor, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_objects_with_a_gap_each_are_accounted_for, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(without_memory_it_says_so, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("account", cases, NULL, NULL);
}
