#include "drivers/modbus/plan.h"
#include "tests/support/cmocka.h"

#include <string.h>

enum { ITEMS_MAX = 64, REQUESTS_MAX = 64, ROUNDS = 3000 };

/* A plan over items of its own. */
struct bench {
    struct plan_item items[ITEMS_MAX];
    struct plan plan;
};

static void add(struct bench *bench, enum table table, unsigned number, unsigned count,
                unsigned schedule)
{
    bench->plan.items = bench->items;
    bench->items[bench->plan.item_count] = (struct plan_item){
        .sequence = (uint32_t)bench->plan.item_count,
        .number = (uint16_t)number,
        .count = (uint8_t)count,
        .table = (uint8_t)table,
        .schedule = (uint8_t)schedule,
    };
    bench->plan.item_count++;
}

static size_t requests_of(const struct plan *plan, uint32_t due, struct plan_request *requests)
{
    size_t count = 0;
    size_t from = 0;

    while (plan_next(plan, due, from, &requests[count])) {
        from = requests[count].end;
        count++;
        assert_true(count < REQUESTS_MAX);
    }
    return count;
}

static void assert_request(const struct plan_request *request, enum table table, unsigned first,
                           unsigned count)
{
    assert_int_equal(request->table, table);
    assert_int_equal(request->first, first);
    assert_int_equal(request->count, count);
}

static void neighbours_share_a_request_and_tables_do_not(void **unused)
{
    (void)unused;
    struct bench bench = {.plan = {.block = 125, .bit_block = 2000}};
    struct plan_request requests[REQUESTS_MAX];

    add(&bench, TABLE_HOLDING, 102, 2, 0);
    add(&bench, TABLE_HOLDING, 100, 2, 0);
    add(&bench, TABLE_INPUT, 104, 1, 0);
    add(&bench, TABLE_COIL, 104, 1, 0);
    add(&bench, TABLE_HOLDING, 105, 1, 0); /* 104 was not asked for */
    plan_prepare(&bench.plan);
    assert_int_equal(requests_of(&bench.plan, 1, requests), 4);
    assert_request(&requests[0], TABLE_COIL, 104, 1);
    assert_request(&requests[1], TABLE_HOLDING, 100, 4);
    assert_request(&requests[2], TABLE_HOLDING, 105, 1);
    assert_request(&requests[3], TABLE_INPUT, 104, 1);
    bench.plan.gap = 1;
    assert_int_equal(requests_of(&bench.plan, 1, requests), 3);
    assert_request(&requests[1], TABLE_HOLDING, 100, 6);
}

static void schedules_due_together_share_requests(void **unused)
{
    (void)unused;
    struct bench bench = {.plan = {.block = 125, .bit_block = 2000}};
    struct plan_request requests[REQUESTS_MAX];

    for (unsigned i = 0; i < 10; i++) {
        add(&bench, TABLE_HOLDING, 100 + i, 1, i % 2 == 0 ? 0 : 31);
    }
    plan_prepare(&bench.plan);
    assert_int_equal(requests_of(&bench.plan, 1, requests), 5);
    assert_int_equal(requests_of(&bench.plan, UINT32_C(1) << 31, requests), 5);
    assert_int_equal(requests_of(&bench.plan, UINT32_C(1) << 31 | 1, requests), 1);
    assert_request(&requests[0], TABLE_HOLDING, 100, 10);
    assert_int_equal(requests_of(&bench.plan, 2, requests), 0);
}

static void no_value_is_cut_at_the_end_of_a_block(void **unused)
{
    (void)unused;
    struct bench bench = {.plan = {.block = 10, .bit_block = 2000}};
    struct plan_request requests[REQUESTS_MAX];

    for (unsigned i = 0; i < 6; i++) {
        add(&bench, TABLE_HOLDING, 4 * i, 4, 0);
    }
    plan_prepare(&bench.plan);
    assert_int_equal(requests_of(&bench.plan, 1, requests), 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_request(&requests[i], TABLE_HOLDING, 8 * i, 8);
    }
}

