/* tests/contract/driver_contract.c - the rules of drivers/driver.h, run against every driver, each
 * with a real peer. A new driver adds a fixture (tests/contract/fixtures/) and inherits it all. */
#include "base/cleanup.h"
#include "tests/contract/fixtures/instance.h"
#include "tests/support/cmocka.h"
#include "tests/support/fault_alloc.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { ADDRESS_SIZE = 80 };

static const struct driver_fixture *now;
static char live_address[ADDRESS_SIZE]; /* of the fixture's peer */

static void the_table_describes_itself(void **unused)
{
    (void)unused;
    const struct driver *driver = now->driver;
    const struct option_spec *tables[] = {driver->options, driver->point_options,
                                          driver->group_options};

    assert_ptr_equal(driver_find(driver->name), driver);
    for (const char *at = driver->name; *at != '\0'; at++) {
        assert_true(islower((unsigned char)*at) || isdigit((unsigned char)*at) || *at == '-');
    }
    assert_true(strlen(driver->summary) > 0 && strchr(driver->summary, '\n') == NULL);
    assert_true(driver->point_options == NULL || driver->point_address_offset < driver->point_size);
    assert_int_equal(driver->group_key != NULL, driver->group_options != NULL);
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        for (const struct option_spec *row = tables[i]; row != NULL && row->type != OPTION_END;
             row++) {
            assert_true(strlen(row->help) > 0);
            assert_int_equal(row->choices != NULL, row->type == OPTION_CHOICE);
        }
    }
}

static void configuring_needs_no_peer(void **unused) /* D1 */
{
    (void)unused;
    CLEANUP(instance_release) struct instance instance;

    assert_int_equal(instance_configure(&instance, now, now->dead_address, now->point), ERROR_OK);
}

static void a_bad_point_is_refused_with_a_sentence_naming_it(void **unused) /* D1, D6 */
{
    (void)unused;
    CLEANUP(instance_release) struct instance instance;

    assert_int_equal(instance_configure(&instance, now, now->dead_address, now->bad_point),
                     ERROR_BAD_CONFIG);
    assert_true(strstr(instance.error.text, now->bad_point_text) != NULL);
}

static void what_was_learned_elsewhere_does_no_harm(void **unused)
{
    (void)unused;
    static const uint8_t foreign[] = {1, 0x80, 0xff, 0xff, 0xff, 0xff, 0x0f, 2, 7};
    CLEANUP(instance_release) struct instance instance = {0};

    assert_int_equal(now->driver->learned != NULL, now->driver->remember != NULL);
    if (now->driver->learned == NULL) {
        return;
    }
    assert_int_equal(instance_configure(&instance, now, live_address, now->point), ERROR_OK);
    for (size_t size = 0; size <= sizeof(foreign); size++) {
        now->driver->remember(instance.state, foreign, size);
    }
    assert_int_equal(instance_open(&instance), ERROR_OK);
    assert_int_equal(instance_read_until(&instance, 1), ERROR_OK);
}

/** How many this process has. */
static size_t open_files(void)
{
    DIR *folder = opendir("/proc/self/fd");
    size_t count = 0;

    assert_true(folder != NULL);
    while (readdir(folder) != NULL) {
        count++;
    }
    assert_int_equal(closedir(folder), 0);
    return count;
}

static void close_works_in_every_state_and_twice(void **unused) /* D2 */
{
    (void)unused;
    CLEANUP(cleanup_free) void *zeroed = calloc(1, now->driver->state_size);
    CLEANUP(instance_release) struct instance instance;
    size_t files = open_files();

    assert_true(zeroed != NULL);
    now->driver->close(zeroed);
    now->driver->close(zeroed);
    now->driver->destroy(zeroed);
    assert_int_equal(instance_configure(&instance, now, live_address, now->point), ERROR_OK);
    now->driver->close(instance.state);
    for (int i = 0; i < 2; i++) { /* points survive a close */
        assert_int_equal(instance_open(&instance), ERROR_OK);
        assert_int_equal(instance_read_until(&instance, (unsigned)i + 1), ERROR_OK);
        now->driver->close(instance.state);
        now->driver->close(instance.state);
    }
    assert_true(instance.counts[0] >= 2 && instance.counts[1] >= 2);
    if (now->point == NULL) { /* no library of its own that keeps some */
        assert_int_equal(open_files(), files);
    }
}

