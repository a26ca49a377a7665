/* What the queue costs the flash: the real store's meter, days that go by, a card to be projected.
 */
#include "agent/machine/wear.h"
#include "tests/support/cmocka.h"
#include "tests/support/store_room.h"

#include <string.h>

static const struct config_card card = {
    .size_bytes = UINT64_C(8) << 30, .cycles = 3000, .program_page_bytes = 16 << 10};

static void write_some(struct room *room, unsigned commits)
{
    uint64_t seed = 1;

    for (unsigned i = 0; i < commits; i++) {
        room_fill(room, STREAM_READINGS, 10, &seed);
        room_commit(room);
    }
}

static struct store_totals totals_of(struct room *room)
{
    struct store_totals totals;

    store_totals(room->store, &totals);
    return totals;
}

static void a_sync_costs_a_page_however_little_was_written(void **state)
{
    struct room *room = *state;
    struct store_totals before, after;
    uint64_t syncs;

    room->settings.program_page_bytes = 64 << 10;
    room_open(room);
    write_some(room, 1); /* the slots are made */
    before = totals_of(room);
    write_some(room, 50);
    after = totals_of(room);
    syncs = after.syncs - before.syncs;
    assert_int_equal(after.commits - before.commits, 50);
    assert_true(syncs >= 50);
    assert_int_equal((after.bytes_written - before.bytes_written) % 4096, 0);
    assert_true(after.bytes_written - before.bytes_written >= syncs * 4096);
    assert_true(after.bytes_written - before.bytes_written < syncs * (64 << 10));
    assert_int_equal(after.programmed_bytes - before.programmed_bytes, syncs * (64 << 10));
}

static void a_day_has_what_was_written_in_it_and_a_restart_forgets_nothing(void **state) /* F2 */
{
    struct room *room = *state;
    struct fixed_clock clock;
    struct store_totals first, second;
    struct wear wear;

    fixed_clock_init(&clock, 20000 * NS_PER_DAY + 23 * 3600 * NS_PER_S);
    room->settings.clock = &clock.clock;
    room_open(room);
    wear_init(&wear, room->store, &clock.clock);
    write_some(room, 5);
    wear_count(&wear, false);
    first = totals_of(room);
    fixed_clock_advance(&clock, 2 * 3600 * NS_PER_S);
    write_some(room, 3);
    wear_count(&wear, true);
    second = totals_of(room);
    assert_int_equal(wear_day(&wear, 1).syncs, first.syncs);
    assert_int_equal(wear_day(&wear, 1).bytes, first.bytes_written);
    assert_int_equal(wear_day(&wear, 0).bytes, second.bytes_written - first.bytes_written);
    assert_int_equal(wear_day(&wear, 0).programmed_bytes,
                     second.programmed_bytes - first.programmed_bytes);
    assert_int_equal(wear_day(&wear, 2).syncs, 0);
    write_some(room, 1); /* in which the notes go */
    room_reopen(room);
    wear_init(&wear, room->store, &clock.clock);
    assert_int_equal(wear_day(&wear, 0).bytes, second.bytes_written - first.bytes_written);
    wear_count(&wear, false); /* what the opening wrote */
    assert_int_equal(wear_day(&wear, 0).bytes,
                     second.bytes_written - first.bytes_written + totals_of(room).bytes_written);
}

static void a_day_is_saved_with_a_commit_that_happens_anyway(void **state) /* F2 */
{
    struct room *room = *state;
    struct fixed_clock clock;
    struct store_totals before;
    struct wear wear;

    fixed_clock_init(&clock, 20000 * NS_PER_DAY);
    room->settings.clock = &clock.clock;
    room_open(room);
    wear_init(&wear, room->store, &clock.clock);
    write_some(room, 5);
    wear_count(&wear, false);
    write_some(room, 1);
    room_reopen(room); /* too early: forgotten */
    wear_init(&wear, room->store, &clock.clock);
    assert_int_equal(wear_day(&wear, 0).syncs, 0);
    write_some(room, 5);
    fixed_clock_advance(&clock, WEAR_SAVE_S * NS_PER_S);
    wear_count(&wear, false);
    before = totals_of(room);
    room_commit(room);
    assert_int_equal(totals_of(room).commits, before.commits);
    write_some(room, 1);
    room_reopen(room);
    wear_init(&wear, room->store, &clock.clock);
    assert_int_equal(wear_day(&wear, 0).syncs, before.syncs);
}