static void overlapping_points_are_read_once(void **unused)
{
    (void)unused;
    struct bench bench = {.plan = {.block = 125, .bit_block = 2000}};
    struct plan_request requests[REQUESTS_MAX];

    add(&bench, TABLE_HOLDING, 100, 4, 0);
    add(&bench, TABLE_HOLDING, 100, 1, 0);
    add(&bench, TABLE_HOLDING, 101, 1, 0);
    add(&bench, TABLE_HOLDING, 103, 4, 0);
    plan_prepare(&bench.plan);
    assert_int_equal(requests_of(&bench.plan, 1, requests), 1);
    assert_request(&requests[0], TABLE_HOLDING, 100, 7);
}

static void the_last_register_of_a_table_can_be_read(void **unused)
{
    (void)unused;
    struct bench bench = {.plan = {.block = 125, .bit_block = 2000, .gap = 124}};
    struct plan_request requests[REQUESTS_MAX];

    add(&bench, TABLE_HOLDING, 65535, 1, 0);
    add(&bench, TABLE_HOLDING, 65534, 1, 0);
    plan_prepare(&bench.plan);
    assert_int_equal(requests_of(&bench.plan, 1, requests), 1);
    assert_request(&requests[0], TABLE_HOLDING, 65534, 2);
}

/** xorshift32: the same rounds every time. */
static unsigned random_below(uint32_t *state, unsigned limit)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state % limit;
}

static void fill_at_random(struct bench *bench, uint32_t *random)
{
    unsigned count = 1 + random_below(random, ITEMS_MAX - 1);
    static const unsigned lengths[] = {1, 1, 2, 4, 8};

    memset(bench, 0, sizeof(*bench));
    bench->plan.gap = random_below(random, 4);
    bench->plan.block = 8 + random_below(random, 20);
    bench->plan.bit_block = 1 + random_below(random, 40);
    for (unsigned i = 0; i < count; i++) {
        enum table table = (enum table)(1 + random_below(random, 4));

        add(bench, table, random_below(random, 120),
            table_has_bits(table) ? 1 : lengths[random_below(random, 5)], random_below(random, 3));
    }
    plan_prepare(&bench->plan);
}

/** N1 to N3 for one request; returns how many due items it holds. */
static unsigned check_request(const struct bench *bench, uint32_t due,
                              const struct plan_request *request)
{
    const struct plan *plan = &bench->plan;
    unsigned reached = request->first;
    unsigned due_count = 0;

    for (size_t i = request->begin; i < request->end; i++) {
        const struct plan_item *item = &plan->items[i];

        if (!plan_item_is_due(item, due)) {
            continue;
        }
        due_count++;
        assert_int_equal(item->table, request->table);
        assert_true(item->number >= request->first);
        assert_true(item->number + item->count <= request->first + request->count);
        assert_true(item->number <= reached + plan->gap);
        reached = item->number + item->count > reached ? item->number + item->count : reached;
    }
    assert_true(due_count > 0);
    assert_int_equal(reached, request->first + request->count);
    assert_true(request->count <= (table_has_bits(request->table) ? plan->bit_block : plan->block));
    return due_count;
}

static void every_due_item_is_in_one_request_that_keeps_the_rules(void **unused)
{
    (void)unused;
    struct plan_request requests[REQUESTS_MAX];
    uint32_t random = 20250301;
    struct bench bench;

    for (unsigned round = 0; round < ROUNDS; round++) {
        uint32_t due = 1 + random_below(&random, 7);
        unsigned due_count = 0;
        unsigned covered = 0;
        size_t count;

        fill_at_random(&bench, &random);
        count = requests_of(&bench.plan, due, requests);
        for (size_t i = 0; i < bench.plan.item_count; i++) {
            due_count += plan_item_is_due(&bench.items[i], due) ? 1 : 0;
        }
        for (size_t i = 0; i < count; i++) {
            covered += check_request(&bench, due, &requests[i]);
            assert_true(i == 0 || requests[i].begin >= requests[i - 1].end);
        }
        assert_int_equal(covered, due_count);
    }
}

