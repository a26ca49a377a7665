/* Logs that a device keeps: what is configured of one, and the times in records. */
#include "base/arena.h"
#include "base/clock.h"
#include "drivers/modbus/logs/layout.h"
#include "tests/support/cmocka.h"

#include <string.h>

#define EPOCH INT64_C(1700000000)

static void every_layout_of_a_time_is_read(void **unused)
{
    (void)unused;
    static const struct {
        enum stamp_format format;
        enum value_order order;
        uint16_t registers[6];
        int64_t ms; /* 0: none */
    } cases[] = {
        {STAMP_UNIX, ORDER_ABCD, {0x6553, 0xf100}, 1700000000000},
        {STAMP_UNIX, ORDER_CDAB, {0xf100, 0x6553}, 1700000000000},
        {STAMP_UNIX, ORDER_DCBA, {0x00f1, 0x5365}, 1700000000000},
        {STAMP_UNIX, ORDER_ABCD, {0, 0}, 0},
        {STAMP_UNIX, ORDER_ABCD, {0xffff, 0xffff}, 4294967295000},
        {STAMP_UNIX_MS, ORDER_ABCD, {0, 0x018b, 0xcfe5, 0x6807}, 1700000000007},
        {STAMP_UNIX_MS, ORDER_ABCD, {0xffff, 0xffff, 0xffff, 0xffff}, 0},
        {STAMP_CALENDAR, ORDER_ABCD, {2023, 11, 14, 22, 13, 20}, 1700000000000},
        {STAMP_CALENDAR, ORDER_ABCD, {23, 11, 14, 22, 13, 20}, 1700000000000},
        {STAMP_CALENDAR,
         ORDER_BADC,
         {0x1700, 0x0b00, 0x0e00, 0x1600, 0x0d00, 0x1400},
         1700000000000},
        {STAMP_CALENDAR, ORDER_ABCD, {2023, 2, 29, 0, 0, 0}, 0},
        {STAMP_CALENDAR, ORDER_ABCD, {2023, 13, 1, 0, 0, 0}, 0},
        {STAMP_CALENDAR, ORDER_ABCD, {2023, 1, 1, 24, 0, 0}, 0},
        {STAMP_IEC, ORDER_ABCD, {23, 11 << 8 | 14, 22 << 8 | 13, 20007}, 1700000000007},
        /* weekday 3, summer time, invalid: not looked at */
        {STAMP_IEC,
         ORDER_ABCD,
         {23, 11 << 8 | 3 << 5 | 14, 1 << 15 | 22 << 8 | 1 << 7 | 13, 20007},
         1700000000007},
        {STAMP_IEC, ORDER_ABCD, {23, 11 << 8 | 14, 22 << 8 | 13, 60000}, 0},
        {STAMP_IEC, ORDER_ABCD, {23, 0, 0, 0}, 0},
    };
    struct arena arena;
    struct error error;

    arena_init(&arena, 4096);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct stamp stamp = {.format = cases[i].format, .order = cases[i].order};
        int64_t time_ns = 0;

        assert_int_equal(zone_set(&stamp.zone, "utc", &arena, &error), ERROR_OK);
        assert_int_equal(stamp_read(&stamp, cases[i].registers, EPOCH * NS_PER_S, &time_ns),
                         cases[i].ms != 0);
        assert_true(time_ns == cases[i].ms * NS_PER_MS);
    }
    arena_deinit(&arena);
}

static void a_zone_holds_for_times_of_a_calendar(void **unused)
{
    (void)unused;
    struct stamp stamp = {.format = STAMP_CALENDAR};
    struct arena arena;
    struct error error;
    int64_t time_ns;

    arena_init(&arena, 4096);
    assert_int_equal(zone_set(&stamp.zone, "+01:00", &arena, &error), ERROR_OK);
    assert_true(stamp_read(&stamp, (const uint16_t[]){2023, 11, 14, 23, 13, 20}, 0, &time_ns));
    assert_true(time_ns == EPOCH * NS_PER_S);
    arena_deinit(&arena);
}

static void layouts_that_cannot_be_are_refused_with_what_to_write(void **unused)
{
    (void)unused;
    static const struct log_options good = {.records = "input:4000",
                                            .length = 10,
                                            .count = 100,
                                            .index = "holding:1",
                                            .time = "record:8",
                                            .time_format = STAMP_UNIX,
                                            .zone = "utc"};
    struct log_options cases[10];
    static const char *const words[10] = {
        NULL,         "whole register", "beyond 65535", "block: 100", "nothing tells",
        "second one", "record:0",       "length: 10",   "zone",       "records"};
    struct arena arena;

    for (unsigned i = 0; i < 10; i++) {
        cases[i] = good;
    }
    cases[1].records = "coil:1";
    cases[2].count = 6154;
    cases[3].length = 101;
    cases[4].count = 1;
    cases[5].index = "holding:65535";
    cases[5].index_type = 1;
    cases[6].time = "holding:8";
    cases[7].time = "record:9";
    cases[8].time_format = STAMP_IEC;
    cases[8].time = "record:0";
    cases[8].zone = "Nowhere/Land";
    cases[9].records = "record:5";
    arena_init(&arena, 1 << 16);
    for (unsigned i = 0; i < 10; i++) {
        struct log_layout layout = {0};
        struct error error = {0};
        enum error_code code = log_layout_set(&layout, &cases[i], 100, ORDER_ABCD, &arena, &error);

        assert_int_equal(code, i == 0 ? ERROR_OK : ERROR_BAD_CONFIG);
        assert_true(i == 0 || strstr(error.text, words[i]) != NULL);
    }
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_layout_of_a_time_is_read),
        cmocka_unit_test(a_zone_holds_for_times_of_a_calendar),
        cmocka_unit_test(layouts_that_cannot_be_are_refused_with_what_to_write),
    };

    return cmocka_run_group_tests_name("modbus_log_layout", tests, NULL, NULL);
}