static void a_card_is_projected_from_whole_days_and_first_from_the_pace(void **state) /* F3 */
{
    struct room *room = *state;
    const double endurance = 3000 * 8 * 1024.0 * 1024 * 1024;
    struct wear_projection projection;
    struct fixed_clock clock;
    struct wear wear;

    fixed_clock_init(&clock, 20000 * NS_PER_DAY);
    room->settings.clock = &clock.clock;
    room_open(room);
    wear_init(&wear, room->store, &clock.clock);
    write_some(room, 5);
    wear_count(&wear, false);
    assert_false(wear_project(&wear, &card, &projection));
    fixed_clock_advance(&clock, 3600 * NS_PER_S);
    wear_count(&wear, false);
    assert_true(wear_project(&wear, &card, &projection));
    assert_int_equal(projection.days, 0);
    assert_true(projection.daily_bytes == 24.0 * (double)totals_of(room).programmed_bytes);
    wear.days[19999 % WEAR_DAYS] = (struct wear_day){19999, 1, 1, 3000000000};
    wear.days[19998 % WEAR_DAYS] = (struct wear_day){19998, 1, 1, 1000000000};
    wear.days[19997 % WEAR_DAYS] = (struct wear_day){19997, 1, 1, 5}; /* hardly a whole day */
    wear.days[19900 % WEAR_DAYS] = (struct wear_day){19900, 1, 1, UINT64_C(1) << 60}; /* long ago */
    assert_true(wear_project(&wear, &card, &projection));
    assert_int_equal(projection.days, 2);
    assert_true(projection.daily_bytes == 2e9);
    assert_true(projection.life_percent > 2e9 * 365 * 100 / endurance);
    assert_true(projection.life_percent < 2e9 * 366 * 100 / endurance);
    assert_true(projection.years > 35 && projection.years < 36);
}

static void notes_that_are_not_ours_count_nothing(void **state)
{
    struct room *room = *state;
    static const char *const texts[] = {
        "",           "20000", "20000 1 1", "20000 1 1 -1", "20000 a 1 1",
        "19999 1 1 1"}; /* the last one in the wrong row */
    struct fixed_clock clock;
    struct wear wear;
    struct error error;

    fixed_clock_init(&clock, 20000 * NS_PER_DAY);
    room->settings.clock = &clock.clock;
    room_open(room);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(store_note_set(room->store, "wear:0", texts[i], &error), ERROR_OK);
        wear_init(&wear, room->store, &clock.clock);
        assert_int_equal(wear_day(&wear, 0).syncs, 0);
        assert_int_equal(wear_day(&wear, 1).syncs, 0);
    }
    assert_int_equal(store_note_set(room->store, "wear:0", "20000 1 2 3", &error), ERROR_OK);
    wear_init(&wear, room->store, &clock.clock);
    assert_int_equal(wear_day(&wear, 0).syncs, 2);
    wear_count(&wear, false);
    fixed_clock_advance(&clock, WEAR_DAYS * NS_PER_DAY); /* the same row, another day */
    wear_count(&wear, false);
    assert_int_equal(wear_day(&wear, 0).syncs, 0);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, room_set_up, room_tear_down)
        CASE(a_sync_costs_a_page_however_little_was_written),
        CASE(a_day_has_what_was_written_in_it_and_a_restart_forgets_nothing),
        CASE(a_day_is_saved_with_a_commit_that_happens_anyway),
        CASE(a_card_is_projected_from_whole_days_and_first_from_the_pace),
        CASE(notes_that_are_not_ours_count_nothing),
    };

    return cmocka_run_group_tests_name("wear", cases, NULL, NULL);
}
