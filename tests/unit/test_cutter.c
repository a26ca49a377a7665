#include "agent/journal.h"
#include "agent/uplink/cutter.h"
#include "base/log_record.h"
#include "tests/support/cmocka.h"
#include "tests/support/temporary.h"

#include <math.h>
#include <string.h>

static const int64_t morning_ns = INT64_C(1790000000) * NS_PER_S; /* 2026-09-21T14:13:20Z */

struct bench {
    struct temporary temporary;
    struct fixed_clock clock;
    struct store *store;
    struct cutter cutter;
    uint32_t handle;
    uint8_t boot_id[16];
};

static const struct definition level = {
    .point_id = "tank/level",
    .device = "tank",
    .name = "level",
    .type = "uint16",
    .unit = "m",
    .role = "sensor",
    .address = "holding:10",
    .labels = "",
    .scale = 0.01,
    .range_low = NAN,
    .range_high = NAN,
};

static void open_store(struct bench *bench)
{
    struct error error = {0};
    const struct store_settings settings = {
        .path = temporary_file(&bench->temporary, "queue.db"),
        .ring_bytes = {1 << 20, 1 << 20, 1 << 20},
        .when_full = {STORE_HOLD, STORE_OVERWRITE_OLDEST, STORE_OVERWRITE_OLDEST},
        .clock = &bench->clock.clock,
        .boot_id = bench->boot_id,
    };

    assert_int_equal(store_open(&settings, &bench->store, &error), ERROR_OK);
    assert_int_equal(store_define(bench->store, &level, &bench->handle, &error), ERROR_OK);
    bench->cutter.store = bench->store;
}

static int set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof(*bench));
    struct error error = {0};

    assert_true(bench != NULL);
    temporary_make(&bench->temporary);
    fixed_clock_init(&bench->clock, morning_ns);
    bench->cutter = (struct cutter){
        .site = "works", .gateway = "gw-1", .max_bytes = 8 << 20, .max_age_ns = 900 * NS_PER_S};
    assert_int_equal(encoder_create(8 << 20, &bench->cutter.encoder, &error), ERROR_OK);
    open_store(bench);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;

    store_close(bench->store);
    encoder_free(bench->cutter.encoder);
    temporary_remove(&bench->temporary);
    free(bench);
    return 0;
}

static void reopen(struct bench *bench)
{
    store_close(bench->store);
    open_store(bench);
}

static void append(struct bench *bench, int64_t received_ns, int64_t value)
{
    struct error error = {0};
    const struct sample sample = {.time_ns = received_ns,
                                  .received_ns = received_ns,
                                  .point_id = bench->handle,
                                  .type = SAMPLE_INT,
                                  .value.integer = value};

    assert_int_equal(store_append(bench->store, STREAM_READINGS, &sample, 1, &error), ERROR_OK);
}

static void commit(struct bench *bench)
{
    struct error error = {0};

    assert_int_equal(store_commit(bench->store, &error), ERROR_OK);
}

static bool next_up_to(struct bench *bench, enum stream stream, uint64_t limit, struct batch *batch)
{
    struct error error = {0};
    bool made = false;

    assert_int_equal(cutter_next(&bench->cutter, stream, limit, batch, &made, &error), ERROR_OK);
    return made;
}

static bool next(struct bench *bench, enum stream stream, struct batch *batch)
{
    return next_up_to(bench, stream, UINT64_MAX, batch);
}

static void finish(struct bench *bench, enum stream stream)
{
    struct error error = {0};

    assert_int_equal(store_cut_finish(bench->store, stream, &error), ERROR_OK);
}

static void an_empty_queue_gives_nothing(void **state)
{
    struct batch batch;

    assert_false(next(*state, STREAM_READINGS, &batch));
    assert_false(next(*state, STREAM_LOGS, &batch));
}

