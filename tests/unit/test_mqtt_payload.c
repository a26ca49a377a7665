#include "base/cleanup.h"
#include "drivers/mqtt/lines.h"
#include "drivers/mqtt/mqtt.h"
#include "drivers/mqtt/payload.h"
#include "tests/sim/library/mqtt_rig.h"
#include "tests/support/cmocka.h"

#include <math.h>
#include <string.h>

/* The rig receives; the plan is made here and deliver() stands for the broker. */
static struct mqtt_subscription plan;
static struct mqtt_rule rules[4];
static struct arena arena;
static char scratch[MQTT_TEXT_MAX];

static void plan_begin(const char *topic, enum mqtt_payload_kind payload, const char *time_path)
{
    arena_deinit(&arena);
    arena_init(&arena, 1 << 16);
    plan = (struct mqtt_subscription){.payload = payload, .has_time = time_path != NULL};
    assert_int_equal(mqtt_topic_compile(topic, &arena, &plan.topic, NULL), ERROR_OK);
    assert_int_equal(mqtt_path_compile(time_path != NULL ? time_path : "", &plan.time_path, NULL),
                     ERROR_OK);
}

static void plan_add(const char *name, const char *path, enum mqtt_value_type type)
{
    uint32_t id = plan.last == NULL ? 0 : plan.last->point_id + 1;

    rules[id] = (struct mqtt_rule){
        .point_id = id, .name = name, .is_template = mqtt_name_is_template(name), .type = type};
    assert_int_equal(mqtt_path_compile(path, &rules[id].path, NULL), ERROR_OK);
    if (plan.last == NULL) {
        plan.first = &rules[id];
    } else {
        plan.last->next = &rules[id];
    }
    plan.last = &rules[id];
}

static bool deliver_some(struct mqtt_rig *rig, const char *topic, const char *payload,
                         size_t *taken)
{
    const struct mqtt_message message = {
        .topic = topic,
        .topic_size = strlen(topic),
        .payload = payload,
        .payload_size = strlen(payload),
        .received_ns = 5 * NS_PER_S + 1234567,
    };

    return mqtt_payload_deliver(&plan, &message, taken, scratch, &rig->sink);
}

static void deliver(struct mqtt_rig *rig, const char *topic, const char *payload)
{
    size_t taken = 0;

    mqtt_rig_clear(rig);
    assert_true(deliver_some(rig, topic, payload, &taken));
    assert_int_equal(taken, rig->count);
}

static void json_values_become_samples_of_their_types(void **unused)
{
    (void)unused;
    CLEANUP(mqtt_rig_release) struct mqtt_rig rig;

    mqtt_rig_init(&rig, &mqtt_driver);
    plan_begin("t", MQTT_PAYLOAD_JSON, NULL);
    plan_add("d", "d", MQTT_VALUE_DOUBLE);
    plan_add("i", "i", MQTT_VALUE_INT);
    plan_add("b", "b", MQTT_VALUE_BOOL);
    plan_add("s", "s", MQTT_VALUE_TEXT);
    deliver(&rig, "t", "{\"d\":-0.0,\"i\":9007199254740993,\"b\":true,\"s\":\"a\\u00e4\"}");
    assert_int_equal(rig.count, 4);
    assert_int_equal(rig.rejections, 0);
    assert_true(rig.samples[0].sample.value.real == 0 && signbit(rig.samples[0].sample.value.real));
    assert_true(rig.samples[1].sample.value.integer == INT64_C(9007199254740993));
    assert_int_equal(rig.samples[2].sample.type, SAMPLE_INT);
    assert_int_equal(rig.samples[2].sample.value.integer, 1);
    assert_string_equal(rig.samples[3].text, "a\xc3\xa4");
    assert_int_equal(rig.samples[3].sample.time_ns, 5 * NS_PER_S + NS_PER_MS); /* M4 */
    deliver(&rig, "t", "{\"d\":3,\"i\":-9223372036854775808,\"b\":0,\"s\":\"\"}");
    assert_int_equal(rig.count, 4);
    assert_true(rig.samples[1].sample.value.integer == INT64_MIN);
    assert_int_equal(rig.samples[2].sample.value.integer, 0);
}

