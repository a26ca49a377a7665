/* What the queue promised so far. */
#include "tests/torture/power_run.h"

#include <stdlib.h>
#include <string.h>

static void make_room(struct power_stream *expected, uint64_t number)
{
    size_t wanted = expected->attempts_size > 0 ? expected->attempts_size : 1024;

    while (wanted <= number) {
        wanted *= 2;
    }
    if (wanted > expected->attempts_size) {
        expected->attempts =
            power_reallocate(expected->attempts, wanted * sizeof(*expected->attempts));
        expected->attempts_size = wanted;
    }
}

void power_expect_given(struct power_run *run, enum stream stream, uint64_t first, uint64_t last,
                        uint32_t attempt)
{
    struct power_stream *expected = &run->streams[stream];

    if (last < first) {
        return;
    }
    make_room(expected, last);
    for (uint64_t number = first; number <= last; number++) {
        expected->attempts[number] = attempt;
    }
    if (first <= expected->promised) { /* given before, and acknowledged */
        uint64_t again = last < expected->promised ? last : expected->promised;

        run->tallies[run->fell].twice += again - first + 1;
    }
    expected->given = last;
}

void power_expect_own(struct power_run *run)
{
    struct power_stream *expected = &run->streams[STREAM_EVENTS];
    struct store_stream_state now;

    store_state(run->store, STREAM_EVENTS, &now);
    if (now.next_sequence > expected->given + 1) {
        power_expect_given(run, STREAM_EVENTS, expected->given + 1, now.next_sequence - 1,
                           POWER_OWN);
    }
}

void power_expect_committed(struct power_run *run)
{
    for (size_t i = 0; i < STREAM_COUNT; i++) {
        struct power_stream *expected = &run->streams[i];
        struct store_stream_state now;

        store_state(run->store, (enum stream)i, &now);
        if (now.committed_sequence != expected->given) {
            power_complain(run, "%s: a commit took %llu, given were %llu",
                           stream_name((enum stream)i), (unsigned long long)now.committed_sequence,
                           (unsigned long long)expected->given);
        }
        expected->committed = expected->given;
        if (expected->promised < expected->given) {
            expected->promised = expected->given;
        }
        expected->finished_least = expected->finished_most;
        power_expect_cut_durable(expected);
    }
    run->note_least = run->note_most;
}

void power_expect_cut(struct power_stream *stream, const struct power_cut_state *state)
{
    if (stream->cut_count == POWER_CUT_STATES_MAX) { /* cannot be: saving is durable at once */
        abort();
    }
    stream->cuts[stream->cut_count++] = *state;
}

void power_expect_cut_durable(struct power_stream *stream)
{
    if (stream->cut_count > 0) {
        stream->cuts[0] = stream->cuts[stream->cut_count - 1];
        stream->cut_count = 1;
    }
}

void power_expect_free(struct power_run *run)
{
    for (size_t i = 0; i < STREAM_COUNT; i++) {
        free(run->streams[i].attempts);
        free(run->streams[i].gaps);
        run->streams[i] = (struct power_stream){.cut_count = 1}; /* no cut, none finished */
    }
    run->events_judged = run->note_least = run->note_most = 0;
}