static void an_absent_peer_is_named_and_worth_another_try(void **unused) /* D3, D6 */
{
    (void)unused;
    CLEANUP(instance_release) struct instance instance;

    assert_int_equal(instance_configure(&instance, now, now->dead_address, now->point), ERROR_OK);
    for (int i = 0; i < 2; i++) {
        enum error_code code = instance_open(&instance);

        assert_int_equal(error_class(code), ERROR_CLASS_RETRY);
        assert_int_equal(instance.error.code, code);
        assert_true(strstr(instance.error.text, now->dead_address_text) != NULL);
        now->driver->close(instance.state);
    }
}

/** A port where connections are taken and nothing is ever said. */
static int listen_and_say_nothing(char *port, size_t port_size)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    (void)snprintf(port, port_size, "127.0.0.1:%u", (unsigned)ntohs(address.sin_port));
    return fd;
}

static void a_silent_peer_costs_no_more_than_the_deadline(void **unused) /* D4 */
{
    (void)unused;
    char port[40];
    char address[ADDRESS_SIZE];
    CLEANUP(cleanup_close) int listener = listen_and_say_nothing(port, sizeof(port));
    CLEANUP(instance_release) struct instance instance;
    int64_t begun_ns = clock_monotonic_ns(&clock_system);
    struct driver_turn turn = {.clock = &clock_system, .due = 3};
    enum error_code code;

    (void)listener;
    (void)snprintf(address, sizeof(address), "%s%s", now->address_prefix, port);
    if (now->start_silent != NULL) {
        assert_true(now->start_silent(address, sizeof(address)));
    }
    assert_int_equal(instance_configure(&instance, now, address, now->point), ERROR_OK);
    for (const struct driver_setting *slow = now->slow; slow->key != NULL; slow++) {
        assert_int_equal(option_set(option_find(now->driver->options, slow->key), slow->value,
                                    instance.state, &instance.arena, &instance.error),
                         ERROR_OK);
    }
    code = now->driver->open(instance.state, &clock_system, instance_soon(200 * NS_PER_MS),
                             &instance.error);
    if (code == ERROR_OK) { /* a protocol that says nothing first */
        turn.deadline_ns = instance_soon(200 * NS_PER_MS);
        code = now->driver->read(instance.state, &turn, &instance.sink, &instance.error);
    }
    if (now->point == NULL) {
        assert_int_equal(code, ERROR_OK); /* nobody said anything: that may be so */
    } else {
        assert_int_equal(error_class(code), ERROR_CLASS_RETRY);
        assert_true(strlen(instance.error.text) > 0);
    }
    /* The driver's own time-outs are a minute: only the deadline can have ended it. */
    assert_true(clock_monotonic_ns(&clock_system) - begun_ns < 30 * NS_PER_S);
}

/** A link's block, as the host has it. */
struct shared {
    const struct device_link *kind;
    void *block;
};

static void shared_release(struct shared *shared)
{
    if (shared->block != NULL) {
        shared->kind->deinit(shared->block);
        free(shared->block);
    }
}

/** As the host does where there is a link: both have the same peer. */
static void share(struct shared *shared, struct instance *one, struct instance *two)
{
    if (shared->kind == NULL) {
        return;
    }
    shared->block = calloc(1, shared->kind->block_size);
    assert_true(shared->block != NULL);
    assert_int_equal(shared->kind->init(shared->block, &one->error), ERROR_OK);
    shared->kind->join(one->state, shared->block);
    shared->kind->join(two->state, shared->block);
}

static void two_instances_run_side_by_side(void **unused) /* D5 */
{
    (void)unused;
    CLEANUP(shared_release) struct shared shared = {now->driver->link, NULL};
    CLEANUP(instance_release) struct instance one = {0};
    CLEANUP(instance_release) struct instance two = {0};

    assert_int_equal(instance_configure(&one, now, live_address, now->point), ERROR_OK);
    assert_int_equal(instance_configure(&two, now, live_address, now->point), ERROR_OK);
    share(&shared, &one, &two);
    assert_int_equal(instance_open(&one), ERROR_OK);
    assert_int_equal(instance_open(&two), ERROR_OK);
    assert_int_equal(instance_read_until(&one, 1), ERROR_OK);
    assert_int_equal(instance_read_until(&two, 1), ERROR_OK);
    now->driver->close(one.state);
    assert_int_equal(instance_read_until(&two, 2), ERROR_OK);
    assert_true(two.counts[0] >= 2 && two.counts[1] >= 2);
    assert_int_equal(one.strangers + two.strangers, 0);
    assert_int_equal(one.rejections + two.rejections, 0);
}

