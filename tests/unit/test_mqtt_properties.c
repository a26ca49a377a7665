#include "base/cleanup.h"
#include "drivers/mqtt/inbox.h"
#include "drivers/mqtt/lines.h"
#include "drivers/mqtt/mqtt.h"
#include "drivers/mqtt/payload.h"
#include "tests/sim/library/mqtt_rig.h"
#include "tests/support/cmocka.h"

#include <string.h>

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

enum { PROPERTIES_MAX = 8 };

/** What a message has, beside an expiry that is no user property. */
struct given {
    MQTTProperty array[PROPERTIES_MAX];
    MQTTProperties all;
};

static MQTTLenString text_of(const char *text)
{
    static char copies[2 * PROPERTIES_MAX][6000];
    static size_t next;
    char *copy = copies[next++ % (2 * PROPERTIES_MAX)];

    (void)snprintf(copy, sizeof(copies[0]), "%s", text);
    return (MQTTLenString){.len = (int)strlen(copy), .data = copy};
}

static void give(struct given *given, const char *const *pairs)
{
    *given = (struct given){.all = {.count = 1, .max_count = PROPERTIES_MAX, .length = 100}};
    given->array[0].identifier = MQTTPROPERTY_CODE_MESSAGE_EXPIRY_INTERVAL;
    for (; pairs[0] != NULL; pairs += 2) {
        MQTTProperty *one = &given->array[given->all.count++];

        one->identifier = MQTTPROPERTY_CODE_USER_PROPERTY;
        one->value.data = text_of(pairs[0]);
        one->value.value = text_of(pairs[1]);
    }
    given->all.array = given->array;
}

static void deliver(struct mqtt_rig *rig, const struct mqtt_subscription *plan, const char *payload,
                    const MQTTProperties *properties)
{
    static char scratch[MQTT_TEXT_MAX];
    size_t taken = 0;
    const struct mqtt_message message = {
        .topic = "a/b",
        .topic_size = 3,
        .payload = payload,
        .payload_size = strlen(payload),
        .properties = properties,
        .received_ns = 5 * NS_PER_S,
    };

    mqtt_rig_clear(rig);
    assert_true(mqtt_payload_deliver(plan, &message, &taken, scratch, &rig->sink));
}

static void the_first_of_a_name_is_found(void **unused)
{
    (void)unused;
    struct given given;
    struct mqtt_slice name, value;
    int at = 0;

    give(&given, LIST("a", "1", "ab", "2", "a", "3", "empty", ""));
    assert_true(mqtt_property_find(&given.all, "a", &value));
    assert_memory_equal(value.bytes, "1", 1);
    assert_true(mqtt_property_find(&given.all, "ab", &value));
    assert_memory_equal(value.bytes, "2", 1);
    assert_true(mqtt_property_find(&given.all, "empty", &value));
    assert_int_equal(value.size, 0);
    assert_false(mqtt_property_find(&given.all, "b", &value));
    assert_false(mqtt_property_find(&given.all, "", &value));
    assert_false(mqtt_property_find(NULL, "a", &value));
    for (size_t i = 0; i < 4; i++) {
        assert_true(mqtt_property_next(&given.all, &at, &name, &value));
    }
    assert_false(mqtt_property_next(&given.all, &at, &name, &value));
}

/** A raw payload in point 0, property `q` in point 1; the time in property `ts`. */
static void make_raw(struct mqtt_subscription *plan, struct mqtt_rule rules[2], struct arena *arena)
{
    rules[0] = (struct mqtt_rule){.point_id = 0, .name = "v", .next = &rules[1]};
    rules[1] =
        (struct mqtt_rule){.point_id = 1, .name = "q", .type = MQTT_VALUE_INT, .property = "q"};
    *plan = (struct mqtt_subscription){.payload = MQTT_PAYLOAD_RAW,
                                       .has_time = true,
                                       .time_format = MQTT_STAMP_ISO8601,
                                       .time_property = "ts",
                                       .first = rules};
    assert_int_equal(mqtt_topic_compile("a/+", arena, &plan->topic, NULL), ERROR_OK);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(mqtt_path_compile("", &rules[i].path, NULL), ERROR_OK);
    }
}

static const struct {
    const char *const *properties;
    size_t samples;
    const char *reason; /* NULL: no rejection */
} messages[] = {
    {LIST("q", " 7 ", "ts", "1970-01-01T00:00:01.5Z"), 2, NULL},
    {LIST("ts", "1970-01-01T00:00:01.5Z"), 1, "property q: the message has none"},
    {LIST("q", "x", "ts", "1970-01-01T00:00:01.5Z"), 1, "property q: 'x' is not a number"},
    {LIST("q", "7"), 0, "time.property ts: the message has none"},
    {LIST("q", "7", "ts", "1970-01-01T00:00:01"), 0,
     "time.property ts: '1970-01-01T00:00:01' is not a time"},
};

