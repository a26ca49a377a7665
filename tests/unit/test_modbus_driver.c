/* The modbus-tcp driver against the simulated slave, as long as the slave behaves. */
#include "base/cleanup.h"
#include "tests/sim/library/modbus_rig.h"
#include "tests/support/cmocka.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { TURNS = 200, RAW_SIZE = 32 };

#define LONG (5 * NS_PER_S)

static void every_table_is_read_with_its_own_function(void **unused)
{
    (void)unused;
    CLEANUP(rig_release) struct rig rig = {0};
    modbus_mapping_t *map;

    assert_true(rig_slave(&rig, NULL, NULL, NULL));
    map = modbus_server_mapping(rig.server);
    map->tab_bits[4] = 1;
    map->tab_input_bits[7] = 1;
    map->tab_registers[100] = 0xff38;
    map->tab_input_registers[100] = 4711;
    map->tab_registers[65535] = 8;
    assert_int_equal(rig_point(&rig, "coil:4", "bool", NULL, NULL), ERROR_OK);
    assert_int_equal(rig_point(&rig, "coil:5", "bool", NULL, NULL), ERROR_OK);
    assert_int_equal(rig_point(&rig, "discrete:7", "bool", NULL, NULL), ERROR_OK);
    assert_int_equal(rig_point(&rig, "holding:100", "int16", NULL, NULL), ERROR_OK);
    assert_int_equal(rig_point(&rig, "input:100", "uint16", NULL, NULL), ERROR_OK);
    assert_int_equal(rig_point(&rig, "holding:65535.3", "bool", NULL, NULL), ERROR_OK);
    assert_int_equal(rig_first_read(&rig), ERROR_OK);
    {
        static const int64_t expected[] = {1, 0, 1, -200, 4711, 1};

        for (unsigned i = 0; i < 6; i++) {
            assert_int_equal(rig.values[i].count, 1);
            assert_int_equal(rig.values[i].sample.status, STATUS_GOOD);
            assert_int_equal(rig.values[i].sample.type, SAMPLE_INT);
            assert_int_equal(rig.values[i].sample.value.integer, expected[i]);
        }
    }
    assert_int_equal(rig_requests(&rig), 5);
}

static void all_points_of_a_turn_carry_one_time_in_whole_milliseconds(void **unused)
{
    (void)unused;
    CLEANUP(rig_release) struct rig rig = {0};
    struct fixed_clock clock;

    fixed_clock_init(&clock, INT64_C(1760000000123456789));
    rig.clock = &clock.clock;
    assert_true(rig_slave(&rig, NULL, NULL, NULL));
    assert_int_equal(rig_registers(&rig, 100, 1, 0), ERROR_OK);
    assert_int_equal(rig_registers(&rig, 300, 1, 0), ERROR_OK);
    assert_int_equal(rig_first_read(&rig), ERROR_OK);
    for (unsigned i = 0; i < 2; i++) {
        assert_true(rig.values[i].sample.time_ns == INT64_C(1760000000123000000));
        assert_true(rig.values[i].sample.received_ns == INT64_C(1760000000123000000));
    }
}

static void neighbouring_registers_cost_one_request(void **unused)
{
    (void)unused;
    CLEANUP(rig_release) struct rig rig = {0};

    assert_true(rig_slave(&rig, NULL, NULL, NULL));
    assert_int_equal(rig_registers(&rig, 100, 125, 0), ERROR_OK);
    assert_int_equal(rig_registers(&rig, 225, 1, 1), ERROR_OK);
    assert_int_equal(rig_first_read(&rig), ERROR_OK);
    assert_int_equal(rig_requests(&rig), 1);
    assert_int_equal(rig_read(&rig, 3, LONG), ERROR_OK); /* 126 do not fit one request */
    assert_int_equal(rig_requests(&rig), 3);
    assert_int_equal(rig.values[125].count, 1);
}