static void what_ends_in_one_instance_of_a_link_goes_on_in_the_others(void **unused) /* D10 */
{
    (void)unused;
    CLEANUP(shared_release) struct shared shared = {now->driver->link, NULL};
    CLEANUP(instance_release) struct instance one = {0};
    CLEANUP(instance_release) struct instance two = {0};
    struct instance *both[] = {&one, &two};

    if (shared.kind == NULL) {
        return;
    }
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(instance_configure(both[i], now, live_address, now->point), ERROR_OK);
        assert_true(strlen(shared.kind->name(both[i]->state)) > 0);
    }
    share(&shared, &one, &two);
    assert_string_equal(shared.kind->name(one.state), shared.kind->name(two.state));
    assert_string_equal(shared.kind->terms(one.state), shared.kind->terms(two.state));
    for (unsigned turn = 1; turn <= 2; turn++) {
        for (size_t i = 0; i < 2; i++) {
            assert_int_equal(shared.kind->not_before(both[i]->state, &clock_system), 0);
            assert_int_equal(instance_open(both[i]), ERROR_OK);
        }
        assert_int_equal(instance_read_until(&one, turn), ERROR_OK);
        now->driver->close(one.state);
        assert_int_equal(instance_read_until(&two, turn), ERROR_OK);
        now->driver->close(two.state);
    }
    assert_int_equal(instance_open(&two), ERROR_OK);
    shared.kind->join(one.state, NULL);
    now->driver->destroy(one.state); /* destroyed once more by its release: D2 */
    assert_int_equal(instance_read_until(&two, 3), ERROR_OK);
}

static void reading_goes_on_before_and_after_committed(void **unused) /* D7 */
{
    (void)unused;
    CLEANUP(instance_release) struct instance instance;

    assert_int_equal(instance_configure(&instance, now, live_address, now->point), ERROR_OK);
    assert_int_equal(instance_open(&instance), ERROR_OK);
    assert_int_equal(instance_read_until(&instance, 1), ERROR_OK);
    assert_int_equal(instance_read_until(&instance, 2), ERROR_OK);
    now->driver->committed(instance.state);
    now->driver->committed(instance.state);
    assert_int_equal(instance_read_until(&instance, 3), ERROR_OK);
    assert_int_equal(instance.good, instance.counts[0] + instance.counts[1]);
    assert_true(instance.counts[0] >= 3 && instance.counts[1] >= 3);
}

static void a_full_sink_is_no_failure_and_the_next_read_goes_on(void **unused) /* D8 */
{
    (void)unused;
    CLEANUP(instance_release) struct instance instance;

    assert_int_equal(instance_configure(&instance, now, live_address, now->point), ERROR_OK);
    assert_int_equal(instance_open(&instance), ERROR_OK);
    instance.room = 1;
    if (now->provoke != NULL) {
        now->provoke();
    }
    for (int64_t end_ns = instance_soon(20 * NS_PER_S);
         instance.room > 0 && clock_monotonic_ns(&clock_system) < end_ns;) {
        assert_int_equal(instance_read(&instance, 3), ERROR_OK);
    }
    assert_int_equal(instance_read(&instance, 3), ERROR_OK);
    assert_int_equal(instance.counts[0] + instance.counts[1], 1);
    instance.room = UINT32_MAX;
    assert_int_equal(instance_read_until(&instance, 1), ERROR_OK);
    assert_true(instance.counts[0] >= 1 && instance.counts[1] >= 1);
    if (now->driver->pushes && now->point != NULL) { /* a message has both: its rest came, too */
        assert_int_equal(instance.counts[0], instance.counts[1]);
    }
}

/** Read until the sink took `more` lines, then once more. */
static void take_lines(struct instance *instance, unsigned more)
{
    int64_t end_ns = instance_soon(20 * NS_PER_S);

    instance->room = more;
    while (instance->room > 0 && clock_monotonic_ns(&clock_system) < end_ns) {
        assert_int_equal(instance_read(instance, 0), ERROR_OK);
    }
    assert_int_equal(instance->room, 0);
}

