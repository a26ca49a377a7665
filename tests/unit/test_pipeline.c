#include "agent/pipeline/pipeline.h"
#include "base/clock.h"
#include "tests/support/cmocka.h"

#include <math.h>
#include <string.h>

static struct definition definition_of(const char *type)
{
    return (struct definition){
        .type = type, .scale = 1, .range_low = (double)NAN, .range_high = (double)NAN};
}

static struct sample of_integer(int64_t value)
{
    return (struct sample){.type = SAMPLE_INT, .value.integer = value, .time_ns = NS_PER_S};
}

static struct sample of_real(double value)
{
    return (struct sample){.type = SAMPLE_DOUBLE, .value.real = value, .time_ns = NS_PER_S};
}

static struct sample of_text(const char *text)
{
    return (struct sample){
        .type = SAMPLE_TEXT, .value.text = {text, (uint32_t)strlen(text)}, .time_ns = NS_PER_S};
}

/** The status that a first sample of this definition gets. */
static uint32_t status_after(const struct definition *definition, struct sample sample)
{
    struct point_memory memory = {0};

    assert_int_equal(pipeline_judge(definition, &memory, &sample), PIPELINE_KEEP);
    return sample.status;
}

static bool kept(const struct definition *definition, struct point_memory *memory,
                 struct sample sample)
{
    return pipeline_judge(definition, memory, &sample) == PIPELINE_KEEP;
}

static void l1_a_doubtful_status_from_the_driver_stays(void **unused)
{
    (void)unused;
    const uint32_t given[] = {(uint32_t)STATUS_UNCERTAIN_LAST_USABLE, (uint32_t)STATUS_BAD_TIMEOUT,
                              (uint32_t)STATUS_BAD_SENSOR_FAILURE};
    struct definition definition = definition_of("int16");

    definition.range_high = 10;
    for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
        struct sample wrong_in_every_way = of_real(99);

        wrong_in_every_way.status = given[i];
        assert_int_equal(status_after(&definition, wrong_in_every_way), given[i]);
    }
}

static void l2_each_type_takes_its_own_values_alone(void **unused)
{
    (void)unused;
    const struct {
        const char *type;
        enum sample_type takes;
    } rows[] = {
        {"int16", SAMPLE_INT},     {"uint64", SAMPLE_INT},     {"bool", SAMPLE_INT},
        {"int", SAMPLE_INT},       {"float32", SAMPLE_DOUBLE}, {"float64", SAMPLE_DOUBLE},
        {"double", SAMPLE_DOUBLE}, {"real", SAMPLE_DOUBLE},    {"text", SAMPLE_TEXT},
        {"string", SAMPLE_TEXT},
    };
    const struct sample samples[] = {of_integer(1), of_real(1), of_text("1")};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct definition definition = definition_of(rows[i].type);

        for (size_t k = 0; k < 3; k++) {
            uint32_t expected = samples[k].type == rows[i].takes
                                    ? (uint32_t)STATUS_GOOD
                                    : (uint32_t)STATUS_BAD_TYPE_MISMATCH;

            assert_int_equal(status_after(&definition, samples[k]), expected);
        }
    }
}

static void l2_a_point_without_a_type_takes_all_but_nothing(void **unused)
{
    (void)unused;
    struct definition definition = definition_of("");
    struct sample nothing = {.type = SAMPLE_NONE};

    assert_int_equal(status_after(&definition, of_integer(1)), STATUS_GOOD);
    assert_int_equal(status_after(&definition, of_real(1)), STATUS_GOOD);
    assert_int_equal(status_after(&definition, of_text("x")), STATUS_GOOD);
    assert_int_equal(status_after(&definition, nothing), (uint32_t)STATUS_BAD_TYPE_MISMATCH);
}

static void l2_a_double_that_is_no_number_is_out_of_range(void **unused)
{
    (void)unused;
    struct definition definition = definition_of("float32");

    assert_int_equal(status_after(&definition, of_real((double)NAN)),
                     (uint32_t)STATUS_BAD_OUT_OF_RANGE);
    assert_int_equal(status_after(&definition, of_real((double)INFINITY)),
                     (uint32_t)STATUS_BAD_OUT_OF_RANGE);
    assert_int_equal(status_after(&definition, of_real(-(double)INFINITY)),
                     (uint32_t)STATUS_BAD_OUT_OF_RANGE);
}

static void l3_the_range_is_of_the_engineering_value_and_inclusive(void **unused)
{
    (void)unused;
    const uint32_t outside = (uint32_t)STATUS_UNCERTAIN_ENGINEERING_UNITS_EXCEEDED;
    struct definition definition = definition_of("int16");

    definition.scale = 0.5;
    definition.offset = -10;
    definition.range_low = -20;
    definition.range_high = 150;
    assert_int_equal(status_after(&definition, of_integer(320)), STATUS_GOOD); /* 150 */
    assert_int_equal(status_after(&definition, of_integer(321)), outside);
    assert_int_equal(status_after(&definition, of_integer(-20)), STATUS_GOOD); /* -20 */
    assert_int_equal(status_after(&definition, of_integer(-21)), outside);
    definition.range_low = (double)NAN; /* one limit alone */
    assert_int_equal(status_after(&definition, of_integer(-30000)), STATUS_GOOD);
    assert_int_equal(status_after(&definition, of_integer(30000)), outside);
}

