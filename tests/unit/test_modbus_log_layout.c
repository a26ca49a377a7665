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

static const struct log_options ring = {.records = "input:4000",
                                        .length = 10,
                                        .count = 100,
                                        .index = "holding:1",
                                        .index_says = LOG_INDEX_NEXT,
                                        .time = "record:8",
                                        .time_format = STAMP_UNIX,
                                        .zone = "utc"};

/** What becomes of it with a block of 100; the sentence holds `word`, NULL: it is fine. */
static void assert_layout(const struct log_options *options, const char *word)
{
    struct log_layout layout = {0};
    struct error error = {0};
    struct arena arena;
    enum error_code code;

    arena_init(&arena, 1 << 16);
    code = log_layout_set(&layout, options, 100, ORDER_ABCD, &arena, &error);
    if (code != (word == NULL ? ERROR_OK : ERROR_BAD_CONFIG) ||
        (word != NULL && strstr(error.text, word) == NULL)) {
        fail_msg("wanted '%s', got '%s'", word == NULL ? "" : word, error.text);
    }
    arena_deinit(&arena);
}

#define CASE(word, ...)                                                                            \
    do {                                                                                           \
        struct log_options options = ring;                                                         \
        __VA_ARGS__;                                                                               \
        assert_layout(&options, word);                                                             \
    } while (0)

static void rings_that_cannot_be_are_refused_with_what_to_write(void **unused)
{
    (void)unused;
    CASE(NULL, (void)0);
    CASE("whole register", options.records = "coil:1");
    CASE("beyond 65535", options.count = 6154);
    CASE("block: 100", options.length = 101);
    CASE("count: is missing", options.count = 0);
    CASE("nothing tells", options.count = 1);
    CASE("second one", options.index = "holding:65535", options.index_type = 1);
    CASE("index: is missing", options.index = NULL);
    CASE("index_says: is missing", options.index_says = LOG_INDEX_NONE);
    CASE("record:0", options.time = "holding:8");
    CASE("length: 10", options.time = "record:9");
    CASE("zone", options.time_format = STAMP_IEC, options.time = "record:0",
         options.zone = "Nowhere/Land");
    CASE("records", options.records = "record:5");
    CASE("file_numbers: only", options.file_numbers = LOG_FILE_RECORDS);
}

static void files_that_cannot_be_are_refused_with_what_to_write(void **unused)
{
    (void)unused;
    struct log_options file = ring;

    file.records = "file:4/1";
    file.file_numbers = LOG_FILE_RECORDS;
    assert_layout(&file, NULL);
#define FILE_CASE(word, ...) CASE(word, options = file, __VA_ARGS__)
    FILE_CASE("file_numbers: is missing", options.file_numbers = LOG_FILE_NONE);
    FILE_CASE("files are 1 to 65535", options.records = "file:0");
    FILE_CASE("files are 1 to 65535", options.records = "file:65536");
    FILE_CASE("records 0 to 9999", options.records = "file:1/10000");
    FILE_CASE("records", options.records = "file:");
    FILE_CASE("records", options.records = "file:1/");
    FILE_CASE(NULL, options.count = 9999);
    FILE_CASE("beyond 9999", options.count = 10000);
    FILE_CASE("beyond 9999", options.count = 1000, options.file_numbers = LOG_FILE_REGISTERS);
    FILE_CASE(NULL, options.count = 999, options.file_numbers = LOG_FILE_REGISTERS);
    FILE_CASE("index: is missing", options.index = NULL);
#undef FILE_CASE
}

static void queues_that_cannot_be_are_refused_with_what_to_write(void **unused)
{
    (void)unused;
    const struct log_options queue = {.records = "fifo:65535",
                                      .length = 31,
                                      .time = "record:0",
                                      .time_format = STAMP_UNIX_MS,
                                      .zone = "utc"};

    assert_layout(&queue, NULL);
#define QUEUE_CASE(word, ...) CASE(word, options = queue, __VA_ARGS__)
    QUEUE_CASE("0 to 65535", options.records = "fifo:65536");
    QUEUE_CASE("allows 31", options.length = 32);
    QUEUE_CASE("is a queue", options.count = 10);
    QUEUE_CASE("is a queue", options.index = "holding:1");
    QUEUE_CASE("is a queue", options.index_says = LOG_INDEX_NEXT);
    QUEUE_CASE("is a queue", options.file_numbers = LOG_FILE_RECORDS);
#undef QUEUE_CASE
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_layout_of_a_time_is_read),
        cmocka_unit_test(a_zone_holds_for_times_of_a_calendar),
        cmocka_unit_test(rings_that_cannot_be_are_refused_with_what_to_write),
        cmocka_unit_test(files_that_cannot_be_are_refused_with_what_to_write),
        cmocka_unit_test(queues_that_cannot_be_are_refused_with_what_to_write),
    };

    return cmocka_run_group_tests_name("modbus_log_layout", tests, NULL, NULL);
}
