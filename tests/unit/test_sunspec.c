/* SunSpec: the chain of models, misbehaving ones, where points stand, and what they hold. */
#include "base/cleanup.h"
#include "drivers/modbus/sunspec/decode.h"
#include "drivers/modbus/sunspec/place.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REGISTERS = 65536, NOTHING = 100000 };

/** A device of holding registers up to `end`; it refuses what is beyond or touches `hole`. */
struct bench {
    struct sunspec_reader reader; /* first */
    uint16_t *registers;
    unsigned end, hole;
    unsigned requests;
    unsigned silent_after; /* requests; then no time is left */
    struct sunspec_chain chain;
    struct error error;
};

static enum error_code read_bench(struct sunspec_reader *reader, unsigned first, unsigned count,
                                  uint16_t *registers, bool *refused, struct error *error)
{
    struct bench *bench = (struct bench *)(void *)reader;

    if (++bench->requests > bench->silent_after) {
        return error_set(error, ERROR_TIMEOUT, "nothing came");
    }
    assert_true(first + count <= REGISTERS);
    *refused = first + count > bench->end || (first <= bench->hole && bench->hole < first + count);
    for (unsigned i = 0; !*refused && i < count; i++) {
        registers[i] = bench->registers[first + i];
    }
    return ERROR_OK;
}

static void release(struct bench *bench)
{
    free(bench->registers);
}

static bool make(struct bench *bench, unsigned base, const uint16_t *registers, unsigned count)
{
    *bench = (struct bench){.reader = {read_bench},
                            .registers = calloc(REGISTERS, sizeof(uint16_t)),
                            .end = base + 2 + count,
                            .hole = NOTHING,
                            .silent_after = UINT32_MAX};
    if (bench->registers != NULL) {
        bench->registers[base] = 0x5375;
        bench->registers[base + 1] = 0x6e53;
        memcpy(bench->registers + base + 2, registers, count * sizeof(*registers));
    }
    return bench->registers != NULL;
}

static enum error_code read_chain(struct bench *bench)
{
    return sunspec_chain_read(&bench->chain, &bench->reader, &bench->error);
}

/* Two models of few registers each, and the end. */
static const uint16_t two[] = {1, 3, 7, 7, 7, 103, 2, 8, 8, 0xffff, 0};

enum { TWO = sizeof(two) / sizeof(two[0]) };

static void s1_the_chain_is_found_at_each_of_the_three_bases(void **unused)
{
    (void)unused;
    static const uint16_t bases[] = {40000, 50000, 0};

    for (size_t i = 0; i < 3; i++) {
        CLEANUP(release) struct bench bench;

        assert_true(make(&bench, bases[i], two, TWO));
        assert_int_equal(read_chain(&bench), ERROR_OK);
        assert_int_equal(bench.requests, i + 4);
        assert_int_equal(bench.chain.count, 2);
        assert_true(bench.chain.is_whole);
        assert_int_equal(bench.chain.links[0].id, 1);
        assert_int_equal(bench.chain.links[0].first, bases[i] + 2);
        assert_int_equal(bench.chain.links[1].id, 103);
        assert_int_equal(bench.chain.links[1].length, 2);
        assert_int_equal(bench.chain.links[1].first, bases[i] + 7);
        assert_null(sunspec_chain_find(&bench.chain, 103, 2));
        assert_ptr_equal(sunspec_chain_find(&bench.chain, 103, 1), &bench.chain.links[1]);
    }
}

static void an_end_without_a_length_is_an_end(void **unused)
{
    (void)unused;
    CLEANUP(release) struct bench bench;

    assert_true(make(&bench, 40000, two, TWO - 1));
    assert_int_equal(read_chain(&bench), ERROR_OK);
    assert_int_equal(bench.chain.count, 2);
}

static void s1_after_silence_at_one_base_the_next_call_begins_with_the_next(void **unused)
{
    (void)unused;
    CLEANUP(release) struct bench bench;

    assert_true(make(&bench, 50000, two, TWO));
    bench.silent_after = 0;
    assert_int_equal(read_chain(&bench), ERROR_TIMEOUT);
    assert_non_null(strstr(bench.error.text, "holding:40000"));
    bench.silent_after = UINT32_MAX;
    bench.requests = 0;
    assert_int_equal(read_chain(&bench), ERROR_OK);
    assert_int_equal(bench.requests, 4);
}

