#include "agent/intake.h"
#include "tests/support/cmocka.h"
#include "tests/support/temporary.h"

#include <math.h>
#include <string.h>

static const int64_t morning_ns = INT64_C(1790000000) * NS_PER_S;

struct bench {
    struct temporary temporary;
    struct fixed_clock clock;
    struct store *store;
    struct config_point points[2];
    struct config_device device;
    struct intake intake;
};

static void describe(struct config_point *point, const char *id, const char *name)
{
    point->definition = (struct definition){
        .point_id = id,
        .device = "line",
        .name = name,
        .type = "int64",
        .unit = "",
        .role = "sensor",
        .address = "",
        .labels = "",
        .scale = 1,
        .range_low = NAN,
        .range_high = NAN,
        .deadband = 5,
    };
}

/** A store whose rings hold back when they are full, and an intake with a point and a template. */
static int set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof(*bench));
    struct error error = {0};
    struct store_settings settings = {
        .ring_bytes = {1 << 20, 1 << 18, 1 << 18},
        .when_full = {STORE_HOLD, STORE_HOLD, STORE_HOLD},
    };

    assert_true(bench != NULL);
    temporary_make(&bench->temporary);
    fixed_clock_init(&bench->clock, morning_ns);
    settings.path = temporary_file(&bench->temporary, "queue.db");
    settings.clock = &bench->clock.clock;
    assert_int_equal(store_open(&settings, &bench->store, &error), ERROR_OK);
    describe(&bench->points[0], "line/speed", "speed");
    describe(&bench->points[1], "line/{machine}-speed", "{machine}-speed");
    bench->device =
        (struct config_device){.name = "line", .points = bench->points, .point_count = 2};
    assert_int_equal(
        intake_init(&bench->intake, &bench->device, bench->store, &bench->clock.clock, &error),
        ERROR_OK);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;

    intake_deinit(&bench->intake);
    store_close(bench->store);
    temporary_remove(&bench->temporary);
    free(bench);
    return 0;
}

static bool emit(struct bench *bench, uint32_t point_id, int64_t value)
{
    const struct sample sample = {.time_ns = clock_utc_ns(&bench->clock.clock),
                                  .received_ns = clock_utc_ns(&bench->clock.clock),
                                  .point_id = point_id,
                                  .type = SAMPLE_INT,
                                  .value.integer = value};

    fixed_clock_advance(&bench->clock, NS_PER_MS);
    return driver_emit(&bench->intake.sink, &sample);
}

static void commit(struct bench *bench)
{
    struct error error = {0};

    assert_int_equal(store_commit(bench->store, &error), ERROR_OK);
}

struct seen {
    uint64_t count;
    int64_t values[8];
    const struct definition *definitions[8];
    struct store *store;
};

static bool look(void *context, uint64_t sequence, const struct sample *sample,
                 const struct store_regime *regime)
{
    struct seen *seen = context;

    (void)regime;
    (void)sequence;
    assert_true(seen->count < 8);
    seen->values[seen->count] = sample->value.integer;
    seen->definitions[seen->count++] = store_definition(seen->store, sample->point_id);
    return true;
}

static void kept_and_suppressed_samples_are_counted_apart(void **state)
{
    struct bench *bench = *state;
    struct seen seen = {.store = bench->store};
    struct error error = {0};
    struct status_counts counts;

    assert_true(emit(bench, 0, 100));
    assert_true(emit(bench, 0, 103)); /* within the deadband of 5 */
    assert_true(emit(bench, 0, 106));
    commit(bench);
    assert_int_equal(store_read(bench->store, STREAM_READINGS, 1, look, &seen, &error), ERROR_OK);
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.values[0], 100);
    assert_int_equal(seen.values[1], 106);
    assert_string_equal(seen.definitions[0]->point_id, "line/speed");
    counts = intake_take_counts(&bench->intake);
    assert_int_equal(counts.queued, 2);
    assert_int_equal(counts.suppressed, 1);
    counts = intake_take_counts(&bench->intake);
    assert_int_equal(counts.queued, 0);
}

static void a_template_becomes_a_point_for_each_name(void **state)
{
    struct bench *bench = *state;
    struct driver_sink *sink = &bench->intake.sink;
    struct seen seen = {.store = bench->store};
    struct error error = {0};
    uint32_t press = sink->instance(sink, 1, "press-3-speed");
    uint32_t saw = sink->instance(sink, 1, "saw-speed");

    assert_int_not_equal(press, saw);
    assert_int_equal(sink->instance(sink, 1, "press-3-speed"), press);
    assert_true(emit(bench, press, 1));
    assert_true(emit(bench, saw, 1)); /* each has a memory of its own */
    commit(bench);
    assert_int_equal(store_read(bench->store, STREAM_READINGS, 1, look, &seen, &error), ERROR_OK);
    assert_int_equal(seen.count, 2);
    assert_string_equal(seen.definitions[0]->point_id, "line/press-3-speed");
    assert_string_equal(seen.definitions[1]->name, "saw-speed");
    assert_int_equal(seen.definitions[1]->deadband, 5);
}

