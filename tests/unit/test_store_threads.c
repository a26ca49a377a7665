/* The store from many threads at once; run under the tsan preset as well. */
#include "agent/store/store.h"
#include "tests/support/cmocka.h"
#include "tests/support/store_room.h"

#include <pthread.h>

enum { WRITERS = 4, TURNS = 60, PER_TURN = 37 };

struct writer {
    struct room *room;
    uint32_t number;
    bool failed;
};

/* cmocka's assertions belong to the main thread: these note and return. */
static void *write_some(void *context)
{
    struct writer *writer = context;
    struct store *store = writer->room->store;

    for (int64_t turn = 0; turn < TURNS; turn++) {
        struct sample samples[PER_TURN];
        struct store_stream_state now;

        for (int64_t i = 0; i < PER_TURN; i++) {
            samples[i] = (struct sample){.point_id = writer->number,
                                         .time_ns = turn,
                                         .type = SAMPLE_INT,
                                         .value.integer = turn * PER_TURN + i};
        }
        if (store_append(store, STREAM_READINGS, samples, PER_TURN, NULL) != ERROR_OK ||
            store_commit(store, NULL) != ERROR_OK) {
            writer->failed = true;
        }
        store_state(store, STREAM_READINGS, &now);
        writer->failed = writer->failed || now.committed_sequence >= now.next_sequence;
    }
    return NULL;
}

struct seen {
    uint64_t next[WRITERS], previous;
    bool failed;
};

/** Each writer's values come in its order, none missing, none double. */
static bool note(void *context, uint64_t sequence, const struct sample *sample,
                 const struct store_regime *regime)
{
    struct seen *seen = context;

    (void)regime;
    if (sequence != seen->previous + 1 || sample->point_id >= WRITERS ||
        sample->value.integer != (int64_t)seen->next[sample->point_id]) {
        seen->failed = true;
        return false;
    }
    seen->previous = sequence;
    seen->next[sample->point_id]++;
    return true;
}

static void *read_some(void *context)
{
    struct writer *reader = context;

    for (unsigned i = 0; i < 20; i++) {
        struct seen seen = {{0}, 0, false};

        if (store_read(reader->room->store, STREAM_READINGS, 1, note, &seen, NULL) != ERROR_OK) {
            reader->failed = true;
        }
        reader->failed = reader->failed || seen.failed;
    }
    return NULL;
}

static void *define_and_cut(void *context)
{
    struct writer *other = context;
    struct store *store = other->room->store;

    for (uint64_t i = 1; i <= 30; i++) {
        char name[16];
        struct definition definition = {.point_id = name,
                                        .device = "d",
                                        .name = name,
                                        .type = "int16",
                                        .unit = "",
                                        .role = "",
                                        .address = "",
                                        .labels = ""};
        struct store_cut cut = {.first = i, .last = i, .digest = "0123456789ab"};
        struct store_totals totals;
        uint32_t handle = 0;

        (void)snprintf(name, sizeof(name), "p%u", (unsigned)i);
        if (store_define(store, &definition, &handle, NULL) != ERROR_OK || handle != i ||
            store_definition(store, handle) == NULL ||
            store_cut_save(store, STREAM_LOGS, &cut, NULL) != ERROR_OK ||
            store_cut_finish(store, STREAM_LOGS, NULL) != ERROR_OK) {
            other->failed = true;
        }
        store_totals(store, &totals);
    }
    return NULL;
}

static void many_threads_lose_nothing_and_mix_nothing_up(void **state)
{
    struct room *room = *state;
    struct writer workers[WRITERS + 2];
    pthread_t threads[WRITERS + 2];
    struct seen seen = {{0}, 0, false};
    struct error error;

    room_open(room);
    for (uint32_t i = 0; i < WRITERS + 2; i++) {
        workers[i] = (struct writer){room, i, false};
        assert_int_equal(pthread_create(&threads[i], NULL,
                                        i < WRITERS    ? write_some
                                        : i == WRITERS ? read_some
                                                       : define_and_cut,
                                        &workers[i]),
                         0);
    }
    for (uint32_t i = 0; i < WRITERS + 2; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_false(workers[i].failed);
    }
    assert_int_equal(store_read(room->store, STREAM_READINGS, 1, note, &seen, &error), ERROR_OK);
    assert_false(seen.failed);
    assert_int_equal(seen.previous, WRITERS * TURNS * PER_TURN);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test_setup_teardown(many_threads_lose_nothing_and_mix_nothing_up, room_set_up,
                                        room_tear_down),
    };

    return cmocka_run_group_tests_name("store_threads", cases, NULL, NULL);
}