static void l3_the_value_is_never_rewritten(void **unused)
{
    (void)unused;
    struct definition definition = definition_of("int16");
    struct point_memory memory = {0};
    struct sample sample = of_integer(7);

    definition.scale = 100;
    definition.range_high = 1;
    (void)pipeline_judge(&definition, &memory, &sample);
    assert_int_equal(sample.type, SAMPLE_INT);
    assert_int_equal(sample.value.integer, 7);
    assert_true(memory.kept_value == 700);
}

static void l4_without_a_deadband_every_sample_is_kept(void **unused)
{
    (void)unused;
    struct definition number = definition_of("int16");
    struct definition text = definition_of("text");
    struct point_memory of_number = {0};
    struct point_memory of_words = {0};

    for (int i = 0; i < 3; i++) {
        assert_true(kept(&number, &of_number, of_integer(5)));
        assert_true(kept(&text, &of_words, of_text("same")));
    }
}

static void l4_a_change_must_exceed_the_absolute_deadband(void **unused)
{
    (void)unused;
    struct definition definition = definition_of("int16");
    struct point_memory memory = {0};

    definition.scale = 0.1;
    definition.deadband = 0.2;
    assert_true(kept(&definition, &memory, of_integer(2040)));
    assert_false(kept(&definition, &memory, of_integer(2040)));
    assert_false(kept(&definition, &memory, of_integer(2042))); /* 0.2 but for rounding */
    assert_false(kept(&definition, &memory, of_integer(2038)));
    assert_true(kept(&definition, &memory, of_integer(2043)));
    assert_false(kept(&definition, &memory, of_integer(2041))); /* against the last one kept */
    assert_true(kept(&definition, &memory, of_integer(2040)));
}

static void l4_a_per_cent_deadband_follows_the_last_value_kept(void **unused)
{
    (void)unused;
    struct definition definition = definition_of("float64");
    struct point_memory memory = {0};

    definition.deadband_percent = 10;
    assert_true(kept(&definition, &memory, of_real(-100)));
    assert_false(kept(&definition, &memory, of_real(-110)));
    assert_true(kept(&definition, &memory, of_real(-110.5)));
    assert_false(kept(&definition, &memory, of_real(-121.5)));
    assert_true(kept(&definition, &memory, of_real(0)));
    assert_false(kept(&definition, &memory, of_real(0)));
    assert_true(kept(&definition, &memory, of_real(1e-9))); /* 10 % of nothing is nothing */
}

static void l4_of_two_deadbands_the_smaller_counts(void **unused)
{
    (void)unused;
    struct definition definition = definition_of("float64");
    struct point_memory memory = {0};

    definition.deadband = 5;
    definition.deadband_percent = 10;
    assert_true(kept(&definition, &memory, of_real(1000)));
    assert_true(kept(&definition, &memory, of_real(1006))); /* 5 absolute, not 100 */
    memory = (struct point_memory){0};
    assert_true(kept(&definition, &memory, of_real(10)));
    assert_true(kept(&definition, &memory, of_real(12))); /* 1 of 10 per cent, not 5 */
}

static void l4_any_change_of_a_text_or_bool_counts(void **unused)
{
    (void)unused;
    struct definition text = definition_of("text");
    struct definition flag = definition_of("bool");
    struct point_memory memory = {0};
    char elsewhere[] = "run";

    text.deadband_percent = 1;
    flag.deadband = 100;
    assert_true(kept(&text, &memory, of_text("run")));
    assert_false(kept(&text, &memory, of_text(elsewhere)));
    assert_true(kept(&text, &memory, of_text("runs")));
    assert_true(kept(&text, &memory, of_text("")));
    assert_false(kept(&text, &memory, of_text("")));
    memory = (struct point_memory){0};
    assert_true(kept(&flag, &memory, of_integer(0)));
    assert_false(kept(&flag, &memory, of_integer(0)));
    assert_true(kept(&flag, &memory, of_integer(1)));
}

static void l4_a_change_of_status_counts(void **unused)
{
    (void)unused;
    struct definition definition = definition_of("int16");
    struct point_memory memory = {0};
    struct sample silent = {.type = SAMPLE_NONE, .time_ns = NS_PER_S};

    silent.status = (uint32_t)STATUS_BAD_TIMEOUT;
    definition.deadband = 100;
    assert_true(kept(&definition, &memory, of_integer(5)));
    assert_true(kept(&definition, &memory, silent));
    assert_false(kept(&definition, &memory, silent));
    silent.status = (uint32_t)STATUS_BAD_NO_COMMUNICATION;
    assert_true(kept(&definition, &memory, silent));
    assert_true(kept(&definition, &memory, of_integer(5)));
    assert_false(kept(&definition, &memory, of_integer(6)));
}

