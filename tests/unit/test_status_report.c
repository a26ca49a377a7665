/* `leat status`, from the real store to the lines a technician reads. */
#include "agent/local/status_report.h"
#include "tests/support/cmocka.h"
#include "tests/support/store_room.h"

#include <stdlib.h>
#include <string.h>

static const struct config_card card = {
    .size_bytes = UINT64_C(8) << 30, .cycles = 3000, .program_page_bytes = 16 << 10};

struct report {
    struct room *room;
    struct status_board *board;
    struct wear wear;
    struct fixed_clock clock;
    char *json;
    char *table;
};

static void make(struct report *report, const char *sysfs)
{
    const struct status_source source = {.site = "site",
                                         .gateway = "gw",
                                         .store = report->room->store,
                                         .board = report->board,
                                         .clock = &report->clock.clock,
                                         .queue_error = "",
                                         .queue_path = report->room->path,
                                         .wear = &report->wear,
                                         .card = &card,
                                         .sysfs = sysfs};
    struct error error = {0};
    size_t size = 0;
    FILE *output;

    free(report->json);
    free(report->table);
    report->json = status_report_json(&source);
    assert_non_null(report->json);
    output = open_memstream(&report->table, &size);
    assert_non_null(output);
    assert_int_equal(status_report_print(report->json, output, &error), ERROR_OK);
    assert_int_equal(fclose(output), 0);
}

static void begin(struct report *report, struct room *room)
{
    struct error error = {0};

    *report = (struct report){.room = room};
    fixed_clock_init(&report->clock, 20000 * NS_PER_DAY + NS_PER_DAY / 2);
    room_open(room);
    wear_init(&report->wear, room->store, &report->clock.clock);
    assert_int_equal(status_board_create(&report->board, &error), ERROR_OK);
}

static void end(struct report *report)
{
    free(report->json);
    free(report->table);
    status_board_free(report->board);
}

static void shows(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("'%s' is not in\n%s", part, text);
    }
}

static void put_file(struct room *room, const char *end_of_name, size_t size)
{
    char path[160];
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s%s", room->path, end_of_name);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fseek(file, (long)size - 1, SEEK_SET), 0);
    assert_int_equal(fputc('x', file), 'x');
    assert_int_equal(fclose(file), 0);
}

static void a_ring_that_may_not_grow_is_shown(void **state)
{
    struct room *room = *state;
    struct report report;
    uint64_t seed = 1;

    room->settings.ring_bytes[STREAM_READINGS] = 8 << 20;
    room->settings.when_full[STREAM_EVENTS] = STORE_HOLD;
    room->settings.keep_free_bytes = UINT64_MAX / 2;
    begin(&report, room);
    for (unsigned i = 0; i < 20; i++) {
        room_fill_noise(room, 2000, &seed);
        room_commit(room);
    }
    make(&report, "/nothing");
    shows(report.json, "\"ring_bytes\":8388608,\"made_bytes\":1048576,\"when_full\":\"overwrite-"
                       "oldest\",\"growth\":\"floor\"");
    shows(report.table, "overwrite-oldest    1.0 of 8.0\n"
                        "  may not grow: the file system is down to queue.keep_free\n");
    shows(report.table, "hold                1.0 of 1.0\n");
    end(&report);
}

static void files_set_aside_are_listed_with_their_journals_sizes(void **state)
{
    struct room *room = *state;
    struct report report;

    begin(&report, room);
    make(&report, "/nothing");
    shows(report.json, "\"set_aside\":[]");
    put_file(room, ".damaged-1", 2 << 20);
    put_file(room, ".damaged-1-wal", 1 << 20);
    put_file(room, ".other-host-12", 5 << 20);
    put_file(room, ".damaged-", 7);
    put_file(room, ".copy", 7);
    make(&report, "/nothing");
    shows(report.json, "{\"name\":\"queue.db.damaged-1\",\"bytes\":3145728}");
    shows(report.json, "{\"name\":\"queue.db.other-host-12\",\"bytes\":5242880}");
    assert_null(strstr(report.json, "copy"));
    assert_null(strstr(report.json, "damaged-\""));
    assert_null(strstr(report.json, "-wal\""));
    shows(report.table, "  set aside: queue.db.damaged-1, 3.0 MiB\n");
    end(&report);
}

static void wear_is_told_in_words_of_a_technician(void **state)
{
    struct room *room = *state;
    struct report report;

    begin(&report, room);
    make(&report, "/nothing");
    shows(report.table, "card    8.0 GiB, 3000 cycles: too early to tell how long it lasts\n");
    for (int64_t ago = 1; ago < 10; ago++) {
        report.wear.days[(20000 - ago) % WEAR_DAYS] =
            (struct wear_day){20000 - ago, 600000000, 86400, 1400000000};
    }
    make(&report, "/nothing");
    shows(report.table, "card    8.0 GiB, 3000 cycles: 1.40 GB a day, 2.0 % of its life a year, "
                        "worn out in 50 years by this agent alone\n");
    shows(report.table, "  2024-10-03  0.600 GB written, 1.400 GB programmed, 86400 syncs\n");
    shows(report.json, "{\"date\":\"2024-10-03\",\"bytes\":600000000,\"syncs\":86400,"
                       "\"programmed_bytes\":1400000000}");
    shows(report.json, "\"card\":{\"size\":8589934592,\"cycles\":3000,\"program_page\":16384,"
                       "\"from_days\":8,\"daily_bytes\":1400000000,");
    end(&report);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, room_set_up, room_tear_down)
        CASE(a_ring_that_may_not_grow_is_shown),
        CASE(files_set_aside_are_listed_with_their_journals_sizes),
        CASE(wear_is_told_in_words_of_a_technician),
    };

    return cmocka_run_group_tests_name("status_report", cases, NULL, NULL);
}