static void a_broken_field_costs_its_point_and_one_rejection(void **unused) /* M2 */
{
    (void)unused;
    static const struct {
        const char *payload, *reason;
        size_t samples;
    } cases[] = {
        {"{\"i\":1,\"s\":\"x\"}", "d: not in the payload", 2},
        {"{\"d\":1,\"i\":1.5,\"s\":\"x\"}", "i: '1.5' is not a whole number", 2},
        {"{\"d\":1e400,\"i\":1,\"s\":\"x\"}", "does not fit", 2},
        {"{\"d\":\"1\",\"i\":1,\"s\":\"x\"}", "d: expected a number, got a text", 2},
        {"{\"d\":null,\"i\":1,\"s\":\"x\"}", "got null", 2},
        {"{\"d\":1,\"i\":true,\"s\":7}", "i: expected a whole number, got a boolean", 1},
        {"{\"d\":1,\"i\":9223372036854775808,\"s\":\"x\"}", "does not fit", 2},
        {"{\"d\":1,\"i\":1,\"s\":\"\\ud800\"}", "surrogate", 2},
        {"{\"d\":{},\"i\":[],\"s\":{}}", "got an object", 0},
        {"{\"d\":1", "not JSON", 0},
        {"", "not JSON: empty", 0},
        {"on", "not JSON", 0},
        {"NaN", "not JSON", 0},
        {"3", "d: not in the payload", 0},
    };
    CLEANUP(mqtt_rig_release) struct mqtt_rig rig;

    mqtt_rig_init(&rig, &mqtt_driver);
    plan_begin("t/#", MQTT_PAYLOAD_JSON, NULL);
    plan_add("d", "d", MQTT_VALUE_DOUBLE);
    plan_add("i", "i", MQTT_VALUE_INT);
    plan_add("s", "s", MQTT_VALUE_TEXT);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        deliver(&rig, "t/x", cases[i].payload);
        if (rig.count != cases[i].samples || rig.rejections != 1 ||
            strstr(rig.reason, cases[i].reason) == NULL) {
            fail_msg("%s: %zu samples, %zu rejections: %s", cases[i].payload, rig.count,
                     rig.rejections, rig.reason);
        }
        assert_string_equal(rig.source, "t/x");
        assert_string_equal(rig.payload, cases[i].payload);
    }
    deliver(&rig, "elsewhere", "{}");
    assert_int_equal(rig.rejections, 1);
    assert_non_null(strstr(rig.reason, "no subscription"));
}

static void raw_payloads_are_one_value(void **unused)
{
    (void)unused;
    static const struct {
        double expected;
        const char *payload;
        enum mqtt_value_type type;
        bool good;
    } cases[] = {
        {23.5, " 23.50\r\n", MQTT_VALUE_DOUBLE, true},
        {5, "+5", MQTT_VALUE_DOUBLE, true},
        {0, "NaN", MQTT_VALUE_DOUBLE, false},
        {0, "", MQTT_VALUE_DOUBLE, false},
        {0, "   ", MQTT_VALUE_DOUBLE, false},
        {0, "12 bar", MQTT_VALUE_DOUBLE, false},
        {7, "007", MQTT_VALUE_INT, true},
        {0, "1.5", MQTT_VALUE_INT, false},
        {1, "ON", MQTT_VALUE_BOOL, true},
        {0, "false\n", MQTT_VALUE_BOOL, true},
        {0, "0", MQTT_VALUE_BOOL, true},
        {0, "2", MQTT_VALUE_BOOL, false},
        {0, "o", MQTT_VALUE_BOOL, false},
    };
    CLEANUP(mqtt_rig_release) struct mqtt_rig rig;

    mqtt_rig_init(&rig, &mqtt_driver);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct sample *sample = &rig.samples[0].sample;

        plan_begin("t", MQTT_PAYLOAD_RAW, NULL);
        plan_add("p", "", cases[i].type);
        deliver(&rig, "t", cases[i].payload);
        assert_int_equal(rig.count, cases[i].good ? 1 : 0);
        assert_int_equal(rig.rejections, cases[i].good ? 0 : 1);
        if (cases[i].good) {
            assert_true((sample->type == SAMPLE_DOUBLE
                             ? sample->value.real
                             : (double)sample->value.integer) == cases[i].expected);
        }
    }
    plan_begin("t", MQTT_PAYLOAD_RAW, NULL);
    plan_add("p", "", MQTT_VALUE_TEXT);
    deliver(&rig, "t", " as it is ");
    assert_string_equal(rig.samples[0].text, " as it is ");
    deliver(&rig, "t", "\xff");
    assert_int_equal(rig.rejections, 1);
}