static void s2_a_chain_that_cannot_be_true_is_refused_with_what_stands_where(void **unused)
{
    (void)unused;
    static const struct {
        uint16_t registers[12];
        unsigned count;
        const char *says;
    } rows[] = {
        {{1, 3, 7, 7, 7, 103, 0, 0xffff}, 12, "id 103 and length 0"},
        {{1, 2, 7, 7, 0, 0, 0xffff}, 12, "holding:40006, where its next model should begin, id 0"},
        {{1, 3, 7, 7, 7, 103, 60000}, 12, "model 103 at holding:40007 has 60000 registers"},
        {{1, 3, 7, 7, 7}, 5, "refuses holding:40007, where after 1 models"},
        {{1, 3, 7, 7, 7, 103}, 6, "refuses holding:40007"},
        {{1, 65535}, 12, "beyond 65535"},
        {{1, 25533}, 12, "beyond 65535"},
        {{0}, 12, "holding:40002, where its next model should begin, id 0 and length 0"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        CLEANUP(release) struct bench bench;

        assert_true(make(&bench, 40000, rows[i].registers, rows[i].count));
        if (i == 5) {
            bench.end = REGISTERS;
        }
        assert_int_equal(read_chain(&bench), ERROR_PROTOCOL);
        assert_non_null(strstr(bench.error.text, rows[i].says));
        assert_int_equal(bench.chain.count, 0); /* nothing of it is kept */
        assert_false(bench.chain.is_whole);
    }
}

static void s2_an_endless_chain_ends_after_128_models(void **unused)
{
    (void)unused;
    CLEANUP(release) struct bench bench;

    assert_true(make(&bench, 0, two, TWO));
    bench.end = REGISTERS;
    for (unsigned i = 2; i + 2 < REGISTERS; i += 3) {
        bench.registers[i] = bench.registers[i + 1] = 1;
    }
    assert_int_equal(read_chain(&bench), ERROR_PROTOCOL);
    assert_non_null(strstr(bench.error.text, "more than 128 models"));
    assert_int_equal(bench.requests, 3 + 129);
}

static void s2_models_up_to_the_last_register_without_an_end_are_refused(void **unused)
{
    (void)unused;
    CLEANUP(release) struct bench bench;

    assert_true(make(&bench, 50000, two, TWO));
    bench.registers[50002] = 1;
    bench.registers[50003] = 65536 - 50004;
    bench.end = REGISTERS;
    assert_int_equal(read_chain(&bench), ERROR_PROTOCOL);
    assert_non_null(strstr(bench.error.text, "fill all registers up to 65535"));
    bench.registers[50003] = 65535 - 50004; /* room for the end's id alone */
    bench.registers[65535] = 0xffff;
    assert_int_equal(read_chain(&bench), ERROR_OK);
    bench.registers[65535] = 7;
    bench.chain = (struct sunspec_chain){.base_choice = bench.chain.base_choice};
    assert_int_equal(read_chain(&bench), ERROR_PROTOCOL);
}

static void an_exception_in_the_middle_says_where(void **unused)
{
    (void)unused;
    CLEANUP(release) struct bench bench;

    assert_true(make(&bench, 40000, two, TWO));
    bench.hole = 40007;
    assert_int_equal(read_chain(&bench), ERROR_PROTOCOL);
    assert_non_null(strstr(bench.error.text, "refuses holding:40007"));
}

static void a_device_without_sunspec_is_told_so(void **unused)
{
    (void)unused;
    CLEANUP(release) struct bench bench;

    assert_true(make(&bench, 100, two, TWO));
    assert_int_equal(read_chain(&bench), ERROR_PROTOCOL);
    assert_non_null(strstr(bench.error.text, "no SunSpec device"));
    assert_int_equal(bench.requests, 3);
    bench.end = 0; /* all refused */
    assert_int_equal(read_chain(&bench), ERROR_PROTOCOL);
}

static void s3_a_chain_that_took_too_long_goes_on_where_it_was(void **unused)
{
    (void)unused;
    CLEANUP(release) struct bench bench;

    assert_true(make(&bench, 40000, two, TWO));
    for (unsigned i = 1; i <= 3; i++) {
        bench.silent_after = 1;
        bench.requests = 0;
        assert_int_equal(read_chain(&bench), ERROR_TIMEOUT);
        assert_int_equal(bench.chain.count, i - 1);
    }
    bench.requests = 0;
    assert_int_equal(read_chain(&bench), ERROR_OK);
    assert_int_equal(bench.chain.count, 2);
}

static void an_address_that_cannot_be_is_refused_with_advice(void **unused)
{
    (void)unused;
    static const struct {
        const char *address, *advice;
    } rows[] = {
        {"sunspec:", "as in sunspec:103.W"},
        {"sunspec:103", "as in sunspec:103.W"},
        {"sunspec:W", "as in sunspec:103.W"},
        {"sunspec:103.", "as in sunspec:103.W"},
        {"sunspec:103[0].W", "as in sunspec:103.W"},
        {"sunspec:103[x].W", "as in sunspec:103.W"},
        {"sunspec:103[2.W", "as in sunspec:103.W"},
        {"sunspec:103.W.", "as in sunspec:103.W"},
        {"sunspec:160.module[0].DCW", "as in sunspec:103.W"},
        {"sunspec:160.module[70000].DCW", "as in sunspec:103.W"},
        {"sunspec:99999.W", "as in sunspec:103.W"},
        {"sunspec:101|.W", "as in sunspec:103.W"},
        {"sunspec:1|1|1|1|1|1|1|1|1.Mn", "as in sunspec:103.W"},
        {"sunspec:705.a.b.c.d.e", "as in sunspec:103.W"},
        {"sunspec:103.ThisNameIsFarTooLongToBeOneOfTheirs", "as in sunspec:103.W"},
        {"sunspec:64001.W", "model 64001 is not known"},
        {"sunspec:103.w", "has nothing called w there; mind capitals"},
        {"sunspec:160.DCW", "has nothing called DCW"},
        {"sunspec:1.Pad", "has nothing called Pad"},
        {"sunspec:160.module", "is a group"},
        {"sunspec:103.W.A", "is a point"},
        {"sunspec:103.W[2]", "is a point"},
        {"sunspec:103|1.SN", "has nothing called SN"},
        {"sunspec:1|103.ID", NULL},
        {"sunspec:101|111.W", NULL},
        {"sunspec:160.module[12].DCW", NULL},
        {"sunspec:705.Crv[2].Pt[10].Var", NULL},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sunspec_point point;
        struct error error = {0};
        enum error_code code = sunspec_point_parse(rows[i].address, &point, &error);

        if (rows[i].advice == NULL) {
            assert_int_equal(code, ERROR_OK);
            continue;
        }
        if (code != ERROR_BAD_CONFIG || strstr(error.text, rows[i].advice) == NULL) {
            fail_msg("%s: %s", rows[i].address, error.text);
        }
    }
}

static void models_that_disagree_about_a_points_type_are_two_points(void **unused)
{
    (void)unused;
    struct sunspec_point point;
    struct error error = {0};

    assert_int_equal(sunspec_point_parse("sunspec:103|113.TmpCab", &point, &error), ERROR_OK);
    assert_string_equal(sunspec_entry_type(point.choices[0].entry), "float64");
    assert_string_equal(sunspec_entry_type(point.choices[1].entry), "float32");
    assert_int_equal(sunspec_point_parse("sunspec:802|306.V", &point, &error), ERROR_BAD_CONFIG);
    assert_non_null(strstr(error.text, "give them as two points"));
}

static enum error_code find(struct bench *bench, const char *address, struct sunspec_place *place,
                            bool *found, struct error *missing)
{
    struct sunspec_layout layout = {.chain = &bench->chain, .reader = &bench->reader};
    struct sunspec_point point;

    assert_int_equal(sunspec_point_parse(address, &point, &bench->error), ERROR_OK);
    return sunspec_place_find(&layout, &point, place, found, missing, &bench->error);
}

static void p2_what_a_device_does_not_have_is_told(void **unused)
{
    (void)unused;
    static const uint16_t registers[] = {103, 4, 1, 2, 3, 4, 160, 30, 0, 0, 0, 0, 0, 0, 0, 0};
    static const struct {
        const char *address, *says;
    } rows[] = {
        {"sunspec:103.A", "has 4 registers; A_SF lies behind"},
        {"sunspec:103.W", "has 4 registers; W lies behind"},
        {"sunspec:103[2].A", "less often"},
        {"sunspec:101|102.A", "none of the models from 101 on"},
        {"sunspec:101.A", "no model 101"},
        {"sunspec:160.module[2].DCW", "model 160 of the device has 1 of module"},
    };
    CLEANUP(release) struct bench bench;

    assert_true(make(&bench, 0, registers, sizeof(registers) / sizeof(registers[0])));
    bench.end = 100;
    bench.registers[40] = 0xffff;
    assert_int_equal(read_chain(&bench), ERROR_OK);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sunspec_place place = {0};
        struct error missing = {0};
        bool found = true;

        assert_int_equal(find(&bench, rows[i].address, &place, &found, &missing), ERROR_OK);
        assert_false(found);
        if (strstr(missing.text, rows[i].says) == NULL) {
            fail_msg("%s: %s", rows[i].address, missing.text);
        }
    }
}

