#include "base/cleanup.h"
#include "drivers/mqtt/topic.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <string.h>

static enum error_code compile(const char *text, struct arena *arena, struct mqtt_topic *topic,
                               struct error *error)
{
    arena_init(arena, 1 << 20);
    return mqtt_topic_compile(text, arena, topic, error);
}

static bool matches(const char *filter, const char *name)
{
    CLEANUP(arena_deinit) struct arena arena;
    struct mqtt_topic topic;
    struct mqtt_match match;

    assert_int_equal(compile(filter, &arena, &topic, NULL), ERROR_OK);
    return mqtt_topic_match(&topic, name, strlen(name), &match);
}

static void filters_match_as_the_standard_says(void **unused) /* MQTT 3.1.1, 4.7 */
{
    (void)unused;
    static const struct {
        const char *filter, *name;
        bool expected;
    } cases[] = {
        {"a/b", "a/b", true},
        {"a/b", "a/b/c", false},
        {"a/b", "a", false},
        {"a/b", "A/b", false},
        {"a/+", "a/b", true},
        {"a/+", "a/", true},
        {"a/+", "a", false},
        {"a/+", "a/b/c", false},
        {"+", "a", true},
        {"+", "/a", false},
        {"+/+", "/a", true},
        {"/+", "/a", true},
        {"#", "a/b/c", true},
        {"a/#", "a", true},
        {"a/#", "a/", true},
        {"a/#", "a/b/c", true},
        {"a/#", "ab", false},
        {"a/+/c", "a//c", true},
        {"a/+/#", "a/b", true},
        {"a/+/#", "a", false},
        {"#", "$SYS/x", false},
        {"+/x", "$SYS/x", false},
        {"$SYS/#", "$SYS/x", true},
        {"$SYS/+", "$SYS/x", true},
        {"a/{p}/c", "a/b/c", true},
        {"a/{p}/c", "a/b/d", false},
        {"{p}/x", "$SYS/x", false},
        {"a/", "a", false},
        {"a", "a/", false},
        {"a//b", "a//b", true},
        {"a b/\xc3\xa4", "a b/\xc3\xa4", true},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (matches(cases[i].filter, cases[i].name) != cases[i].expected) {
            fail_msg("%s and %s", cases[i].filter, cases[i].name);
        }
    }
}

static void templates_become_filters(void **unused)
{
    (void)unused;
    static const char *const cases[][2] = {
        {"plant/{line}/{machine}/state", "plant/+/+/state"},
        {"{a}", "+"},
        {"{a}/#", "+/#"},
        {"a/{b}", "a/+"},
        {"plain/topic", "plain/topic"},
        {"{a}/+/{b}", "+/+/+"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(arena_deinit) struct arena arena;
        struct mqtt_topic topic;

        assert_int_equal(compile(cases[i][0], &arena, &topic, NULL), ERROR_OK);
        assert_string_equal(topic.filter, cases[i][1]);
        assert_string_equal(topic.text, cases[i][0]);
    }
}

static void malformed_topics_are_refused_by_name(void **unused)
{
    (void)unused;
    static const char *const wrong[] = {
        "a/b#",    "a/#/b",
        "#/a",     "a+/b",
        "a/+b",    "{}",
        "{a",      "a}",
        "x{a}",    "{a}x",
        "{a}/{a}", "{a b}",
        "{a{b}}",  "$share/group/a",
        "\xff",    "{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}/{j}/{k}/{l}/{m}/{n}/{o}/{p}/{q}"};

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        CLEANUP(arena_deinit) struct arena arena;
        struct mqtt_topic topic;
        struct error error = {0};

        if (compile(wrong[i], &arena, &topic, &error) != ERROR_BAD_CONFIG) {
            fail_msg("accepted: %s", wrong[i]);
        }
        assert_non_null(strstr(error.text, wrong[i]));
    }
}

static void names_are_made_of_the_parts(void **unused)
{
    (void)unused;
    CLEANUP(arena_deinit) struct arena arena;
    struct mqtt_topic topic;
    struct mqtt_match match;
    char name[32];
    static const char arrived[] = "plant/a/press-3/state";

    assert_int_equal(compile("plant/{line}/{machine}/state", &arena, &topic, NULL), ERROR_OK);
    assert_true(mqtt_topic_match(&topic, arrived, strlen(arrived), &match));
    assert_true(mqtt_name_expand("{machine}-speed", &topic, &match, name, sizeof(name)));
    assert_string_equal(name, "press-3-speed");
    assert_true(mqtt_name_expand("{line}{machine}{line}", &topic, &match, name, sizeof(name)));
    assert_string_equal(name, "apress-3a");
    assert_true(mqtt_name_expand("plain", &topic, &match, name, sizeof(name)));
    assert_string_equal(name, "plain");
    assert_false(mqtt_name_expand("{machine}-speed", &topic, &match, name, 13)); /* no terminator */
    assert_true(mqtt_name_expand("{machine}-speed", &topic, &match, name, 14));
    assert_true(mqtt_topic_match(&topic, "plant/a/\n/state", 15, &match));
    assert_false(mqtt_name_expand("{machine}", &topic, &match, name, sizeof(name)));
}

static void a_name_may_use_only_parts_of_its_topic(void **unused)
{
    (void)unused;
    CLEANUP(arena_deinit) struct arena arena;
    struct mqtt_topic topic;
    struct error error = {0};
    static const char *const wrong[] = {"{speed}", "{machine", "machine}", "{}", "{{machine}}"};

    assert_int_equal(compile("plant/{machine}/+", &arena, &topic, NULL), ERROR_OK);
    assert_int_equal(mqtt_name_check("x-{machine}", &topic, &error), ERROR_OK);
    assert_int_equal(mqtt_name_check("plain", &topic, &error), ERROR_OK);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(mqtt_name_check(wrong[i], &topic, &error), ERROR_BAD_CONFIG);
        assert_non_null(strstr(error.text, wrong[i]));
        assert_non_null(strstr(error.text, "plant/{machine}/+"));
    }
    assert_true(mqtt_name_is_template("a{b}") && !mqtt_name_is_template("ab"));
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(filters_match_as_the_standard_says),
        cmocka_unit_test(templates_become_filters),
        cmocka_unit_test(malformed_topics_are_refused_by_name),
        cmocka_unit_test(names_are_made_of_the_parts),
        cmocka_unit_test(a_name_may_use_only_parts_of_its_topic),
    };

    return cmocka_run_group_tests_name("mqtt_topic", cases, NULL, NULL);
}
