#include "agent/collect/intake.h"
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

/** The event `number` of the bench's store; its texts live in `copy`. */
struct wanted {
    uint64_t number;
    char copy[EVENT_TEXT_MAX];
    struct event event;
};

static bool take_event(void *context, uint64_t sequence, const struct sample *sample,
                       const struct store_regime *regime)
{
    struct wanted *wanted = context;

    (void)regime;
    assert_int_equal(sequence, wanted->number);
    assert_int_equal(event_decode(sample->value.text.bytes, sample->value.text.size_bytes,
                                  wanted->copy, &wanted->event, NULL),
                     ERROR_OK);
    return false;
}

static const struct event *event_at(struct bench *bench, struct wanted *wanted, uint64_t number)
{
    struct error error = {0};

    *wanted = (struct wanted){.number = number};
    commit(bench);
    assert_int_equal(store_read(bench->store, STREAM_EVENTS, number, take_event, wanted, &error),
                     ERROR_OK);
    assert_non_null(wanted->event.kind);
    return &wanted->event;
}

static uint64_t next_event(struct bench *bench)
{
    struct store_stream_state now;

    store_state(bench->store, STREAM_EVENTS, &now);
    return now.next_sequence;
}

static void rejections_are_told_once_a_second_with_the_first_payload(void **state) /* K3 */
{
    struct bench *bench = *state;
    struct driver_sink *sink = &bench->intake.sink;
    struct driver_rejection rejection = {.received_ns = morning_ns,
                                         .source = "plant/saw/state",
                                         .reason = "the payload is not JSON",
                                         .payload = "o\xff\0ps",
                                         .payload_bytes = 5};
    uint64_t first = next_event(bench);
    const struct event *event;
    struct wanted wanted;

    sink->reject(sink, &rejection); /* the first of a quiet time: at once */
    intake_tell_rejected(&bench->intake, false);
    assert_int_equal(next_event(bench), first + 1);
    for (unsigned i = 0; i < 300; i++) { /* a flood, for almost a second */
        rejection.payload = i == 0 ? "first" : "later";
        rejection.source = i % 3 == 2 ? "line/\xff" : "plant/saw/state";
        sink->reject(sink, &rejection);
        intake_tell_rejected(&bench->intake, false);
        fixed_clock_advance(&bench->clock, 3 * NS_PER_MS);
    }
    assert_int_equal(next_event(bench), first + 1);
    fixed_clock_advance(&bench->clock, NS_PER_S);
    intake_tell_rejected(&bench->intake, false);
    intake_tell_rejected(&bench->intake, true); /* nothing new: no event */
    assert_int_equal(next_event(bench), first + 2);
    event = event_at(bench, &wanted, first);
    assert_int_equal(event->count, 1);
    assert_string_equal(event->detail, "o??ps");
    assert_string_equal(event->subject, "line plant/saw/state");
    assert_string_equal(event->reason, "the payload is not JSON");
    event = event_at(bench, &wanted, first + 1);
    assert_int_equal(event->count, 300);
    assert_string_equal(event->detail, "first");
    assert_non_null(strstr(event->reason, "JSON; 100 of them of other sources"));
    rejection.count = 40; /* the driver counted them itself */
    sink->reject(sink, &rejection);
    intake_tell_rejected(&bench->intake, true);
    assert_int_equal(event_at(bench, &wanted, first + 2)->count, 40);
    assert_int_equal(bench->intake.counts.rejected, 341);
}

static void a_change_of_an_alarm_is_an_event_as_well(void **state) /* K7 */
{
    struct bench *bench = *state;
    uint64_t first = next_event(bench);
    const struct event *event;
    struct wanted wanted;

    bench->points[0].definition.deadband = 0;
    bench->points[0].definition.scale = 0.1;
    bench->points[0].definition.range_high = 20;
    assert_true(emit(bench, 0, 100)); /* no alarm */
    assert_false(bench->intake.has_alarm);
    bench->points[0].definition.role = "alarm";
    assert_true(emit(bench, 0, 100)); /* kept, and no change */
    assert_true(bench->intake.has_alarm);
    assert_int_equal(next_event(bench), first);
    assert_true(emit(bench, 0, 101));
    assert_true(emit(bench, 0, 101));
    assert_true(emit(bench, 0, 900));
    intake_mark_all(&bench->intake, (uint32_t)STATUS_BAD_NO_COMMUNICATION);
    intake_mark_all(&bench->intake, (uint32_t)STATUS_BAD_NO_COMMUNICATION);
    assert_int_equal(next_event(bench), first + 3);
    event = event_at(bench, &wanted, first);
    assert_string_equal(event->kind, "alarm");
    assert_string_equal(event->subject, "line/speed");
    assert_string_equal(event->detail, "10.1");
    assert_string_equal(event->reason, "");
    assert_true(event->from_ns == morning_ns + 2 * NS_PER_MS);
    event = event_at(bench, &wanted, first + 1);
    assert_string_equal(event->detail, "90");
    assert_string_equal(event->reason, "uncertain: outside the range given for the point");
    event = event_at(bench, &wanted, first + 2);
    assert_string_equal(event->detail, "");
    assert_string_equal(event->reason, "bad: there is no connection to the device");
}

static void the_first_reading_of_an_alarm_says_how_it_stands(void **state) /* K7 */
{
    struct bench *bench = *state;
    uint64_t first = next_event(bench);
    struct wanted wanted;

    bench->points[0].definition.role = "alarm";
    assert_true(emit(bench, 0, 1));
    assert_int_equal(next_event(bench), first + 1);
    assert_string_equal(event_at(bench, &wanted, first)->detail, "1");
}