static void an_array_of_readings_gives_each_its_own_time(void **unused)
{
    (void)unused;
    CLEANUP(mqtt_rig_release) struct mqtt_rig rig;

    mqtt_rig_init(&rig, &mqtt_driver);
    plan_begin("t", MQTT_PAYLOAD_JSON, "values[].t");
    plan.time_format = MQTT_STAMP_EPOCH_MS;
    plan_add("v", "values[].v", MQTT_VALUE_INT);
    deliver(&rig, "t",
            "{\"values\":[{\"t\":1,\"v\":10},{\"t\":\"2\",\"v\":20},{\"v\":30},{\"t\":4},"
            "{\"t\":\"x\",\"v\":50},{\"t\":6,\"v\":60}]}");
    assert_int_equal(rig.count, 3);
    assert_int_equal(rig.rejections, 1);
    assert_int_equal(rig.samples[1].sample.time_ns, 2 * NS_PER_MS);
    assert_int_equal(rig.samples[1].sample.value.integer, 20);
    assert_int_equal(rig.samples[2].sample.time_ns, 6 * NS_PER_MS);
    deliver(&rig, "t", "{\"values\":[]}");
    assert_int_equal(rig.count + rig.rejections, 0);
    deliver(&rig, "t", "{\"values\":{}}");
    assert_int_equal(rig.rejections, 1);
}

static void a_time_that_is_none_costs_the_message_its_samples(void **unused)
{
    (void)unused;
    CLEANUP(mqtt_rig_release) struct mqtt_rig rig;

    mqtt_rig_init(&rig, &mqtt_driver);
    plan_begin("t", MQTT_PAYLOAD_JSON, "at");
    plan.time_format = MQTT_STAMP_ISO8601;
    plan_add("v", "v", MQTT_VALUE_INT);
    deliver(&rig, "t", "{\"v\":1,\"at\":\"2024-06-10T06:13:20.5+00:00\"}");
    assert_int_equal(rig.samples[0].sample.time_ns,
                     INT64_C(1718000000) * NS_PER_S + 500 * NS_PER_MS);
    deliver(&rig, "t", "{\"v\":1,\"at\":\"yesterday\"}");
    assert_int_equal(rig.count, 0);
    assert_non_null(strstr(rig.reason, "yesterday"));
    deliver(&rig, "t", "{\"v\":1,\"at\":true}");
    assert_int_equal(rig.count, 0);
    deliver(&rig, "t", "{\"v\":1}");
    assert_int_equal(rig.count, 0);
    assert_int_equal(rig.rejections, 1);
}

static void a_full_sink_is_resumed_behind_what_it_took(void **unused) /* M5 */
{
    (void)unused;
    static const char payload[] = "{\"a\":1,\"b\":2,\"c\":\"x\",\"d\":4}";
    CLEANUP(mqtt_rig_release) struct mqtt_rig rig;

    mqtt_rig_init(&rig, &mqtt_driver);
    plan_begin("t", MQTT_PAYLOAD_JSON, NULL);
    plan_add("a", "a", MQTT_VALUE_INT);
    plan_add("b", "b", MQTT_VALUE_INT);
    plan_add("c", "c", MQTT_VALUE_INT);
    plan_add("d", "d", MQTT_VALUE_INT);
    for (size_t room = 0; room <= 3; room++) {
        size_t taken = 0;

        mqtt_rig_clear(&rig);
        rig.room = room;
        assert_true(deliver_some(&rig, "t", payload, &taken) == (room == 3));
        assert_int_equal(taken, room);
        rig.room = SIZE_MAX;
        if (room < 3) {
            assert_int_equal(rig.rejections, 0);
            assert_true(deliver_some(&rig, "t", payload, &taken));
        }
        assert_int_equal(taken, 3);
        assert_int_equal(rig.count, 3);
        assert_int_equal(rig.rejections, 1);
        assert_int_equal(rig.samples[2].sample.value.integer, 4);
    }
}

