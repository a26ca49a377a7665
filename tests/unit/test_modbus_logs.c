/* Logs that a device keeps: which records are new, and the driver reading them from a simulated
 * slave that plays the meter. */
#include "base/cleanup.h"
#include "drivers/modbus/logs/layout.h"
#include "drivers/modbus/logs/ring.h"
#include "drivers/modbus/modbus.h"
#include "tests/sim/library/modbus_rig.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <string.h>

enum { FIRST = 4000, INDEX = 3990, LENGTH = 5, TAKEN_MAX = 4096, KEPT_MAX = 8 };

#define LONG  (5 * NS_PER_S)
#define EPOCH INT64_C(1700000000)

struct taken {
    uint32_t point_id;
    int64_t time_ns, value;
};

struct meter {
    struct rig rig; /* first: the sink finds the rest */
    struct log_options log;
    enum log_index says;
    unsigned first, count;
    uint64_t written;
    char kept[DRIVER_POSITIONS][DRIVER_POSITION_SIZE];
    struct taken taken[TAKEN_MAX];
    unsigned taken_count;
    unsigned room; /* for samples; then the sink is full */
    unsigned keeps;
    bool refuses_positions;
    unsigned events;
    uint64_t lost;
    char reason[RIG_TEXT_SIZE], subject[RIG_TEXT_SIZE];
};

static struct meter *meter_of(struct driver_sink *sink)
{
    return (struct meter *)(void *)sink;
}

static bool take(struct driver_sink *sink, const struct sample *sample)
{
    struct meter *meter = meter_of(sink);

    if (meter->taken_count == meter->room) {
        return false;
    }
    meter->taken[meter->taken_count++] =
        (struct taken){sample->point_id, sample->time_ns, sample->value.integer};
    return true;
}

static bool position(struct driver_sink *sink, char text[DRIVER_POSITION_SIZE])
{
    memcpy(text, meter_of(sink)->kept[sink->slot], DRIVER_POSITION_SIZE);
    return text[0] != '\0';
}

static bool keep(struct driver_sink *sink, const char *text)
{
    struct meter *meter = meter_of(sink);

    if (meter->refuses_positions) {
        return false;
    }
    meter->keeps++;
    (void)snprintf(meter->kept[sink->slot], DRIVER_POSITION_SIZE, "%s", text);
    return true;
}

static void tell(struct driver_sink *sink, const struct event *event)
{
    struct meter *meter = meter_of(sink);

    meter->events++;
    meter->lost = event->count;
    (void)snprintf(meter->reason, sizeof(meter->reason), "%s", event->reason);
    (void)snprintf(meter->subject, sizeof(meter->subject), "%s", event->subject);
}

static void options_set(struct meter *meter, enum log_index says, unsigned count)
{
    meter->says = says;
    meter->first = FIRST;
    meter->count = count;
    meter->room = TAKEN_MAX;
    meter->log = (struct log_options){.records = "holding:4000",
                                      .length = LENGTH,
                                      .count = count,
                                      .index = "holding:3990",
                                      .index_type = 1,
                                      .index_says = (uint32_t)says,
                                      .time = "record:0",
                                      .time_format = STAMP_UNIX,
                                      .zone = "utc"};
}

/** The slave and a driver that reads it; a new driver on the same slave when there was one. */
static void begin(struct meter *meter)
{
    struct modbus_server *server = meter->rig.server;
    char address[RIG_ADDRESS_SIZE];

    if (server == NULL) {
        assert_true(rig_slave(&meter->rig, NULL, NULL, NULL));
        assert_true(modbus_server_start(meter->rig.server));
    } else {
        memcpy(address, meter->rig.address, sizeof(address));
        meter->rig.server = NULL;
        rig_release(&meter->rig);
        meter->rig = (struct rig){0};
        memcpy(meter->rig.address, address, sizeof(address));
    }
    server = server == NULL ? meter->rig.server : server;
    meter->rig.server = NULL; /* it runs already */
    assert_int_equal(rig_record(&meter->rig, &meter->log, "record:2", "uint16", NULL), ERROR_OK);
    assert_int_equal(rig_record(&meter->rig, &meter->log, "record:3", "int32", NULL), ERROR_OK);
    assert_int_equal(rig_configure(&meter->rig), ERROR_OK);
    meter->rig.server = server;
    meter->rig.sink.emit = take;
    meter->rig.sink.position = position;
    meter->rig.sink.keep = keep;
    meter->rig.sink.tell = tell;
    assert_int_equal(rig_open(&meter->rig), ERROR_OK);
}