static void batches_end_at_midnight_and_at_the_greatest_age(void **state) /* B1 */
{
    struct bench *bench = *state;
    int64_t midnight_ns = (clock_day_of(morning_ns) + 1) * NS_PER_DAY;
    const struct {
        uint64_t first, last;
        const char *date;
    } expected[] = {
        {1, 2, "date=2026-09-21"}, /* 15 minutes and a bit separate 2 and 3 */
        {3, 3, "date=2026-09-21"},
        {4, 4, "date=2026-09-21"}, /* just before midnight */
        {5, 6, "date=2026-09-22"},
    };
    struct batch batch;

    append(bench, morning_ns, 1);
    append(bench, morning_ns + 900 * NS_PER_S, 2);
    append(bench, morning_ns + 901 * NS_PER_S, 3);
    append(bench, midnight_ns - 1, 4);
    append(bench, midnight_ns, 5);
    append(bench, midnight_ns + 1, 6);
    commit(bench);
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        assert_true(next(bench, STREAM_READINGS, &batch));
        assert_int_equal(batch.first_sequence, expected[i].first);
        assert_int_equal(batch.last_sequence, expected[i].last);
        assert_non_null(strstr(batch.object_name, expected[i].date));
        finish(bench, STREAM_READINGS);
    }
    assert_false(next(bench, STREAM_READINGS, &batch));
}

static void a_batch_does_not_go_past_the_limit(void **state) /* B1 */
{
    struct bench *bench = *state;
    struct batch batch;

    for (int64_t i = 0; i < 10; i++) {
        append(bench, morning_ns + i, i);
    }
    commit(bench);
    assert_true(next_up_to(bench, STREAM_READINGS, 4, &batch));
    assert_int_equal(batch.last_sequence, 4);
    finish(bench, STREAM_READINGS);
    assert_false(next_up_to(bench, STREAM_READINGS, 4, &batch));
    assert_true(next_up_to(bench, STREAM_READINGS, 5, &batch));
    assert_int_equal(batch.first_sequence, 5);
    assert_int_equal(batch.last_sequence, 5);
}

static void a_clock_that_stepped_back_far_begins_a_new_batch(void **state) /* B1 */
{
    struct bench *bench = *state;
    struct batch batch;

    append(bench, morning_ns, 1);
    append(bench, morning_ns - 60 * NS_PER_S, 2);
    append(bench, morning_ns - 3600 * NS_PER_S, 3);
    commit(bench);
    assert_true(next(bench, STREAM_READINGS, &batch));
    assert_int_equal(batch.last_sequence, 2);
}

static void batches_end_at_the_greatest_size(void **state) /* B1 */
{
    struct bench *bench = *state;
    uint64_t expected = 1;
    struct batch batch;

    bench->cutter.max_bytes = 40000;
    for (int64_t i = 0; i < 100000; i++) { /* values that do not compress */
        append(bench, morning_ns + i, (int64_t)((uint64_t)i * UINT64_C(0x9e3779b97f4a7c15)));
    }
    commit(bench);
    for (unsigned batches = 0; next(bench, STREAM_READINGS, &batch); batches++) {
        assert_int_equal(batch.first_sequence, expected);
        assert_true(batch.size_bytes < 1 << 20);
        expected = batch.last_sequence + 1;
        finish(bench, STREAM_READINGS);
        assert_true(batches < 100);
    }
    assert_int_equal(expected, 100001);
}

static void a_cut_stays_the_same_until_it_is_finished(void **state) /* B2 */
{
    struct bench *bench = *state;
    struct batch first;
    struct batch again;
    struct batch second;

    append(bench, morning_ns, 1);
    append(bench, morning_ns + 1, 2);
    commit(bench);
    assert_true(next(bench, STREAM_READINGS, &first));
    append(bench, morning_ns + 2, 3);
    commit(bench);
    assert_true(next(bench, STREAM_READINGS, &again));
    assert_string_equal(again.object_name, first.object_name);
    reopen(bench); /* the power went before the target answered */
    assert_true(next(bench, STREAM_READINGS, &again));
    assert_string_equal(again.object_name, first.object_name);
    finish(bench, STREAM_READINGS);
    assert_true(next(bench, STREAM_READINGS, &second));
    assert_int_equal(second.first_sequence, 3);
    assert_string_not_equal(second.object_name, first.object_name);
}

static void a_finished_cut_that_was_not_committed_is_made_again(void **state) /* P2 */
{
    struct bench *bench = *state;
    struct batch first;
    struct batch again;

    append(bench, morning_ns, 1);
    commit(bench);
    assert_true(next(bench, STREAM_READINGS, &first));
    finish(bench, STREAM_READINGS);
    reopen(bench);
    assert_true(next(bench, STREAM_READINGS, &again));
    assert_string_equal(again.object_name, first.object_name);
}