/** Driver.h's P1, of lines: what is behind the kept position comes, and nothing of it twice. */
static void a_line_comes_once_over_a_full_sink_and_a_restart(void **unused)
{
    (void)unused;
    CLEANUP(instance_release) struct instance one = {0};
    CLEANUP(instance_release) struct instance two = {0};
    const struct driver_turn last = {.clock = &clock_system};

    if (now->point != NULL) {
        skip();
    }
    assert_int_equal(instance_configure(&one, now, live_address, now->point), ERROR_OK);
    assert_int_equal(instance_open(&one), ERROR_OK);
    assert_int_equal(instance_read_until(&one, 1), ERROR_OK); /* all that is there by now */
    memset(one.counts, 0, sizeof(one.counts));
    now->provoke();
    take_lines(&one, 1);
    assert_int_equal(one.counts[0], 1);
    assert_int_equal(instance_read(&one, 0), ERROR_OK); /* no room */
    now->driver->close(one.state);

    assert_int_equal(instance_configure(&two, now, live_address, now->point), ERROR_OK);
    memcpy(two.positions, one.positions, sizeof(two.positions));
    now->provoke();
    assert_int_equal(instance_open(&two), ERROR_OK);
    take_lines(&two, 1);
    assert_int_equal(two.counts[0], 0);
    assert_int_equal(two.counts[1], 1);
    take_lines(&two, 2);
    two.room = UINT32_MAX;
    assert_int_equal(now->driver->read(two.state, &last, &two.sink, &two.error), ERROR_OK);
    assert_int_equal(two.counts[0], 1);
    assert_int_equal(two.counts[1], 2);
    assert_int_equal(one.strangers + two.strangers, 0);
    assert_int_equal(one.rejections + two.rejections, 0);
}

static void only_due_points_of_a_polled_device_are_emitted(void **unused)
{
    (void)unused;
    CLEANUP(instance_release) struct instance instance;

    if (now->driver->pushes) {
        skip();
    }
    assert_int_equal(instance_configure(&instance, now, live_address, now->point), ERROR_OK);
    assert_int_equal(instance_open(&instance), ERROR_OK);
    assert_int_equal(instance_read(&instance, 0), ERROR_OK);
    assert_int_equal(instance.counts[0] + instance.counts[1], 0);
    assert_int_equal(instance_read(&instance, 2), ERROR_OK);
    assert_int_equal(instance.counts[0], 0);
    assert_int_equal(instance.counts[1], 1);
}

/** Write `value` to point `index`, or only look. */
static enum error_code write_one(struct instance *instance, uint32_t index, int64_t value,
                                 bool only_look, struct driver_write *write)
{
    *write = (struct driver_write){.clock = &clock_system,
                                   .deadline_ns = instance_soon(5 * NS_PER_S),
                                   .point_id = INSTANCE_FIRST_POINT_ID + index,
                                   .value = {.type = SAMPLE_INT, .value.integer = value},
                                   .only_look = only_look};
    return now->driver->write(instance->state, write, &instance->error);
}

static void fit_stands_beside_write(void **unused)
{
    (void)unused;
    assert_int_equal(now->driver->fit != NULL, now->driver->write != NULL);
}

static void what_was_written_is_read_back_beside_what_was_there(void **unused) /* D9 */
{
    (void)unused;
    CLEANUP(instance_release) struct instance instance;
    struct driver_write write;
    int64_t held = 0;

    if (now->driver->write == NULL) {
        skip();
    }
    assert_int_equal(instance_configure(&instance, now, live_address, now->point), ERROR_OK);
    assert_int_equal(instance_open(&instance), ERROR_OK);
    for (int64_t value = 41; value < 44; value++) {
        assert_int_equal(write_one(&instance, 0, value, false, &write), ERROR_OK);
        assert_int_equal(write.outcome, DRIVER_WRITE_DONE);
        assert_int_equal(write.after.value.integer, value);
        assert_true(value == 41 || write.before.value.integer == held);
        held = value;
    }
    assert_int_equal(write_one(&instance, 0, 99, true, &write), ERROR_OK);
    assert_int_equal(write.outcome, DRIVER_WRITE_NONE);
    assert_int_equal(write.before.value.integer, held);
    assert_int_equal(write.after.type, SAMPLE_NONE);
    assert_int_equal(write_one(&instance, 0, 99, true, &write), ERROR_OK);
    assert_int_equal(write.before.value.integer, held); /* looking has changed nothing */
    assert_int_equal(instance_read_until(&instance, 1), ERROR_OK);
}

static void a_point_that_is_not_writable_is_never_written(void **unused) /* D9 */
{
    (void)unused;
    CLEANUP(instance_release) struct instance instance;
    struct driver_write write;
    int64_t held;

    if (now->driver->write == NULL) {
        skip();
    }
    assert_int_equal(instance_configure(&instance, now, live_address, now->point), ERROR_OK);
    assert_int_equal(instance_open(&instance), ERROR_OK);
    assert_int_equal(write_one(&instance, 0, 0, true, &write), ERROR_OK);
    held = write.before.value.integer;
    assert_int_equal(write_one(&instance, 1, held + 1, false, &write), ERROR_BUG);
    assert_int_equal(write.outcome, DRIVER_WRITE_NONE);
    assert_int_equal(write_one(&instance, 0, 0, true, &write), ERROR_OK);
    assert_int_equal(write.before.value.integer, held); /* both points are the same register */
}

