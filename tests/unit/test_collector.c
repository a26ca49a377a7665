/* Collectors and the fleet with a driver of the test's own: the real store, the real threads. */
#include "agent/collect/collector.h"
#include "agent/collect/fleet.h"
#include "tests/support/cmocka.h"
#include "tests/support/store_room.h"
#include "tests/support/temporary.h"

#include <math.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

/** What the driver does; shared with the test. */
struct play {
    sem_t read_began, may_end;
    bool blocks; /* read() waits for may_end */
    bool knows;  /* it was told what it learned */
};

struct player {
    struct play *play;
};

static enum error_code open_player(void *state, const struct clock *clock, int64_t deadline_ns,
                                   struct error *error)
{
    (void)state;
    (void)clock;
    (void)deadline_ns;
    (void)error;
    return ERROR_OK;
}

static enum error_code read_player(void *state, const struct driver_turn *turn,
                                   struct driver_sink *sink, struct error *error)
{
    struct play *play = ((struct player *)state)->play;
    int64_t now_ns = clock_utc_ns(turn->clock);
    const struct sample sample = {
        .time_ns = now_ns, .received_ns = now_ns, .type = SAMPLE_INT, .value.integer = now_ns};

    (void)error;
    (void)driver_emit(sink, &sample);
    (void)sem_post(&play->read_began);
    if (play->blocks) {
        (void)sem_wait(&play->may_end);
    }
    return ERROR_OK;
}

static void ignore(void *state)
{
    (void)state;
}

static bool learned_player(void *state, struct buffer *bytes)
{
    (void)state;
    return buffer_append_byte(bytes, 'x');
}

static void remember_player(void *state, const uint8_t *bytes, size_t size_bytes)
{
    ((struct player *)state)->play->knows = size_bytes == 1 && bytes[0] == 'x';
}

static const struct driver player = {
    .name = "player",
    .learned = learned_player,
    .remember = remember_player,
    .state_size = sizeof(struct player),
    .open = open_player,
    .read = read_player,
    .committed = ignore,
    .close = ignore,
    .destroy = ignore,
};

static struct config_device *make_device(struct play *play)
{
    struct config_device *device = calloc(1, sizeof(*device));
    struct player *state;

    assert_non_null(device);
    arena_init(&device->arena, 1 << 20);
    state = arena_allocate(&device->arena, sizeof(*state));
    assert_non_null(state);
    state->play = play;
    device->name = "line";
    device->driver = &player;
    device->state = state;
    device->points = arena_allocate(&device->arena, sizeof(*device->points));
    assert_non_null(device->points);
    device->point_count = 1;
    device->points[0] = (struct config_point){.definition = {.point_id = "line/speed",
                                                             .device = "line",
                                                             .name = "speed",
                                                             .type = "int64",
                                                             .unit = "",
                                                             .role = "sensor",
                                                             .address = "",
                                                             .labels = "",
                                                             .scale = 1,
                                                             .range_low = (double)NAN,
                                                             .range_high = (double)NAN}};
    device->intervals_ns[0] = NS_PER_MS;
    device->interval_count = 1;
    return device;
}

static void play_init(struct play *play, bool blocks)
{
    assert_int_equal(sem_init(&play->read_began, 0, 0), 0);
    assert_int_equal(sem_init(&play->may_end, 0, 0), 0);
    play->blocks = blocks;
    play->knows = false;
}

static void wait_for_reads(struct play *play, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(sem_wait(&play->read_began), 0);
    }
}

/** Only reads that begin from now on count. */
static void forget_reads(struct play *play)
{
    while (sem_trywait(&play->read_began) == 0) {
    }
}

