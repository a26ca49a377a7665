/* `down` events: the real store, a clock that is set, boots that are told apart. */
#include "agent/machine/presence.h"
#include "tests/support/cmocka.h"
#include "tests/support/store_room.h"

#include <string.h>

static const int64_t morning_ns = INT64_C(1790000000) * NS_PER_S;
static const uint8_t boots[2][16] = {{1, 2, 3}, {0xff, 0xfe}};

struct scene {
    struct room *room;
    struct fixed_clock clock;
    struct presence presence;
};

static void begin(struct scene *scene, struct room *room)
{
    *scene = (struct scene){.room = room};
    fixed_clock_init(&scene->clock, morning_ns);
    room->settings.clock = &scene->clock.clock;
    room->settings.boot_id = boots[0];
    room_open(room);
    presence_start(&scene->presence, room->store, &scene->clock.clock);
}

static void store_a_reading(struct scene *scene)
{
    const struct sample sample = {.time_ns = scene->clock.utc_now_ns,
                                  .received_ns = scene->clock.utc_now_ns,
                                  .type = SAMPLE_INT};

    room_append(scene->room, STREAM_READINGS, &sample, 1);
    room_commit(scene->room);
}

/** What was not committed is gone; the next life begins `later_ns` later. */
static void restart(struct scene *scene, const uint8_t *boot, int64_t later_ns)
{
    store_close(scene->room->store);
    scene->room->store = NULL;
    scene->room->settings.boot_id = boot;
    fixed_clock_advance(&scene->clock, later_ns);
    if (boot != boots[0]) {
        scene->clock.boot_now_ns = NS_PER_S; /* since this boot */
        scene->clock.monotonic_now_ns = NS_PER_S;
    }
    room_open(scene->room);
    presence_start(&scene->presence, scene->room->store, &scene->clock.clock);
}

/** The last event; false: it is not of that kind. */
static bool last_is_down(struct scene *scene, char copy[EVENT_TEXT_MAX], struct event *event)
{
    struct store_stream_state now;

    room_commit(scene->room);
    store_state(scene->room->store, STREAM_EVENTS, &now);
    assert_true(room_find_event(scene->room, now.committed_sequence, copy, event));
    return strcmp(event->kind, "down") == 0;
}

static void expect_down(struct scene *scene, int64_t from_ns, int64_t to_ns, const char *reason,
                        const char *detail)
{
    char copy[EVENT_TEXT_MAX];
    struct event event;

    assert_true(last_is_down(scene, copy, &event));
    assert_string_equal(event.subject, "agent");
    assert_string_equal(event.reason, reason);
    assert_string_equal(event.detail, detail);
    assert_true(event.from_ns == from_ns);
    assert_true(event.to_ns == to_ns);
}

static void a_first_start_was_never_down(void **state) /* P2 */
{
    struct scene scene;
    char copy[EVENT_TEXT_MAX];
    struct event event;

    begin(&scene, *state);
    assert_false(last_is_down(&scene, copy, &event));
    store_a_reading(&scene);
    assert_false(last_is_down(&scene, copy, &event));
}

static void a_stop_is_told_with_its_signal(void **state)
{
    struct scene scene;
    int64_t end_ns;

    begin(&scene, *state);
    store_a_reading(&scene);
    fixed_clock_advance(&scene.clock, 20 * NS_PER_S);
    presence_end(&scene.presence, 15);
    room_commit(scene.room);
    end_ns = scene.clock.utc_now_ns;
    restart(&scene, boots[0], 90 * NS_PER_S);
    expect_down(&scene, end_ns, end_ns + 90 * NS_PER_S, "it was stopped (signal 15)",
                "only the agent was restarted");
    presence_end(&scene.presence, 2);
    room_commit(scene.room);
    restart(&scene, boots[1], 3600 * NS_PER_S);
    expect_down(&scene, end_ns + 90 * NS_PER_S, end_ns + 3690 * NS_PER_S,
                "the machine was shut down or restarted", "the machine was restarted");
}

static void a_kill_counts_from_the_newest_record(void **state) /* P2 */
{
    struct scene scene;
    int64_t newest_ns;

    begin(&scene, *state);
    store_a_reading(&scene);
    fixed_clock_advance(&scene.clock, 30 * NS_PER_S);
    store_a_reading(&scene);
    newest_ns = scene.clock.utc_now_ns;
    restart(&scene, boots[0], 10 * NS_PER_S);
    expect_down(&scene, newest_ns, newest_ns + 10 * NS_PER_S, "it was killed or crashed",
                "only the agent was restarted");
    restart(&scene, boots[1], 7200 * NS_PER_S);
    expect_down(&scene, newest_ns + 10 * NS_PER_S, newest_ns + 7210 * NS_PER_S,
                "the machine lost power or was reset", "the machine was restarted");
}