static void l4_a_doubtful_nan_does_not_hide_what_follows(void **unused)
{
    (void)unused;
    struct definition definition = definition_of("float32");
    struct point_memory memory = {0};
    struct sample sample = of_real((double)NAN);

    definition.deadband = 1;
    sample.status = (uint32_t)STATUS_UNCERTAIN;
    assert_true(kept(&definition, &memory, sample));
    assert_false(kept(&definition, &memory, sample));
    sample.value.real = 5;
    assert_true(kept(&definition, &memory, sample));
    sample.value.real = (double)INFINITY;
    assert_true(kept(&definition, &memory, sample));
    assert_false(kept(&definition, &memory, sample));
}

static void l5_a_heartbeat_keeps_what_the_deadband_would_drop(void **unused)
{
    (void)unused;
    struct definition definition = definition_of("int16");
    struct point_memory memory = {0};
    struct sample sample = of_integer(5);

    definition.deadband = 10;
    definition.heartbeat_ns = 60 * NS_PER_S;
    sample.time_ns = 1000 * NS_PER_S;
    assert_true(kept(&definition, &memory, sample));
    sample.time_ns += 60 * NS_PER_S - 1;
    assert_false(kept(&definition, &memory, sample));
    sample.time_ns += 1;
    assert_true(kept(&definition, &memory, sample));
    sample.time_ns += 59 * NS_PER_S; /* counted from the last one kept */
    assert_false(kept(&definition, &memory, sample));
    sample.time_ns = INT64_MAX;
    assert_true(kept(&definition, &memory, sample));
}

static void l5_without_a_heartbeat_time_alone_keeps_nothing(void **unused)
{
    (void)unused;
    struct definition definition = definition_of("int16");
    struct point_memory memory = {0};
    struct sample sample = of_integer(5);

    definition.deadband = 10;
    sample.time_ns = INT64_MIN;
    assert_true(kept(&definition, &memory, sample));
    sample.time_ns = INT64_MAX;
    assert_false(kept(&definition, &memory, sample));
}

static void l5_a_clock_that_stepped_back_keeps_the_sample(void **unused)
{
    (void)unused;
    struct definition definition = definition_of("int16");
    struct point_memory memory = {0};
    struct sample sample = of_integer(5);

    definition.deadband = 10;
    sample.time_ns = 1000;
    assert_true(kept(&definition, &memory, sample));
    assert_false(kept(&definition, &memory, sample));
    sample.time_ns = 999;
    assert_true(kept(&definition, &memory, sample));
    assert_false(kept(&definition, &memory, sample));
}

static void a_suppressed_sample_leaves_the_memory_alone(void **unused)
{
    (void)unused;
    struct definition definition = definition_of("int16");
    struct point_memory memory = {0};
    struct point_memory before;
    struct sample later = of_integer(6);

    definition.deadband = 10;
    assert_true(kept(&definition, &memory, of_integer(5)));
    before = memory;
    later.time_ns += NS_PER_S;
    assert_false(kept(&definition, &memory, later));
    assert_int_equal(memory.kept_ns, before.kept_ns);
    assert_true(memory.kept_value == before.kept_value);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(l1_a_doubtful_status_from_the_driver_stays),
        cmocka_unit_test(l2_each_type_takes_its_own_values_alone),
        cmocka_unit_test(l2_a_point_without_a_type_takes_all_but_nothing),
        cmocka_unit_test(l2_a_double_that_is_no_number_is_out_of_range),
        cmocka_unit_test(l3_the_range_is_of_the_engineering_value_and_inclusive),
        cmocka_unit_test(l3_the_value_is_never_rewritten),
        cmocka_unit_test(l4_without_a_deadband_every_sample_is_kept),
        cmocka_unit_test(l4_a_change_must_exceed_the_absolute_deadband),
        cmocka_unit_test(l4_a_per_cent_deadband_follows_the_last_value_kept),
        cmocka_unit_test(l4_of_two_deadbands_the_smaller_counts),
        cmocka_unit_test(l4_any_change_of_a_text_or_bool_counts),
        cmocka_unit_test(l4_a_change_of_status_counts),
        cmocka_unit_test(l4_a_doubtful_nan_does_not_hide_what_follows),
        cmocka_unit_test(l5_a_heartbeat_keeps_what_the_deadband_would_drop),
        cmocka_unit_test(l5_without_a_heartbeat_time_alone_keeps_nothing),
        cmocka_unit_test(l5_a_clock_that_stepped_back_keeps_the_sample),
        cmocka_unit_test(a_suppressed_sample_leaves_the_memory_alone),
    };

    return cmocka_run_group_tests_name("pipeline", cases, NULL, NULL);
}