static void readings_refused_for_long_are_said_once(void **state) /* K6 */
{
    struct room *room = *state;
    struct store_cut cut = {.first = 1};
    struct status_board *board = NULL;
    struct collector *collector = NULL;
    struct store_stream_state before;
    struct store_stream_state now;
    struct error error = {0};
    struct play play;
    char copy[EVENT_TEXT_MAX];
    struct event event;
    uint64_t seed = 1;
    int further_reads = 0;

    play_init(&play, false);
    room->settings.when_full[STREAM_READINGS] = STORE_HOLD;
    room_open(room);
    for (size_t count = STORE_APPEND_MAX; count > 0; count /= 2) {
        while (room_try_fill_noise(room, count, &seed, &error) == ERROR_OK) {
            room_commit(room);
        }
    }
    room_commit(room);
    store_state(room->store, STREAM_READINGS, &before);
    assert_int_equal(status_board_create(&board, &error), ERROR_OK);
    assert_int_equal(collector_start(&(struct collector_settings){.store = room->store,
                                                                  .board = board,
                                                                  .clock = &clock_system},
                                     make_device(&play), 0, &collector, &error),
                     ERROR_OK);
    wait_for_reads(&play, 300);
    store_state(room->store, STREAM_READINGS, &now);
    cut.last = now.committed_sequence;
    assert_int_equal(store_cut_save(room->store, STREAM_READINGS, &cut, &error), ERROR_OK);
    assert_int_equal(store_cut_finish(room->store, STREAM_READINGS, &error), ERROR_OK);
    wait_for_reads(&play, 3);
    collector_ask_to_stop(collector);
    assert_true(collector_join(collector, INT64_MAX / 2));
    room_commit(room);
    assert_true(room_find_event(room, 2, copy, &event));
    assert_string_equal(event.kind, "unread");
    assert_string_equal(event.subject, "line");
    assert_non_null(strstr(event.reason, "full and set to hold"));
    assert_int_equal(sem_getvalue(&play.read_began, &further_reads), 0);
    store_state(room->store, STREAM_READINGS, &now);
    assert_int_equal(event.count + (now.next_sequence - before.next_sequence),
                     303 + further_reads); /* every read was taken or told */
    assert_true(event.count >= 200);
    assert_true(event.to_ns > event.from_ns);
    if (room_find_event(room, 3, copy, &event)) { /* every millisecond is too often */
        assert_non_null(strstr(event.reason, "skipped"));
        assert_false(room_find_event(room, 4, copy, &event));
    }
    status_board_free(board);
}

static bool advance_nothing(void *context)
{
    (void)context;
    return true;
}

static void a_kept_alarm_is_on_disk_at_the_end_of_its_turn(void **state) /* K7 */
{
    struct room *room = *state;
    struct status_board *board = NULL;
    struct collector *collector = NULL;
    struct store_stream_state now;
    struct store_totals totals;
    struct error error = {0};
    struct config_device *device;
    struct play play;
    char copy[EVENT_TEXT_MAX];
    struct event event;

    play_init(&play, false);
    room_open(room);
    device = make_device(&play);
    device->points[0].definition.role = "alarm";
    assert_int_equal(status_board_create(&board, &error), ERROR_OK);
    assert_int_equal(collector_start(&(struct collector_settings){.store = room->store,
                                                                  .board = board,
                                                                  .clock = &clock_system},
                                     device, 0, &collector, &error),
                     ERROR_OK);
    wait_for_reads(&play, 4); /* so three turns ended, and nobody else commits here */
    store_state(room->store, STREAM_READINGS, &now);
    assert_true(now.committed_sequence >= 3);
    collector_ask_to_stop(collector);
    assert_true(collector_join(collector, INT64_MAX / 2));
    store_state(room->store, STREAM_READINGS, &now);
    assert_int_equal(now.committed_sequence, now.next_sequence - 1);
    assert_true(room_find_event(room, 2, copy, &event));
    assert_string_equal(event.kind, "alarm");
    assert_string_equal(event.subject, "line/speed");
    assert_string_equal(event.reason, "");
    store_totals(room->store, &totals);
    assert_true(totals.commits >= 3);
    status_board_free(board);
}

static void what_amounts_to_a_program_page_is_not_left_in_memory(void **state) /* K7 */
{
    struct room *room = *state;
    struct status_board *board = NULL;
    struct collector *collector = NULL;
    struct store_stream_state now;
    struct error error = {0};
    struct play play;
    uint64_t seed = 1;

    play_init(&play, false);
    room_open(room);
    room_fill_noise(room, 100, &seed);
    assert_int_equal(status_board_create(&board, &error), ERROR_OK);
    assert_int_equal(collector_start(&(struct collector_settings){.store = room->store,
                                                                  .board = board,
                                                                  .clock = &clock_system},
                                     make_device(&play), 0, &collector, &error),
                     ERROR_OK);
    wait_for_reads(&play, 3);
    store_state(room->store, STREAM_READINGS, &now);
    assert_int_equal(now.committed_sequence, 0); /* a few: they wait for the flush */
    room_fill_noise(room, 2000, &seed);
    forget_reads(&play);
    wait_for_reads(&play, 3);
    store_state(room->store, STREAM_READINGS, &now);
    /* In one commit, or in two: what is left between them may be less than a page, once encoded. */
    assert_true(now.committed_sequence >= 100);
    collector_ask_to_stop(collector);
    assert_true(collector_join(collector, INT64_MAX / 2));
    status_board_free(board);
}