static void a_point_that_is_not_due_is_not_emitted_though_it_was_read_along(void **unused)
{
    (void)unused;
    CLEANUP(rig_release) struct rig rig = {0};

    assert_true(rig_slave(&rig, NULL, NULL, NULL));
    assert_int_equal(rig_option(&rig, "gap", "1"), ERROR_OK);
    assert_int_equal(rig_registers(&rig, 100, 1, 0), ERROR_OK);
    assert_int_equal(rig_registers(&rig, 101, 1, 1), ERROR_OK);
    assert_int_equal(rig_registers(&rig, 102, 1, 0), ERROR_OK);
    assert_int_equal(rig_first_read(&rig), ERROR_OK);
    assert_int_equal(rig_requests(&rig), 1);
    assert_int_equal(rig.values[0].count, 1);
    assert_int_equal(rig.values[1].count, 0);
    assert_int_equal(rig.values[2].count, 1);
}

static void the_devices_block_and_gap_are_kept(void **unused)
{
    (void)unused;
    CLEANUP(rig_release) struct rig rig = {0};

    assert_true(rig_slave(&rig, NULL, NULL, NULL));
    assert_int_equal(rig_option(&rig, "block", "20"), ERROR_OK);
    assert_int_equal(rig_option(&rig, "gap", "2"), ERROR_OK);
    assert_int_equal(rig_registers(&rig, 100, 10, 0), ERROR_OK);
    assert_int_equal(rig_registers(&rig, 112, 8, 0), ERROR_OK); /* over a hole of 2: 20 in all */
    assert_int_equal(rig_registers(&rig, 120, 1, 0), ERROR_OK); /* one too many */
    assert_int_equal(rig_registers(&rig, 124, 1, 0), ERROR_OK); /* over a hole of 3 */
    assert_int_equal(rig_first_read(&rig), ERROR_OK);
    assert_int_equal(rig_requests(&rig), 3);
}

static void the_devices_order_holds_for_points_that_give_none(void **unused)
{
    (void)unused;
    CLEANUP(rig_release) struct rig rig = {0};
    modbus_mapping_t *map;

    assert_true(rig_slave(&rig, NULL, NULL, NULL));
    map = modbus_server_mapping(rig.server);
    map->tab_registers[0] = 0x0001;
    map->tab_registers[1] = 0x0002;
    assert_int_equal(rig_option(&rig, "order", "CDAB"), ERROR_OK);
    assert_int_equal(rig_point(&rig, "holding:0", "uint32", NULL, NULL), ERROR_OK);
    assert_int_equal(rig_point(&rig, "holding:0", "uint32", "ABCD", NULL), ERROR_OK);
    assert_int_equal(rig_point(&rig, "holding:0", "uint32", "DCBA", NULL), ERROR_OK);
    assert_int_equal(rig_first_read(&rig), ERROR_OK);
    assert_int_equal(rig.values[0].sample.value.integer, 0x00020001);
    assert_int_equal(rig.values[1].sample.value.integer, 0x00010002);
    assert_int_equal(rig.values[2].sample.value.integer, 0x02000100);
}

static void names_and_ipv6_addresses_are_dialled(void **unused)
{
    (void)unused;
    static const struct {
        const char *host, *name;
    } ways[] = {{NULL, "localhost"}, {"::1", NULL}};

    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        CLEANUP(rig_release) struct rig rig = {0};

        if (!rig_slave(&rig, ways[i].host, NULL, NULL)) {
            continue; /* a machine without IPv6 */
        }
        if (ways[i].name != NULL) {
            (void)snprintf(rig.address, sizeof(rig.address), "%s:%u", ways[i].name,
                           (unsigned)modbus_server_port(rig.server));
        }
        assert_int_equal(rig_registers(&rig, 0, 1, 0), ERROR_OK);
        assert_int_equal(rig_configure(&rig), ERROR_OK);
        for (unsigned n = 0; n < 2; n++) {
            assert_int_equal(rig_open(&rig), ERROR_OK);
            assert_int_equal(rig_read(&rig, 1, LONG), ERROR_OK);
            rig_close(&rig);
        }
    }
}

