#include "drivers/modbus/line.h"
#include "tests/support/cmocka.h"

#include <sched.h>

static const int64_t begin_ns = 1000 * NS_PER_S;
static const int64_t took_ns = 300 * NS_PER_MS;

struct cabinet {
    struct line line;
    struct line_unit north, south, west;
};

static int open_cabinet(void **state)
{
    static struct cabinet cabinet;

    cabinet = (struct cabinet){0};
    assert_int_equal(line_init(&cabinet.line, NULL), ERROR_OK);
    line_join(&cabinet.north, &cabinet.line);
    line_join(&cabinet.south, &cabinet.line);
    line_join(&cabinet.west, &cabinet.line);
    *state = &cabinet;
    return 0;
}

static int close_cabinet(void **state)
{
    struct cabinet *cabinet = *state;

    line_leave(&cabinet->north);
    line_leave(&cabinet->south);
    line_leave(&cabinet->west);
    line_deinit(&cabinet->line);
    return 0;
}

/** One use of the line in which so many requests end alike; the device is closed behind a failure.
 */
static void use(struct line_unit *unit, bool answered, unsigned requests, int64_t now_ns)
{
    line_use(unit);
    for (unsigned i = 0; i < requests; i++) {
        assert_true(line_take(unit, NS_PER_S));
        line_note(unit, answered, took_ns, now_ns);
        line_release(unit);
    }
    if (!answered) {
        line_disuse(unit);
    }
}

static void a_unit_that_never_answered_is_a_suspect_at_once(void **state) /* B2 */
{
    struct cabinet *cabinet = *state;

    assert_int_equal(line_not_before(&cabinet->north, begin_ns), 0);
    use(&cabinet->north, false, 1, begin_ns);
    assert_int_equal(line_not_before(&cabinet->north, begin_ns + NS_PER_MS),
                     begin_ns + LINE_SUSPECTS_WAIT * took_ns);
    assert_int_equal(line_not_before(&cabinet->north, begin_ns + LINE_SUSPECTS_WAIT * took_ns), 0);
    use(&cabinet->north, true, 1, begin_ns + 10 * NS_PER_S);
    use(&cabinet->north, false, 1, begin_ns + 11 * NS_PER_S); /* one answer is no proof */
    assert_true(line_not_before(&cabinet->north, begin_ns + 11 * NS_PER_S) > 0);
}

static void a_unit_that_answered_is_tried_anew_before_it_is_a_suspect(void **state) /* B2 */
{
    struct cabinet *cabinet = *state;

    use(&cabinet->south, false, 1, begin_ns); /* one that suspects wait for */
    use(&cabinet->north, true, LINE_TRUSTED, begin_ns);
    use(&cabinet->north, false, 2, begin_ns); /* noise hit both tries of a turn */
    assert_int_equal(line_not_before(&cabinet->north, begin_ns), 0);
    use(&cabinet->north, true, LINE_TRUSTED, begin_ns);
    use(&cabinet->north, false, 2, begin_ns);
    assert_int_equal(line_not_before(&cabinet->north, begin_ns), 0);
    use(&cabinet->north, false, 1, begin_ns);
    assert_int_equal(line_not_before(&cabinet->north, begin_ns),
                     begin_ns + LINE_SUSPECTS_WAIT * took_ns);
}

static void suspects_take_turns(void **state) /* B2 */
{
    struct cabinet *cabinet = *state;
    int64_t free_ns = begin_ns + LINE_SUSPECTS_WAIT * took_ns;

    use(&cabinet->north, false, 1, begin_ns);
    use(&cabinet->south, false, 1, begin_ns);
    assert_int_equal(line_not_before(&cabinet->south, begin_ns), free_ns);
    assert_int_equal(line_not_before(&cabinet->north, begin_ns), free_ns);
    assert_true(line_not_before(&cabinet->north, free_ns) > free_ns); /* south asked first */
    assert_int_equal(line_not_before(&cabinet->south, free_ns), 0);
    assert_true(line_not_before(&cabinet->north, free_ns) > free_ns); /* it is being tried */
    use(&cabinet->south, false, 1, free_ns + took_ns);
    assert_int_equal(line_not_before(&cabinet->north, free_ns + took_ns),
                     free_ns + took_ns + LINE_SUSPECTS_WAIT * took_ns);
}

