/* What is looked at before SQLite opens a queue (agent/store/inspect.h); damage: test_recover.c. */
#include "agent/store/store_aside.h"
#include "tests/support/cmocka.h"
#include "tests/support/store_room.h"

#include <stdio.h>
#include <string.h>

/** The header of the journal, as it is on disk. */
static void read_header(const struct room *room, uint8_t header[32])
{
    char journal[128];
    FILE *file;

    (void)snprintf(journal, sizeof(journal), "%s-wal", room->path); /* fits */
    file = fopen(journal, "r");
    assert_non_null(file);
    assert_int_equal(fread(header, 1, 32, file), 32);
    assert_int_equal(fclose(file), 0);
}

static void a_torn_header_of_the_journal_leaves_no_salts_behind(void **state)
{
    struct room *room = *state;
    uint8_t before[32], torn[32], after[32];
    char journal[128], incarnation[STORE_INCARNATION_SIZE];
    uint64_t seed = 5;
    FILE *file;

    room_open(room);
    memcpy(incarnation, store_incarnation(room->store), sizeof(incarnation));
    room_fill(room, STREAM_READINGS, 1000, &seed);
    room_commit(room);
    store_close(room->store); /* which brings all into the database */
    room->store = NULL;
    read_header(room, before);
    memcpy(torn, before, sizeof(torn));
    torn[15]++; /* the count of checkpoints: as much of a new header as came to the disk */
    (void)snprintf(journal, sizeof(journal), "%s-wal", room->path); /* fits */
    file = fopen(journal, "r+");
    assert_non_null(file);
    assert_int_equal(fwrite(torn, 1, sizeof(torn), file), sizeof(torn));
    assert_int_equal(fclose(file), 0);
    room_open(room);
    room_fill(room, STREAM_READINGS, 10, &seed);
    room_commit(room);
    read_header(room, after);
    assert_memory_not_equal(after + 16, before + 16, 8);
    assert_string_equal(store_incarnation(room->store), incarnation);
}

/** Change the tables of a closed queue, and open it. */
static void open_with(struct room *room, const char *change)
{
    sqlite3 *handle = room_open_raw(room->path);

    assert_int_equal(sqlite3_exec(handle, change, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(handle), SQLITE_OK);
    room_open(room);
}

static void tables_that_contradict_the_slots_never_give_a_number_twice(void **state)
{
    static const char *const changes[] = {"DELETE FROM ring WHERE stream = 1",
                                          "UPDATE ring SET head_first = 0 WHERE stream = 1",
                                          ("UPDATE meta SET value = '0123456789abcdef' "
                                           "WHERE key = 'incarnation'")};
    struct room *room = *state;
    uint64_t seed = 5;

    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        char incarnation[STORE_INCARNATION_SIZE];

        room_open(room);
        memcpy(incarnation, store_incarnation(room->store), sizeof(incarnation));
        room_fill(room, STREAM_READINGS, 1000, &seed);
        room_commit(room);
        store_close(room->store);
        room->store = NULL;
        open_with(room, changes[i]);
        assert_string_not_equal(store_incarnation(room->store), incarnation);
        assert_string_not_equal(store_incarnation(room->store), "0123456789abcdef");
        assert_string_not_equal(store_kept_as(room->store), "");
        store_close(room->store);
        room->store = NULL;
    }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test_setup_teardown(a_torn_header_of_the_journal_leaves_no_salts_behind,
                                        room_set_up, room_tear_down),
        cmocka_unit_test_setup_teardown(tables_that_contradict_the_slots_never_give_a_number_twice,
                                        room_set_up, room_tear_down),
    };

    return cmocka_run_group_tests_name("inspect", cases, NULL, NULL);
}