static void p1_numbers_of_groups_are_asked_for_once_and_may_be_mad(void **unused)
{
    (void)unused;
    static const uint16_t numbers[] = {2, 0, 0xffff, 65534};
    CLEANUP(release) struct bench bench;

    assert_true(make(&bench, 0, two, TWO));
    bench.end = REGISTERS;
    bench.registers[2] = 705;
    bench.registers[3] = 500;
    bench.registers[504] = 0xffff;
    assert_int_equal(read_chain(&bench), ERROR_OK);
    for (size_t i = 0; i < 4; i++) {
        struct sunspec_place place = {0};
        struct error missing = {0};
        bool found = false;

        bench.registers[2 + 5] = numbers[i]; /* NPt */
        bench.registers[2 + 6] = 3;          /* NCrv */
        bench.requests = 0;
        assert_int_equal(find(&bench, "sunspec:705.Crv[2].Pt[1].V", &place, &found, &missing),
                         ERROR_OK);
        assert_int_equal(bench.requests, 2);
        assert_int_equal(found, i == 0);
        /* 15 of the model, 10 and 2 x 2 of the first curve, 10 of the second */
        assert_true(!found || place.first == 2 + 15 + 14 + 10);
        assert_true(!found || (place.has_factor && place.factor_first == 2 + 12));
    }
}

