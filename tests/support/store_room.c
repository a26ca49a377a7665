#include "tests/support/store_room.h"

#include "tests/support/cmocka.h"

#include <ftw.h>
#include <stdlib.h>
#include <string.h>

static const int64_t first_ns = INT64_C(1795375471123000000);

int room_set_up(void **state)
{
    struct room *room = calloc(1, sizeof(*room));

    assert_non_null(room);
    (void)snprintf(room->folder, sizeof(room->folder), "/tmp/leat-store-XXXXXX");
    assert_non_null(mkdtemp(room->folder));
    (void)snprintf(room->path, sizeof(room->path), "%s/queue.db", room->folder);
    room->settings.path = room->path;
    room->settings.clock = &clock_system;
    for (size_t i = 0; i < STREAM_RING_COUNT; i++) {
        room->settings.ring_bytes[i] = 1 << 20;
    }
    *state = room;
    return 0;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

int room_tear_down(void **state)
{
    struct room *room = *state;

    store_close(room->store);
    assert_int_equal(nftw(room->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
    free(room);
    return 0;
}

void room_open(struct room *room)
{
    struct error error = {0};

    if (store_open(&room->settings, &room->store, &error) != ERROR_OK) {
        fail_msg("%s", error.text);
    }
}

void room_reopen(struct room *room)
{
    store_close(room->store);
    room->store = NULL;
    room_open(room);
}

void room_append(struct room *room, enum stream stream, const struct sample *samples, size_t count)
{
    struct error error = {0};

    if (store_append(room->store, stream, samples, count, &error) != ERROR_OK) {
        fail_msg("%s", error.text);
    }
}

void room_commit(struct room *room)
{
    struct error error = {0};

    if (store_commit(room->store, &error) != ERROR_OK) {
        fail_msg("%s", error.text);
    }
}

sqlite3 *room_open_raw(const char *path)
{
    sqlite3 *database = NULL;
    int yes = 1;

    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_file_control(database, "main", SQLITE_FCNTL_PERSIST_WAL, &yes), 0);
    return database;
}

uint64_t room_random(uint64_t *seed)
{
    uint64_t mixed = *seed += UINT64_C(0x9e3779b97f4a7c15);

    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

struct sample room_sample(uint64_t *seed)
{
    static const char letters[] = "pump 7 tripped: motor protection relay, phase L2, 14.2 A";
    uint64_t dice = room_random(seed);
    struct sample sample = {
        .time_ns = first_ns + (int64_t)(dice >> 44) * NS_PER_MS,
        .received_ns = first_ns + (int64_t)(dice >> 44) * NS_PER_MS + (int64_t)(dice % 3),
        .point_id = (uint32_t)(dice % 100),
        .status = dice % 17 == 0 ? (uint32_t)room_random(seed) : 0,
        .type = (enum sample_type)(dice / 100 % 4),
    };

    if (sample.type == SAMPLE_INT) {
        sample.value.integer = (int64_t)(room_random(seed) >> (dice % 64));
    } else if (sample.type == SAMPLE_DOUBLE) {
        sample.value.real = (double)(int64_t)(room_random(seed) % 1000000) / 100;
    } else if (sample.type == SAMPLE_TEXT) {
        sample.value.text.bytes = letters + dice % 20;
        sample.value.text.size_bytes = (uint32_t)(dice / 20 % 30);
    }
    return sample;
}

void room_fill(struct room *room, enum stream stream, size_t count, uint64_t *seed)
{
    for (size_t i = 0; i < count; i++) {
        struct sample sample = room_sample(seed);

        room_append(room, stream, &sample, 1);
    }
}

enum error_code room_try_fill_noise(struct room *room, size_t count, uint64_t *seed,
                                    struct error *error)
{
    static struct sample samples[STORE_APPEND_MAX];

    for (size_t i = 0; i < count; i++) {
        samples[i] = (struct sample){
            .time_ns = first_ns + (int64_t)(room_random(seed) >> 8),
            .received_ns = first_ns,
            .point_id = (uint32_t)(room_random(seed) % 100),
            .type = SAMPLE_INT,
            .value.integer = (int64_t)room_random(seed),
        };
    }
    return store_append(room->store, STREAM_READINGS, samples, count, error);
}

void room_fill_noise(struct room *room, size_t count, uint64_t *seed)
{
    struct error error = {0};

    if (room_try_fill_noise(room, count, seed, &error) != ERROR_OK) {
        fail_msg("%s", error.text);
    }
}

/** An event with `size` bytes that nothing compresses. */
static enum error_code try_event(struct room *room, size_t size, uint64_t *seed,
                                 struct error *error)
{
    char text[EVENT_TEXT_MAX];
    char noise[EVENT_DETAIL_MAX];
    struct event event = {.kind = "rejected", .subject = "", .reason = "", .detail = noise};
    struct sample sample = {.type = SAMPLE_TEXT, .value.text.bytes = text};

    for (size_t i = 0; i < size; i++) {
        noise[i] = (char)('0' + room_random(seed) % 64);
    }
    noise[size] = '\0';
    sample.value.text.size_bytes = (uint32_t)event_encode(&event, text);
    return store_append(room->store, STREAM_EVENTS, &sample, 1, error);
}

void room_fill_events(struct room *room)
{
    uint64_t seed = 8;
    struct error error = {0};
    bool taken;

    do { /* a commit shows how much smaller than feared they became */
        taken = false;
        for (size_t size = EVENT_DETAIL_MAX - 1; size > 0; size /= 2) {
            while (try_event(room, size, &seed, &error) == ERROR_OK) {
                taken = true;
            }
            assert_int_equal(error.code, ERROR_NO_SPACE);
        }
        room_commit(room);
    } while (taken);
}

struct reading {
    struct room *room;
    uint64_t count, previous, first, seed;
    bool compare;
    uint64_t wanted; /* the number of the event to copy; 0: none */
    char *copy;
    struct event *event;
    bool found;
};

void room_assert_same(const struct sample *left, const struct sample *right)
{
    assert_true(left->time_ns == right->time_ns);
    assert_true(left->received_ns == right->received_ns);
    assert_int_equal(left->point_id, right->point_id);
    assert_int_equal(left->status, right->status);
    assert_int_equal(left->type, right->type);
    if (left->type == SAMPLE_TEXT) {
        assert_int_equal(left->value.text.size_bytes, right->value.text.size_bytes);
        assert_memory_equal(left->value.text.bytes, right->value.text.bytes,
                            left->value.text.size_bytes);
    } else if (left->type != SAMPLE_NONE) {
        assert_memory_equal(&left->value.integer, &right->value.integer, sizeof(int64_t));
    }
}

static bool note(void *context, uint64_t sequence, const struct sample *sample,
                 const struct store_regime *regime)
{
    struct reading *reading = context;

    (void)regime;
    assert_true(sequence > reading->previous);
    reading->first = reading->count == 0 ? sequence : reading->first;
    reading->previous = sequence;
    reading->count++;
    if (reading->compare) {
        struct sample expected = room_sample(&reading->seed);

        assert_int_equal(sequence, reading->first + reading->count - 1);
        room_assert_same(sample, &expected);
    }
    if (reading->wanted > 0) {
        assert_int_equal(sample->type, SAMPLE_TEXT);
        reading->found = sequence == reading->wanted;
        assert_true(!reading->found ||
                    event_decode(sample->value.text.bytes, sample->value.text.size_bytes,
                                 reading->copy, reading->event, NULL) == ERROR_OK);
        return false;
    }
    return reading->count != reading->room->stop_after;
}

static void read_from(struct reading *reading, enum stream stream, uint64_t first)
{
    struct error error = {0};

    if (store_read(reading->room->store, stream, first, note, reading, &error) != ERROR_OK) {
        fail_msg("%s", error.text);
    }
}

uint64_t room_count_from(struct room *room, enum stream stream, uint64_t first)
{
    struct reading reading = {.room = room};

    read_from(&reading, stream, first);
    room->first_seen = reading.first;
    return reading.count;
}

void room_expect_from(struct room *room, enum stream stream, uint64_t first, uint64_t count,
                      uint64_t *seed)
{
    struct reading reading = {.room = room, .compare = true, .seed = *seed};

    read_from(&reading, stream, first);
    assert_int_equal(reading.count, count);
    assert_int_equal(reading.first, count > 0 ? first : 0);
    *seed = reading.seed;
}

bool room_find_event(struct room *room, uint64_t sequence, char copy[EVENT_TEXT_MAX],
                     struct event *event)
{
    struct reading reading = {.room = room, .wanted = sequence, .copy = copy, .event = event};

    read_from(&reading, STREAM_EVENTS, sequence);
    return reading.found;
}