static void writing_to_a_silent_peer_fails_by_the_deadline(void **unused) /* D4, D6, D9 */
{
    (void)unused;
    char port[40];
    char address[ADDRESS_SIZE];
    CLEANUP(cleanup_close) int listener = listen_and_say_nothing(port, sizeof(port));
    CLEANUP(instance_release) struct instance instance;
    struct driver_write write;
    int64_t begun_ns = clock_monotonic_ns(&clock_system);

    (void)listener;
    if (now->driver->write == NULL) {
        skip();
    }
    (void)snprintf(address, sizeof(address), "%s%s", now->address_prefix, port);
    if (now->start_silent != NULL) {
        assert_true(now->start_silent(address, sizeof(address)));
    }
    assert_int_equal(instance_configure(&instance, now, address, now->point), ERROR_OK);
    assert_int_equal(instance_open(&instance), ERROR_OK);
    assert_int_equal(error_class(write_one(&instance, 0, 1, false, &write)), ERROR_CLASS_RETRY);
    assert_int_equal(write.outcome, DRIVER_WRITE_NONE); /* it was only asked what it has */
    assert_true(strlen(instance.error.text) > 0);
    assert_true(clock_monotonic_ns(&clock_system) - begun_ns < 30 * NS_PER_S);
}

static void any_failing_allocation_leaves_nothing_behind(void **unused) /* D2, D3; leaks: ASan */
{
    (void)unused;
    for (unsigned n = 1;; n++) {
        CLEANUP(instance_release) struct instance instance;
        enum error_code code;

        fault_alloc_arm(n);
        code = instance_configure(&instance, now, live_address, now->point);
        if (code == ERROR_OK && !now->library_allocates) {
            code = instance_open(&instance);
        }
        if (code == ERROR_OK && !now->library_allocates) {
            code = instance_read(&instance, 3);
        }
        if (!fault_alloc_fired()) {
            fault_alloc_arm(0);
            assert_int_equal(code, ERROR_OK);
            return;
        }
        assert_true(code == ERROR_OK || code == ERROR_NO_MEMORY);
    }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(the_table_describes_itself),
        cmocka_unit_test(configuring_needs_no_peer),
        cmocka_unit_test(a_bad_point_is_refused_with_a_sentence_naming_it),
        cmocka_unit_test(what_was_learned_elsewhere_does_no_harm),
        cmocka_unit_test(close_works_in_every_state_and_twice),
        cmocka_unit_test(an_absent_peer_is_named_and_worth_another_try),
        cmocka_unit_test(a_silent_peer_costs_no_more_than_the_deadline),
        cmocka_unit_test(two_instances_run_side_by_side),
        cmocka_unit_test(what_ends_in_one_instance_of_a_link_goes_on_in_the_others),
        cmocka_unit_test(reading_goes_on_before_and_after_committed),
        cmocka_unit_test(a_full_sink_is_no_failure_and_the_next_read_goes_on),
        cmocka_unit_test(a_line_comes_once_over_a_full_sink_and_a_restart),
        cmocka_unit_test(only_due_points_of_a_polled_device_are_emitted),
        cmocka_unit_test(fit_stands_beside_write),
        cmocka_unit_test(what_was_written_is_read_back_beside_what_was_there),
        cmocka_unit_test(a_point_that_is_not_writable_is_never_written),
        cmocka_unit_test(writing_to_a_silent_peer_fails_by_the_deadline),
        cmocka_unit_test(any_failing_allocation_leaves_nothing_behind),
    };
    int failed = 0;

    for (size_t i = 0; driver_fixtures[i] != NULL; i++) {
        now = driver_fixtures[i];
        if (now->is_possible != NULL && !now->is_possible()) {
            (void)printf("%s: cannot be tested on this machine\n", now->driver->name);
            continue;
        }
        if (!now->start_peer(live_address, sizeof(live_address))) {
            (void)fprintf(stderr, "%s: its peer does not start\n", now->driver->name);
            return 1;
        }
        failed += cmocka_run_group_tests_name(now->driver->name, cases, NULL, NULL);
        now->stop_peer();
    }
    return failed;
}
