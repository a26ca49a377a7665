#include "drivers/modbus/plan.h"

#include <stdlib.h>

static int compare(const void *one, const void *two)
{
    const struct plan_item *a = one;
    const struct plan_item *b = two;
    int difference = (int)a->table - (int)b->table;

    if (difference == 0) {
        difference = (int)a->number - (int)b->number;
    }
    if (difference == 0) {
        difference = (int)a->count - (int)b->count;
    }
    if (difference == 0) {
        difference = a->sequence < b->sequence ? -1 : 1;
    }
    return difference;
}

void plan_prepare(struct plan *plan)
{
    if (plan->item_count > 0) {
        qsort(plan->items, plan->item_count, sizeof(plan->items[0]), compare);
    }
    for (size_t i = 0; i < plan->item_count; i++) {
        plan->items[i].cut_before = plan->items[i].cut_proven = plan->items[i].refused = false;
    }
    plan->limit = plan->bit_limit = (struct limit){0};
}

static bool same_registers(const struct plan_item *one, const struct plan_item *two)
{
    return one->number == two->number && one->count == two->count;
}

static unsigned end_of(const struct plan_item *item)
{
    return (unsigned)item->number + item->count;
}

static unsigned larger(unsigned one, unsigned two)
{
    return one > two ? one : two;
}

/** Must a request that reaches `before` end there? */
static bool ends_between(const struct plan_item *before, const struct plan_item *item) /* N4 */
{
    return item->table != before->table || item->cut_before ||
           ((before->refused || item->refused) && !same_registers(before, item));
}

bool plan_next(const struct plan *plan, uint32_t due, size_t from, struct plan_request *request)
{
    const struct plan_item *items = plan->items;
    unsigned block;
    unsigned end;
    size_t i = from;

    while (i < plan->item_count && !plan_item_is_due(&items[i], due)) {
        i++;
    }
    if (i == plan->item_count) {
        return false;
    }
    *request = (struct plan_request){
        .table = (enum table)items[i].table, .first = items[i].number, .begin = i, .end = i + 1};
    block = table_has_bits(request->table) ? limit_to_ask(&plan->bit_limit, plan->bit_block)
                                           : limit_to_ask(&plan->limit, plan->block);
    end = end_of(&items[i]);
    for (i++; i < plan->item_count && !ends_between(&items[i - 1], &items[i]); i++) {
        unsigned new_end = larger(end, end_of(&items[i]));

        if (items[i].number > end + plan->gap) { /* N2; those behind lie further still */
            break;
        }
        if (!plan_item_is_due(&items[i], due)) {
            continue;
        }
        if (new_end - request->first > block) { /* N3 */
            break;
        }
        end = new_end;
        request->end = i + 1;
    }
    request->count = end - request->first;
    return true;
}

/** How good a place `item` is to cut, higher is better: a wide hole first, then the middle. */
static unsigned cut_worth(const struct plan_request *request, unsigned end_before,
                          const struct plan_item *item)
{
    unsigned hole = item->number > end_before ? item->number - end_before : 0;
    unsigned left = item->number - request->first;
    unsigned right = request->first + request->count - item->number;

    return hole << 16 | (left < right ? left : right);
}

size_t plan_split(struct plan *plan, uint32_t due, const struct plan_request *request)
{
    const struct plan_item *before = &plan->items[request->begin];
    struct plan_item *best = NULL;
    unsigned best_worth = 0;
    unsigned end = end_of(before);

    for (size_t i = request->begin + 1; i < request->end; i++) {
        struct plan_item *item = &plan->items[i];
        unsigned worth;

        if (!plan_item_is_due(item, due)) {
            continue;
        }
        worth = cut_worth(request, end, item);
        if (!same_registers(before, item) && (best == NULL || worth > best_worth)) {
            best = item;
            best_worth = worth;
        }
        before = item;
        end = larger(end, end_of(item));
    }
    if (best == NULL) {
        return 0;
    }
    best->cut_before = true;
    return (size_t)(best - plan->items);
}

void plan_join(struct plan *plan, size_t begin, size_t end)
{
    for (size_t i = begin + 1; i <= end && i < plan->item_count; i++) {
        plan->items[i].cut_before = plan->items[i].cut_proven;
    }
}

void plan_join_neighbours(struct plan *plan, enum table table)
{
    unsigned end = 0;

    for (size_t i = 1; i < plan->item_count; i++) {
        const struct plan_item *before = &plan->items[i - 1];
        struct plan_item *item = &plan->items[i];

        end = before->table == item->table ? larger(end, end_of(before)) : 0;
        if (item->table == table && item->number <= end) {
            item->cut_before = item->cut_proven = false;
        }
    }
}