static void put(struct meter *meter, uint64_t number)
{
    modbus_mapping_t *map = modbus_server_mapping(meter->rig.server);
    uint16_t *record = map->tab_registers + meter->first + number % meter->count * LENGTH;
    uint32_t time_s = (uint32_t)(EPOCH + (int64_t)number * 900);

    record[0] = (uint16_t)(time_s >> 16);
    record[1] = (uint16_t)(time_s & 0xffff);
    record[2] = (uint16_t)(number & 0xffff);
    record[3] = 0xffff;
    record[4] = (uint16_t)(0 - (number & 0x7fff) - 1);
}

static void say(struct meter *meter)
{
    modbus_mapping_t *map = modbus_server_mapping(meter->rig.server);
    uint64_t index = meter->says == LOG_INDEX_WRITTEN ? meter->written
                     : meter->says == LOG_INDEX_NEXT
                         ? meter->written % meter->count
                         : (meter->written + meter->count - 1) % meter->count;

    map->tab_registers[INDEX] = (uint16_t)(index >> 16);
    map->tab_registers[INDEX + 1] = (uint16_t)(index & 0xffff);
}

static void write_records(struct meter *meter, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        put(meter, meter->written++);
    }
    say(meter);
}

/** Turns until one brings nothing. */
static void read_all(struct meter *meter)
{
    unsigned before;

    do {
        before = meter->taken_count;
        assert_int_equal(rig_read(&meter->rig, 1, LONG), ERROR_OK);
    } while (meter->taken_count != before);
}

/** What was taken are the records from `first` to `last`, each once, both points, in order. */
static void assert_taken(const struct meter *meter, unsigned first, unsigned last)
{
    assert_int_equal(meter->taken_count, (last - first + 1) * 2);
    for (unsigned i = 0; i < meter->taken_count; i++) {
        unsigned number = first + i / 2;

        assert_int_equal(meter->taken[i].point_id, i % 2);
        assert_true(meter->taken[i].time_ns == (EPOCH + (int64_t)number * 900) * NS_PER_S);
        assert_true(meter->taken[i].value == (i % 2 == 0 ? (int64_t)number : -(int64_t)number - 1));
    }
}

static void end(struct meter *meter)
{
    rig_release(&meter->rig);
}

static const enum log_index kinds[] = {LOG_INDEX_NEXT, LOG_INDEX_NEWEST, LOG_INDEX_WRITTEN};

static void records_are_taken_in_order_and_once_whatever_the_index_says(void **unused)
{
    (void)unused;
    for (unsigned i = 0; i < 3; i++) {
        CLEANUP(end) struct meter meter = {0};

        options_set(&meter, kinds[i], 64);
        begin(&meter);
        write_records(&meter, 10); /* the other 54 places were never written */
        read_all(&meter);
        assert_taken(&meter, 0, 9);
        write_records(&meter, 60); /* over the end of the ring */
        read_all(&meter);
        assert_taken(&meter, 0, 69);
        write_records(&meter, 64 * 2 - 70);
        for (unsigned more = 0; more < 40; more++) {
            write_records(&meter, 1);
            read_all(&meter);
        }
        assert_int_equal(meter.rig.rejections, 0);
        assert_int_equal(meter.events, 0);
        assert_taken(&meter, 0, 64 * 2 + 40 - 1);
    }
}

static void a_new_run_goes_on_where_the_last_one_ended(void **unused)
{
    (void)unused;
    for (unsigned i = 0; i < 3; i++) {
        CLEANUP(end) struct meter meter = {0};

        options_set(&meter, kinds[i], 64);
        begin(&meter);
        write_records(&meter, 100);
        read_all(&meter);
        assert_taken(&meter, 36, 99);
        write_records(&meter, 40);
        begin(&meter);
        read_all(&meter);
        assert_taken(&meter, 36, 139);
        assert_int_equal(meter.events, 0);
    }
}

