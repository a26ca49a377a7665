#include "base/cleanup.h"
#include "drivers/mqtt/path.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** Parse a copy that ends where its bytes end, so that ASan sees every step too far. */
static bool parse(const char *text, char **copy, struct mqtt_json *value)
{
    const char *problem;
    size_t offset;
    size_t size = strlen(text);
    bool good;

    *copy = malloc(size > 0 ? size : 1);
    assert_non_null(*copy);
    memcpy(*copy, text, size);
    good = mqtt_json_document(*copy, size, value, &problem, &offset);
    assert_true(good == (problem == NULL));
    assert_true(offset <= size);
    return good;
}

static bool is_json(const char *text)
{
    CLEANUP(cleanup_free) char *copy = NULL;
    struct mqtt_json value;

    return parse(text, &copy, &value);
}

static void the_grammar_is_kept(void **unused)
{
    (void)unused;
    static const char *const right[] = {"1",
                                        " -0.5e+3 ",
                                        "\"\"",
                                        "\"a\\u00e4\\n\"",
                                        "true",
                                        "null",
                                        "[]",
                                        "{}",
                                        "[1, [2], {}]",
                                        "{\"a\":1,\"b\":[true,false,null]}",
                                        "\t{ \"a\" : \"\xc3\xa4\" }\r\n"};
    static const char *const wrong[] = {
        "",         " ",        "{",        "}",           "[1,]",    "[1 2]",
        "{\"a\"}",  "{\"a\":}", "{a:1}",    "{\"a\":1,}",  "01",      "-",
        "1.",       ".5",       "1e",       "+1",          "tru",     "nulll",
        "\"",       "\"\\\"",   "\"\\x\"",  "\"\\u12g4\"", "\"\\u12", "\"\n\"",
        "'a'",      "NaN",      "Infinity", "1 2",         "[1]]",    "\"\xff\"",
        "{\"a\":1", "[",        "[[",       "\"\xc3"};

    for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
        if (!is_json(right[i])) {
            fail_msg("refused: %s", right[i]);
        }
    }
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        if (is_json(wrong[i])) {
            fail_msg("accepted: %s", wrong[i]);
        }
    }
}

static void nesting_is_bounded(void **unused) /* J1 */
{
    (void)unused;
    enum { DEEP = 100000 };
    CLEANUP(cleanup_free) char *text = malloc(DEEP + 1);

    assert_non_null(text);
    memset(text, '[', DEEP);
    text[DEEP] = '\0';
    assert_false(is_json(text));
    memset(text, '[', MQTT_JSON_DEPTH_MAX);
    memset(text + MQTT_JSON_DEPTH_MAX, ']', MQTT_JSON_DEPTH_MAX);
    text[2 * MQTT_JSON_DEPTH_MAX] = '\0';
    assert_true(is_json(text));
    memset(text, '[', MQTT_JSON_DEPTH_MAX + 1);
    memset(text + MQTT_JSON_DEPTH_MAX + 1, ']', MQTT_JSON_DEPTH_MAX + 1);
    text[2 * MQTT_JSON_DEPTH_MAX + 2] = '\0';
    assert_false(is_json(text));
}

/** What stands at `path`, as written; NULL: nothing. */
static const char *at(const char *document, const char *path)
{
    static char found[200];
    CLEANUP(cleanup_free) char *copy = NULL;
    struct mqtt_json value;
    struct mqtt_path compiled;

    assert_true(parse(document, &copy, &value));
    assert_int_equal(mqtt_path_compile(path, &compiled, NULL), ERROR_OK);
    if (!mqtt_path_find(&compiled, &value, &value)) {
        return NULL;
    }
    (void)snprintf(found, sizeof(found), "%.*s", (int)value.size, value.bytes);
    return found;
}

static void paths_find_what_they_name(void **unused)
{
    (void)unused;
    static const char document[] =
        "{ \"motor\" : {\"rpm\": 12.50, \"on\":true}, \"values\":[1,[2,3],{\"v\":4}], "
        "\"rpm\":1, \"e\":{}, \"f\":[], \"a\\u0062c\":7, \"a b\":8, \"rpm\":2}";

    assert_string_equal(at(document, "motor.rpm"), "12.50");
    assert_string_equal(at(document, "values[0]"), "1");
    assert_string_equal(at(document, "values[1][1]"), "3");
    assert_string_equal(at(document, "values[2].v"), "4");
    assert_string_equal(at(document, "rpm"), "1"); /* J2 */
    assert_string_equal(at(document, "abc"), "7"); /* a key with an escape */
    assert_string_equal(at(document, "a b"), "8");
    assert_string_equal(at("[5,6]", "[1]"), "6");
    assert_string_equal(at("\"x\"", ""), "\"x\"");
    assert_null(at(document, "motor.torque"));
    assert_null(at(document, "motor.rpm.x"));
    assert_null(at(document, "values[3]"));
    assert_null(at(document, "e.x"));
    assert_null(at(document, "f[0]"));
    assert_null(at(document, "rp"));
    assert_null(at("3", "x"));
    assert_null(at("3", "[0]"));
}

static void malformed_paths_are_refused_with_what_to_write(void **unused)
{
    (void)unused;
    static const char *const wrong[] = {".a",
                                        "a.",
                                        "a..b",
                                        "a[",
                                        "a[1",
                                        "a]",
                                        "a[x]",
                                        "a[-1]",
                                        "a[99999999999999999999]",
                                        "a[4294967296]",
                                        "a[]b",
                                        "a[][]",
                                        "a[].b[]",
                                        "[]]",
                                        "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q"};
    struct mqtt_path path;
    struct error error;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        if (mqtt_path_compile(wrong[i], &path, &error) != ERROR_BAD_CONFIG) {
            fail_msg("accepted: %s", wrong[i]);
        }
        assert_non_null(strstr(error.text, "motor.rpm"));
    }
}

