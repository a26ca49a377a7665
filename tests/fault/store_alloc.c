/* Each allocation of the store fails once: it says so, keeps what it has, and goes on. */
#include "agent/store/store.h"
#include "tests/support/cmocka.h"
#include "tests/support/fault_alloc.h"
#include "tests/support/store_room.h"

#include <string.h>

enum { STEPS = 4, RECORDS = 1500 };

static bool count_one(void *context, uint64_t sequence, const struct sample *sample,
                      const struct store_regime *regime)
{
    (void)sequence;
    (void)sample;
    (void)regime;
    ++*(uint64_t *)context;
    return true;
}

/** Only memory may be short; and then the call is made again. */
static bool again(enum error_code code)
{
    assert_true(code == ERROR_OK || code == ERROR_NO_MEMORY);
    return code != ERROR_OK;
}

/** Open, define, append, commit, read: each as often as it takes. */
static void work(struct room *room, const struct sample *samples)
{
    struct definition definition = {.point_id = "a/b",
                                    .device = "a",
                                    .name = "b",
                                    .type = "int16",
                                    .unit = "",
                                    .role = "",
                                    .address = "",
                                    .labels = ""};
    struct store **store = &room->store;
    struct error error;
    uint32_t handle = 0;
    uint64_t count = 0;

    while (again(store_open(&room->settings, store, &error))) {
    }
    while (again(store_define(*store, &definition, &handle, &error))) {
    }
    for (unsigned step = 0; step < STEPS; step++) {
        while (again(store_append(*store, STREAM_READINGS, samples, RECORDS, &error))) {
        }
        while (again(store_append(*store, STREAM_LOGS, samples, RECORDS, &error))) {
        }
    }
    while (again(store_commit(*store, &error))) {
    }
    while (again(store_read(*store, STREAM_READINGS, 1, count_one, &count, &error))) {
        count = 0;
    }
    assert_int_equal(count, STEPS * RECORDS);
    assert_int_equal(handle, 1);
}

static void any_failed_allocation_is_survived(void **state)
{
    struct room *room = *state;
    static struct sample samples[RECORDS];
    uint64_t seed = 3;
    bool fired = true;

    for (size_t i = 0; i < RECORDS; i++) {
        samples[i] = room_sample(&seed);
    }
    for (unsigned nth = 1; fired; nth++) {
        char journal[128];

        fault_alloc_arm(nth);
        work(room, samples);
        fired = fault_alloc_fired();
        fault_alloc_arm(0);
        assert_true(fired || nth > 20); /* the sweep meets what the store allocates */
        store_close(room->store);
        room->store = NULL;
        (void)snprintf(journal, sizeof(journal), "%s-wal", room->path);
        assert_int_equal(remove(room->path), 0);
        (void)remove(journal); /* there or not */
    }
}

static void a_store_that_is_warm_allocates_nothing(void **state)
{
    struct room *room = *state;
    static struct sample samples[RECORDS];
    uint64_t seed = 3;

    for (size_t i = 0; i < RECORDS; i++) {
        samples[i] = room_sample(&seed);
    }
    room_open(room);
    for (unsigned i = 0; i < 40; i++) {
        room_append(room, STREAM_READINGS, samples, RECORDS);
        room_commit(room);
    }
    fault_alloc_arm(1);
    for (unsigned i = 0; i < 100; i++) { /* S6: several slots more */
        room_append(room, STREAM_READINGS, samples, RECORDS);
        room_commit(room);
    }
    assert_false(fault_alloc_fired());
    fault_alloc_arm(0);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test_setup_teardown(any_failed_allocation_is_survived, room_set_up,
                                        room_tear_down),
        cmocka_unit_test_setup_teardown(a_store_that_is_warm_allocates_nothing, room_set_up,
                                        room_tear_down),
    };

    return cmocka_run_group_tests_name("store_alloc", cases, NULL, NULL);
}
