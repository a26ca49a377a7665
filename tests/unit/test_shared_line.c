/* 30 units on one serial line, as a cabinet has them: real collectors, the real driver, a line
 * that takes 11 bit times for every byte and spoils what overlaps. */
#include "agent/collect/fleet.h"
#include "base/cleanup.h"
#include "tests/sim/library/serial_line.h"
#include "tests/support/config_folder.h"
#include "tests/support/store_room.h"

enum {
    GOOD = 22, /* units 1 to 22 */
    DEAD = 5,
    LATE = 2,
    UNITS = 30, /* the last one babbles */
    INTERVAL_S = 2,
    TIMEOUT_MS = 300,
    SETTLE_S = 8, /* each of the others fails for the first time */
    CALM_S = 4,
    MEASURED_S = 36,
    LATER_MS = 600,
    THINKS_MS = 5,
    BABBLES_EVERY_MS = 1700,
};

struct figures {
    uint64_t polls, missed;
    unsigned spoilt;
    int64_t latest_ns; /* of the good */
    unsigned others;   /* requests to the dead and the late */
    double took_s;
};

/** Without trouble all UNITS are good. */
static struct serial_line_settings make_slaves(bool trouble)
{
    struct serial_line_settings made = {.baud = 9600, .interval_ns = INTERVAL_S * NS_PER_S};

    for (unsigned unit = 1; unit <= UNITS; unit++) {
        bool late = trouble && unit > GOOD + DEAD && unit < UNITS;

        made.slaves[unit].answers_after_ns = late ? LATER_MS * NS_PER_MS : THINKS_MS * NS_PER_MS;
        if (trouble && unit > GOOD && unit <= GOOD + DEAD) {
            made.slaves[unit].answers_after_ns = 0;
        }
    }
    made.slaves[UNITS].babbles_every_ns = trouble ? BABBLES_EVERY_MS * NS_PER_MS : 0;
    return made;
}

static struct config *configure(struct config_folder *folder, const char *port)
{
    char text[16000];
    size_t at = (size_t)snprintf(text, sizeof(text), "site: s\ngateway: g\ndevices:\n");

    for (unsigned unit = 1; unit <= UNITS; unit++) {
        at += (size_t)snprintf(
            text + at, sizeof(text) - at,
            "  - name: u%02u\n    driver: modbus-rtu\n    port: %s\n    baud: 9600\n"
            "    parity: none\n    unit: %u\n    timeout: %dms\n    interval: %ds\n    points:\n"
            "      - { name: a, address: holding:1, type: uint16 }\n"
            "      - { name: b, address: holding:2, type: uint16 }\n",
            unit, port, unit, TIMEOUT_MS, INTERVAL_S);
    }
    config_folder_write(folder, "leat.yaml", text, at);
    return config_folder_load(folder);
}

static bool go_on(void *context)
{
    (void)context;
    return true;
}

static void count_good(struct status_board *board, uint64_t *polls, uint64_t *missed)
{
    struct status_device device;

    *polls = *missed = 0;
    for (size_t i = 0; status_board_device(board, i, &device); i++) {
        if (strtoul(device.name + 1, NULL, 10) <= GOOD) {
            *polls += device.counts.polls;
            *missed += device.counts.missed;
        }
    }
}

/** Until the good units have answered as often as they are asked in that time; how long it took. */
static double answer_for_s(struct serial_line *line, unsigned seconds)
{
    int64_t begin_ns = clock_monotonic_ns(&clock_system);
    uint64_t answers = serial_line_answers(line, GOOD) + (uint64_t)(GOOD * (seconds / INTERVAL_S));

    assert_true(serial_line_wait_answers(line, GOOD, answers, 3 * seconds * NS_PER_S));
    return (double)(clock_monotonic_ns(&clock_system) - begin_ns) / (double)NS_PER_S;
}

static struct figures measure(struct room *room, bool trouble, unsigned seconds)
{
    const struct serial_line_settings slaves = make_slaves(trouble);
    struct config_folder folder;
    struct status_board *board = NULL;
    struct fleet fleet = {0};
    struct figures figures = {0};
    struct serial_line_counts counts;
    struct error error;
    char port[80];
    struct serial_line *line = serial_line_open(&slaves, port, sizeof(port));
    uint64_t polls, missed;
    struct config *config;

    assert_non_null(line);
    config_folder_make(&folder);
    config = configure(&folder, port);
    assert_non_null(config);
    assert_int_equal(status_board_create(&board, &error), ERROR_OK);
    fleet.settings =
        (struct collector_settings){.store = room->store, .board = board, .clock = &clock_system};
    assert_int_equal(fleet_apply(&fleet, config, go_on, NULL).started, UNITS);
    (void)answer_for_s(line, trouble ? SETTLE_S : 2 * INTERVAL_S); /* the first turn is at once */
    count_good(board, &polls, &missed);
    for (unsigned unit = 1; unit <= UNITS; unit++) {
        (void)serial_line_take_counts(line, unit, &counts);
    }
    figures.took_s = answer_for_s(line, seconds);
    count_good(board, &figures.polls, &figures.missed);
    figures.polls -= polls;
    figures.missed -= missed;
    for (unsigned unit = 1; unit <= UNITS; unit++) {
        figures.spoilt = serial_line_take_counts(line, unit, &counts);
        if (unit <= GOOD && counts.latest_ns > figures.latest_ns) {
            figures.latest_ns = counts.latest_ns;
        }
        figures.others += unit > GOOD && unit < UNITS ? counts.requests : 0;
    }
    assert_int_equal(fleet_stop(&fleet, clock_monotonic_ns(&clock_system) + 5 * NS_PER_S), 0);
    assert_null(fleet.links.first);
    fleet_deinit(&fleet);
    status_board_free(board);
    config_free(config);
    config_folder_remove(&folder);
    serial_line_close(line);
    (void)printf("%.1f s, trouble %d: polls %llu, missed %llu, latest %lld ms, spoilt %u, "
                 "requests to dead and late %u\n",
                 figures.took_s, trouble, (unsigned long long)figures.polls,
                 (unsigned long long)figures.missed, (long long)(figures.latest_ns / NS_PER_MS),
                 figures.spoilt, figures.others);
    return figures;
}

static void the_good_units_of_a_bad_line_keep_their_polls(void **state)
{
    struct room *room = *state;
    struct figures calm, bad;
    int64_t request_ns = (TIMEOUT_MS + 50) * NS_PER_MS; /* with its bytes and the silence */

    room_open(room);
    calm = measure(room, false, CALM_S);
    bad = measure(room, true, MEASURED_S);
    assert_true(bad.took_s <= MEASURED_S + 2 * INTERVAL_S);
    assert_true(bad.missed * 100 <= bad.polls + bad.missed);
    assert_true(bad.spoilt > 0); /* there was trouble */
    /* They are tried again, in a tenth of the time (B2). Now and then noise ends a request early,
     * and with it the wait for the next. */
    assert_true(bad.others > 0);
    assert_true(bad.others * TIMEOUT_MS * 7 <= (bad.took_s + 2 * INTERVAL_S) * 1000);
    /* The added delay: a request to a suspect, and one more for each babble, of which two may fall
     * into an interval. */
    assert_true(bad.latest_ns - calm.latest_ns <= 3 * request_ns);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test_setup_teardown(the_good_units_of_a_bad_line_keep_their_polls, room_set_up,
                                        room_tear_down),
    };

    return cmocka_run_group_tests_name("shared_line", cases, NULL, NULL);
}