static void templates_ask_for_their_instance_or_reject(void **unused)
{
    (void)unused;
    CLEANUP(mqtt_rig_release) struct mqtt_rig rig;

    mqtt_rig_init(&rig, &mqtt_driver);
    rig.instances_max = 1;
    plan_begin("{m}/t", MQTT_PAYLOAD_RAW, NULL);
    plan_add("{m}-v", "", MQTT_VALUE_INT);
    deliver(&rig, "one/t", "1");
    assert_int_equal(rig.samples[0].sample.point_id, MQTT_RIG_FIRST_INSTANCE);
    deliver(&rig, "two/t", "2");
    assert_int_equal(rig.count, 0);
    assert_non_null(strstr(rig.reason, "no room for another point"));
    deliver(&rig, "one/t", "3");
    assert_int_equal(rig.count, 1);
}

static void damaged_payloads_are_samples_or_rejections_and_nothing_else(void **unused)
{
    (void)unused;
    static const char seed[] = "{\"t\":1718000000.5,\"a\":[{\"v\":-1e3},{\"v\":7}],\"s\":\"x\\n\"}";
    uint32_t state = 31337;
    CLEANUP(mqtt_rig_release) struct mqtt_rig rig;

    mqtt_rig_init(&rig, &mqtt_driver);
    plan_begin("t", MQTT_PAYLOAD_JSON, "t");
    plan_add("v", "a[1].v", MQTT_VALUE_DOUBLE);
    plan_add("s", "s", MQTT_VALUE_TEXT);
    for (int round = 0; round < 20000; round++) {
        char payload[sizeof(seed)];

        memcpy(payload, seed, sizeof(seed));
        for (int change = 0; change < 2; change++) {
            static const char alphabet[] = "{}[]\",:\\u0e-.\x80tfn 19";

            state = state * 1664525 + 1013904223;
            payload[(state >> 8) % (sizeof(seed) - 1)] =
                alphabet[(state >> 24) % (sizeof(alphabet) - 1)];
        }
        deliver(&rig, "t", payload);
        assert_true(rig.count == 2 ? rig.rejections == 0 : rig.rejections == 1);
    }
}

static int drop_arena(void **unused)
{
    (void)unused;
    arena_deinit(&arena);
    return 0;
}

static void line_begin(const char *topic, const char *message, const char *severity,
                       const char *time_path)
{
    static const struct mqtt_line_paths *paths;
    const struct mqtt_group group = {.topic = topic,
                                     .payload = MQTT_PAYLOAD_LOG,
                                     .log_message = message,
                                     .log_severity = severity};

    plan_begin(topic, MQTT_PAYLOAD_LOG, time_path);
    assert_int_equal(mqtt_line_paths_set(&group, &arena, &paths, NULL), ERROR_OK);
    plan.line = paths;
}

static void log_text_is_a_line_as_it_is(void **unused)
{
    (void)unused;
    CLEANUP(mqtt_rig_release) struct mqtt_rig rig;
    size_t taken = 0;

    mqtt_rig_init(&rig, &mqtt_driver);
    line_begin("plant/{machine}/log", NULL, NULL, NULL);
    assert_true(deliver_some(&rig, "plant/press/log", "door \"A\" open\r\n", &taken));
    assert_int_equal(rig.lines, 1);
    assert_int_equal(rig.rejections, 0);
    assert_string_equal(rig.line_message, "door \"A\" open");
    assert_string_equal(rig.line_source, "plant/press/log");
    assert_string_equal(rig.line_fields, "{\"topic\":\"plant/press/log\",\"machine\":\"press\"}");
    assert_int_equal(rig.severity, LOG_SEVERITY_UNKNOWN);
    assert_int_equal(rig.line_ns, 5 * NS_PER_S + NS_PER_MS);
}

/** A log whose text has a format. */
static enum error_code format_begin(struct mqtt_group *group)
{
    static const struct mqtt_line_paths *paths;
    enum error_code code;