static void events_and_definitions_have_batches_of_their_own(void **state)
{
    struct bench *bench = *state;
    struct batch batch;

    journal_append(bench->store, &bench->clock.clock,
                   &(struct event){.kind = "agent", .subject = "started"});
    commit(bench);
    assert_true(next(bench, STREAM_EVENTS, &batch));
    assert_non_null(strstr(batch.object_name, "stream=events"));
    assert_int_equal(batch.first_sequence, 1); /* with the store's own first event */
    assert_true(next(bench, STREAM_CATALOGUE, &batch));
    assert_non_null(strstr(batch.object_name, "stream=catalogue"));
    assert_int_equal(batch.first_sequence, 1);
    assert_int_equal(batch.last_sequence, 1);
    finish(bench, STREAM_CATALOGUE);
    assert_false(next(bench, STREAM_CATALOGUE, &batch));
}

static void append_line(struct bench *bench, const char *bytes, size_t size)
{
    struct error error = {0};
    const struct sample line = {.time_ns = morning_ns,
                                .received_ns = morning_ns,
                                .type = SAMPLE_TEXT,
                                .value.text = {bytes, (uint32_t)size}};

    assert_int_equal(store_append(bench->store, STREAM_LOGS, &line, 1, &error), ERROR_OK);
}

static void log_records_have_batches_of_their_own_whatever_their_form(void **state)
{
    struct bench *bench = *state;
    const struct log_record record = {LOG_SEVERITY_NOTICE, log_text_of("maria"), log_text_of(""),
                                      log_text_of("sensor replaced")};
    char text[LOG_RECORD_MAX];
    struct batch batch;

    append_line(bench, text, log_record_encode(&record, text));
    append_line(bench, "2\x1fnewer", 7);
    append_line(bench, "", 0);
    commit(bench);
    assert_true(next(bench, STREAM_LOGS, &batch));
    assert_non_null(strstr(batch.object_name, "stream=logs"));
    assert_int_equal(batch.first_sequence, 1);
    assert_int_equal(batch.last_sequence, 3); /* one that cannot be read is accounted for */
    finish(bench, STREAM_LOGS);
    assert_false(next(bench, STREAM_LOGS, &batch));
}

static void an_event_in_an_unknown_form_is_still_accounted_for(void **state)
{
    struct bench *bench = *state;
    struct error error = {0};
    const struct sample odd = {.time_ns = morning_ns,
                               .received_ns = morning_ns,
                               .type = SAMPLE_TEXT,
                               .value.text = {"2\x1fnewer", 7}};
    struct store_stream_state after;
    struct batch batch;

    assert_int_equal(store_append(bench->store, STREAM_EVENTS, &odd, 1, &error), ERROR_OK);
    commit(bench);
    store_state(bench->store, STREAM_EVENTS, &after);
    assert_true(next(bench, STREAM_EVENTS, &batch));
    assert_int_equal(batch.last_sequence, after.committed_sequence);
}

static void step_to(struct bench *bench, int64_t utc_ns, enum clock_state state)
{
    bench->clock.utc_now_ns = utc_ns;
    bench->clock.state_now = state;
}

/** Another boot, with a clock that is not right yet. */
static void boot(struct bench *bench, enum clock_state state)
{
    store_close(bench->store);
    bench->boot_id[0]++;
    step_to(bench, morning_ns, state);
    open_store(bench);
    bench->cutter.time_rules =
        (struct time_rules){.clock = &bench->clock.clock, .wait_ns = NS_PER_DAY, .may_wait = true};
}

static void expect_cut(struct bench *bench, int64_t correction_ns, uint32_t quality)
{
    struct error error = {0};
    struct store_cut cut;
    bool found;

    assert_int_equal(store_cut_load(bench->store, STREAM_READINGS, &cut, &found, &error), ERROR_OK);
    assert_true(found);
    assert_true(cut.correction_ns == correction_ns);
    assert_int_equal(cut.time_quality, quality);
}

