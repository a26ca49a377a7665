#include "agent/status_board.h"
#include "base/utf8.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <string.h>

static struct status_board *new_board(void)
{
    struct status_board *board = NULL;
    struct error error = {0};

    assert_int_equal(status_board_create(&board, &error), ERROR_OK);
    return board;
}

static void a_device_that_left_is_counted_in_the_totals_only(void **unused)
{
    (void)unused;
    struct status_board *board = new_board();
    const struct status_counts one = {
        .polls = 1, .missed = 2, .queued = 3, .suppressed = 4, .rejected = 5, .lines = 6};
    struct status_device device;
    struct status_counts totals;
    int first = status_device_join(board, "boiler-1", "modbus-tcp");
    int second = status_device_join(board, "line-2", "mqtt");

    assert_true(first >= 0 && second >= 0 && first != second);
    status_device_count(board, first, &one);
    status_device_count(board, second, &one);
    status_device_state(board, second, STATUS_DOWN, "no answer");
    status_device_leave(board, first);
    assert_true(status_board_device(board, 0, &device));
    assert_string_equal(device.name, "line-2");
    assert_string_equal(device.reason, "no answer");
    assert_int_equal(device.state, STATUS_DOWN);
    assert_int_equal(device.counts.rejected, 5);
    assert_false(status_board_device(board, 1, &device));
    status_board_totals(board, &totals);
    assert_int_equal(totals.polls, 2);
    assert_int_equal(totals.missed, 4);
    assert_int_equal(totals.queued, 6);
    assert_int_equal(totals.suppressed, 8);
    assert_int_equal(totals.rejected, 10);
    assert_int_equal(totals.lines, 12);
    status_board_free(board);
}

static void many_devices_come_and_go(void **unused)
{
    (void)unused;
    struct status_board *board = new_board();
    struct status_device device;
    int rows[100];

    for (int i = 0; i < 100; i++) {
        char name[16];

        (void)snprintf(name, sizeof(name), "d%d", i);
        rows[i] = status_device_join(board, name, "modbus-tcp");
        assert_true(rows[i] >= 0);
        for (int j = 0; j < i; j++) {
            assert_int_not_equal(rows[i], rows[j]);
        }
    }
    for (int i = 0; i < 100; i += 2) {
        status_device_leave(board, rows[i]);
    }
    assert_true(status_board_device(board, 49, &device));
    assert_string_equal(device.name, "d99");
    assert_false(status_board_device(board, 50, &device));
    assert_int_equal(status_device_join(board, "again", "mqtt"), rows[0]);
    status_board_free(board);
    status_board_free(NULL);
}

static void names_and_reasons_of_any_length_are_cut(void **unused)
{
    (void)unused;
    struct status_board *board = new_board();
    struct status_device device;
    struct status_uplink uplink;
    char longest[1000];
    int row;

    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    row = status_device_join(board, longest, longest);
    status_device_state(board, row, STATUS_DOWN, longest);
    status_uplink_target(board, longest);
    status_uplink_state(board, STATUS_UP, longest);
    status_uplink_uploaded(board, 10, 5, 3, 99);
    assert_true(status_board_device(board, 0, &device));
    assert_int_equal(strlen(device.name), STATUS_NAME_SIZE - 1);
    assert_int_equal(strlen(device.reason), STATUS_REASON_SIZE - 1);
    status_board_uplink(board, &uplink);
    assert_int_equal(strlen(uplink.reason), STATUS_REASON_SIZE - 1);
    assert_int_equal(uplink.objects, 1);
    assert_int_equal(uplink.rows, 5);
    assert_int_equal(uplink.reading_rows, 3);
    assert_int_equal(uplink.last_success_ns, 99);
    status_board_free(board);
}

static void a_reason_is_cut_between_two_characters(void **unused)
{
    (void)unused;
    struct status_board *board = NULL;
    struct status_device device;
    struct error error;
    char reason[STATUS_REASON_SIZE + 8] = "";
    int row;

    for (size_t at = 0; at + 2 < sizeof(reason); at += 2) {
        memcpy(reason + at, "\xc3\xa4", 2);
    }
    assert_int_equal(status_board_create(&board, &error), ERROR_OK);
    row = status_device_join(board, "line", "mqtt");
    status_device_state(board, row, STATUS_DOWN, reason);
    assert_true(status_board_device(board, 0, &device));
    assert_int_equal(strlen(device.reason), STATUS_REASON_SIZE - 2);
    assert_true(utf8_is_valid(device.reason, strlen(device.reason)));
    status_board_free(board);
}

static void devices_are_counted_by_state_and_failed_uploads_one_by_one(void **unused)
{
    (void)unused;
    struct status_board *board = new_board();
    uint64_t counts[STATUS_STATE_COUNT];
    struct status_uplink uplink;
    int first = status_device_join(board, "a", "mqtt");
    int second = status_device_join(board, "b", "mqtt");

    (void)status_device_join(board, "c", "mqtt");
    status_device_state(board, first, STATUS_UP, "");
    status_device_state(board, second, STATUS_UP, "");
    status_device_state(board, second, STATUS_DOWN, "gone");
    status_board_states(board, counts);
    assert_int_equal(counts[STATUS_UP], 1);
    assert_int_equal(counts[STATUS_DOWN], 1);
    assert_int_equal(counts[STATUS_STARTING], 1);
    status_device_leave(board, first);
    status_board_states(board, counts);
    assert_int_equal(counts[STATUS_UP], 0);
    status_uplink_state(board, STATUS_DOWN, "full");
    status_uplink_state(board, STATUS_DOWN, "full");
    status_uplink_state(board, STATUS_UP, "");
    status_board_uplink(board, &uplink);
    assert_int_equal(uplink.failures, 2);
    status_board_free(board);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(devices_are_counted_by_state_and_failed_uploads_one_by_one),
        cmocka_unit_test(a_device_that_left_is_counted_in_the_totals_only),
        cmocka_unit_test(many_devices_come_and_go),
        cmocka_unit_test(names_and_reasons_of_any_length_are_cut),
        cmocka_unit_test(a_reason_is_cut_between_two_characters),
    };

    return cmocka_run_group_tests_name("status_board", cases, NULL, NULL);
}