static void a_setting_that_cannot_work_is_refused_with_advice(void **unused)
{
    (void)unused;
    const struct {
        const char *address, *type, *length, *advice;
    } bad[] = {
        {"coil:4", "uint16", NULL, "write type: bool"},
        {"holding:4.1", "uint16", NULL, "write type: bool"},
        {"holding:4", "bool", NULL, "holding:4.0"},
        {"holding:4", "string", NULL, "length: 8"},
        {"holding:4", "uint32", "2", "leave it out"},
        {"holding:65535", "uint32", NULL, "beyond 65535"},
        {"holding:4", "float64", NULL, "block: 3"},
        {"holding:4", "string", "4", "block: 3"},
        {"40005", "uint16", NULL, "holding:4"},
    };
    CLEANUP(rig_release) struct rig rig = {0};

    assert_int_equal(rig_option(&rig, "block", "3"), ERROR_OK);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(rig_point(&rig, bad[i].address, bad[i].type, NULL, bad[i].length),
                         ERROR_BAD_CONFIG);
        assert_non_null(strstr(rig.error.text, bad[i].advice));
        assert_non_null(strstr(rig.error.text, bad[i].address));
    }
    (void)snprintf(rig.address, sizeof(rig.address), "192.0.2.1");
    assert_int_equal(rig_option(&rig, "unit", "250"), ERROR_OK);
    assert_int_equal(rig_configure(&rig), ERROR_BAD_CONFIG);
    assert_non_null(strstr(rig.error.text, "250"));
}

/* What the driver made of each point, turn by turn, to be compared with the journal. */
struct history {
    char raw[TURNS][RAW_SIZE];
};

static const char *const types[] = {"int16", "uint16", "int32",   "uint32",
                                    "int64", "uint64", "float32", "float64"};
static const char *const orders[] = {"ABCD", "CDAB", "BADC", "DCBA"};

/** The journal's way of writing a value. */
static void format_raw(const struct rig_value *value, const char *type, char *raw)
{
    double real = value->sample.value.real;
    float narrow = (float)real;
    uint64_t wide_bits;
    uint32_t narrow_bits;

    if (value->sample.type == SAMPLE_TEXT) {
        (void)snprintf(raw, RAW_SIZE, "\"%.20s\"", value->text);
    } else if (value->sample.type == SAMPLE_INT) {
        (void)snprintf(raw, RAW_SIZE, "%" PRId64, value->sample.value.integer);
    } else if (strcmp(type, "float32") == 0) {
        memcpy(&narrow_bits, &narrow, sizeof(narrow_bits));
        (void)snprintf(raw, RAW_SIZE, "\"%08" PRIx32 "\"", narrow_bits);
    } else {
        memcpy(&wide_bits, &real, sizeof(wide_bits));
        (void)snprintf(raw, RAW_SIZE, "\"%016" PRIx64 "\"", wide_bits);
    }
}

/** Points of every type in every order, of a slave where they change each millisecond. */
static unsigned write_points(struct rig *rig, FILE *file)
{
    unsigned number = 0;
    unsigned count = 0;

    assert_true(fputs("name,address,type,order,interval_ms\n", file) >= 0);
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        for (size_t j = 0; j < sizeof(orders) / sizeof(orders[0]); j++) {
            char address[RIG_ADDRESS_SIZE];

            (void)snprintf(address, sizeof(address), "%s:%u", j % 2 == 0 ? "holding" : "input",
                           number);
            assert_true(fprintf(file, "p%u,%s,%s,%s,1\n", count++, address, types[i], orders[j]) >
                        0);
            assert_int_equal(rig_point(rig, address, types[i], orders[j], NULL), ERROR_OK);
            number += 4;
        }
    }
    assert_true(fprintf(file,
                        "p%u,coil:9,bool,,1\np%u,discrete:9,bool,,1\np%u,holding:900.5,bool,,"
                        "1\np%u,input:900/5,string,BADC,1\n",
                        count, count + 1, count + 2, count + 3) > 0);
    assert_int_equal(rig_point(rig, "coil:9", "bool", NULL, NULL), ERROR_OK);
    assert_int_equal(rig_point(rig, "discrete:9", "bool", NULL, NULL), ERROR_OK);
    assert_int_equal(rig_point(rig, "holding:900.5", "bool", NULL, NULL), ERROR_OK);
    assert_int_equal(rig_point(rig, "input:900", "string", "BADC", "5"), ERROR_OK);
    return count + 4;
}