static void records_wait_for_the_clock_and_are_corrected(void **state) /* B1, B3 */
{
    struct bench *bench = *state;
    int64_t ahead_ns = 36 * 3600 * NS_PER_S;
    char name[BATCH_NAME_MAX];
    struct batch batch;

    boot(bench, CLOCK_FREE);
    append(bench, bench->clock.utc_now_ns, 1);
    commit(bench);
    assert_false(next(bench, STREAM_READINGS, &batch));
    assert_true(bench->cutter.clock_wait_ns == TIME_FIX_WAIT_FREE_NS);
    fixed_clock_advance(&bench->clock, NS_PER_S);
    step_to(bench, bench->clock.utc_now_ns + ahead_ns, CLOCK_SYNCHRONISED);
    append(bench, bench->clock.utc_now_ns, 2);
    commit(bench);
    assert_true(next(bench, STREAM_READINGS, &batch));
    assert_int_equal(batch.last_sequence, 1); /* the next one needs no correction */
    assert_non_null(strstr(batch.object_name, "date=2026-09-23"));
    expect_cut(bench, ahead_ns, STATUS_TIME_CORRECTED);
    (void)snprintf(name, sizeof(name), "%s", batch.object_name);
    reopen(bench); /* frozen: the digest in the name is the same, whatever the clock does */
    step_to(bench, morning_ns, CLOCK_SYNCHRONISED);
    commit(bench);
    assert_true(next(bench, STREAM_READINGS, &batch));
    assert_string_equal(batch.object_name, name);
    finish(bench, STREAM_READINGS);
    assert_true(next(bench, STREAM_READINGS, &batch));
    expect_cut(bench, 0, 0);
}

static void each_correction_has_a_batch_of_its_own(void **state) /* B1 */
{
    struct bench *bench = *state;
    struct batch batch;

    boot(bench, CLOCK_FREE);
    append(bench, bench->clock.utc_now_ns, 1);
    step_to(bench, morning_ns + 60 * NS_PER_S, CLOCK_FREE);
    append(bench, bench->clock.utc_now_ns, 2);
    step_to(bench, morning_ns + 90 * NS_PER_S, CLOCK_SYNCHRONISED);
    commit(bench);
    assert_true(next(bench, STREAM_READINGS, &batch));
    assert_int_equal(batch.last_sequence, 1);
    expect_cut(bench, 90 * NS_PER_S, STATUS_TIME_CORRECTED);
    finish(bench, STREAM_READINGS);
    assert_true(next(bench, STREAM_READINGS, &batch));
    expect_cut(bench, 30 * NS_PER_S, STATUS_TIME_CORRECTED);
}

static void records_that_waited_long_enough_go_up_flagged(void **state) /* B3 */
{
    struct bench *bench = *state;
    struct batch batch;

    boot(bench, CLOCK_LIFTED);
    append(bench, bench->clock.utc_now_ns, 1);
    fixed_clock_advance(&bench->clock, 600 * NS_PER_S);
    append(bench, bench->clock.utc_now_ns, 2);
    fixed_clock_advance(&bench->clock, NS_PER_DAY - 601 * NS_PER_S);
    commit(bench);
    assert_false(next(bench, STREAM_READINGS, &batch));
    assert_true(bench->cutter.clock_wait_ns == NS_PER_S);
    fixed_clock_advance(&bench->clock, NS_PER_S);
    assert_true(next(bench, STREAM_READINGS, &batch));
    assert_int_equal(batch.last_sequence, 2); /* which waited less */
    expect_cut(bench, 0, STATUS_TIME_UNSYNCHRONISED);
}

static void nothing_waits_where_the_ring_fills_up(void **state)
{
    struct bench *bench = *state;
    struct batch batch;

    boot(bench, CLOCK_LIFTED);
    append(bench, bench->clock.utc_now_ns, 1);
    commit(bench);
    assert_false(next(bench, STREAM_READINGS, &batch));
    bench->cutter.time_rules.may_wait = false;
    assert_true(next(bench, STREAM_READINGS, &batch));
    expect_cut(bench, 0, STATUS_TIME_UNSYNCHRONISED);
}

int main(void)
{
#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest cases[] = {
        CASE(an_empty_queue_gives_nothing),
        CASE(batches_end_at_midnight_and_at_the_greatest_age),
        CASE(a_batch_does_not_go_past_the_limit),
        CASE(a_clock_that_stepped_back_far_begins_a_new_batch),
        CASE(batches_end_at_the_greatest_size),
        CASE(a_cut_stays_the_same_until_it_is_finished),
        CASE(a_finished_cut_that_was_not_committed_is_made_again),
        CASE(events_and_definitions_have_batches_of_their_own),
        CASE(log_records_have_batches_of_their_own_whatever_their_form),
        CASE(an_event_in_an_unknown_form_is_still_accounted_for),
        CASE(records_wait_for_the_clock_and_are_corrected),
        CASE(each_correction_has_a_batch_of_its_own),
        CASE(records_that_waited_long_enough_go_up_flagged),
        CASE(nothing_waits_where_the_ring_fills_up),
    };

    return cmocka_run_group_tests_name("cutter", cases, NULL, NULL);
}