static void values_and_stamps_are_read_from_properties(void **unused) /* M2, M4 */
{
    (void)unused;
    CLEANUP(mqtt_rig_release) struct mqtt_rig rig;
    CLEANUP(arena_deinit) struct arena arena;
    struct mqtt_subscription plan;
    struct mqtt_rule rules[2];

    arena_init(&arena, 1 << 16);
    mqtt_rig_init(&rig, &mqtt_driver);
    make_raw(&plan, rules, &arena);
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        struct given given;

        give(&given, messages[i].properties);
        deliver(&rig, &plan, "21.5", &given.all);
        assert_int_equal(rig.count, messages[i].samples);
        assert_int_equal(rig.rejections, messages[i].reason == NULL ? 0 : 1);
        if (messages[i].reason != NULL && strstr(rig.reason, messages[i].reason) == NULL) {
            fail_msg("%s: %s", messages[i].reason, rig.reason);
        }
        for (size_t k = 0; k < rig.count; k++) {
            assert_int_equal(rig.samples[k].sample.time_ns, 1500 * NS_PER_MS);
        }
        if (rig.count == 2) {
            assert_true(rig.samples[0].sample.value.real == 21.5);
            assert_int_equal(rig.samples[1].sample.value.integer, 7);
        }
    }
    deliver(&rig, &plan, "21.5", NULL);
    assert_int_equal(rig.count, 0);
}

/** What stands in a property has nothing to do with what the payload is. */
static void a_payload_that_is_no_json_costs_its_own_points_alone(void **unused)
{
    (void)unused;
    CLEANUP(mqtt_rig_release) struct mqtt_rig rig;
    CLEANUP(arena_deinit) struct arena arena;
    struct mqtt_subscription plan;
    struct mqtt_rule rules[2];
    struct given given;

    arena_init(&arena, 1 << 16);
    mqtt_rig_init(&rig, &mqtt_driver);
    make_raw(&plan, rules, &arena);
    plan.payload = MQTT_PAYLOAD_JSON;
    give(&given, LIST("q", "7", "ts", "1970-01-01T00:00:01.5Z"));
    deliver(&rig, &plan, "{", &given.all);
    assert_int_equal(rig.count, 1);
    assert_int_equal(rig.samples[0].sample.point_id, 1);
    assert_int_equal(rig.rejections, 1);
    assert_non_null(strstr(rig.reason, "not JSON"));
    deliver(&rig, &plan, " 3", &given.all);
    assert_int_equal(rig.count, 2);
    assert_int_equal(rig.rejections, 0);
}

static void a_line_carries_them_in_its_fields(void **unused) /* ML2 */
{
    (void)unused;
    static const struct mqtt_line_paths paths;
    static char large[LOG_FIELDS_MAX];
    CLEANUP(mqtt_rig_release) struct mqtt_rig rig;
    CLEANUP(arena_deinit) struct arena arena;
    struct mqtt_subscription plan = {.payload = MQTT_PAYLOAD_LOG,
                                     .line = &paths,
                                     .has_time = true,
                                     .time_format = MQTT_STAMP_EPOCH_MS,
                                     .time_property = "ts"};
    struct given given;

    memset(large, 'x', sizeof(large) - 1);
    arena_init(&arena, 1 << 16);
    assert_int_equal(mqtt_topic_compile("a/b", &arena, &plan.topic, NULL), ERROR_OK);
    mqtt_rig_init(&rig, &mqtt_driver);
    give(&given, LIST("ts", "7", "bad", "\xff", large, "1", "say", "\"hi\"\n"));
    deliver(&rig, &plan, "door open", &given.all);
    assert_int_equal(rig.lines, 1);
    assert_int_equal(rig.rejections, 0);
    assert_int_equal(rig.line_ns, 7 * NS_PER_MS);
    assert_string_equal(
        rig.line_fields,
        "{\"topic\":\"a/b\",\"properties\":{\"ts\":\"7\",\"say\":\"\\\"hi\\\" \"}}");
    deliver(&rig, &plan, "door open", NULL); /* M6 */
    assert_int_equal(rig.lines, 1);
    assert_int_equal(rig.rejections, 1);
    assert_string_equal(rig.line_fields, "{\"topic\":\"a/b\"}");
}

