/* What the store keeps of its clock: marks, right offsets, slots of version 1. */
#include "agent/store/store_clock.h"
#include "base/buffer.h"
#include "base/fs.h"
#include "tests/support/cmocka.h"
#include "tests/support/temporary.h"

#include <string.h>
#include <zstd.h>

static const int64_t wrong_ns = INT64_C(1790000000) * NS_PER_S;
static const int64_t right_ns = INT64_C(1800000000) * NS_PER_S;

struct bench {
    struct temporary temporary;
    char path[TEMPORARY_PATH_SIZE];
    struct fixed_clock clock;
    struct store *store;
    uint8_t boot_id[16];
    struct store_regime seen[400];
    struct sample samples[400];
    size_t count;
};

static void open_store(struct bench *bench)
{
    struct error error = {0};
    const struct store_settings settings = {.path = bench->path,
                                            .ring_bytes = {1 << 20, 1 << 20, 1 << 20},
                                            .clock = &bench->clock.clock,
                                            .boot_id = bench->boot_id};

    if (store_open(&settings, &bench->store, &error) != ERROR_OK) {
        fail_msg("%s", error.text);
    }
}

static int set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof(*bench));

    assert_non_null(bench);
    temporary_make(&bench->temporary);
    (void)snprintf(bench->path, sizeof(bench->path), "%s",
                   temporary_file(&bench->temporary, "queue.db"));
    fixed_clock_init(&bench->clock, wrong_ns);
    bench->clock.state_now = CLOCK_FREE;
    bench->boot_id[0] = 1;
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;

    store_close(bench->store);
    temporary_remove(&bench->temporary);
    free(bench);
    return 0;
}

static void append_at(struct bench *bench, int64_t received_ns)
{
    struct error error = {0};
    const struct sample sample = {
        .time_ns = received_ns, .received_ns = received_ns, .type = SAMPLE_INT};

    assert_int_equal(store_append(bench->store, STREAM_READINGS, &sample, 1, &error), ERROR_OK);
}

static void append_now(struct bench *bench)
{
    append_at(bench, bench->clock.utc_now_ns);
}

static void commit(struct bench *bench)
{
    struct error error = {0};

    assert_int_equal(store_commit(bench->store, &error), ERROR_OK);
}

static bool see(void *context, uint64_t sequence, const struct sample *sample,
                const struct store_regime *regime)
{
    struct bench *bench = context;

    assert_int_equal(sequence, bench->count + 1);
    bench->samples[bench->count] = *sample;
    bench->seen[bench->count++] = *regime;
    return true;
}

static void read_all(struct bench *bench)
{
    struct error error = {0};

    bench->count = 0;
    assert_int_equal(store_read(bench->store, STREAM_READINGS, 1, see, bench, &error), ERROR_OK);
}

static void set_clock(struct bench *bench, int64_t utc_ns, enum clock_state state)
{
    bench->clock.utc_now_ns = utc_ns;
    bench->clock.state_now = state;
}

static void reboot(struct bench *bench)
{
    store_close(bench->store);
    bench->boot_id[0]++;
    bench->clock.boot_now_ns = NS_PER_S;
    set_clock(bench, wrong_ns, CLOCK_FREE);
    open_store(bench);
}

static void a_step_inside_a_slot_parts_the_records(void **state)
{
    struct bench *bench = *state;

    open_store(bench);
    append_now(bench);
    commit(bench);
    read_all(bench);
    assert_true(bench->seen[0].is_known && bench->seen[0].this_boot);
    assert_false(bench->seen[0].is_right_known);
    fixed_clock_advance(&bench->clock, NS_PER_S);
    set_clock(bench, right_ns, CLOCK_SYNCHRONISED);
    append_now(bench);
    commit(bench);
    read_all(bench);
    assert_int_equal(bench->count, 2);
    assert_int_equal(bench->seen[0].state, CLOCK_FREE);
    assert_int_equal(bench->seen[1].state, CLOCK_SYNCHRONISED);
    assert_true(bench->seen[0].is_right_known);
    assert_true(bench->seen[0].correction_ns == right_ns - wrong_ns - NS_PER_S);
    assert_true(bench->seen[1].correction_ns == 0);
}

static void a_record_stamped_before_the_step_and_appended_after_it_keeps_its_clock(void **state)
{
    struct bench *bench = *state; /* W2 */
    int64_t stamped_ns;

    open_store(bench);
    fixed_clock_advance(&bench->clock, NS_PER_S / 2);
    stamped_ns = bench->clock.utc_now_ns;
    fixed_clock_advance(&bench->clock, NS_PER_S / 4);
    set_clock(bench, right_ns, CLOCK_SYNCHRONISED);
    append_at(bench, stamped_ns);
    append_now(bench);
    append_at(bench, stamped_ns);                 /* the change was noticed by now */
    append_at(bench, stamped_ns - 90 * NS_PER_S); /* of neither: the newest */
    commit(bench);
    read_all(bench);
    assert_int_equal(bench->seen[0].state, CLOCK_FREE);
    assert_int_equal(bench->seen[1].state, CLOCK_SYNCHRONISED);
    assert_int_equal(bench->seen[2].state, CLOCK_FREE);
    assert_int_equal(bench->seen[3].state, CLOCK_SYNCHRONISED);
}