static void the_note_is_saved_with_a_commit_that_happens_anyway(void **state) /* P1 */
{
    struct scene scene;
    struct store_totals before, after;

    begin(&scene, *state);
    room_commit(scene.room);
    store_totals(scene.room->store, &before);
    for (unsigned i = 0; i < 10; i++) {
        fixed_clock_advance(&scene.clock, PRESENCE_SAVE_S * NS_PER_S);
        presence_look(&scene.presence);
        room_commit(scene.room);
    }
    store_totals(scene.room->store, &after);
    assert_int_equal(before.commits, after.commits);
    store_a_reading(&scene); /* takes the note along */
    restart(&scene, boots[0], 5 * NS_PER_S);
    expect_down(&scene, morning_ns + 10 * PRESENCE_SAVE_S * NS_PER_S,
                morning_ns + (10 * PRESENCE_SAVE_S + 5) * NS_PER_S, "it was killed or crashed",
                "only the agent was restarted");
}

static void after_a_boot_it_waits_for_the_clock(void **state) /* P3 */
{
    struct scene scene;
    char copy[EVENT_TEXT_MAX];
    struct event event;
    int64_t newest_ns;

    begin(&scene, *state);
    store_a_reading(&scene);
    newest_ns = scene.clock.utc_now_ns;
    scene.clock.state_now = CLOCK_FREE;
    restart(&scene, boots[1], 0); /* no battery: the clock stands where the queue ends */
    assert_false(last_is_down(&scene, copy, &event));
    fixed_clock_advance(&scene.clock, 40 * NS_PER_S);
    presence_look(&scene.presence);
    store_a_reading(&scene);
    assert_false(last_is_down(&scene, copy, &event));
    fixed_clock_advance(&scene.clock, 20 * NS_PER_S);
    scene.clock.utc_now_ns += 5 * 3600 * NS_PER_S; /* NTP */
    scene.clock.state_now = CLOCK_SYNCHRONISED;
    presence_look(&scene.presence);
    expect_down(&scene, newest_ns, newest_ns + 5 * 3600 * NS_PER_S,
                "the machine lost power or was reset", "the machine was restarted");
}

static void a_clock_that_nobody_sets_is_not_waited_for_long(void **state) /* P3 */
{
    struct scene scene;
    int64_t newest_ns;

    begin(&scene, *state);
    store_a_reading(&scene);
    newest_ns = scene.clock.utc_now_ns;
    scene.clock.state_now = CLOCK_FREE;
    restart(&scene, boots[1], 300 * NS_PER_S);
    fixed_clock_advance(&scene.clock, PRESENCE_WAIT_S * NS_PER_S);
    presence_look(&scene.presence);
    expect_down(&scene, newest_ns, newest_ns + 300 * NS_PER_S,
                "the machine lost power or was reset", "the machine was restarted");
}

static void a_clock_that_went_back_is_said_to_have(void **state)
{
    struct scene scene;

    begin(&scene, *state);
    store_a_reading(&scene);
    restart(&scene, boots[0], -3600 * NS_PER_S);
    expect_down(&scene, morning_ns, morning_ns,
                "it was killed or crashed; the clock went back, so nobody knows for how long",
                "only the agent was restarted");
}

static void a_note_that_is_not_ours_tells_nothing(void **state)
{
    static const char *const texts[] = {"", "5", "5 x", "x y runs", "5 00 walks"};
    struct scene scene;
    char copy[EVENT_TEXT_MAX];
    struct event event;
    struct error error;

    begin(&scene, *state);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(store_note_set(scene.room->store, "alive", texts[i], &error), ERROR_OK);
        room_commit(scene.room);
        restart(&scene, boots[0], 0);
        assert_false(last_is_down(&scene, copy, &event));
    }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, room_set_up, room_tear_down)
        CASE(a_first_start_was_never_down),
        CASE(a_stop_is_told_with_its_signal),
        CASE(a_kill_counts_from_the_newest_record),
        CASE(the_note_is_saved_with_a_commit_that_happens_anyway),
        CASE(after_a_boot_it_waits_for_the_clock),
        CASE(a_clock_that_nobody_sets_is_not_waited_for_long),
        CASE(a_clock_that_went_back_is_said_to_have),
        CASE(a_note_that_is_not_ours_tells_nothing),
    };

    return cmocka_run_group_tests_name("presence", cases, NULL, NULL);
}
