#include "base/option.h"
#include "tests/support/cmocka.h"
#include "tests/support/fault_alloc.h"

#include <string.h>

struct settings {
    uint64_t port;
    int64_t shift;
    double scale;
    bool enabled;
    const char *host;
    const char *secret;
    int64_t timeout_ns;
    uint64_t size_bytes;
    uint32_t order;
    const char *empty;
};

#define AT(field) offsetof(struct settings, field)

static const struct option_spec table[] = {
    {OPTION_UINT, "port", "502", 1, 65535, AT(port), "TCP port", NULL},
    {OPTION_INT, "shift", "0", (uint64_t)-10, 10, AT(shift), "steps", NULL},
    {OPTION_DOUBLE, "scale", "1", 0, 0, AT(scale), "factor", NULL},
    {OPTION_BOOL, "enabled", "true", 0, 0, AT(enabled), "take part", NULL},
    {OPTION_TEXT, "host", NULL, 1, 8, AT(host), "name or address", NULL},
    {OPTION_SECRET, "secret", "", 1, 8, AT(secret), "pass phrase", NULL},
    {OPTION_DURATION, "timeout", "1s", 10000000, UINT64_C(60000000000), AT(timeout_ns),
     "longest wait", NULL},
    {OPTION_SIZE, "size", "8MiB", 65536, 1 << 30, AT(size_bytes), "of a batch", NULL},
    {OPTION_CHOICE, "order", "CDAB", 0, 0, AT(order), "of bytes", "ABCD|CDAB|BADC|DCBA"},
    {OPTION_TEXT, "empty", "", 0, 0, AT(empty), "may be absent", NULL},
    {.type = OPTION_END},
};

struct fixture {
    struct arena arena;
    struct settings settings;
    struct error error;
};

static enum error_code set(struct fixture *fixture, const char *key, const char *text)
{
    fixture->error = (struct error){0};
    return option_set(option_find(table, key), text, &fixture->settings, &fixture->arena,
                      &fixture->error);
}

static int start(void **state)
{
    static struct fixture fixture;

    fixture = (struct fixture){0};
    arena_init(&fixture.arena, 4096);
    *state = &fixture;
    return 0;
}

static int end(void **state)
{
    struct fixture *fixture = *state;

    fault_alloc_arm(0);
    arena_deinit(&fixture->arena);
    return 0;
}

static void fallbacks_fill_every_row_but_the_required(void **state)
{
    struct fixture *fixture = *state;
    const struct settings *settings = &fixture->settings;

    fixture->settings.host = "untouched";
    assert_int_equal(option_set_fallbacks(table, &fixture->settings, &fixture->arena, NULL),
                     ERROR_OK);
    assert_int_equal(settings->port, 502);
    assert_true(settings->scale == 1);
    assert_true(settings->enabled);
    assert_string_equal(settings->host, "untouched");
    assert_null(settings->secret);
    assert_int_equal(settings->timeout_ns, 1000000000);
    assert_int_equal(settings->size_bytes, 8388608);
    assert_int_equal(settings->order, 1);
    assert_null(settings->empty);
}

static void each_type_is_stored_where_its_row_says(void **state)
{
    struct fixture *fixture = *state;
    const struct settings *settings = &fixture->settings;

    assert_int_equal(set(fixture, "port", "0x50"), ERROR_OK);
    assert_int_equal(set(fixture, "shift", "-10"), ERROR_OK);
    assert_int_equal(set(fixture, "scale", "0.25"), ERROR_OK);
    assert_int_equal(set(fixture, "enabled", "yes"), ERROR_OK);
    assert_int_equal(set(fixture, "host", "plc-7"), ERROR_OK);
    assert_int_equal(set(fixture, "secret", "s3cret"), ERROR_OK);
    assert_int_equal(set(fixture, "timeout", "800ms"), ERROR_OK);
    assert_int_equal(set(fixture, "size", "64KiB"), ERROR_OK);
    assert_int_equal(set(fixture, "order", "DCBA"), ERROR_OK);
    assert_int_equal(settings->port, 80);
    assert_int_equal(settings->shift, -10);
    assert_true(settings->scale == 0.25);
    assert_true(settings->enabled);
    assert_string_equal(settings->host, "plc-7");
    assert_string_equal(settings->secret, "s3cret");
    assert_int_equal(settings->timeout_ns, 800000000);
    assert_int_equal(settings->size_bytes, 65536);
    assert_int_equal(settings->order, 3);
}