static void a_device_that_went_away_marks_every_known_point_once(void **state)
{
    struct bench *bench = *state;
    struct driver_sink *sink = &bench->intake.sink;

    (void)sink->instance(sink, 1, "press-speed");
    intake_mark_all(&bench->intake, (uint32_t)STATUS_BAD_NO_COMMUNICATION);
    assert_int_equal(bench->intake.counts.queued, 2); /* not the template itself */
}

static struct driver_line line_of(const char *message, size_t size, const char *position)
{
    return (struct driver_line){
        .time_ns = morning_ns,
        .record = {.severity = LOG_SEVERITY_UNKNOWN, .message = {message, (uint32_t)size}},
        .position = position};
}

static uint64_t lines_taken(struct bench *bench)
{
    struct store_stream_state state;

    store_state(bench->store, STREAM_LOGS, &state);
    return state.next_sequence - 1;
}

static bool look_at_line(void *context, uint64_t sequence, const struct sample *sample,
                         const struct store_regime *regime)
{
    static const char *const wanted[] = {"one", "two", "three"};
    struct log_record record;
    struct error error;

    (void)regime;
    assert_int_equal(
        log_record_decode(sample->value.text.bytes, sample->value.text.size_bytes, &record, &error),
        ERROR_OK);
    assert_int_equal(record.message.size_bytes, strlen(wanted[sequence - 1]));
    assert_memory_equal(record.message.bytes, wanted[sequence - 1], record.message.size_bytes);
    *(uint64_t *)context += 1;
    return true;
}

static void lines_stand_in_their_order_with_the_position_behind_the_last(void **state) /* P1 */
{
    struct bench *bench = *state;
    struct driver_sink *sink = &bench->intake.sink;
    const struct driver_line lines[] = {line_of("one", 3, NULL), line_of("two", 3, NULL),
                                        line_of("three", 5, "behind three")};
    char position[DRIVER_POSITION_SIZE];
    struct error error = {0};
    uint64_t count = 0;

    sink->slot = 7;
    assert_false(sink->position(sink, position));
    assert_true(sink->lines(sink, lines, 3));
    commit(bench);
    assert_int_equal(store_read(bench->store, STREAM_LOGS, 1, look_at_line, &count, &error),
                     ERROR_OK);
    assert_int_equal(count, 3);
    assert_true(sink->position(sink, position));
    assert_string_equal(position, "behind three");
    sink->slot = 8;
    assert_false(sink->position(sink, position));
}

static void as_many_lines_as_may_come_fit_with_nothing_but_bad_bytes(void **state)
{
    struct bench *bench = *state;
    struct driver_sink *sink = &bench->intake.sink;
    static char bad[LOG_MESSAGE_MAX];
    struct driver_line lines[DRIVER_LINES_MAX];

    memset(bad, 0xFF, sizeof(bad));
    for (size_t i = 0; i < DRIVER_LINES_MAX; i++) {
        lines[i] = line_of(bad, DRIVER_LINES_BYTES / (DRIVER_LINES_MAX - 1), NULL);
    }
    lines[DRIVER_LINES_MAX - 1] = line_of(bad, sizeof(bad), "behind");
    lines[DRIVER_LINES_MAX - 1].record.source = (struct log_text){bad, LOG_SOURCE_MAX};
    lines[DRIVER_LINES_MAX - 1].record.fields = (struct log_text){bad, LOG_FIELDS_MAX / 3};
    assert_true(sink->lines(sink, lines, DRIVER_LINES_MAX));
    assert_int_equal(lines_taken(bench), DRIVER_LINES_MAX);
}

static void of_lines_there_is_no_room_for_none_is_taken(void **state) /* D8 */
{
    struct bench *bench = *state;
    struct driver_sink *sink = &bench->intake.sink;
    char text[2][1000], place[32];
    char before[DRIVER_POSITION_SIZE], after[DRIVER_POSITION_SIZE];
    uint64_t random = 1, taken;
    struct driver_line lines[2];

    do {
        for (size_t i = 0; i < sizeof(text); i++) { /* wild enough to fill the ring */
            random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            text[i / sizeof(text[0])][i % sizeof(text[0])] = (char)(' ' + (random >> 33) % 90);
        }
        taken = lines_taken(bench);
        (void)sink->position(sink, before);
        (void)snprintf(place, sizeof(place), "%llu", (unsigned long long)taken);
        lines[0] = line_of(text[0], sizeof(text[0]), NULL);
        lines[1] = line_of(text[1], sizeof(text[1]), place);
        commit(bench);
    } while (sink->lines(sink, lines, 2));
    assert_true(taken > 100);
    assert_int_equal(lines_taken(bench), taken);
    (void)sink->position(sink, after);
    assert_string_equal(after, before);
    assert_int_equal(bench->intake.refused_count, 1);
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
        CASE(rejections_are_told_once_a_second_with_the_first_payload),
        CASE(a_change_of_an_alarm_is_an_event_as_well),
        CASE(the_first_reading_of_an_alarm_says_how_it_stands),
        CASE(a_device_that_went_away_marks_every_known_point_once),
        CASE(lines_stand_in_their_order_with_the_position_behind_the_last),
        CASE(as_many_lines_as_may_come_fit_with_nothing_but_bad_bytes),
        CASE(of_lines_there_is_no_room_for_none_is_taken),
    };

    return cmocka_run_group_tests_name("intake", cases, NULL, NULL);
}