static struct sample decoded(enum sunspec_kind kind, unsigned count, const uint16_t *registers,
                             char *text)
{
    const struct sunspec_entry entry = {.kind = (uint8_t)kind, .registers = (uint8_t)count};
    struct sample sample = {0};

    sunspec_decode(&entry, registers, NULL, &sample, text);
    return sample;
}

static void d2_each_type_has_its_value_for_not_implemented(void **unused)
{
    (void)unused;
    static const struct {
        enum sunspec_kind kind;
        unsigned count;
        uint16_t absent[8];
    } rows[] = {
        {SUNSPEC_INT16, 1, {0x8000}},
        {SUNSPEC_UINT16, 1, {0xffff}},
        {SUNSPEC_COUNT, 1, {0xffff}},
        {SUNSPEC_ACC16, 1, {0}},
        {SUNSPEC_ENUM16, 1, {0xffff}},
        {SUNSPEC_BITFIELD16, 1, {0xffff}},
        {SUNSPEC_SUNSSF, 1, {0x8000}},
        {SUNSPEC_INT32, 2, {0x8000, 0}},
        {SUNSPEC_UINT32, 2, {0xffff, 0xffff}},
        {SUNSPEC_ACC32, 2, {0, 0}},
        {SUNSPEC_ENUM32, 2, {0xffff, 0xffff}},
        {SUNSPEC_BITFIELD32, 2, {0xffff, 0xffff}},
        {SUNSPEC_INT64, 4, {0x8000, 0, 0, 0}},
        {SUNSPEC_UINT64, 4, {0xffff, 0xffff, 0xffff, 0xffff}},
        {SUNSPEC_ACC64, 4, {0, 0, 0, 0}},
        {SUNSPEC_FLOAT32, 2, {0x7fc0, 0}},
        {SUNSPEC_FLOAT32, 2, {0xffc0, 1}}, /* another NaN */
        {SUNSPEC_FLOAT64, 4, {0x7ff8, 0, 0, 0}},
        {SUNSPEC_STRING, 2, {0, 0x4142}},
        {SUNSPEC_STRING, 2, {0x2020, 0x2020}},
        {SUNSPEC_IPADDR, 2, {0, 0}},
        {SUNSPEC_IPV6ADDR, 8, {0, 0, 0, 0, 0, 0, 0, 0}},
        {SUNSPEC_EUI48, 4, {0, 0xffff, 0xffff, 0xffff}},
        {SUNSPEC_EUI48, 4, {0, 0, 0, 0}},
    };
    char text[VALUE_TEXT_SIZE];

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint16_t other[8] = {0x4041, 0x4243, 0x4445, 0x4647, 0x4849, 0x4a4b, 0x4c4d, 0x4e4f};

        assert_int_equal(decoded(rows[i].kind, rows[i].count, rows[i].absent, text).status,
                         (uint32_t)STATUS_BAD_NO_DATA_AVAILABLE);
        assert_int_equal(decoded(rows[i].kind, rows[i].count, other, text).status, STATUS_GOOD);
    }
}