static void a_suspect_that_answered_lately_comes_before_the_dead(void **state) /* B2 */
{
    struct cabinet *cabinet = *state;
    int64_t free_ns = begin_ns + LINE_SUSPECTS_WAIT * took_ns;

    use(&cabinet->north, false, LINE_TRUSTED, begin_ns);
    use(&cabinet->south, false, LINE_TRUSTED + 1, begin_ns);
    use(&cabinet->west, true, 1, begin_ns);
    use(&cabinet->west, false, 1, begin_ns);
    assert_int_equal(line_not_before(&cabinet->north, begin_ns), free_ns);
    assert_int_equal(line_not_before(&cabinet->south, begin_ns), free_ns);
    assert_int_equal(line_not_before(&cabinet->west, begin_ns), free_ns);
    assert_true(line_not_before(&cabinet->north, free_ns) > free_ns);
    assert_int_equal(line_not_before(&cabinet->west, free_ns), 0);
    line_disuse(&cabinet->west);
    assert_true(line_not_before(&cabinet->south, free_ns) > free_ns); /* north asked first */
    assert_int_equal(line_not_before(&cabinet->north, free_ns), 0);
}

static void a_unit_alone_on_its_line_waits_for_nobody(void **state) /* B2 */
{
    struct cabinet *cabinet = *state;

    line_leave(&cabinet->south);
    line_leave(&cabinet->west);
    use(&cabinet->north, false, 3, begin_ns);
    assert_int_equal(line_not_before(&cabinet->north, begin_ns), 0);
}

static void a_line_that_is_taken_is_waited_for_and_no_longer(void **state) /* B1 */
{
    struct cabinet *cabinet = *state;

    assert_true(line_take(&cabinet->north, NS_PER_S));
    assert_false(line_take(&cabinet->south, NS_PER_MS));
    line_release(&cabinet->north);
    assert_true(line_take(&cabinet->south, NS_PER_S));
    line_release(&cabinet->south);
}

/** Who waits for the line on a thread of its own. */
struct waiter {
    struct line_unit *unit;
    unsigned *turns; /* of all, so far; guarded by the line */
    unsigned turn;   /* which was ours; 0: none */
};

static void *wait_for_line(void *argument)
{
    struct waiter *waiter = argument;

    if (line_take(waiter->unit, 10 * NS_PER_S)) {
        waiter->turn = ++*waiter->turns;
        line_release(waiter->unit);
    }
    return NULL;
}

static size_t waiting(struct line *line)
{
    size_t count = 0;

    (void)pthread_mutex_lock(&line->lock);
    for (struct line_place *at = line->first; at != NULL; at = *(struct line_place **)at) {
        count++;
    }
    (void)pthread_mutex_unlock(&line->lock);
    return count;
}

/** Who has it and wants it again comes behind those who wait; else a busy unit starves the rest. */
static void the_line_goes_to_who_waits_longest(void **state) /* B1 */
{
    struct cabinet *cabinet = *state;
    unsigned turns = 0;
    struct waiter waiters[] = {{&cabinet->south, &turns, 0}, {&cabinet->west, &turns, 0}};
    pthread_t threads[2];

    assert_true(line_take(&cabinet->north, NS_PER_S));
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, wait_for_line, &waiters[i]), 0);
        while (waiting(&cabinet->line) <= i) {
            (void)sched_yield();
        }
    }
    line_release(&cabinet->north);
    assert_true(line_take(&cabinet->north, 10 * NS_PER_S));
    assert_int_equal(turns, 2);
    line_release(&cabinet->north);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(waiters[i].turn, i + 1);
    }
}

#define ON_A_LINE(test) cmocka_unit_test_setup_teardown(test, open_cabinet, close_cabinet)

int main(void)
{
    const struct CMUnitTest cases[] = {
        ON_A_LINE(the_line_goes_to_who_waits_longest),
        ON_A_LINE(a_unit_that_never_answered_is_a_suspect_at_once),
        ON_A_LINE(a_unit_that_answered_is_tried_anew_before_it_is_a_suspect),
        ON_A_LINE(suspects_take_turns),
        ON_A_LINE(a_suspect_that_answered_lately_comes_before_the_dead),
        ON_A_LINE(a_unit_alone_on_its_line_waits_for_nobody),
        ON_A_LINE(a_line_that_is_taken_is_waited_for_and_no_longer),
    };

    return cmocka_run_group_tests_name("modbus_line", cases, NULL, NULL);
}
