/* Values in a point's unit, as people write them, and as the source has them. */
#include "agent/local/value_text.h"
#include "tests/support/cmocka.h"

#include <math.h>
#include <string.h>

static struct definition definition_of(const char *type, double scale, double offset)
{
    return (struct definition){.type = type, .scale = scale, .offset = offset};
}

/** What `text` becomes and what is printed of that again. */
static void expect_print(const struct definition *definition, const char *text,
                         enum sample_type type, const char *printed)
{
    struct sample raw = {.type = SAMPLE_NONE};
    double value;
    char said[64];

    assert_int_equal(value_text_parse(definition, text, &raw, &value, NULL), ERROR_OK);
    assert_int_equal(raw.type, type);
    value_text_print(definition, &raw, said, sizeof(said));
    assert_string_equal(said, printed);
}

static void a_whole_number_keeps_all_its_digits(void **unused)
{
    (void)unused;
    const struct definition with_sign = definition_of("int64", 1, 0);
    const struct definition without = definition_of("uint64", 1, 0);

    expect_print(&with_sign, "-9223372036854775807", SAMPLE_INT, "-9223372036854775807");
    expect_print(&without, "18446744073709551615", SAMPLE_INT, "18446744073709551615");
}

static void scale_and_offset_are_taken_back(void **unused)
{
    (void)unused;
    const struct definition definition = definition_of("int16", 0.5, -10);
    struct sample raw;
    double value;

    assert_int_equal(value_text_parse(&definition, "21", &raw, &value, NULL), ERROR_OK);
    assert_true(value == 21 && raw.type == SAMPLE_DOUBLE && raw.value.real == 62);
    assert_true(value_text_number(&definition, &raw) == 21);
    raw = (struct sample){.type = SAMPLE_INT, .value.integer = 63};
    assert_true(value_text_number(&definition, &raw) == 21.5);
    expect_print(&definition, "21", SAMPLE_DOUBLE, "21");
}

static void an_offset_alone_is_taken_back_too(void **unused)
{
    (void)unused;
    const struct definition definition = definition_of("int16", 1, -40);
    struct sample raw;
    double value;

    assert_int_equal(value_text_parse(&definition, "5", &raw, &value, NULL), ERROR_OK);
    assert_true(raw.type == SAMPLE_DOUBLE && raw.value.real == 45 && value == 5);
}

static void a_real_type_gets_a_real_value(void **unused)
{
    (void)unused;
    const struct definition single = definition_of("float32", 1, 0);
    const struct definition whole = definition_of("int16", 1, 0);

    expect_print(&single, "7", SAMPLE_DOUBLE, "7");
    expect_print(&whole, "7.5", SAMPLE_DOUBLE, "7.5"); /* the driver rounds it (driver.fit) */
}

static void a_flag_is_written_as_people_do(void **unused)
{
    (void)unused;
    static const char *const yes[] = {"true", "on", "yes", "1"};
    static const char *const no[] = {"false", "off", "no", "0"};
    const struct definition definition = definition_of("bool", 1, 0);
    struct error error = {0};
    struct sample raw;
    double value;

    for (size_t i = 0; i < 4; i++) {
        expect_print(&definition, yes[i], SAMPLE_INT, "true");
        expect_print(&definition, no[i], SAMPLE_INT, "false");
    }
    assert_int_equal(value_text_parse(&definition, "2", &raw, &value, &error), ERROR_REFUSED);
    assert_non_null(strstr(error.text, "'2' is not true or false"));
}

static void a_text_is_borrowed_as_it_is_and_has_no_number(void **unused)
{
    (void)unused;
    const struct definition definition = definition_of("string", 1, 0);
    const char *text = "12 bars";
    struct sample raw;
    double value;
    char cut[5];

    assert_int_equal(value_text_parse(&definition, text, &raw, &value, NULL), ERROR_OK);
    assert_ptr_equal(raw.value.text.bytes, text);
    assert_true(isnan(value) && isnan(value_text_number(&definition, &raw)));
    value_text_print(&definition, &raw, cut, sizeof(cut));
    assert_string_equal(cut, "12 b");
}

static void what_is_no_number_is_refused_with_what_to_write(void **unused)
{
    (void)unused;
    static const char *const bad[] = {"", "twenty", "21,5", "21.5 Cel", "0x", "1 2"};
    const struct definition definition = definition_of("int16", 0.1, 0);
    struct sample raw = {.type = SAMPLE_NONE};
    double value = 4;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct error error = {0};

        assert_int_equal(value_text_parse(&definition, bad[i], &raw, &value, &error),
                         ERROR_REFUSED);
        assert_non_null(strstr(error.text, "as in 21.5"));
    }
    assert_true(value == 4 && raw.type == SAMPLE_NONE); /* nothing is given out of a refusal */
}

static void of_no_value_nothing_is_printed(void **unused)
{
    (void)unused;
    const struct definition definition = definition_of("int16", 1, 0);
    const struct sample none = {.type = SAMPLE_NONE};
    char text[4] = "abc";

    value_text_print(&definition, &none, text, sizeof(text));
    assert_string_equal(text, "");
    assert_true(isnan(value_text_number(&definition, &none)));
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(a_whole_number_keeps_all_its_digits),
        cmocka_unit_test(scale_and_offset_are_taken_back),
        cmocka_unit_test(an_offset_alone_is_taken_back_too),
        cmocka_unit_test(a_real_type_gets_a_real_value),
        cmocka_unit_test(a_flag_is_written_as_people_do),
        cmocka_unit_test(a_text_is_borrowed_as_it_is_and_has_no_number),
        cmocka_unit_test(what_is_no_number_is_refused_with_what_to_write),
        cmocka_unit_test(of_no_value_nothing_is_printed),
    };

    return cmocka_run_group_tests_name("write_value", cases, NULL, NULL);
}