static void assert_text(enum sunspec_kind kind, unsigned count, const uint16_t *registers,
                        const char *expected)
{
    char text[VALUE_TEXT_SIZE];
    struct sample sample = decoded(kind, count, registers, text);

    assert_int_equal(sample.type, SAMPLE_TEXT);
    assert_int_equal(sample.value.text.size_bytes, strlen(expected));
    assert_memory_equal(sample.value.text.bytes, expected, strlen(expected));
}

static void d1_addresses_are_texts_and_floats_doubles(void **unused)
{
    (void)unused;
    static const uint16_t pi[] = {0x4009, 0x21fb, 0x5444, 0x2d18};
    static const uint16_t v4[] = {0xc000, 0x02ff};
    static const uint16_t v6[] = {0x2001, 0xdb8, 0, 0, 0, 0, 0, 0xffff};
    static const uint16_t mac[] = {0, 0x0011, 0x22aa, 0xbbff};
    static const struct sunspec_entry fixed = {.kind = SUNSPEC_INT16, .registers = 1, .factor = -7};
    struct sample sample = {0};
    char text[VALUE_TEXT_SIZE];

    assert_true(decoded(SUNSPEC_FLOAT64, 4, pi, text).value.real == 0x1.921fb54442d18p1);
    assert_text(SUNSPEC_IPADDR, 2, v4, "192.0.2.255");
    assert_text(SUNSPEC_IPV6ADDR, 8, v6, "2001:db8:0:0:0:0:0:ffff");
    assert_text(SUNSPEC_EUI48, 4, mac, "00:11:22:AA:BB:FF");
    sunspec_decode(&fixed, v4 + 1, NULL, &sample, text);
    assert_true(sample.type == SAMPLE_DOUBLE && sample.value.real == 767e-7);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(s1_the_chain_is_found_at_each_of_the_three_bases),
        cmocka_unit_test(an_end_without_a_length_is_an_end),
        cmocka_unit_test(s1_after_silence_at_one_base_the_next_call_begins_with_the_next),
        cmocka_unit_test(s2_a_chain_that_cannot_be_true_is_refused_with_what_stands_where),
        cmocka_unit_test(s2_an_endless_chain_ends_after_128_models),
        cmocka_unit_test(s2_models_up_to_the_last_register_without_an_end_are_refused),
        cmocka_unit_test(an_exception_in_the_middle_says_where),
        cmocka_unit_test(a_device_without_sunspec_is_told_so),
        cmocka_unit_test(s3_a_chain_that_took_too_long_goes_on_where_it_was),
        cmocka_unit_test(an_address_that_cannot_be_is_refused_with_advice),
        cmocka_unit_test(models_that_disagree_about_a_points_type_are_two_points),
        cmocka_unit_test(p2_what_a_device_does_not_have_is_told),
        cmocka_unit_test(p1_numbers_of_groups_are_asked_for_once_and_may_be_mad),
        cmocka_unit_test(d2_each_type_has_its_value_for_not_implemented),
        cmocka_unit_test(d1_addresses_are_texts_and_floats_doubles),
    };

    return cmocka_run_group_tests_name("sunspec", cases, NULL, NULL);
}