static void what_a_driver_learned_outlives_its_collector(void **state) /* K9 */
{
    struct room *room = *state;
    struct collector_settings settings = {.clock = &clock_system};
    struct collector *collector = NULL;
    struct temporary temporary;
    struct error error = {0};
    struct play play;

    temporary_make(&temporary);
    room_open(room);
    settings.store = room->store;
    settings.learned_folder = temporary.folder;
    assert_int_equal(status_board_create(&settings.board, &error), ERROR_OK);
    for (int life = 0; life < 2; life++) {
        play_init(&play, false);
        assert_int_equal(collector_start(&settings, make_device(&play), 0, &collector, &error),
                         ERROR_OK);
        wait_for_reads(&play, 2);
        assert_int_equal(play.knows, life == 1);
        assert_int_equal(access(temporary_file(&temporary, "line"), F_OK), 0); /* after one turn */
        collector_ask_to_stop(collector);
        assert_true(collector_join(collector, INT64_MAX / 2));
    }
    status_board_free(settings.board);
    temporary_remove(&temporary);
}

static void a_device_that_is_taken_out_is_told(void **state)
{
    struct room *room = *state;
    struct config none = {0};
    struct config_device *device;
    struct config config = {.devices = &device, .device_count = 1};
    struct fleet fleet = {0};
    struct status_board *board = NULL;
    struct error error = {0};
    struct play play;
    char copy[EVENT_TEXT_MAX];
    struct event event = {0};
    uint64_t number = 2;

    play_init(&play, false);
    room_open(room);
    assert_int_equal(status_board_create(&board, &error), ERROR_OK);
    fleet.settings =
        (struct collector_settings){.store = room->store, .board = board, .clock = &clock_system};
    device = make_device(&play);
    assert_int_equal(fleet_apply(&fleet, &config, advance_nothing, NULL).started, 1);
    device = make_device(&play);
    device->fingerprint[0] = 1; /* changed: stopped and started, not taken out */
    assert_int_equal(fleet_apply(&fleet, &config, advance_nothing, NULL).started, 1);
    assert_int_equal(fleet_apply(&fleet, &none, advance_nothing, NULL).stopped, 1);
    room_commit(room);
    while (room_find_event(room, number, copy, &event) && strcmp(event.kind, "unread") == 0) {
        number++; /* every millisecond is too often */
    }
    assert_string_equal(event.kind, "config");
    assert_string_equal(event.subject, "removed");
    assert_string_equal(event.detail, "line");
    assert_true(event.from_ns > 0);
    assert_false(room_find_event(room, number + 1, copy, &event));
    fleet_deinit(&fleet);
    status_board_free(board);
}

/** Twenty seconds go by at each look. */
static bool advance(void *context)
{
    fixed_clock_advance(context, 20 * NS_PER_S);
    return true;
}

static bool give_up(void *context)
{
    (void)context;
    return false;
}

static void a_device_that_hangs_is_never_forgotten(void **state)
{
    struct room *room = *state;
    struct config none = {0};
    struct config_device *device;
    struct config config = {.devices = &device, .device_count = 1};
    struct fixed_clock clock;
    struct fleet fleet = {0};
    struct fleet_change change;
    struct status_board *board = NULL;
    struct error error = {0};
    struct collector *hanging;
    struct play play;

    play_init(&play, true);
    fixed_clock_init(&clock, INT64_C(1790000000) * NS_PER_S);
    room_open(room);
    assert_int_equal(status_board_create(&board, &error), ERROR_OK);
    fleet.settings =
        (struct collector_settings){.store = room->store, .board = board, .clock = &clock.clock};
    device = make_device(&play);
    change = fleet_apply(&fleet, &config, advance, &clock);
    assert_int_equal(change.started, 1);
    hanging = fleet.running[0];
    wait_for_reads(&play, 1);
    change = fleet_apply(&fleet, &none, give_up, NULL); /* the agent is to end meanwhile */
    assert_true(change.interrupted);
    assert_int_equal(fleet_stop(&fleet, 0), 1);
    change = fleet_apply(&fleet, &none, advance, &clock);
    assert_int_equal(change.stopped, 1);
    assert_int_equal(fleet_stop(&fleet, 0), 1); /* it still uses the store */
    assert_int_equal(sem_post(&play.may_end), 0);
    assert_true(collector_join(hanging, INT64_MAX / 2));
    fleet_deinit(&fleet);
    status_board_free(board);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test_setup_teardown(readings_refused_for_long_are_said_once, room_set_up,
                                        room_tear_down),
        cmocka_unit_test_setup_teardown(a_device_that_hangs_is_never_forgotten, room_set_up,
                                        room_tear_down),
        cmocka_unit_test_setup_teardown(a_kept_alarm_is_on_disk_at_the_end_of_its_turn, room_set_up,
                                        room_tear_down),
        cmocka_unit_test_setup_teardown(what_amounts_to_a_program_page_is_not_left_in_memory,
                                        room_set_up, room_tear_down),
        cmocka_unit_test_setup_teardown(what_a_driver_learned_outlives_its_collector, room_set_up,
                                        room_tear_down),
        cmocka_unit_test_setup_teardown(a_device_that_is_taken_out_is_told, room_set_up,
                                        room_tear_down),
    };

    return cmocka_run_group_tests_name("collector", cases, NULL, NULL);
}