    plan_begin("plant/log", (enum mqtt_payload_kind)group->payload, NULL);
    group->topic = "plant/log";
    paths = NULL;
    code = mqtt_line_paths_set(group, &arena, &paths, NULL);
    plan.line = paths;
    return code;
}

static void log_text_is_taken_apart_by_its_format(void **unused)
{
    (void)unused;
    CLEANUP(mqtt_rig_release) struct mqtt_rig rig;
    struct mqtt_group group = {.payload = MQTT_PAYLOAD_LOG,
                               .log_format = {.kind = LINE_FORMAT_SYSLOG_5424, .zone = "utc"}};
    size_t taken = 0;

    mqtt_rig_init(&rig, &mqtt_driver);
    assert_int_equal(format_begin(&group), ERROR_OK);
    assert_true(deliver_some(&rig, "plant/log",
                             "<11>1 1970-01-01T00:00:07.5Z press valve 42 - - open\n at once\n",
                             &taken));
    assert_int_equal(rig.lines, 1);
    assert_int_equal(rig.rejections, 0);
    assert_string_equal(rig.line_message, "open\n at once");
    assert_string_equal(rig.line_source, "valve");
    assert_int_equal(rig.severity, LOG_SEVERITY_ERROR);
    assert_int_equal(rig.line_ns, 7500 * NS_PER_MS);
    assert_non_null(strstr(rig.line_fields, "{\"topic\":\"plant/log\","));
    assert_non_null(strstr(rig.line_fields, "\"host\":\"press\""));
    mqtt_rig_clear(&rig);
    taken = 0;
    assert_true(deliver_some(&rig, "plant/log", "<11>1 yesterday", &taken)); /* M6 */
    assert_int_equal(rig.lines, 1);
    assert_int_equal(rig.rejections, 1);
    assert_string_equal(rig.line_message, "<11>1 yesterday");
    assert_string_equal(rig.line_source, "plant/log");
    assert_int_equal(rig.line_ns, 5 * NS_PER_S + NS_PER_MS);
    assert_string_equal(rig.line_fields, "{\"topic\":\"plant/log\",\"unparsed\":true}");
    plan.has_time = true; /* what is configured of the message comes before what its text says */
    plan.time_property = "ts";
    taken = 0;
    assert_true(deliver_some(&rig, "plant/log", "<11>1 1970-01-01T00:00:07Z - - - - - x", &taken));
    assert_int_equal(rig.line_ns, 7 * NS_PER_S); /* there is no such property */
}

static void formats_that_cannot_be_are_refused(void **unused)
{
    (void)unused;
    struct mqtt_group groups[] = {
        {.payload = MQTT_PAYLOAD_RAW, .log_format = {.kind = LINE_FORMAT_ISO}},
        {.payload = MQTT_PAYLOAD_LOG, .log_message = "m", .log_format = {.kind = LINE_FORMAT_ISO}},
        {.payload = MQTT_PAYLOAD_LOG, .log_format = {.kind = LINE_FORMAT_CUSTOM}},
        {.payload = MQTT_PAYLOAD_LOG, .log_format = {.kind = LINE_FORMAT_ISO, .zone = "Nowhere/X"}},
        {.payload = MQTT_PAYLOAD_LOG,
         .log_format = {.kind = LINE_FORMAT_ISO, .pattern = "%{time}"}},
    };

    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        if (format_begin(&groups[i]) != ERROR_BAD_CONFIG) {
            fail_msg("accepted: case %zu", i);
        }
    }
}