static void a_log_without_news_costs_one_request(void **unused)
{
    (void)unused;
    CLEANUP(end) struct meter meter = {0};
    unsigned before;

    options_set(&meter, LOG_INDEX_NEXT, 64);
    begin(&meter);
    write_records(&meter, 3);
    read_all(&meter);
    before = rig_requests(&meter.rig);
    assert_int_equal(rig_read(&meter.rig, 1, LONG), ERROR_OK);
    assert_int_equal(rig_requests(&meter.rig), before + 1);
    assert_int_equal(rig_read(&meter.rig, 2, LONG), ERROR_OK); /* not due */
    assert_int_equal(rig_requests(&meter.rig), before + 1);
}

static void what_a_counter_says_was_overwritten_is_told_to_the_record(void **unused)
{
    (void)unused;
    CLEANUP(end) struct meter meter = {0};

    options_set(&meter, LOG_INDEX_WRITTEN, 64);
    begin(&meter);
    write_records(&meter, 10);
    read_all(&meter);
    write_records(&meter, 64); /* nothing lost, though the last record taken is gone */
    read_all(&meter);
    assert_taken(&meter, 0, 73);
    assert_int_equal(meter.events, 0);
    write_records(&meter, 64 + 7);
    meter.taken_count = 0;
    read_all(&meter);
    assert_taken(&meter, 81, 144);
    assert_int_equal(meter.events, 1);
    assert_int_equal(meter.lost, 7);
    assert_string_equal(meter.subject, "holding:4000");
}

static void a_ring_that_went_round_is_told_and_read_from_its_oldest_record(void **unused)
{
    (void)unused;
    CLEANUP(end) struct meter meter = {0};

    options_set(&meter, LOG_INDEX_NEWEST, 64);
    begin(&meter);
    write_records(&meter, 10);
    read_all(&meter);
    write_records(&meter, 64 + 5); /* the index says 5 new ones */
    meter.taken_count = 0;
    begin(&meter);
    read_all(&meter);
    assert_taken(&meter, 15, 78);
    assert_int_equal(meter.events, 1);
    assert_non_null(strstr(meter.reason, "no longer there"));
    write_records(&meter, 64); /* the index is the same as before */
    meter.taken_count = 0;
    begin(&meter);
    read_all(&meter);
    assert_taken(&meter, 79, 142);
    assert_int_equal(meter.events, 2);
}

static void after_a_cleared_ring_only_newer_records_are_taken(void **unused)
{
    (void)unused;
    CLEANUP(end) struct meter meter = {0};
    modbus_mapping_t *map;

    options_set(&meter, LOG_INDEX_NEXT, 64);
    begin(&meter);
    write_records(&meter, 10);
    read_all(&meter);
    map = modbus_server_mapping(meter.rig.server);
    for (unsigned i = 0; i < 3; i++) { /* begins anew at place 0, with later times */
        uint64_t number = meter.written + i;
        unsigned count = meter.count;

        put(&meter, number);
        memmove(map->tab_registers + FIRST + i * LENGTH,
                map->tab_registers + FIRST + number % count * LENGTH, LENGTH * sizeof(uint16_t));
    }
    memset(map->tab_registers + FIRST + 7 * LENGTH, 0, 6 * LENGTH * sizeof(uint16_t));
    /* records 3 to 6 stand there still */
    map->tab_registers[INDEX + 1] = 3;
    begin(&meter);
    read_all(&meter);
    assert_taken(&meter, 0, 12);
    assert_int_equal(meter.events, 1);
    begin(&meter);
    read_all(&meter);
    assert_taken(&meter, 0, 12);
    assert_int_equal(meter.events, 1);
}

static void a_counter_that_went_back_is_told_and_all_is_read(void **unused)
{
    (void)unused;
    CLEANUP(end) struct meter meter = {0};

    options_set(&meter, LOG_INDEX_WRITTEN, 64);
    begin(&meter);
    write_records(&meter, 10);
    read_all(&meter);
    meter.written = 0;
    write_records(&meter, 4);
    meter.taken_count = 0;
    read_all(&meter);
    assert_taken(&meter, 0, 3);
    assert_int_equal(meter.events, 1);
    assert_int_equal(meter.lost, 0);
}

static void what_the_sink_has_no_room_for_comes_in_the_next_turn(void **unused)
{
    (void)unused;
    CLEANUP(end) struct meter meter = {0};

    options_set(&meter, LOG_INDEX_NEXT, 64);
    begin(&meter);
    write_records(&meter, 30);
    meter.room = 20; /* ten records */
    read_all(&meter);
    assert_taken(&meter, 0, 9);
    meter.room = TAKEN_MAX;
    begin(&meter);
    read_all(&meter);
    assert_taken(&meter, 0, 29);
}