static void each_takes_the_elements_one_by_one(void **unused)
{
    (void)unused;
    CLEANUP(cleanup_free) char *copy = NULL;
    struct mqtt_json document;
    struct mqtt_json array;
    struct mqtt_json element;
    struct mqtt_json value;
    struct mqtt_path path;
    struct mqtt_path time;
    const char *next = NULL;
    char seen[32] = "";

    assert_true(parse("{\"a\":{\"b\":[{\"v\":1},{},{\"v\":3}]}}", &copy, &document));
    assert_int_equal(mqtt_path_compile("a.b[].v", &path, NULL), ERROR_OK);
    assert_int_equal(mqtt_path_compile("a.b[].t", &time, NULL), ERROR_OK);
    assert_true(mqtt_path_same_each(&path, &time));
    assert_int_equal(mqtt_path_compile("a.c[].t", &time, NULL), ERROR_OK);
    assert_false(mqtt_path_same_each(&path, &time));
    assert_int_equal(mqtt_path_compile("a.b.t", &time, NULL), ERROR_OK);
    assert_false(mqtt_path_same_each(&path, &time));
    assert_true(mqtt_path_find(&path, &document, &array));
    while (mqtt_json_next(&array, &next, &element)) {
        bool found = mqtt_path_find_in_element(&path, &element, &value);

        (void)snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), "%.*s,",
                       found ? (int)value.size : 1, found ? value.bytes : "-");
    }
    assert_string_equal(seen, "1,-,3,");
}

static void escapes_become_utf_8(void **unused)
{
    (void)unused;
    static const struct {
        const char *json, *text;
    } cases[] = {
        {"\"plain\"", "plain"},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
        {"\"\\u0041\\u00e4\\u20AC\\ud83d\\ude00\"", "A\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"\"\\ud83d\"", NULL},
        {"\"\\ude00\\ud83d\"", NULL},
        {"\"\\ud83dx\"", NULL},
        {"\"\\ud83d\\u0041\"", NULL},
    };
    char scratch[64];
    const char *text;
    size_t size;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(cleanup_free) char *copy = NULL;
        struct mqtt_json value;
        bool good;

        assert_true(parse(cases[i].json, &copy, &value));
        good = mqtt_json_text(&value, scratch, sizeof(scratch), &text, &size);
        assert_true(good == (cases[i].text != NULL));
        if (good) {
            assert_int_equal(size, strlen(cases[i].text));
            assert_memory_equal(text, cases[i].text, size);
        }
        assert_false(strchr(cases[i].json, '\\') != NULL &&
                     mqtt_json_text(&value, scratch, 3, &text, &size));
    }
}

/** A copy of `seed` with three bytes changed and sometimes cut short. */
static char *damaged(const char *seed, size_t *size, uint32_t *state)
{
    static const char alphabet[] = "{}[]\",:\\u0e-.\x80\x00tfn ";
    char *copy = malloc(*size);

    assert_non_null(copy);
    memcpy(copy, seed, *size);
    for (int change = 0; change < 3; change++) {
        *state = *state * 1664525 + 1013904223;
        copy[(*state >> 8) % *size] = alphabet[(*state >> 24) % (sizeof(alphabet) - 1)];
    }
    *size = (*state >> 4) % 4 == 0 ? (*state >> 9) % *size : *size;
    return copy;
}

static void walk(const struct mqtt_path *path, const struct mqtt_json *document, const char *bytes,
                 size_t size)
{
    struct mqtt_json found;
    const char *text;
    char scratch[32];
    size_t length;

    if (mqtt_path_find(path, document, &found)) {
        assert_true(found.bytes >= bytes && found.bytes + found.size <= bytes + size);
        if (found.kind == MQTT_JSON_STRING) {
            (void)mqtt_json_text(&found, scratch, sizeof(scratch), &text, &length);
        }
    }
}

/* Whatever the bytes are, the reader stays inside them; what it accepts can be walked. */
static void damaged_documents_never_lead_outside(void **unused)
{
    (void)unused;
    static const char seed[] =
        "{\"t\":1718000000.5,\"values\":[{\"v\":-1e3,\"s\":\"\\ud83d\\ude00\"},[],null],\"x\":{}}";
    uint32_t state = 4711;
    struct mqtt_path paths[3];

    assert_int_equal(mqtt_path_compile("values[0].s", &paths[0], NULL), ERROR_OK);
    assert_int_equal(mqtt_path_compile("values[].v", &paths[1], NULL), ERROR_OK);
    assert_int_equal(mqtt_path_compile("t", &paths[2], NULL), ERROR_OK);
    for (int round = 0; round < 30000; round++) {
        size_t size = sizeof(seed) - 1;
        CLEANUP(cleanup_free) char *copy = damaged(seed, &size, &state);
        struct mqtt_json value;
        const char *problem;
        size_t offset;

        if (!mqtt_json_document(copy, size, &value, &problem, &offset)) {
            assert_true(offset <= size && problem != NULL);
            continue;
        }
        for (int i = 0; i < 3; i++) {
            walk(&paths[i], &value, copy, size);
        }
    }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(the_grammar_is_kept),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(paths_find_what_they_name),
        cmocka_unit_test(malformed_paths_are_refused_with_what_to_write),
        cmocka_unit_test(each_takes_the_elements_one_by_one),
        cmocka_unit_test(escapes_become_utf_8),
        cmocka_unit_test(damaged_documents_never_lead_outside),
    };

    return cmocka_run_group_tests_name("mqtt_json", cases, NULL, NULL);
}