/** Memory is bounded by what a message takes, and its properties may be the most of it. */
static void the_inbox_counts_them(void **unused)
{
    (void)unused;
    CLEANUP(mqtt_inbox_deinit) struct mqtt_inbox inbox;
    struct mqtt_parcel parcels[3];

    assert_true(mqtt_inbox_init(&inbox, 10, 4096));
    for (size_t i = 0; i < 3; i++) {
        MQTTAsync_message message = MQTTAsync_message_initializer;

        parcels[i] = (struct mqtt_parcel){.topic = MQTTAsync_malloc(1),
                                          .message = MQTTAsync_malloc(sizeof(message))};
        assert_true(parcels[i].topic != NULL && parcels[i].message != NULL);
        message.payload = MQTTAsync_malloc(1);
        message.properties.length = i == 1 ? 5000 : 0;
        *parcels[i].message = message;
    }
    mqtt_inbox_put(&inbox, &parcels[0]);
    assert_false(mqtt_inbox_has_room(&inbox, &parcels[1]));
    assert_true(mqtt_inbox_has_room(&inbox, &parcels[2]));
    mqtt_inbox_put(&inbox, &parcels[2]);
    mqtt_parcel_free(&parcels[1]);
}

static const struct {
    const char *version;
    const char *const *group;
    const char *const *point;
    const char *sentence; /* NULL: accepted */
} configurations[] = {
    {"5", LIST("topic", "a", "payload", "raw", "time.property", "ts"), LIST("property", "q"), NULL},
    {"5", LIST("topic", "a", "time.property", "ts"), LIST("path", "v"), NULL},
    {"5", LIST("topic", "a", "time.property", ""), LIST("property", ""), NULL},
    {"5", LIST("topic", "a", "time.property", "ts", "time.path", "t"), LIST("path", "v"),
     "time: topic a: write path or property, not both"},
    {"5", LIST("topic", "a"), LIST("path", "v", "property", "q"), "leave path or property out"},
    {"5", LIST("topic", "a", "time.property", "ts"), LIST("path", "v[].x"), "[]"},
    {"5", LIST("topic", "spBv1.0/g/#", "payload", "sparkplug"), LIST("property", "q"),
     "leave property out"},
    {"3.1.1", LIST("topic", "a", "payload", "raw", "time.property", "ts"), LIST("path", ""),
     "'ts' of topic a: MQTT 3.1.1 has no user properties; write version: 5"},
    {"3.1.1", LIST("topic", "a"), LIST("property", "q"), "'q' of topic a: MQTT 3.1.1"},
};

static void what_cannot_be_is_refused_with_what_to_write(void **unused)
{
    (void)unused;

    for (size_t i = 0; i < sizeof(configurations) / sizeof(configurations[0]); i++) {
        CLEANUP(mqtt_rig_release) struct mqtt_rig rig;
        enum error_code code;

        mqtt_rig_init(&rig, &mqtt_driver);
        assert_int_equal(mqtt_rig_set(&rig, "broker", "mqtt://a"), ERROR_OK);
        assert_int_equal(mqtt_rig_set(&rig, "version", configurations[i].version), ERROR_OK);
        assert_int_equal(mqtt_rig_group(&rig, configurations[i].group), ERROR_OK);
        code = mqtt_rig_point(&rig, "p", configurations[i].point);
        code = code == ERROR_OK ? mqtt_rig_prepare(&rig) : code;
        if (configurations[i].sentence == NULL) {
            assert_int_equal(code, ERROR_OK);
        } else if (code != ERROR_BAD_CONFIG ||
                   strstr(rig.error.text, configurations[i].sentence) == NULL) {
            fail_msg("%s: %d %s", configurations[i].sentence, (int)code, rig.error.text);
        }
    }
}

/* Paho's allocator works while there is a client. */
static MQTTAsync client;

static int make_client(void **unused)
{
    (void)unused;
    return MQTTAsync_create(&client, "tcp://127.0.0.1:1", "test", MQTTCLIENT_PERSISTENCE_NONE,
                            NULL);
}

static int drop_client(void **unused)
{
    (void)unused;
    MQTTAsync_destroy(&client);
    return 0;
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(the_first_of_a_name_is_found),
        cmocka_unit_test(values_and_stamps_are_read_from_properties),
        cmocka_unit_test(a_payload_that_is_no_json_costs_its_own_points_alone),
        cmocka_unit_test(a_line_carries_them_in_its_fields),
        cmocka_unit_test(the_inbox_counts_them),
        cmocka_unit_test(what_cannot_be_is_refused_with_what_to_write),
    };

    return cmocka_run_group_tests_name("mqtt_properties", cases, make_client, drop_client);
}
