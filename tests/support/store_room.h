/* tests/support/store_room.h - a queue in a folder of its own, for the tests of agent/store.
 *
 * Samples come from a seed, so that what was appended can be made again and compared.
 */
#ifndef TESTS_SUPPORT_STORE_ROOM_H
#define TESTS_SUPPORT_STORE_ROOM_H

#include "agent/store/store.h"
#include "base/event.h"

#include <sqlite3.h>

struct room {
    struct store_settings settings; /* rings of 1 MiB that overwrite; change before room_open() */
    struct store *store;
    char folder[64];
    char path[96];
    uint64_t first_seen; /* by the last room_count_from() */
    uint64_t stop_after; /* room_count_from() stops after so many; 0: never */
};

int room_set_up(void **state);
int room_tear_down(void **state);

/* Each fails the test when the store fails. */
void room_open(struct room *room);
void room_reopen(struct room *room);
void room_append(struct room *room, enum stream stream, const struct sample *samples, size_t count);
void room_commit(struct room *room);

/** A connection of our own to a queue that is closed, which leaves its journal where it is. */
sqlite3 *room_open_raw(const char *path);

/** The next number of a fixed sequence that looks random. */
uint64_t room_random(uint64_t *seed);

/** Any kind of sample; its text is constant. */
struct sample room_sample(uint64_t *seed);

/** Fails the test when two samples differ in any bit that counts. */
void room_assert_same(const struct sample *left, const struct sample *right);

/** Append `count` of them. */
void room_fill(struct room *room, enum stream stream, size_t count, uint64_t *seed);

/** Readings that nothing compresses. */
enum error_code room_try_fill_noise(struct room *room, size_t count, uint64_t *seed,
                                    struct error *error);
void room_fill_noise(struct room *room, size_t count, uint64_t *seed);

/** Append events until the ring, which must be set to hold, takes no more, and commit. */
void room_fill_events(struct room *room);

/** How many records store_read() visits; fails when one is visited twice or out of order. */
uint64_t room_count_from(struct room *room, enum stream stream, uint64_t first);

/** Records first .. first + count - 1 must be there without a hole, be the next ones of `seed`,
 *  and be the last ones. */
void room_expect_from(struct room *room, enum stream stream, uint64_t first, uint64_t count,
                      uint64_t *seed);

/** The event with this number; texts stand in `copy`. false: there is none. */
bool room_find_event(struct room *room, uint64_t sequence, char copy[EVENT_TEXT_MAX],
                     struct event *event);

#endif