static void a_position_that_was_not_kept_is_kept_before_more_is_read(void **unused)
{
    (void)unused;
    CLEANUP(end) struct meter meter = {0};

    options_set(&meter, LOG_INDEX_NEXT, 64);
    begin(&meter);
    write_records(&meter, 64);
    meter.refuses_positions = true;
    for (unsigned turn = 0; turn < 3; turn++) {
        assert_int_equal(rig_read(&meter.rig, 1, LONG), ERROR_OK);
        assert_taken(&meter, 0, 24); /* those of one request */
    }
    meter.refuses_positions = false;
    read_all(&meter);
    assert_taken(&meter, 0, 63);
}

static void a_backlog_takes_its_portion_of_a_turn(void **unused)
{
    (void)unused;
    CLEANUP(end) struct meter meter = {0};
    struct fixed_clock clock;
    unsigned before;

    options_set(&meter, LOG_INDEX_NEXT, 512);
    fixed_clock_init(&clock, EPOCH * NS_PER_S);
    begin(&meter);
    meter.rig.clock = &clock.clock;
    write_records(&meter, 250);
    assert_int_equal(rig_read(&meter.rig, 1, LONG), ERROR_OK); /* 25 a request, no time goes by */
    assert_taken(&meter, 0, 249);
    write_records(&meter, 250);
    before = rig_requests(&meter.rig);
    meter.taken_count = 0;
    assert_int_equal(rig_read(&meter.rig, 1, LONG), ERROR_OK); /* no time since the last turn */
    assert_int_equal(rig_requests(&meter.rig), before + 2);    /* the index, and one of records */
    assert_int_equal(rig_read(&meter.rig, 2, LONG), ERROR_OK); /* not due, but behind */
    assert_int_equal(rig_requests(&meter.rig), before + 4);
    assert_true(meter.taken_count > 0 && meter.taken_count < 2 * 60);
}

static void a_device_that_gives_few_at_once_is_asked_for_fewer(void **unused)
{
    (void)unused;
    CLEANUP(end) struct meter meter = {0};
    unsigned before;

    options_set(&meter, LOG_INDEX_NEXT, 64);
    meter.first = 61000; /* at most 10 registers: two records */
    meter.log.records = "holding:61000";
    begin(&meter);
    write_records(&meter, 64);
    read_all(&meter);
    assert_taken(&meter, 0, 63);
    assert_int_equal(meter.rig.rejections, 0);
    write_records(&meter, 4);
    before = rig_requests(&meter.rig);
    read_all(&meter);
    assert_taken(&meter, 0, 67);
    /* By turns that follow at once (G1): index, 63 alone for it is the last place, 64 and 65;
     * index, 65 and 66; index, 66 and 67; index. Nothing is refused any more. */
    assert_int_equal(rig_requests(&meter.rig), before + 8);
}

static void records_of_one_time_are_kept_apart_and_in_order(void **unused)
{
    (void)unused;
    CLEANUP(end) struct meter meter = {0};
    modbus_mapping_t *map;

    options_set(&meter, LOG_INDEX_NEXT, 64);
    begin(&meter);
    write_records(&meter, 4);
    map = modbus_server_mapping(meter.rig.server);
    for (unsigned i = 1; i < 3; i++) { /* three of one second, then another one */
        memcpy(map->tab_registers + FIRST + i * LENGTH, map->tab_registers + FIRST, 4);
    }
    read_all(&meter);
    for (unsigned i = 0; i < 4; i++) {
        int64_t wanted = EPOCH * NS_PER_S + (i < 3 ? i * NS_PER_US : 3 * 900 * NS_PER_S);

        assert_true(meter.taken[2 * i].time_ns == wanted);
        assert_true(meter.taken[2 * i + 1].time_ns == wanted);
    }
}