static void nothing_was_stamped_while_the_machine_slept(void **state) /* W2 */
{
    struct bench *bench = *state;
    int64_t stamped_ns;

    open_store(bench);
    append_now(bench);
    fixed_clock_advance(&bench->clock, 8 * 3600 * NS_PER_S);
    bench->clock.monotonic_now_ns -= 8 * 3600 * NS_PER_S;
    stamped_ns = bench->clock.utc_now_ns; /* awake again; then the clock is set two hours on */
    fixed_clock_advance(&bench->clock, NS_PER_S / 4);
    set_clock(bench, bench->clock.utc_now_ns + 7200 * NS_PER_S, CLOCK_SYNCHRONISED);
    append_at(bench, stamped_ns);
    append_now(bench);
    commit(bench);
    read_all(bench);
    assert_int_equal(bench->seen[1].state, CLOCK_FREE); /* not of two hours before, asleep */
    assert_int_equal(bench->seen[2].state, CLOCK_SYNCHRONISED);
}

static void a_small_difference_is_no_step(void **state) /* W1 */
{
    struct bench *bench = *state;

    open_store(bench);
    append_now(bench);
    bench->clock.utc_now_ns += 9 * NS_PER_MS;
    append_now(bench);
    bench->clock.utc_now_ns += 2 * NS_PER_MS;
    append_now(bench);
    commit(bench);
    read_all(bench);
    assert_true(bench->seen[0].offset_ns == bench->seen[1].offset_ns);
    assert_true(bench->seen[0].offset_ns + 11 * NS_PER_MS == bench->seen[2].offset_ns);
}

static void the_right_time_of_a_boot_outlives_it(void **state) /* W3 */
{
    struct bench *bench = *state;
    uint64_t version;

    open_store(bench);
    append_now(bench);
    version = store_clock_version(bench->store);
    set_clock(bench, right_ns, CLOCK_SYNCHRONISED);
    commit(bench);
    assert_int_equal(store_clock_version(bench->store), version + 1);
    reboot(bench);
    append_now(bench);
    commit(bench);
    read_all(bench);
    assert_false(bench->seen[0].this_boot);
    assert_true(bench->seen[0].is_right_known);
    assert_true(bench->seen[0].correction_ns == right_ns - wrong_ns);
    assert_false(bench->seen[1].is_right_known);
    assert_true(store_newest_ns(bench->store) == right_ns); /* corrected */
    for (int i = 0; i < 8; i++) {                           /* others come to be known */
        reboot(bench);
        set_clock(bench, right_ns, CLOCK_SYNCHRONISED);
        store_look_at_clock(bench->store); /* nothing is appended */
        commit(bench);
    }
    read_all(bench);
    assert_false(bench->seen[0].is_right_known);
}

/** tests/unit/fixtures/queue-form-1.zst: a queue that the code of form 1 wrote, with 300 readings.
 */
static void unpack_old_queue(struct bench *bench)
{
    struct buffer packed, whole;
    size_t size;

    buffer_init(&packed, 1 << 20);
    buffer_init(&whole, 8 << 20);
    assert_int_equal(
        fs_read_file(SOURCE_FOLDER "/tests/unit/fixtures/queue-form-1.zst", &packed, NULL),
        ERROR_OK);
    assert_true(buffer_reserve(&whole, 8 << 20));
    size = ZSTD_decompress(whole.bytes, whole.capacity, packed.bytes, packed.size);
    assert_false(ZSTD_isError(size));
    assert_int_equal(fs_replace_file(bench->path, whole.bytes, size, 0600, NULL), ERROR_OK);
    buffer_deinit(&packed);
    buffer_deinit(&whole);
}

static void a_queue_of_form_1_is_read_and_goes_on_in_a_slot_of_version_2(void **state)
{
    struct bench *bench = *state;

    unpack_old_queue(bench);
    open_store(bench);
    assert_true(store_newest_ns(bench->store) >= wrong_ns + 300 * NS_PER_S);
    append_now(bench);
    commit(bench);
    read_all(bench);
    assert_int_equal(bench->count, 301);
    for (size_t i = 0; i < 300; i++) {
        assert_int_equal(bench->samples[i].value.integer, i + 1);
        assert_false(bench->seen[i].is_known || bench->seen[i].this_boot);
        assert_int_equal(bench->seen[i].state, CLOCK_FREE);
    }
    assert_true(bench->seen[300].is_known && bench->seen[300].this_boot);
    store_close(bench->store);
    open_store(bench);
    read_all(bench);
    assert_int_equal(bench->count, 301);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_step_inside_a_slot_parts_the_records, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_record_stamped_before_the_step_and_appended_after_it_keeps_its_clock, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(nothing_was_stamped_while_the_machine_slept, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_small_difference_is_no_step, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_right_time_of_a_boot_outlives_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_queue_of_form_1_is_read_and_goes_on_in_a_slot_of_version_2, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