static void a_log_in_json_says_its_text_severity_and_time(void **unused)
{
    (void)unused;
    static const struct {
        const char *payload, *message;
        enum log_severity severity;
        int64_t time_ms;
        size_t lines, rejections;
    } cases[] = {
        {"{\"m\":\"a\\tb\",\"l\":\"WARN\",\"t\":7}", "a\tb", LOG_SEVERITY_WARNING, 7, 1, 0},
        {"{\"m\":\"x\",\"l\":3,\"t\":7}", "x", LOG_SEVERITY_ERROR, 7, 1, 0},
        {"{\"m\":\"x\",\"l\":40,\"t\":7}", "x", LOG_SEVERITY_UNKNOWN, 7, 1, 0},
        {"{\"m\":{\"k\":1},\"t\":7}", "{\"k\":1}", LOG_SEVERITY_UNKNOWN, 7, 1, 0},
        {"{\"m\":\"x\",\"t\":\"now\"}", "x", LOG_SEVERITY_UNKNOWN, 5001, 1, 1}, /* M6 */
        {"{\"m\":\"\\ud800\",\"t\":7}", "\\ud800", LOG_SEVERITY_UNKNOWN, 7, 1, 0},
        {"{\"t\":7}", "", LOG_SEVERITY_UNKNOWN, 0, 0, 1},
        {"no JSON", "", LOG_SEVERITY_UNKNOWN, 0, 0, 1},
    };
    CLEANUP(mqtt_rig_release) struct mqtt_rig rig;

    mqtt_rig_init(&rig, &mqtt_driver);
    line_begin("log", "m", "l", "t");
    plan.time_format = MQTT_STAMP_EPOCH_MS;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t taken = 0;

        mqtt_rig_clear(&rig);
        assert_true(deliver_some(&rig, "log", cases[i].payload, &taken));
        assert_int_equal(rig.lines, cases[i].lines);
        assert_int_equal(rig.rejections, cases[i].rejections);
        if (cases[i].lines > 0) {
            assert_string_equal(rig.line_message, cases[i].message);
            assert_int_equal(rig.severity, cases[i].severity);
            assert_int_equal(rig.line_ns, cases[i].time_ms * NS_PER_MS);
            assert_non_null(strstr(rig.line_fields, cases[i].payload));
        }
    }
}

static void a_long_line_comes_in_parts_and_goes_on_where_the_sink_was_full(void **unused)
{
    (void)unused;
    enum { UNITS = 5000 }; /* characters written in 12 bytes each: the cut falls into none */
    static char payload[12 * UNITS + 20];
    CLEANUP(mqtt_rig_release) struct mqtt_rig rig;
    size_t at = 0, taken = 0, length = 0;
    bool all = false;

    mqtt_rig_init(&rig, &mqtt_driver);
    line_begin("log", "m", NULL, NULL);
    at += (size_t)snprintf(payload, sizeof(payload), "{\"m\":\"x");
    for (size_t i = 0; i < UNITS; i++) {
        at += (size_t)snprintf(payload + at, sizeof(payload) - at, "\\ud83d\\ude00");
    }
    (void)snprintf(payload + at, sizeof(payload) - at, "\"}");
    for (size_t part = 1; !all; part++) {
        char number[40];

        rig.room = 1;
        all = deliver_some(&rig, "log", payload, &taken);
        assert_int_equal(taken, part);
        assert_int_equal(rig.lines, part);
        (void)snprintf(number, sizeof(number), "\"part\":%zu%s}", part,
                       all ? ",\"last\":true" : "");
        assert_non_null(strstr(rig.line_fields, number));
        length += strlen(rig.line_message);
        assert_null(strchr(rig.line_message, '\\')); /* no escape was cut in two */
    }
    assert_int_equal(rig.lines, 4);
    assert_int_equal(length, 1 + 4 * UNITS);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(json_values_become_samples_of_their_types),
        cmocka_unit_test(a_broken_field_costs_its_point_and_one_rejection),
        cmocka_unit_test(raw_payloads_are_one_value),
        cmocka_unit_test(an_array_of_readings_gives_each_its_own_time),
        cmocka_unit_test(a_time_that_is_none_costs_the_message_its_samples),
        cmocka_unit_test(a_full_sink_is_resumed_behind_what_it_took),
        cmocka_unit_test(templates_ask_for_their_instance_or_reject),
        cmocka_unit_test(damaged_payloads_are_samples_or_rejections_and_nothing_else),
        cmocka_unit_test(log_text_is_a_line_as_it_is),
        cmocka_unit_test(log_text_is_taken_apart_by_its_format),
        cmocka_unit_test(formats_that_cannot_be_are_refused),
        cmocka_unit_test(a_log_in_json_says_its_text_severity_and_time),
        cmocka_unit_test(a_long_line_comes_in_parts_and_goes_on_where_the_sink_was_full),
    };

    return cmocka_run_group_tests_name("mqtt_payload", cases, NULL, drop_arena);
}
