#include "base/clock.h"
#include "sync/object_name.h"
#include "tests/support/cmocka.h"

#include <string.h>

static const char good[] = "raw/site=harbour-works/gateway=gw-07/stream=readings/v=1/"
                           "date=2026-03-01/00112233445566ff-000000000001-000000150000-"
                           "a1b2c3d4e5f6.parquet";

static struct object_name parsed(const char *text)
{
    struct object_name name;
    struct error error;

    assert_int_equal(object_name_parse(text, &name, &error), ERROR_OK);
    return name;
}

static void a_name_is_read_into_its_parts(void **unused)
{
    (void)unused;
    struct object_name name = parsed(good);

    assert_string_equal(name.site, "harbour-works");
    assert_string_equal(name.gateway, "gw-07");
    assert_int_equal(name.stream, STREAM_READINGS);
    assert_int_equal(name.day, clock_day_from_date(2026, 3, 1));
    assert_string_equal(name.incarnation, "00112233445566ff");
    assert_int_equal(name.first, 1);
    assert_int_equal(name.last, 150000);
    assert_string_equal(name.digest, "a1b2c3d4e5f6");
}

static void building_gives_back_what_was_read(void **unused) /* N1 */
{
    (void)unused;
    static const char long_numbers[] =
        "raw/site=A._-9/gateway=x/stream=events/v=1/date=1969-12-31/ffffffffffffffff-"
        "1000000000000-18446744073709551615-000000000000.parquet";
    const char *texts[] = {good, long_numbers};

    for (size_t i = 0; i < 2; i++) {
        struct object_name name = parsed(texts[i]);
        char text[BATCH_NAME_MAX];

        assert_int_equal(object_name_build(&name, text, NULL), ERROR_OK);
        assert_string_equal(text, texts[i]);
    }
}

static void the_longest_names_fit(void **unused)
{
    (void)unused;
    struct object_name name = parsed(good);
    char text[BATCH_NAME_MAX];

    memset(name.site, 's', OBJECT_LABEL_MAX);
    name.site[OBJECT_LABEL_MAX] = '\0';
    memset(name.gateway, 'g', OBJECT_LABEL_MAX);
    name.gateway[OBJECT_LABEL_MAX] = '\0';
    name.stream = STREAM_CATALOGUE;
    name.first = name.last = UINT64_MAX;
    assert_int_equal(object_name_build(&name, text, NULL), ERROR_OK);
    (void)parsed(text);
}

static void names_that_are_not_ours_are_refused_with_a_sentence(void **unused) /* N1, N2, N3 */
{
    (void)unused;
    static const struct {
        const char *from, *to;
    } changes[] = {
        {"raw/", "/raw/"},
        {"raw/", "raw"},
        {"harbour-works", ""},
        {"harbour-works", ".."},
        {"harbour-works", "a b"},
        {"harbour-works", "a/b"},
        {"gw-07", "gw=07"},
        {"gw-07", "01234567890123456789012345678901234567890123456789012345678901234"},
        {"readings", "reading"},
        {"readings", "measurements-of-all-kinds"},
        {"v=1", "v=2"},
        {"2026-03-01", "2026-3-01"},
        {"2026-03-01", "2026-02-30"},
        {"2026-03-01", "2026-13-01"},
        {"2026-03-01", "0000-01-01"},
        {"2026-03-01", "99999999999999999999-01-01"},
        {"00112233445566ff", "00112233445566FF"},
        {"00112233445566ff", "00112233445566f"},
        {"000000000001", "1"},
        {"000000000001", "0000000000001"},
        {"000000000001", "000000000000"},
        {"000000000001", "00000000000x"},
        {"000000000001", "000000150001"},
        {"000000150000", "18446744073709551616"},
        {"a1b2c3d4e5f6", "a1b2c3d4e5f"},
        {"a1b2c3d4e5f6", "a1b2c3d4e5f60"},
        {"a1b2c3d4e5f6", "A1b2c3d4e5f6"},
        {".parquet", ".parquet.tmp"},
        {".parquet", ""},
    };

    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        const char *at = strstr(good, changes[i].from);
        struct object_name name = {.first = 77};
        struct error error = {0};
        char text[BATCH_NAME_MAX];

        (void)snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - good), good, changes[i].to,
                       at + strlen(changes[i].from));
        assert_int_equal(object_name_parse(text, &name, &error), ERROR_BAD_DATA);
        assert_true(strstr(error.text, "not an object's name") != NULL);
        assert_int_equal(name.first, 77); /* written on success only */
    }
    for (size_t size = 0; size < strlen(good); size++) { /* every beginning of a good one */
        char text[sizeof(good)];
        struct object_name name;
        struct error error;

        memcpy(text, good, size);
        text[size] = '\0';
        assert_int_equal(object_name_parse(text, &name, &error), ERROR_BAD_DATA);
    }
}

static void fields_that_cannot_stand_in_a_name_are_not_built(void **unused)
{
    (void)unused;
    struct object_name name = parsed(good);
    struct error error;
    char text[BATCH_NAME_MAX];

    name.gateway[0] = '.';
    assert_int_equal(object_name_build(&name, text, &error), ERROR_BAD_CONFIG);
    assert_true(strstr(error.text, "gateway") != NULL);
    name = parsed(good);
    name.last = 0;
    assert_int_equal(object_name_build(&name, text, &error), ERROR_BAD_CONFIG);
    name = parsed(good);
    name.day = INT64_MAX;
    assert_int_equal(object_name_build(&name, text, &error), ERROR_BAD_CONFIG);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(a_name_is_read_into_its_parts),
        cmocka_unit_test(building_gives_back_what_was_read),
        cmocka_unit_test(the_longest_names_fit),
        cmocka_unit_test(names_that_are_not_ours_are_refused_with_a_sentence),
        cmocka_unit_test(fields_that_cannot_stand_in_a_name_are_not_built),
    };

    return cmocka_run_group_tests_name("object_name", cases, NULL, NULL);
}
