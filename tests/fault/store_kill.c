/* A queue whose process is killed at any moment keeps everything it said it had (S1, S2). */
#include "agent/store/store.h"
#include "tests/support/cmocka.h"
#include "tests/support/store_room.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

enum { ROUNDS = 30 };

/** What record `sequence` of a stream is, wherever it is made. */
static struct sample sample_number(enum stream stream, uint64_t sequence)
{
    uint64_t seed = sequence * STREAM_COUNT + (uint64_t)stream;

    return room_sample(&seed);
}

/** Append and commit for ever; each acknowledged commit is told as one pair of numbers. */
static void run_child(struct room *room, int acknowledgements, uint64_t seed)
{
    room_open(room);
    for (;;) {
        uint64_t durable[2];
        size_t count = 1 + (size_t)(room_random(&seed) % 400);

        for (size_t i = 0; i < 2; i++) {
            enum stream stream = i == 0 ? STREAM_READINGS : STREAM_LOGS;
            struct store_stream_state now;

            store_state(room->store, stream, &now);
            for (size_t j = 0; j < count; j++) {
                struct sample sample = sample_number(stream, now.next_sequence + j);

                room_append(room, stream, &sample, 1);
            }
            durable[i] = now.next_sequence + count - 1;
        }
        room_commit(room);
        if (write(acknowledgements, durable, sizeof(durable)) != (ssize_t)sizeof(durable)) {
            _exit(1); /* nobody listens any more */
        }
    }
}

struct check {
    enum stream stream;
    uint64_t next;
};

static bool check_one(void *context, uint64_t sequence, const struct sample *sample,
                      const struct store_regime *regime)
{
    struct check *check = context;
    struct sample expected = sample_number(check->stream, sequence);

    (void)regime;
    assert_int_equal(sequence, check->next); /* nothing missing, nothing double */
    check->next++;
    room_assert_same(sample, &expected);
    return true;
}

/** Let a child work for a while, kill it; what it last acknowledged. */
static void kill_in_mid_work(struct room *room, uint64_t *seed, uint64_t durable[2])
{
    unsigned wanted = 1 + (unsigned)(room_random(seed) % 8);
    struct timespec moment = {0, (long)(room_random(seed) % 2000000)};
    uint64_t child_seed = room_random(seed);
    struct pollfd next = {.events = POLLIN};
    int ends[2], status;
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)close(ends[0]); /* the parent's */
        run_child(room, ends[1], child_seed);
    }
    assert_int_equal(close(ends[1]), 0);
    for (unsigned i = 0; i < wanted; i++) {
        assert_int_equal(read(ends[0], durable, 2 * sizeof(*durable)), 2 * sizeof(*durable));
    }
    next.fd = ends[0];
    (void)ppoll(&next, 1, &moment, NULL); /* somewhere in the next commit, or just after it */
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    while (read(ends[0], durable, 2 * sizeof(*durable)) == 2 * sizeof(*durable)) {
    }
    assert_int_equal(close(ends[0]), 0);
}

static void what_was_acknowledged_survives_being_killed(void **state)
{
    struct room *room = *state;
    uint64_t durable[2] = {0, 0};
    uint64_t seed = 20261122;

    room->settings.ring_bytes[STREAM_READINGS] = 16 << 20;
    room->settings.ring_bytes[STREAM_LOGS] = 16 << 20;
    for (unsigned round = 0; round < ROUNDS; round++) {
        kill_in_mid_work(room, &seed, durable);
        room_open(room);
        for (size_t i = 0; i < 2; i++) {
            struct check check = {i == 0 ? STREAM_READINGS : STREAM_LOGS, 1};
            struct store_stream_state now;
            struct error error;

            assert_int_equal(store_read(room->store, check.stream, 1, check_one, &check, &error),
                             ERROR_OK);
            store_state(room->store, check.stream, &now);
            assert_int_equal(check.next, now.next_sequence);
            assert_true(check.next > durable[i]);
        }
        assert_int_equal(room_count_from(room, STREAM_EVENTS, 1), 1); /* no gap: its identity */
        store_close(room->store);
        room->store = NULL;
    }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test_setup_teardown(what_was_acknowledged_survives_being_killed, room_set_up,
                                        room_tear_down),
    };

    return cmocka_run_group_tests_name("store_kill", cases, NULL, NULL);
}