static void a_refusal_says_what_to_write_and_stores_nothing(void **state)
{
    struct fixture *fixture = *state;
    const struct {
        const char *key, *text, *sentence;
    } rows[] = {
        {"port", "x", "port: 'x' is not a whole number (TCP port)"},
        {"port", "0", "port: '0' is out of range; 1 to 65535 (TCP port)"},
        {"port", "65536", "port: '65536' is out of range; 1 to 65535 (TCP port)"},
        {"shift", "-11", "shift: '-11' is out of range; -10 to 10 (steps)"},
        {"scale", "1,5", "scale: '1,5' is not a number with a decimal point, such as 0.1 (factor)"},
        {"enabled", "maybe", "enabled: 'maybe' is not true or false (take part)"},
        {"host", "", "host: '' is out of range; 1 characters to 8 characters (name or address)"},
        {"host", "123456789",
         "host: '123456789' is out of range; 1 characters to 8 characters (name or address)"},
        {"timeout", "5",
         "timeout: '5' is not a time with its unit: 250ms, 1s, 15min, 2h (longest wait)"},
        {"timeout", "2min", "timeout: '2min' is out of range; 10ms to 1min (longest wait)"},
        {"size", "8MB", "size: '8MB' is not a size with its unit: 64KiB, 8MiB, 1GiB (of a batch)"},
        {"size", "1KiB", "size: '1KiB' is out of range; 64KiB to 1GiB (of a batch)"},
        {"order", "AB", "order: 'AB' is not one of ABCD|CDAB|BADC|DCBA"},
        {"order", "", "order: '' is not one of ABCD|CDAB|BADC|DCBA"},
    };
    const struct settings zero = {0};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(set(fixture, rows[i].key, rows[i].text), ERROR_BAD_CONFIG);
        assert_string_equal(fixture->error.text, rows[i].sentence);
        assert_memory_equal(&fixture->settings, &zero, sizeof(zero));
    }
}

static void a_secret_is_never_quoted(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(set(fixture, "secret", "far-too-long"), ERROR_BAD_CONFIG);
    assert_null(strstr(fixture->error.text, "far"));
    assert_string_equal(fixture->error.text, "secret: not usable; write 1 to 8 characters");
}

static void memory_that_runs_out_is_said(void **state)
{
    struct fixture *fixture = *state;

    fault_alloc_arm(1);
    assert_int_equal(set(fixture, "host", "plc"), ERROR_NO_MEMORY);
    assert_null(fixture->settings.host);
    fault_alloc_arm(1);
    assert_int_equal(option_set_fallbacks(table, &fixture->settings, &fixture->arena, NULL),
                     ERROR_OK); /* no fallback here is a text */
}

static void the_nearest_key_is_near(void **unused)
{
    (void)unused;
    const char longest[] = "an-unknown-key-that-is-longer-than-any-that-a-person-would-ever-write";

    assert_string_equal(option_nearest(table, "prot"), "port");
    assert_string_equal(option_nearest(table, "time_out"), "timeout");
    assert_string_equal(option_nearest(table, "Scale"), "scale");
    assert_null(option_nearest(table, "baud"));
    assert_null(option_nearest(table, ""));
    assert_null(option_nearest(table, longest));
    assert_null(option_find(table, "prot"));
}

static void the_form_says_what_may_be_written(void **unused)
{
    (void)unused;
    const struct {
        const char *key, *form;
    } rows[] = {
        {"port", "whole number, 1 to 65535"},
        {"shift", "whole number, -10 to 10"},
        {"scale", "number"},
        {"enabled", "true, false"},
        {"host", "text"},
        {"secret", "text"},
        {"timeout", "time, 10ms to 1min"},
        {"size", "size, 64KiB to 1GiB"},
        {"order", "ABCD, CDAB, BADC, DCBA"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char form[OPTION_FORM_SIZE];

        option_form(option_find(table, rows[i].key), form);
        assert_string_equal(form, rows[i].form);
    }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test_setup_teardown(fallbacks_fill_every_row_but_the_required, start, end),
        cmocka_unit_test_setup_teardown(each_type_is_stored_where_its_row_says, start, end),
        cmocka_unit_test_setup_teardown(a_refusal_says_what_to_write_and_stores_nothing, start,
                                        end),
        cmocka_unit_test_setup_teardown(a_secret_is_never_quoted, start, end),
        cmocka_unit_test_setup_teardown(memory_that_runs_out_is_said, start, end),
        cmocka_unit_test(the_nearest_key_is_near),
        cmocka_unit_test(the_form_says_what_may_be_written),
    };

    return cmocka_run_group_tests_name("option", cases, NULL, NULL);
}