static void records_without_a_time_are_rejected_and_passed(void **unused)
{
    (void)unused;
    CLEANUP(end) struct meter meter = {0};
    modbus_mapping_t *map;

    options_set(&meter, LOG_INDEX_NEXT, 64);
    meter.log.time_format = STAMP_IEC;
    meter.log.length = LENGTH;
    begin(&meter);
    write_records(&meter, 4); /* their seconds are no such time */
    map = modbus_server_mapping(meter.rig.server);
    memcpy(map->tab_registers + FIRST + 2 * LENGTH,
           (const uint16_t[]){24, 2 << 8 | 29, 13 << 8 | 59, 59999, 7}, 5 * sizeof(uint16_t));
    read_all(&meter);
    assert_int_equal(meter.rig.rejections, 3);
    assert_int_equal(meter.taken_count, 2);
    assert_true(meter.taken[0].time_ns == 1709215199999 * NS_PER_MS); /* 2024-02-29T13:59:59.999Z */
    read_all(&meter);
    assert_int_equal(meter.rig.rejections, 3);
}

static void an_index_beyond_the_ring_is_complained_of_once(void **unused)
{
    (void)unused;
    CLEANUP(end) struct meter meter = {0};

    options_set(&meter, LOG_INDEX_NEWEST, 64);
    begin(&meter);
    modbus_server_mapping(meter.rig.server)->tab_registers[INDEX + 1] = 64;
    read_all(&meter);
    read_all(&meter);
    assert_int_equal(meter.rig.rejections, 1);
    assert_non_null(strstr(meter.rig.rejection, "it says 64"));
}

static void points_that_do_not_fit_their_log_are_refused(void **unused)
{
    (void)unused;
    static const char *const cases[][3] = {
        {"record:4", "int32", "length: 5"},
        {"holding:4", "int16", "points below 'logs'"},
        {"record:4", "bool", "16 bits"},
    };
    for (unsigned i = 0; i < 3; i++) {
        CLEANUP(end) struct meter meter = {0};

        options_set(&meter, LOG_INDEX_NEXT, 64);
        assert_int_equal(rig_record(&meter.rig, &meter.log, cases[i][0], cases[i][1], NULL),
                         ERROR_BAD_CONFIG);
        assert_non_null(strstr(meter.rig.error.text, cases[i][2]));
        assert_int_equal(rig_point(&meter.rig, "record:1", "int16", NULL, NULL), ERROR_BAD_CONFIG);
        assert_non_null(strstr(meter.rig.error.text, "only points below 'logs'"));
    }
}

static void positions_are_found_in_whatever_slot_they_stand(void **unused)
{
    (void)unused;
    CLEANUP(end) struct meter meter = {0};

    options_set(&meter, LOG_INDEX_NEXT, 64);
    begin(&meter);
    write_records(&meter, 10);
    read_all(&meter);
    memcpy(meter.kept[7], meter.kept[0], sizeof(meter.kept[0]));
    (void)snprintf(meter.kept[0], sizeof(meter.kept[0]),
                   "ring 1 0x1234 5 6 7 0x8"); /* of another log */
    (void)snprintf(meter.kept[1], sizeof(meter.kept[1]), "nonsense");
    begin(&meter);
    read_all(&meter);
    assert_taken(&meter, 0, 9);
    assert_string_equal(meter.kept[0], "");
    assert_string_equal(meter.kept[1], "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_are_taken_in_order_and_once_whatever_the_index_says),
        cmocka_unit_test(a_new_run_goes_on_where_the_last_one_ended),
        cmocka_unit_test(a_log_without_news_costs_one_request),
        cmocka_unit_test(what_a_counter_says_was_overwritten_is_told_to_the_record),
        cmocka_unit_test(a_ring_that_went_round_is_told_and_read_from_its_oldest_record),
        cmocka_unit_test(after_a_cleared_ring_only_newer_records_are_taken),
        cmocka_unit_test(a_counter_that_went_back_is_told_and_all_is_read),
        cmocka_unit_test(what_the_sink_has_no_room_for_comes_in_the_next_turn),
        cmocka_unit_test(a_position_that_was_not_kept_is_kept_before_more_is_read),
        cmocka_unit_test(a_backlog_takes_its_portion_of_a_turn),
        cmocka_unit_test(a_device_that_gives_few_at_once_is_asked_for_fewer),
        cmocka_unit_test(records_of_one_time_are_kept_apart_and_in_order),
        cmocka_unit_test(records_without_a_time_are_rejected_and_passed),
        cmocka_unit_test(an_index_beyond_the_ring_is_complained_of_once),
        cmocka_unit_test(points_that_do_not_fit_their_log_are_refused),
        cmocka_unit_test(positions_are_found_in_whatever_slot_they_stand),
    };

    return cmocka_run_group_tests_name("modbus_logs", tests, NULL, NULL);
}
