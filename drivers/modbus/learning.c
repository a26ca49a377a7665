#include "drivers/modbus/learning.h"

static struct limit *limit_of(struct plan *plan, const struct plan_request *request)
{
    return table_has_bits(request->table) ? &plan->bit_limit : &plan->limit;
}

/** Are all its registers those of due items? */
static bool is_dense(const struct plan *plan, uint32_t due, const struct plan_request *request)
{
    unsigned end = request->first;

    for (size_t i = request->begin; i < request->end; i++) {
        const struct plan_item *item = &plan->items[i];
        unsigned item_end = (unsigned)item->number + item->count;

        if (!plan_item_is_due(item, due)) {
            continue;
        }
        if (item->number > end) {
            return false;
        }
        end = item_end > end ? item_end : end;
    }
    return true;
}

/** The parts of a refused request must not go on into what is behind it. */
static void begin_search(struct learning *learning, struct plan *plan,
                         const struct plan_request *request)
{
    *learning = (struct learning){.begin = request->begin, .end = request->end};
    if (request->end < plan->item_count) {
        plan->items[request->end].cut_before = true;
    }
}

bool learning_cut(struct learning *learning, struct plan *plan, uint32_t due,
                  const struct plan_request *request)
{
    size_t at = plan_split(plan, due, request);

    if (at == 0) {
        return false;
    }
    if (learning->end == 0) {
        begin_search(learning, plan, request);
    }
    learning->last.begin = request->begin;
    learning->last.at = at;
    learning->last.end = request->end;
    learning->last.half_answered = false;
    if (is_dense(plan, due, request)) { /* A3 */
        learning->twice =
            learning->least != 0 && (learning->twice || request->begin >= learning->least_end);
        if (learning->least == 0 || request->count < learning->least) {
            learning->least = request->count;
        }
        learning->least_end = request->end;
    }
    return true;
}

/** A1: is it the second of the two parts of a cut that were both answered? */
static void prove_cut(struct learning *learning, struct plan *plan,
                      const struct plan_request *request)
{
    if (learning->end == 0 || learning->last.end == 0) {
        return;
    }
    if (request->begin == learning->last.begin && request->end <= learning->last.at) {
        learning->last.half_answered = true;
    } else if (learning->last.half_answered && request->begin == learning->last.at &&
               request->end == learning->last.end) {
        plan->items[learning->last.at].cut_proven = true;
        plan->changed = true;
    }
}

/** All parts of the refused request have their outcome. */
static void conclude(const struct learning *learning, struct plan *plan,
                     const struct plan_request *request)
{
    struct limit *limit = limit_of(plan, request);

    if (learning->failed) {
        return; /* the search goes on in the next turn */
    }
    plan_join(plan, learning->begin, learning->end);
    if (!learning->lone && learning->least != 0) { /* A2 */
        plan->changed = true;
        if (limit_refused(limit, learning->least, learning->twice)) {
            plan_join_neighbours(plan, request->table);
        }
    }
}

void learning_note(struct learning *learning, struct plan *plan, uint32_t due,
                   const struct plan_request *request, enum learning_outcome outcome)
{
    bool refused = outcome == LEARNING_REFUSED;

    for (size_t i = request->begin; i < request->end; i++) {
        struct plan_item *item = &plan->items[i];
        bool was_refused = item->refused;

        if (plan_item_is_due(item, due)) {
            learning->lone = learning->lone || (refused && !was_refused);
            item->refused = refused || (was_refused && outcome == LEARNING_FAILED);
            plan->changed = plan->changed || item->refused != was_refused;
        }
    }
    learning->failed = learning->failed || outcome == LEARNING_FAILED;
    if (outcome == LEARNING_ANSWERED) {
        struct limit *limit = limit_of(plan, request);
        const struct limit before = *limit;

        limit_answered(limit, request->count);
        prove_cut(learning, plan, request);
        plan->changed =
            plan->changed || (before.refused != 0 && before.answered != limit->answered);
    }
    if (learning->end != 0 && request->end >= learning->end) {
        conclude(learning, plan, request);
        *learning = (struct learning){0};
    }
}

void learning_abandon(const struct learning *learning, struct plan *plan)
{
    if (learning->end != 0) {
        plan_join(plan, learning->begin, learning->end);
    }
}

bool learning_probe(struct plan *plan, size_t *place)
{
    const struct limit nothing = {0};

    if (*place == 0) {
        bool had = plan->limit.refused != 0 || plan->bit_limit.refused != 0;

        plan->limit = plan->bit_limit = nothing;
        *place = 1;
        if (had) {
            plan->changed = true;
            return true;
        }
    }
    for (; *place <= plan->item_count; (*place)++) {
        struct plan_item *item = &plan->items[*place - 1];

        if (item->cut_proven) {
            item->cut_before = item->cut_proven = false;
            plan->changed = true;
            (*place)++;
            return true;
        }
    }
    return false;
}