static void instances_are_found_again_among_many_and_have_a_limit(void **state) /* N2, N3 */
{
    struct bench *bench = *state;
    struct driver_sink *sink = &bench->intake.sink;
    uint32_t first = sink->instance(sink, 1, "m0");
    char name[300];

    for (uint32_t i = 0; i < POINT_INSTANCES_MAX; i++) {
        (void)snprintf(name, sizeof(name), "m%u", i);
        assert_int_equal(sink->instance(sink, 1, name), first + i);
    }
    assert_int_equal(sink->instance(sink, 1, "one more"), DRIVER_NO_INSTANCE);
    assert_int_equal(sink->instance(sink, 1, "m77"), first + 77);
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    assert_int_equal(sink->instance(sink, 1, name), DRIVER_NO_INSTANCE);
}

static void what_the_store_refused_is_not_remembered_as_kept(void **state) /* K5 */
{
    struct bench *bench = *state;
    int64_t value = 0;

    while (emit(bench, 0, value)) { /* wild enough to fill the ring */
        value = (int64_t)((uint64_t)value * UINT64_C(6364136223846793005) +
                          UINT64_C(1442695040888963407));
        commit(bench);
    }
    assert_true(bench->intake.refused_count > 0);
    assert_int_equal(bench->intake.refused_why.code, ERROR_NO_SPACE);
    assert_false(emit(bench, 0, value)); /* the same again: still refused, not suppressed */
    assert_int_equal(bench->intake.counts.suppressed, 0);
}

static void a_text_too_long_for_the_queue_is_rejected_and_does_not_block(void **state)
{
    struct bench *bench = *state;
    static char text[STORE_TEXT_MAX + 1];
    const struct sample sample = {.time_ns = morning_ns,
                                  .received_ns = morning_ns,
                                  .point_id = 0,
                                  .type = SAMPLE_TEXT,
                                  .value.text = {text, sizeof(text)}};

    memset(text, 'x', sizeof(text));
    bench->points[0].definition.type = "text";
    assert_true(driver_emit(&bench->intake.sink, &sample));
    assert_int_equal(bench->intake.counts.rejected, 1);
    assert_int_equal(bench->intake.counts.queued, 0);
    assert_int_equal(bench->intake.refused_count, 0);
}

static void rejections_of_one_kind_are_told_together(void **state) /* K3 */
{
    struct bench *bench = *state;
    struct driver_sink *sink = &bench->intake.sink;
    struct driver_rejection rejection = {.received_ns = morning_ns,
                                         .source = "plant/saw/state",
                                         .reason = "the payload is not JSON",
                                         .payload = "o\xff\0ps",
                                         .payload_bytes = 5};
    struct store_stream_state before;
    struct store_stream_state after;

    store_state(bench->store, STREAM_EVENTS, &before);
    for (int i = 0; i < 3; i++) {
        sink->reject(sink, &rejection);
    }
    assert_string_equal(bench->intake.rejected.first_payload, "o??ps");
    rejection.source = "line/\xff"; /* not UTF-8: kept as something else */
    intake_tell_rejected(&bench->intake);
    sink->reject(sink, &rejection);
    sink->reject(sink, &rejection);
    assert_int_equal(bench->intake.rejected.count, 2);
    rejection.reason = "there is no field v";
    sink->reject(sink, &rejection);
    intake_tell_rejected(&bench->intake);
    intake_tell_rejected(&bench->intake); /* nothing new: no event */
    store_state(bench->store, STREAM_EVENTS, &after);
    assert_int_equal(after.next_sequence - before.next_sequence, 3);
    assert_int_equal(bench->intake.counts.rejected, 6);
}

static void a_device_that_went_away_marks_every_known_point_once(void **state)
{
    struct bench *bench = *state;
    struct driver_sink *sink = &bench->intake.sink;

    (void)sink->instance(sink, 1, "press-speed");
    intake_mark_all(&bench->intake, (uint32_t)STATUS_BAD_NO_COMMUNICATION);
    assert_int_equal(bench->intake.counts.queued, 2); /* not the template itself */
}

int main(void)
{
#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest cases[] = {
        CASE(kept_and_suppressed_samples_are_counted_apart),
        CASE(a_template_becomes_a_point_for_each_name),
        CASE(instances_are_found_again_among_many_and_have_a_limit),
        CASE(what_the_store_refused_is_not_remembered_as_kept),
        CASE(a_text_too_long_for_the_queue_is_rejected_and_does_not_block),
        CASE(rejections_of_one_kind_are_told_together),
        CASE(a_device_that_went_away_marks_every_known_point_once),
    };

    return cmocka_run_group_tests_name("intake", cases, NULL, NULL);
}
