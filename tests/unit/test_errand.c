#include "agent/collect/errand.h"

#include "base/clock.h"
#include "tests/support/cmocka.h"

struct work {
    struct errand errand;
    int runs;
};

/** A device's thread: takes errands until it is told to stop. */
struct device {
    struct errand_board board;
    struct errand_desk desk;
    struct waiter waiter;
    pthread_t thread;
};

static enum error_code run(struct errand *errand, struct config_device *device, const char *away,
                           struct error *error)
{
    (void)device;
    (void)away;
    (void)error;
    ((struct work *)(void *)errand)->runs++;
    return ERROR_OK;
}

static void *serve(void *argument)
{
    struct device *device = argument;

    while (!waiter_stopping(&device->waiter)) {
        struct errand *errand;

        (void)waiter_wait(&device->waiter, NS_PER_S);
        errand = errand_take(&device->desk);
        if (errand != NULL) {
            (void)errand->run(errand, NULL, NULL, NULL);
            errand_done(&device->desk);
        }
    }
    errand_leave(&device->desk);
    waiter_end(&device->waiter);
    return NULL;
}

static void begin(struct device *device, bool with_thread)
{
    errand_board_init(&device->board);
    waiter_init(&device->waiter);
    errand_join(&device->board, &device->desk, "press", &device->waiter);
    if (with_thread) {
        assert_int_equal(waiter_start_thread(&device->thread, 64 << 10, serve, device, NULL),
                         ERROR_OK);
    }
}

static void end(struct device *device, bool with_thread)
{
    if (with_thread) {
        waiter_stop(&device->waiter);
        assert_true(waiter_join(&device->waiter, device->thread,
                                clock_monotonic_ns(&clock_system) + 20 * NS_PER_S));
    }
    errand_leave(&device->desk);
    waiter_deinit(&device->waiter);
    errand_board_deinit(&device->board);
}

static void an_errand_runs_on_the_device_s_thread_and_its_end_is_waited_for(void **unused)
{
    (void)unused;
    struct device device = {.desk = {.board = NULL}};
    struct work work = {.errand = {.run = run}};

    begin(&device, true);
    for (int i = 1; i <= 200; i++) {
        assert_int_equal(errand_ask(&device.board, "press", &work.errand, 20 * NS_PER_S),
                         ERRAND_RAN);
        assert_int_equal(work.runs, i);
    }
    assert_int_equal(errand_ask(&device.board, "drill", &work.errand, NS_PER_S), ERRAND_NO_DEVICE);
    end(&device, true);
    assert_int_equal(work.runs, 200);
}

static void what_is_not_begun_in_time_is_taken_back(void **unused) /* E2 */
{
    (void)unused;
    struct device device = {.desk = {.board = NULL}};
    struct work work = {.errand = {.run = run}};

    begin(&device, false);
    assert_int_equal(errand_ask(&device.board, "press", &work.errand, NS_PER_MS), ERRAND_TOO_LATE);
    assert_null(errand_take(&device.desk));
    end(&device, false);
    assert_int_equal(work.runs, 0);
}

struct asking {
    struct device *device;
    struct work work;
    enum errand_end end;
};

static void *ask(void *argument)
{
    struct asking *asking = argument;

    asking->end = errand_ask(&asking->device->board, "press", &asking->work.errand, 60 * NS_PER_S);
    return NULL;
}

static void a_second_errand_is_told_so_and_one_comes_back_when_its_device_stops(void **unused)
{
    (void)unused; /* E1, E3 */
    struct device device = {.desk = {.board = NULL}};
    struct asking asking = {.device = &device, .work = {.errand = {.run = run}}};
    struct work other = {.errand = {.run = run}};
    pthread_t thread;

    begin(&device, false);
    assert_int_equal(pthread_create(&thread, NULL, ask, &asking), 0);
    assert_true(waiter_wait(&device.waiter, 20 * NS_PER_S)); /* poked: it lies there */
    assert_int_equal(errand_ask(&device.board, "press", &other.errand, NS_PER_S), ERRAND_BUSY);
    errand_leave(&device.desk);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(asking.end, ERRAND_NO_DEVICE);
    assert_int_equal(asking.work.runs + other.runs, 0);
    end(&device, false);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(an_errand_runs_on_the_device_s_thread_and_its_end_is_waited_for),
        cmocka_unit_test(what_is_not_begun_in_time_is_taken_back),
        cmocka_unit_test(a_second_errand_is_told_so_and_one_comes_back_when_its_device_stops),
    };

    return cmocka_run_group_tests_name("errand", cases, NULL, NULL);
}