static void compare_with_journal(const char *path, const struct history *histories, unsigned count)
{
    CLEANUP(cleanup_fclose) FILE *journal = fopen(path, "re");
    unsigned turns[RIG_POINTS_MAX] = {0};
    char line[256];
    unsigned lines = 0;

    assert_non_null(journal);
    for (; fgets(line, sizeof(line), journal) != NULL; lines++) {
        const char *raw = strstr(line, "\"raw\":");
        unsigned long point = strtoul(line + strlen("{\"name\":\"p"), NULL, 10);

        assert_non_null(raw);
        line[strcspn(line, "}")] = '\0';
        assert_true(point < count && turns[point] < TURNS);
        assert_string_equal(raw + strlen("\"raw\":"), histories[point].raw[turns[point]++]);
    }
    assert_int_equal(lines, count * TURNS);
}

static void what_arrives_is_what_the_slave_served_bit_by_bit(void **unused)
{
    (void)unused;
    CLEANUP(rig_release) struct rig rig = {0};
    char points_path[] = "/tmp/modbus-points-XXXXXX";
    char journal_path[] = "/tmp/modbus-journal-XXXXXX";
    int points_fd = mkostemp(points_path, O_CLOEXEC);
    int journal_fd = mkostemp(journal_path, O_CLOEXEC);
    CLEANUP(cleanup_free) struct history *histories = calloc(RIG_POINTS_MAX, sizeof(*histories));
    FILE *points = points_fd >= 0 ? fdopen(points_fd, "w") : NULL;
    unsigned count;
    unsigned changed = 0;

    assert_true(points != NULL && journal_fd >= 0 && histories != NULL);
    assert_int_equal(close(journal_fd), 0);
    count = write_points(&rig, points);
    assert_int_equal(fclose(points), 0);
    assert_true(rig_slave(&rig, NULL, points_path, journal_path));
    assert_int_equal(rig_configure(&rig), ERROR_OK);
    assert_int_equal(rig_open(&rig), ERROR_OK);
    for (unsigned turn = 0; turn < TURNS; turn++) {
        assert_int_equal(rig_read(&rig, 1, LONG), ERROR_OK);
        for (unsigned i = 0; i < count; i++) {
            char *raw = histories[i].raw[turn];

            assert_int_equal(rig.values[i].count, 1);
            assert_int_equal(rig.values[i].sample.status, STATUS_GOOD);
            format_raw(&rig.values[i], i < 32 ? types[i / 4] : "bool", raw);
            changed += turn > 0 && strcmp(raw, histories[i].raw[turn - 1]) != 0 ? 1 : 0;
        }
    }
    assert_true(changed > count); /* the values do move */
    rig_close(&rig);
    modbus_server_stop(rig.server);
    assert_int_equal(modbus_server_produced(rig.server), count * TURNS);
    compare_with_journal(journal_path, histories, count);
    assert_int_equal(unlink(points_path), 0);
    assert_int_equal(unlink(journal_path), 0);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(every_table_is_read_with_its_own_function),
        cmocka_unit_test(all_points_of_a_turn_carry_one_time_in_whole_milliseconds),
        cmocka_unit_test(neighbouring_registers_cost_one_request),
        cmocka_unit_test(a_point_that_is_not_due_is_not_emitted_though_it_was_read_along),
        cmocka_unit_test(the_devices_block_and_gap_are_kept),
        cmocka_unit_test(the_devices_order_holds_for_points_that_give_none),
        cmocka_unit_test(names_and_ipv6_addresses_are_dialled),
        cmocka_unit_test(a_setting_that_cannot_work_is_refused_with_advice),
        cmocka_unit_test(what_arrives_is_what_the_slave_served_bit_by_bit),
    };

    return cmocka_run_group_tests_name("modbus_driver", cases, NULL, NULL);
}