static void assert_all_read_the_same(const struct bench *bench, const struct plan_request *request)
{
    for (size_t i = request->begin; i < request->end; i++) {
        assert_int_equal(bench->items[i].number, request->first);
        assert_int_equal(bench->items[i].count, request->count);
    }
}

static void splitting_ends_with_items_of_equal_registers_and_preparing_undoes_it(void **unused)
{
    (void)unused;
    struct plan_request requests[REQUESTS_MAX];
    uint32_t random = 77;
    struct bench bench;

    for (unsigned round = 0; round < ROUNDS; round++) {
        struct plan_request request;
        size_t before;
        size_t from = 0;

        fill_at_random(&bench, &random);
        before = requests_of(&bench.plan, 7, requests);
        while (plan_next(&bench.plan, 7, from, &request)) {
            struct plan_request part;

            if (!plan_split(&bench.plan, 7, &request)) { /* refused to the end */
                assert_all_read_the_same(&bench, &request);
                from = request.end;
                continue;
            }
            assert_true(plan_next(&bench.plan, 7, from, &part));
            assert_int_equal(part.begin, request.begin);
            assert_true(part.end < request.end);
        }
        plan_prepare(&bench.plan);
        assert_int_equal(requests_of(&bench.plan, 7, requests), before);
    }
}

static void a_refused_request_is_cut_at_its_widest_hole_first(void **unused)
{
    (void)unused;
    struct bench bench = {.plan = {.block = 125, .bit_block = 2000, .gap = 10}};
    struct plan_request requests[REQUESTS_MAX];

    add(&bench, TABLE_HOLDING, 100, 1, 0);
    add(&bench, TABLE_HOLDING, 102, 1, 0);
    add(&bench, TABLE_HOLDING, 110, 1, 0);
    add(&bench, TABLE_HOLDING, 112, 1, 0);
    plan_prepare(&bench.plan);
    assert_int_equal(requests_of(&bench.plan, 1, requests), 1);
    assert_true(plan_split(&bench.plan, 1, &requests[0]));
    assert_int_equal(requests_of(&bench.plan, 1, requests), 2);
    assert_request(&requests[0], TABLE_HOLDING, 100, 3);
    assert_request(&requests[1], TABLE_HOLDING, 110, 3);
    plan_join(&bench.plan, 0, 4);
    assert_int_equal(requests_of(&bench.plan, 1, requests), 1);
}

static void a_refused_item_stays_alone_whether_it_is_due_or_not(void **unused)
{
    (void)unused;
    struct bench bench = {.plan = {.block = 125, .bit_block = 2000, .gap = 10}};
    struct plan_request requests[REQUESTS_MAX];

    for (unsigned i = 0; i < 5; i++) {
        add(&bench, TABLE_HOLDING, 100 + i, 1, i == 2 ? 1 : 0);
    }
    plan_prepare(&bench.plan);
    bench.items[2].refused = true;
    assert_int_equal(requests_of(&bench.plan, 3, requests), 3);
    assert_request(&requests[1], TABLE_HOLDING, 102, 1);
    assert_int_equal(requests_of(&bench.plan, 1, requests), 2);
    assert_request(&requests[0], TABLE_HOLDING, 100, 2);
    assert_request(&requests[1], TABLE_HOLDING, 103, 2);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(neighbours_share_a_request_and_tables_do_not),
        cmocka_unit_test(schedules_due_together_share_requests),
        cmocka_unit_test(no_value_is_cut_at_the_end_of_a_block),
        cmocka_unit_test(overlapping_points_are_read_once),
        cmocka_unit_test(the_last_register_of_a_table_can_be_read),
        cmocka_unit_test(every_due_item_is_in_one_request_that_keeps_the_rules),
        cmocka_unit_test(splitting_ends_with_items_of_equal_registers_and_preparing_undoes_it),
        cmocka_unit_test(a_refused_request_is_cut_at_its_widest_hole_first),
        cmocka_unit_test(a_refused_item_stays_alone_whether_it_is_due_or_not),
    };

    return cmocka_run_group_tests_name("modbus_plan", cases, NULL, NULL);
}
